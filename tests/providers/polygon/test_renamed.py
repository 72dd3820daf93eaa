"""A ticker that was another fund's before: Polygon files a history under the ticker of the day."""

from datetime import datetime

import httpx

from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.simulator import Simulator
from adapters_out.provider_kit.kit_provider import ProviderSettings
from adapters_out.providers.polygon import PROVIDER
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk
from domain.secret import Secret
from domain.ticks import TicksAsk
from domain.timerange import TimeRange
from tests.acceptance.providers.transport import scripted
from tests.adapters_out.provider_kit.scripted import Bench, in_virtual_time


def test_bars_of_meta_are_never_those_of_the_fund() -> None:
    """FB before the change and META after it, in one series; the fund has its own."""

    async def scene() -> None:
        at = [int(datetime.fromisoformat(f"{d}T00:00Z").timestamp()) for d in DAYS]
        settings = ProviderSettings(base_url="http://simulator/polygon", api_key=Secret("made-up"))
        bench = Bench(httpx.MockTransport(answer), PROVIDER, settings)
        simulator.append(Simulator(bench.clock, seed=3))
        closes: dict[str, float] = {}
        for ticker in ("META", "METV"):
            instrument = Instrument.stock(ticker)
            ask = BarsAsk(instrument, Interval.D1, TimeRange(at[0], at[1]))
            pages = await bench.pages(ask)
            series = [bar for page in pages for bar in page.series.close.tolist()]
            assert len(series) > 15
            level = ASSETS[ticker].level
            assert all(level / 3 < close < level * 3 for close in series), (ticker, series)
            closes[ticker] = series[0]
        asked = [a.path.split("/")[4] for a in simulator[0].arrivals()]
        assert asked == ["FB", "META", "METV"]
        assert closes["META"] != closes["METV"]

    simulator: list[Simulator] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        return await scripted(simulator[0], simulator[0].clock)(request)

    in_virtual_time(scene())


def test_before_its_listing_a_renamed_company_is_known_and_has_no_bars() -> None:
    """An empty answer about FB is not "there is no FB": the company is known as META."""

    async def scene() -> None:
        at = [int(datetime.fromisoformat(f"{d}T00:00Z").timestamp()) for d in BEFORE]
        settings = ProviderSettings(base_url="http://simulator/polygon", api_key=Secret("made-up"))
        bench = Bench(httpx.MockTransport(answer), PROVIDER, settings)
        simulator.append(Simulator(bench.clock, seed=3))
        ask = BarsAsk(Instrument.stock("META"), Interval.D1, TimeRange(at[0], at[1]))
        pages = await bench.pages(ask)
        assert [len(page.series) for page in pages] == [0]
        assert [(page.covers.start, page.covers.end) for page in pages] == [(at[0], at[1])]
        asked = [a.path.split("/")[4] for a in simulator[0].arrivals()]
        assert asked == ["FB", "META"]

    simulator: list[Simulator] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        return await scripted(simulator[0], simulator[0].clock)(request)

    in_virtual_time(scene())


def test_trades_of_meta_are_never_those_of_the_fund() -> None:
    """The fund's under META, the company's under FB; the newest ones under the present ticker."""

    async def scene() -> None:
        settings = ProviderSettings(base_url="http://simulator/polygon", api_key=Secret("made-up"))
        bench = Bench(httpx.MockTransport(answer), PROVIDER, settings)
        simulator.append(Simulator(bench.clock, seed=3))
        start = int(datetime.fromisoformat("2022-01-03T15:00Z").timestamp()) * 10**9
        span = {"start_ns": start, "end_ns": start + 3600 * 10**9}
        for ticker, bounds in (("METV", span), ("META", span), ("META", {})):
            instrument = Instrument.stock(ticker)
            ask = TicksAsk(instrument=instrument, limit=3, newest=not bounds, **bounds)
            page = await bench.kit.trades(ask, bench.within(60))
            prices = [trade.price for trade in page.ticks]
            level = ASSETS[ticker].level
            assert len(prices) == 3
            assert all(level / 3 < price < level * 3 for price in prices), (ticker, prices)
        asked = [a.path.split("/")[-1] for a in simulator[0].arrivals()]
        assert asked == ["META", "FB", "META"]

    simulator: list[Simulator] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        return await scripted(simulator[0], simulator[0].clock)(request)

    in_virtual_time(scene())


BEFORE = ("2012-05-07", "2012-05-16")
DAYS = ("2022-05-25", "2022-06-25")
