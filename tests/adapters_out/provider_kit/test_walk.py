"""The walk through a range: to any depth, and never in circles."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.provider import BarsEndpoint, first_bars
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Sheet
from adapters_out.provider_kit.walk import Walk
from domain.errors import RangeUnavailable
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.timerange import TimeRange
from tests.adapters_out.provider_kit.scripted import BTC, LAYOUT, SOME, rows

T0 = 1_700_000_040
LATER = float(T0 + 10_000_000)


def ask(minutes: int, *, forming: bool = False) -> BarsAsk:
    """So many minutes from T0."""
    return BarsAsk(BTC, Interval.M1, TimeRange(T0, T0 + 60 * minutes), forming)


def ends(
    walk: Walk, answer: Callable[[Call], str], now: float = LATER, limit: int = 10_000
) -> list[BarsPage]:
    """Walk to the end against a provider that answers like that."""
    pages: list[BarsPage] = []
    for _ in range(limit):
        if walk.done:
            return pages
        part = walk.part
        call = walk.question(part)
        assert isinstance(call, Call)
        page = walk.read(part, Reply(200, answer(call).encode(), asked_at=now, received_at=now))
        pages += [page] if page is not None else []
    raise AssertionError("the walk has no end")


def endpoint() -> BarsEndpoint:
    """Three rows a page."""
    assert SOME.bars is not None
    return SOME.bars


@given(st.sets(st.integers(0, 40)), st.booleans())
def test_pages_cover_the_range_and_hold_every_bar(held: set[int], windows: bool) -> None:
    """Any holes, any depth: ascending pages without overlap cover all, each bar comes once."""
    some = replace(endpoint(), page=first_bars(3)) if windows else endpoint()

    def answer(call: Call) -> str:
        start, end = int(call.params["start"]), int(call.params["end"])
        opens = (T0 + 60 * k for k in sorted(held))
        return rows(*[t for t in opens if start <= t < end][:3])

    pages = ends(Walk(ask(41), some, 3, LATER), answer)
    assert [p.covers.start for p in pages][1:] == [p.covers.end for p in pages][:-1]
    assert (pages[0].covers.start, pages[-1].covers.end) == (T0, T0 + 41 * 60)
    assert [t for p in pages for t in p.series.ts] == [T0 + 60 * k for k in sorted(held)]


def test_the_same_page_again_is_an_error() -> None:
    """A provider that ignores the page parameter is found out at the second page."""
    with pytest.raises(Unreadable, match="no row lies in the range"):
        ends(Walk(ask(9), endpoint(), 3, LATER), lambda _: rows(T0, T0 + 60, T0 + 120))


def test_a_cursor_is_followed_until_there_is_none() -> None:
    """The provider's own next page is asked for, an empty page in between included."""
    bodies = {
        "/bars": ([T0, T0 + 60], "/next?c=1"),
        "/next?c=1": ([], "/next?c=2"),
        "/next?c=2": ([T0 + 180], None),
    }
    asked: list[str] = []

    def read(reply: Reply, _: BarsAsk) -> Sheet:
        found = json.loads(reply.body)
        body = rows(*found["rows"]).encode()
        return paged(sheet_of_rows(body, LAYOUT), Call(found["next"]) if found["next"] else None)

    def answer(call: Call) -> str:
        asked.append(call.path)
        opens, following = bodies[call.path]
        return json.dumps({"rows": opens, "next": following})

    pages = ends(Walk(ask(9), replace(endpoint(), read=read), 3, LATER), answer)
    assert asked == list(bodies)
    assert [(p.covers.start - T0, p.covers.end - T0) for p in pages] == [(0, 120), (120, 540)]


def paged(sheet: Sheet, more: Call | None) -> Sheet:
    """The sheet with what follows it."""
    names = ("ts", "open", "high", "low", "close", "volume", "vwap", "trades", "text", "unread")
    return Sheet(**{n: getattr(sheet, n) for n in names}, more=more, ended=more is None)


