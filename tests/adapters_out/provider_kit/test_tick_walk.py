"""The walk through ticks: both directions, and honest about what an answer covers."""

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.provider import TicksEndpoint, TicksPart
from adapters_out.provider_kit.tick_walk import TickWalk
from domain.errors import CallRefused, MalformedPayload, RangeUnavailable
from domain.ticks import Quote, TicksAsk, TicksPage, Trade
from domain.timerange import TimeRange
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import BTC, NOW, SOME, Bench, Script, in_virtual_time

T0 = int(NOW) * 10**9 - 10**12  # 1000 s ago
NOW_NS = int(NOW) * 10**9


class Venue(httpx.AsyncBaseTransport):
    """Three trades at most per answer: forward from ``from``, or back before ``before``."""

    def __init__(self, held: list[int]) -> None:
        self.held = sorted(held)
        self.calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        params = request.url.params
        if "from" in params:
            found = [at for at in self.held if at >= int(params["from"])][:3]
        else:
            found = [at for at in self.held if at < int(params["before"])][:-4:-1]
        body = msgspec.json.encode([T0 + at for at in found])
        return httpx.Response(200, headers={"content-type": "application/json"}, content=body)


def _ask(ask: TicksAsk) -> Call:
    if ask.newest:
        return Call("/trades", {"before": (ask.end_ns or NOW_NS) - T0})
    return Call("/trades", {"from": (ask.start_ns or 0) - T0})


def _read(reply: Reply, ask: TicksAsk) -> TicksPart:
    found = msgspec.json.decode(reply.body, type=list[int])
    ticks = [Trade(ts_ns=at, price=1.0, size=1.0, id=str(at)) for at in found]
    if len(found) < 3:
        return TicksPart(ticks)
    if ask.newest:
        return TicksPart(ticks, Call("/trades", {"before": found[-1] - T0}))
    return TicksPart(ticks, Call("/trades", {"from": found[-1] - T0 + 1}))


PAGED = TicksEndpoint(ask=_ask, read=_read)


def walked(venue: httpx.AsyncBaseTransport, ask: TicksAsk, way: TicksEndpoint) -> TicksPage[Trade]:
    """The whole answer."""

    async def work() -> TicksPage[Trade]:
        return await Bench(venue, replace(SOME, trades=way)).kit.trades(ask, CallContext())

    return in_virtual_time(work())


def within(limit: int, start: int | None, end: int | None, *, newest: bool) -> TicksAsk:
    """A question in ns after T0."""
    first, last = (None if at is None else T0 + at for at in (start, end))
    return TicksAsk(instrument=BTC, limit=limit, start_ns=first, end_ns=last, newest=newest)


@given(
    st.sets(st.integers(0, 60), min_size=1),
    st.integers(1, 12),
    st.integers(0, 30),
    st.integers(31, 61),
    st.booleans(),
)
def test_what_is_covered_holds_every_trade(
    held: set[int], limit: int, start: int, end: int, newest: bool
) -> None:
    """No trade of the covered range is missing, and it reaches the limit or the whole range."""
    page = walked(Venue(list(held)), within(limit, start, end, newest=newest), PAGED)
    found = [tick.ts_ns - T0 for tick in page.ticks]
    assert found == sorted(set(found))
    inside = [at for at in sorted(held) if start <= at < end]
    assert set(found) <= set(inside)
    assert page.covers is not None
    first, last = page.covers.start - T0, page.covers.end - T0
    assert [at for at in found if first <= at < last] == [at for at in inside if first <= at < last]
    wanted = inside[-limit:] if newest else inside[:limit]
    assert found[-limit:] == wanted if newest else found[:limit] == wanted
    if len(inside) < limit:
        assert (first, last) == (start, end)


def test_one_who_only_goes_forward_is_followed_to_the_newest() -> None:
    """The last of a range are found by walking to its end."""
    forward = TicksEndpoint(ask=lambda ask: _ask(replace(ask, newest=False)), read=_forward)
    page = walked(
        Venue(list(range(20))), within(2, 0, 15, newest=True), replace(forward, goes_back=False)
    )
    assert [tick.ts_ns - T0 for tick in page.ticks] == list(range(15))
    assert page.covers == TimeRange(T0, T0 + 15)


def _forward(reply: Reply, ask: TicksAsk) -> TicksPart:
    return _read(reply, replace(ask, newest=False))


def test_the_present_is_where_an_answer_ends() -> None:
    """Nothing is covered beyond the moment at which the provider looked."""
    page = walked(Venue([1, 2]), within(9, 0, 10**13, newest=False), PAGED)
    assert page.covers == TimeRange(T0, NOW_NS)
    assert page.received_ns == NOW_NS


