"""What a free key gets of the days of a stock: the newest hundred, and the truth about the rest."""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qs

import httpx
import pytest

from adapters_out.provider_kit.faults import BeyondPlan
from adapters_out.provider_kit.kit_provider import ProviderSettings
from adapters_out.providers.alpha_vantage import PROVIDER
from domain.errors import MarketDataError, NotEntitled
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.secret import Secret
from domain.sessions import calendar_of
from domain.timerange import TimeRange
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import Bench, in_virtual_time

IBM, DAY, HOUR = Instrument.stock("IBM"), 86_400, 3600
TODAY = int(datetime(2023, 11, 15, tzinfo=UTC).timestamp())  # a Wednesday
PREMIUM = {"Information": "Thank you! This is a premium endpoint. You may subscribe to any plan."}
SESSIONS = [
    ts
    for ts in range(TODAY - 400 * DAY, TODAY, DAY)
    if not calendar_of(IBM.id).is_closed(Interval.D1, TimeRange(ts, ts + DAY))
]
OLDEST = SESSIONS[-100]


class FreePlan:
    """Refuses all days; the newest hundred it gives."""

    def __init__(self) -> None:
        self.sizes: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sizes.append(parse_qs(request.url.query.decode())["outputsize"][0])
        if self.sizes[-1] == "full":
            return httpx.Response(200, json=PREMIUM)
        days = (datetime.fromtimestamp(ts, UTC).date() for ts in reversed(SESSIONS[-100:]))
        lines = ("timestamp,open,high,low,close,volume", *(f"{d},1.5,2,1,1.75,100" for d in days))
        return httpx.Response(200, content="".join(f"{line}\r\n" for line in lines))


class Holder:
    """Somebody with a free key."""

    def __init__(self) -> None:
        self.plan = FreePlan()
        settings = ProviderSettings(api_key=Secret("free"))
        self.bench = Bench(httpx.MockTransport(self.plan), PROVIDER, settings, TODAY + 9 * HOUR)

    async def ask(
        self, start: int, end: int, instrument: Instrument = IBM
    ) -> tuple[list[TimeRange], MarketDataError | None]:
        """What was answered for, and the error that came then."""
        pages: list[BarsPage] = []
        asked, error = BarsAsk(instrument, Interval.D1, TimeRange(start, end)), None
        try:
            async for page in self.bench.kit.bars(asked, CallContext()):
                pages += [page]
        except MarketDataError as refusal:
            error = refusal
        return [page.covers for page in pages], error


def sizes_of(*asks: Sequence[int], pause_s: float = 0.0) -> list[str]:
    """The sizes that were asked for, question after question."""

    async def run() -> list[str]:
        holder = Holder()
        for start, end in asks:
            await holder.ask(start, end)
            await holder.bench.clock.sleep(pause_s)
        return holder.plan.sizes

    return in_virtual_time(run())


def test_of_a_longer_range_the_newest_hundred_days_come_and_the_rest_is_beyond_the_plan() -> None:
    """Nothing is claimed of the older ones, and nothing is held against the provider."""

    async def run() -> None:
        holder = Holder()
        covers, error = await holder.ask(SESSIONS[-200], TODAY)
        assert covers == [TimeRange(OLDEST, TODAY)]
        assert isinstance(error, BeyondPlan)
        assert "does not include bars before 2023-06-26" in error.message
        health = await holder.bench.health.view("alpha_vantage")
        assert health.recent == (True, True)
        assert holder.plan.sizes == ["full", "compact"]

    in_virtual_time(run())


def test_what_is_missing_is_not_asked_for_again() -> None:
    """Not the part before what came, nor what lies behind a hundred sessions; a day later it is."""
    longer, rest = (SESSIONS[-200], TODAY), (SESSIONS[-200], OLDEST)
    old = (SESSIONS[-200], SESSIONS[-150])
    assert sizes_of(longer, rest, rest, old) == ["full", "compact"]
    assert sizes_of(old, old) == ["full"]
    assert sizes_of(longer, longer, pause_s=DAY + 1.0) == ["full", "compact"] * 2


def test_a_range_before_the_hundred_days_is_not_in_the_plan() -> None:
    """Not an outage, and another stock's newest days are told all the same."""

    async def run() -> None:
        holder = Holder()
        covers, error = await holder.ask(SESSIONS[-200], SESSIONS[-150])
        assert covers == []
        assert isinstance(error, NotEntitled)
        assert not error.hurts_health
        covers, error = await holder.ask(SESSIONS[-130], TODAY, Instrument.stock("KO"))
        assert covers == [TimeRange(OLDEST, TODAY)]
        assert isinstance(error, BeyondPlan)

    in_virtual_time(run())


def test_a_range_that_begins_on_the_days_off_before_the_hundred_is_whole() -> None:
    """2023-06-26 was a Monday: from Saturday on nothing is missing."""

    async def run() -> None:
        covers, error = await Holder().ask(OLDEST - 2 * DAY, TODAY)
        assert (covers, error) == ([TimeRange(OLDEST, TODAY)], None)

    in_virtual_time(run())


def test_what_the_plan_has_no_part_of_is_not_asked_for_in_another_way() -> None:
    """Minutes of coins are for those who pay, all of them."""
    requests: list[httpx.Request] = []

    def premium(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json=PREMIUM)

    async def run() -> None:
        settings = ProviderSettings(api_key=Secret("free"))
        bench = Bench(httpx.MockTransport(premium), PROVIDER, settings, TODAY + 9 * HOUR)
        span = TimeRange(TODAY, TODAY + HOUR)
        for _ in range(2):
            with pytest.raises(NotEntitled) as refused:
                await bench.pages(BarsAsk(Instrument.pair("BTC", "USD"), Interval.M5, span))
            assert refused.value.whole_kind

    in_virtual_time(run())
    assert len(requests) == 1
