"""The port over the scripted ring: pages, lists, questions of several steps."""

import asyncio
import json

import httpx
import pytest
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply, Steps
from adapters_out.provider_kit.provider import (
    Auth,
    ListingsEndpoint,
    ListingsPart,
    PriceEndpoint,
)
from domain.errors import AccessDenied, CallRefused, DeadlineExceeded, MalformedPayload
from domain.instrument import Instrument, Listing
from domain.interval import Interval
from domain.provider import BarsAsk
from domain.timerange import TimeRange
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import (
    BTC,
    NOW,
    SOME,
    Bench,
    Script,
    in_virtual_time,
    ok,
    rows,
)

T0 = int(NOW) - 600
MINUTES = BarsAsk(BTC, Interval.M1, TimeRange(T0, T0 + 300))


def test_bars_are_paged_to_any_depth() -> None:
    """Pages of three rows until the range is covered."""
    opens = [T0 + 60 * k for k in range(5)]
    script = Script(ok(rows(*opens[:3])), ok(rows(*opens[3:])))

    async def run() -> list[int]:
        pages = await Bench(script).pages(MINUTES)
        return [int(t) for page in pages for t in page.series.ts]

    assert in_virtual_time(run()) == opens
    assert [dict(r.url.params)["start"] for r in script.requests] == [str(T0), str(T0 + 180)]


def test_a_page_that_is_sent_again_is_malformed() -> None:
    """A provider that ignores paging is at fault, and the walk ends."""
    script = Script(ok(rows(T0, T0 + 60, T0 + 120)))

    async def run() -> None:
        await Bench(script).pages(MINUTES)

    with pytest.raises(MalformedPayload, match="no row lies in the range"):
        in_virtual_time(run())


def test_what_is_not_offered_is_refused_unasked() -> None:
    """Another interval, or an endpoint that the provider does not have."""
    script = Script(ok())
    provider = replace(SOME, price=None, listings=None)

    async def run() -> None:
        bench = Bench(script, provider)
        with pytest.raises(CallRefused, match="1h"):
            await bench.pages(BarsAsk(BTC, Interval.H1, TimeRange(0, 3600)))
        with pytest.raises(CallRefused, match="prices"):
            await bench.price()
        with pytest.raises(CallRefused, match="list"):
            await bench.kit.listings(CallContext())

    in_virtual_time(run())
    assert script.requests == []


def test_a_list_in_parts_is_read_to_its_end() -> None:
    """Each part names the next; what is named twice is listed once."""

    def read(reply: Reply) -> ListingsPart:
        left = json.loads(reply.body)
        part = [Listing("some", f"S{left}", BTC), Listing("some", "S0", BTC)]
        return ListingsPart(part, Call("/list", {"left": left}) if left else None)

    provider = replace(SOME, listings=ListingsEndpoint(ask=lambda: Call("/list"), read=read))

    async def run() -> list[str]:
        kit = Bench(Script(ok("2"), ok("1"), ok("0")), provider).kit
        return [listing.symbol for listing in await kit.listings(CallContext())]

    assert in_virtual_time(run()) == ["S2", "S0", "S1"]


def test_a_list_that_hands_out_the_same_next_part_again_is_given_up() -> None:
    """It is no list to keep, and two calls are enough to know that."""

    def read(_: Reply) -> ListingsPart:
        return ListingsPart([Listing("some", "S", BTC)], Call("/list", {"cursor": "again"}))

    provider = replace(SOME, listings=ListingsEndpoint(ask=lambda: Call("/list"), read=read))
    script = Script(*(ok("1") for _ in range(9)))

    async def run() -> None:
        with pytest.raises(MalformedPayload, match="no end"):
            await Bench(script, provider).kit.listings(CallContext())

    in_virtual_time(run())
    assert len(script.requests) == 2


def with_crumb(instrument: Instrument) -> Steps:
    """A price that needs a crumb first."""
    reply = yield Call("/crumb", keep_s=60.0)
    return Call("/price", {"crumb": reply.body.decode(), "symbol": instrument.base})


def test_a_question_may_take_several_steps_and_keep_an_answer() -> None:
    """The crumb is fetched once, used twice, and renewed when it is refused."""
    assert SOME.price is not None
    provider = replace(SOME, price=PriceEndpoint(ask=with_crumb, read=SOME.price.read))
    refused = httpx.Response(401, content=b"{}")
    script = Script(ok("c1"), ok(), ok(), refused, ok("c2"), ok())

    async def run() -> None:
        bench = Bench(script, provider)
        for _ in range(3):
            assert await bench.price() == 1.5

    in_virtual_time(run())
    asked_for = [(r.url.path, r.url.params.get("crumb")) for r in script.requests]
    assert asked_for == [
        ("/crumb", None),
        ("/price", "c1"),
        ("/price", "c1"),
        ("/price", "c1"),
        ("/crumb", None),
        ("/price", "c2"),
    ]


def test_a_provider_that_needs_a_key_is_not_asked_without() -> None:
    """The error says what is missing."""
    script = Script(ok())

    async def run() -> None:
        bench = Bench(script, replace(SOME, auth=Auth(header="x-key")))
        assert bench.kit.needs_key
        assert not bench.kit.has_key
        with pytest.raises(AccessDenied, match="key"):
            await bench.kit.ping(CallContext())

    in_virtual_time(run())
    assert script.requests == []


def test_a_hanging_provider_is_blamed_though_its_caller_stops_waiting() -> None:
    """Who enforces the same deadline from outside comes a moment after the fault is counted."""

    async def run() -> int:
        bench = Bench(Script(3600.0, ok()))
        with pytest.raises(DeadlineExceeded):
            async with asyncio.timeout(3.0):
                await bench.price(seconds=3.0)
        return (await bench.health.view("some")).failures_in_row

    assert in_virtual_time(run()) == 1


def test_a_caller_that_hangs_up_leaves_nothing_behind() -> None:
    """Cancelled in the midst of a call: the slot is free, the next call goes through."""

    async def run() -> float:
        bench = Bench(Script(5.0, ok()), replace(SOME, policy=replace(SOME.policy, concurrency=1)))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await bench.price()
        return await bench.price()

    assert in_virtual_time(run()) == 1.5
