"""Pages of ticks: moments that many ticks share, and sessions that begin the evening before."""

import calendar

import pytest

from application.read_ticks import TickAnswer, TickQuery
from application.session_ticks import Collected, collect
from domain.errors import NoData
from domain.instrument import Instrument
from domain.ticks import Trade
from domain.timerange import RangeSet
from tests.runner import Run

NS = 10**9
ES = Instrument.future("ES", "Z", 2025)
MIDNIGHT = calendar.timegm((2025, 11, 18, 0, 0, 0))  # a Tuesday
HOUR = 3600


def trade(at: int, name: int, session: str) -> Trade:
    """One trade at a whole second."""
    return Trade(ts_ns=at * NS, price=1.0, size=1.0, id=str(name), session=session)


class Tape:
    """Answers like the use case: the first from a start on, else the last before an end."""

    def __init__(self, *trades: Trade) -> None:
        self.trades = trades
        self.asked: list[TickQuery] = []

    async def __call__(self, query: TickQuery) -> TickAnswer[Trade]:
        self.asked.append(query)
        start, end = query.start_ns or 0, query.end_ns or 2**63
        inside = [t for t in self.trades if start <= t.ts_ns < end]
        kept = inside[-query.limit :] if query.start_ns is None else inside[: query.limit]
        if not kept:
            raise NoData("There is nothing.")
        return TickAnswer(
            provider="massive_futures",
            ticks=tuple(kept),
            received_ns=tuple(t.ts_ns for t in kept),
            cached=True,
            stale=False,
            substituted=False,
            gaps=RangeSet(),
            next=None,
        )


def walk(run: Run, tape: Tape, limit: int, *, newest: bool, session: str | None) -> list[Trade]:
    """Every page, one after the other; the last one says that it is the last."""
    found: list[Trade] = []
    place = None
    query = TickQuery(symbol="ESZ5", instrument=ES, limit=limit)
    for _ in range(100):
        page: Collected[Trade] = run(
            collect(tape, query, newest=newest, session=session, place=place)
        )
        assert 0 < len(page.ticks) <= limit
        found += page.ticks
        if page.rest is None:
            return found
        place = page.rest
    raise AssertionError("there is no end of pages")


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 6, 12, 50])
@pytest.mark.parametrize("newest", [True, False])
def test_a_moment_that_is_cut_loses_nothing(
    run: Run, limit: int, newest: bool
) -> None:  # a parameter
    """One order fills many: seven trades of one nanosecond among twelve, page by page."""
    at = [1, 2, *([3] * 7), 4, 4, 5]
    trades = [trade(MIDNIGHT + s, n, "2025-11-18") for n, s in enumerate(at)]
    found = walk(run, Tape(*trades), limit, newest=newest, session=None)
    assert found == (trades[::-1] if newest else trades)


def tuesday() -> tuple[list[Trade], list[Trade]]:
    """A trade each minute around one session, and those of the session."""
    opened, closed = MIDNIGHT - HOUR, MIDNIGHT + 22 * HOUR  # 17:00 and 16:00 in Chicago
    named = [
        *((opened - 2 * HOUR, opened - HOUR, "2025-11-17"), (opened, closed, "2025-11-18")),
        (closed + HOUR, closed + 3 * HOUR, "2025-11-19"),
    ]
    trades = [
        trade(at, at, session) for start, end, session in named for at in range(start, end, 60)
    ]
    return trades, [t for t in trades if t.session == "2025-11-18"]


@pytest.mark.parametrize("limit", [200, 345, 5000])
@pytest.mark.parametrize("newest", [True, False])
def test_a_session_is_read_from_evening_to_afternoon(
    run: Run, limit: int, newest: bool
) -> None:  # likewise
    """All of it and nothing of its neighbours, 1,380 minutes."""
    trades, session = tuesday()
    found = walk(run, Tape(*trades), limit, newest=newest, session="2025-11-18")
    assert len(session) == 1380
    assert found == (session[::-1] if newest else session)


@pytest.mark.parametrize("newest", [True, False])
def test_few_ticks_of_a_session_need_few_questions(run: Run, newest: bool) -> None:  # likewise
    """The hours of its neighbours are not looked through page by page."""
    trades, session = tuesday()
    tape = Tape(*trades)
    query = TickQuery(symbol="ESZ5", instrument=ES, limit=2)
    page: Collected[Trade] = run(collect(tape, query, newest=newest, session="2025-11-18"))
    assert list(page.ticks) == (session[:-3:-1] if newest else session[:2])
    assert len(tape.asked) <= 2


def test_a_day_without_a_session_has_no_ticks(run: Run) -> None:
    """Saturday."""
    query = TickQuery(symbol="ESZ5", instrument=ES, limit=2)
    with pytest.raises(NoData):
        run(collect(Tape(*tuesday()[0]), query, newest=True, session="2025-11-15"))
