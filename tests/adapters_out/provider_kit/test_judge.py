"""What becomes of rows: bars, the forming bar, or rejected with a reason; nothing vanishes."""

import json
import math
import random  # noqa: TID251 - a seeded mixture

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters_out.provider_kit.judge import PageRules, Verdict, judge
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Layout
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.timerange import TimeRange
from tests.adapters_out.provider_kit.scripted import BTC

LAYOUT = Layout(ts=0, open=1, high=2, low=3, close=4, volume=5, vwap=6, trades=7)
T0 = 1_700_000_040
SPAN = TimeRange(T0, T0 + 600)
LATER = float(T0 + 100_000)
OIL = Instrument("CLK2020", AssetClass.FUTURE, "CL")


def bar(k: int = 0, **cells: object) -> list[object]:
    """The k-th minute's row, with some cells replaced."""
    row: dict[str, object] = {"ts": T0 + 60 * k, "o": "2.0", "h": "3.0", "l": "1.0", "c": "2.5"}
    row |= {"v": "7.0", "w": "2.2", "n": 9}
    return list((row | cells).values())


def judged(
    *rows: object,
    span: TimeRange = SPAN,
    now: float = LATER,
    rules: PageRules | None = None,
    of: Instrument = BTC,
) -> Verdict:
    """The verdict on a body with these rows."""
    sheet = sheet_of_rows(json.dumps(rows).encode(), LAYOUT)
    ask = BarsAsk(of, Interval.M1, span)
    return judge(sheet, ask, rules or PageRules(), looked_at=now, fetched_at=now)


def page(*rows: object, **options: object) -> BarsPage:
    """The page of a verdict that has one."""
    verdict = judged(*rows, **options)  # type: ignore[arg-type]  # the options of judged
    assert verdict.page is not None
    return verdict.page


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"h": "2.4"}, "high lies below"),
        ({"l": "2.1"}, "low lies above"),
        ({"h": "0.5"}, "high lies below"),
        ({"o": "0", "l": "0"}, "not positive"),
        ({"l": "-1.0"}, "not positive"),
        ({"c": "NaN"}, "close"),
        ({"c": None}, "close"),
        ({"v": "-1"}, "negative"),
        ({"v": "NaN"}, "volume"),
        ({"n": -5}, "negative"),
        ({"w": "-2.2"}, "vwap"),
        ({"w": "0.0"}, "vwap"),
        ({"ts": T0 + 3}, "does not open a bar"),
        ({"ts": T0 + 6000}, "outside"),
        ({"ts": T0 - 60}, "outside"),
        ({"ts": "later"}, "ts"),
    ],
)
def test_a_row_that_is_no_bar_is_rejected_with_its_reason(
    cells: dict[str, object], reason: str
) -> None:
    """Its text and reason are kept, its neighbours are bars."""
    found = page(bar(0), bar(1, **cells), bar(2))
    assert found.series.ts.tolist() == [T0, T0 + 120]
    assert [reason in row.reason for row in found.rejected] == [True]
    assert json.loads(found.rejected[0].content) == bar(1, **cells)


@given(st.permutations([bar(k, c=f"{1 + k / 10}") for k in range(10)]), st.integers(0, 9))
def test_disorder_and_repetitions_change_nothing(rows: list[object], again: int) -> None:
    """Whatever the order, and with any row sent twice, it is the same series."""
    found = page(*rows, rows[again])
    assert found.series.close.tolist() == [1 + k / 10 for k in range(10)]
    assert found.rejected == ()


@pytest.mark.parametrize("bad", [{}, {"h": "0.5"}, {"w": "0.0"}, {"w": "0.0", "v": "0.0"}])
def test_the_newest_may_come_first(bad: dict[str, object]) -> None:
    """A page read backwards makes the same series, and its rejected rows are shown as they came."""
    rows = [bar(0), bar(1), bar(2, **bad), bar(3)]
    found, turned = page(*rows), page(*reversed(rows))
    assert turned.series == found.series
    assert turned.rejected == found.rejected


def test_two_truths_for_one_minute_are_both_rejected() -> None:
    """Rows of one time with other values: nobody knows which is right, so neither is a bar."""
    found = page(bar(0), bar(1, c="2.5"), bar(1, c="2.6"), bar(1, c="2.5"), bar(2))
    assert found.series.ts.tolist() == [T0, T0 + 120]
    assert [row.ts for row in found.rejected] == [T0 + 60] * 3
    assert found.covers == SPAN