def test_only_what_a_provider_keeps_is_covered() -> None:
    """Older than the oldest that it has, nothing is answered for."""

    def read(reply: Reply, ask: TicksAsk) -> TicksPart:
        return replace(_read(reply, ask), more=None, known_from_ns=T0 + 3, known_until_ns=T0 + 8)

    page = walked(Venue([5, 6, 9]), within(9, 0, 20, newest=True), replace(PAGED, read=read))
    assert page.covers == TimeRange(T0 + 3, T0 + 8)


def test_a_live_endpoint_is_not_asked_about_the_past() -> None:
    """No call is spent on a range that ended; a look at the present covers nothing."""
    live = replace(PAGED, live=True)
    venue = Venue([1])
    with pytest.raises(RangeUnavailable, match="only the present trades"):
        walked(venue, within(9, 0, 20, newest=True), live)
    assert venue.calls == 0
    assert walked(venue, within(9, None, None, newest=True), live).covers is None


@pytest.mark.parametrize("price", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_unreadable(price: float) -> None:
    """It neither becomes a trade nor an empty answer."""

    def read(*_: object) -> TicksPart:
        return TicksPart([Trade(ts_ns=T0, price=price, size=1.0)])

    with pytest.raises(MalformedPayload, match="not finite"):
        walked(Venue([1]), within(1, 0, 20, newest=True), replace(PAGED, read=read))


@pytest.mark.parametrize("moment", [0, -1, 2**63])
def test_a_moment_that_is_none_is_unreadable(moment: int) -> None:
    """A stamp that cannot be stored is no stamp."""

    def read(*_: object) -> TicksPart:
        return TicksPart([Trade(ts_ns=moment, price=1.0, size=1.0)])

    with pytest.raises(MalformedPayload, match="no moment"):
        walked(Venue([1]), within(1, 0, 20, newest=True), replace(PAGED, read=read))


def test_a_page_without_end_is_given_up() -> None:
    """The same next page again ends the walk at once: trying again would bring it again."""

    def circling(*_: object) -> TicksPart:
        return TicksPart([], Call("/trades", {"from": 1}))

    venue = Venue([1])
    with pytest.raises(MalformedPayload, match="same next page") as raised:
        walked(venue, within(1, 0, 20, newest=True), replace(PAGED, read=circling))
    assert venue.calls == 2
    assert not raised.value.hurts_health


@pytest.mark.parametrize("newest", [True, False])
def test_pages_that_came_are_kept_when_the_next_does_not(newest: bool) -> None:
    """They are an answer for their part of the range: the cut between the pages is not covered."""
    cursor = Call("/trades", {"cursor": "again"})

    def read(reply: Reply, ask: TicksAsk) -> TicksPart:
        return replace(_read(reply, ask), more=cursor)

    class Stuck(Venue):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if "cursor" in request.url.params:
                return httpx.Response(404, content=b"404 page not found")
            return await super().handle_async_request(request)

    page = walked(Stuck([1, 2, 3, 4, 5]), within(5, 0, 9, newest=newest), replace(PAGED, read=read))
    found = [tick.ts_ns - T0 for tick in page.ticks]
    assert found == ([3, 4, 5] if newest else [1, 2, 3])
    assert page.covers == (TimeRange(T0 + 4, T0 + 9) if newest else TimeRange(T0, T0 + 3))


def test_a_provider_without_the_endpoint_refuses() -> None:
    """What is not declared is not asked."""

    async def work() -> TicksPage[Quote]:
        ask = within(1, None, None, newest=True)
        return await Bench(Script(), SOME).kit.quotes(ask, CallContext())

    with pytest.raises(CallRefused, match="offers no quotes"):
        in_virtual_time(work())


def test_a_slow_clock_of_the_venue_is_known() -> None:
    """It is told apart when the venue looked: what it stamps later may lie before our present."""
    walk = TickWalk(Trade, PAGED, within(9, 0, None, newest=False))
    behind = {"date": "Tue, 14 Nov 2023 22:13:00 GMT"}  # a minute before NOW
    walk.read(Reply(200, b"[]", behind, asked_at=NOW, received_at=NOW + 1))
    assert walk.page is not None
    assert walk.page.covers == TimeRange(T0, NOW_NS)
    assert walk.page.looked_ns == NOW_NS - 60 * 10**9
    assert walk.page.received_ns == NOW_NS + 10**9