@pytest.mark.parametrize("same", [True, False])
def test_a_cursor_without_end_is_an_error(same: bool) -> None:
    """The same cursor again, or ever new ones with nothing behind them."""
    count = iter(range(10_000))

    def read(_: Reply, __: BarsAsk) -> Sheet:
        more = Call("/next", {"c": 0 if same else next(count)})
        return paged(sheet_of_rows(b"[]", LAYOUT), more)

    with pytest.raises(Unreadable, match=r"same next page|no end of pages"):
        ends(Walk(ask(9), replace(endpoint(), read=read), 3, LATER), lambda _: "")


def test_a_range_that_has_not_begun_to_close_costs_no_call() -> None:
    """Nothing in it can be final."""
    assert Walk(ask(5), endpoint(), 3, now=T0 + 30.0).done


def test_a_range_that_reaches_into_the_future_ends_at_the_present() -> None:
    """The walk is over when everything that has closed is covered."""
    now = T0 + 130.0
    pages = ends(Walk(ask(50), endpoint(), 3, now), lambda _: rows(T0, T0 + 60, T0 + 120), now)
    assert [p.covers for p in pages] == [TimeRange(T0, T0 + 120)]
    assert pages[0].forming is not None


@pytest.mark.parametrize("wanted", [True, False])
def test_the_forming_bar_is_asked_for_only_if_wanted(wanted: bool) -> None:
    """It opens where the range ends, so the question reaches over that bar."""
    walk = Walk(ask(2, forming=wanted), endpoint(), 3, now=T0 + 130.0)
    assert walk.part.range.end == T0 + (180 if wanted else 120)


def test_a_past_range_never_reaches_over_its_end() -> None:
    """Where nothing forms there is nothing more to ask for."""
    assert Walk(ask(2, forming=True), endpoint(), 3, LATER).part.range.end == T0 + 120


def test_windows_leave_room_for_the_running_bar() -> None:
    """Nothing longer than a window is ever asked for, though the running bar comes on top."""
    some, now = replace(endpoint(), page=first_bars(3)), float(T0 + 60 * 6 + 5)
    asked: list[TimeRange] = []

    def answer(call: Call) -> str:
        start, end = int(call.params["start"]), int(call.params["end"])
        asked.append(TimeRange(start, end))
        return rows(*range(start, end, 60))

    pages = ends(Walk(ask(6, forming=True), some, 3, now), answer, now)
    assert max((span.end - span.start) // 60 for span in asked) == 3
    assert [t for p in pages for t in p.series.ts] == [T0 + 60 * k for k in range(6)]
    assert [p.forming.ts for p in pages if p.forming is not None] == [T0 + 360]


def kept_from(moment: int) -> BarsEndpoint:
    """A provider that keeps nothing older and answers with what it has."""

    def read(reply: Reply, _: BarsAsk) -> Sheet:
        sheet = sheet_of_rows(reply.body, LAYOUT)
        names = ("ts", "open", "high", "low", "close", "volume", "vwap", "trades", "text")
        return Sheet(**{n: getattr(sheet, n) for n in names}, kept_from=moment)

    return replace(endpoint(), read=read, rules=PageRules(bounded=False))


def test_what_is_too_old_is_not_covered() -> None:
    """The page answers only for the part that the provider keeps."""
    pages = ends(Walk(ask(9), kept_from(T0 + 120), 720, LATER), lambda _: rows(T0 + 120, T0 + 180))
    assert [p.covers for p in pages] == [TimeRange(T0 + 120, T0 + 540)]


def test_a_range_that_is_too_old_altogether_is_said_to_be() -> None:
    """It is not an empty answer."""
    with pytest.raises(RangeUnavailable):
        ends(Walk(ask(9), kept_from(T0 + 6000), 720, LATER), lambda _: rows(T0 + 6000))


def test_windows_before_the_kept_history_are_stepped_over() -> None:
    """The walk goes on where the provider's memory begins."""
    some = replace(kept_from(T0 + 300), page=first_bars(3))
    pages = ends(Walk(ask(9), some, 3, LATER), lambda _: rows(T0 + 300, T0 + 360))
    assert [p.covers for p in pages] == [
        TimeRange(T0 + 300, T0 + 480),
        TimeRange(T0 + 480, T0 + 540),
    ]