def test_absent_values_are_equal_to_each_other() -> None:
    """A row without volume that is sent twice is one bar."""
    found = page(bar(0, v=None, w=None), bar(0, v=None, w=None))
    assert len(found.series) == 1
    assert math.isnan(found.series.volume[0])


def test_the_average_of_nothing_is_not_a_price() -> None:
    """A vwap of 0 where nothing was traded is "not sent"."""
    found = page(bar(0, o="2.0", v="0.00000000", w="0.0", n=0))
    assert math.isnan(found.series.vwap[0])
    assert found.rejected == ()


def test_futures_may_trade_below_zero() -> None:
    """Crude oil did on 2020-04-20; a spot price cannot."""
    row = bar(0, o="-36.0", h="-1.0", l="-40.0", c="-37.6", w="-30.1")
    assert len(page(row, of=OIL).series) == 1
    assert len(page(row).rejected) == 1


@pytest.mark.parametrize("offset", [0.0, 0.5, 59.9])
def test_the_bar_that_closes_after_the_look_is_forming(offset: float) -> None:
    """However late in its minute, it is not in the series, and not covered."""
    found = page(bar(0), bar(1), bar(2), now=T0 + 120 + offset)
    assert found.series.ts.tolist() == [T0, T0 + 60]
    assert found.covers == TimeRange(T0, T0 + 120)
    assert found.forming is not None
    assert (found.forming.ts, found.forming.final, found.forming.trades) == (T0 + 120, False, 9)


def test_the_youngest_of_two_unfinished_bars_is_the_forming_one() -> None:
    """A provider whose clock is ahead of ours has opened the next bar already."""
    found = page(bar(0), bar(1), bar(2), now=T0 + 119.0)
    assert found.series.ts.tolist() == [T0]
    assert found.forming is not None
    assert found.forming.ts == T0 + 120
    assert found.rejected == ()


def test_a_broken_forming_bar_is_rejected() -> None:
    """The running bar is judged like any other."""
    found = page(bar(0), bar(1, h="0.1"), now=T0 + 60.0)
    assert found.forming is None
    assert [row.ts for row in found.rejected] == [T0 + 60]


def test_a_short_page_answers_for_the_whole_range() -> None:
    """Slots behind its last row are known to be empty."""
    assert page(bar(0), rules=PageRules(full_rows=5)).covers == SPAN


def test_a_full_page_answers_up_to_its_last_row() -> None:
    """What comes behind was cut off."""
    assert page(bar(0), bar(1), bar(3), rules=PageRules(full_rows=3)).covers.end == T0 + 240


def test_a_round_number_of_rows_is_a_cap_that_we_do_not_know() -> None:
    """A hundred rows where a thousand were asked may be all, or the server's limit: ask on."""
    wide = TimeRange(T0, T0 + 60 * 1000)
    some = [bar(k) for k in range(100)]
    assert page(*some, span=wide, rules=PageRules(full_rows=1000)).covers.end == T0 + 6000
    assert page(*some[:99], span=wide, rules=PageRules(full_rows=1000)).covers == wide


def test_rows_beyond_an_open_range_are_nobodys_fault() -> None:
    """A provider that cannot be told the end sends more than was wanted."""
    found = page(bar(0), bar(10), bar(11), rules=PageRules(bounded=False))
    assert (found.series.ts.tolist(), found.rejected) == ([T0], ())


def test_rows_that_all_lie_elsewhere_are_no_answer() -> None:
    """A provider that ignores what was asked has not said that there is nothing."""
    assert judged(bar(100), bar(101)).strange
    assert judged(bar(0, ts=T0 + 1)).strange
    assert not judged().strange
    now = T0 + 60 * 100 + 3.0
    assert judged(bar(99), bar(100), now=now).strange  # the running bar is not of this range
    assert not judged(bar(10), now=T0 + 603.0).strange


def test_every_row_is_accounted_for() -> None:
    """In any mixture: bars, repetitions, the forming bar and the rejected make up all rows."""
    luck = random.Random(7)  # noqa: S311 - a seeded mixture
    cells: list[dict[str, object]] = [{}, {"h": "1"}, {"c": "NaN"}, {"ts": T0 + 1}, {"v": None}]
    rows = [bar(k, **luck.choice(cells)) for k in range(9)]
    luck.shuffle(rows)
    found = page(*rows, now=T0 + 8 * 60.0)
    assert len(found.series) + len(found.rejected) + (found.forming is not None) == len(rows)
