"""Numbers and memory: what leaves is what came in, and what is kept is bounded."""

import json
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters_in.http.encoding import encode_bars
from adapters_in.http.hot_answers import HotAnswers
from adapters_in.http.layouts import Layout
from adapters_out.memory.clock import ManualClock
from application.answers import BarsAnswer
from domain.bars import BarSeries
from domain.instrument import Instrument
from domain.interval import Interval
from domain.quality import QualityReport, QualityScore
from domain.timerange import TimeRange

NOW = 1_732_700_000.0
GOOD = QualityReport(QualityScore(100.0, "excellent", 100.0, 100.0, 100.0))


def answer_of(closes: list[float], *, fresh_for: float = 60.0) -> BarsAnswer:
    """An answer with these closes."""
    n = len(closes)
    end = int(NOW) // 60 * 60
    column = np.array(closes)
    series = BarSeries(
        Interval.M1,
        np.arange(end - 60 * n, end, 60),
        **dict.fromkeys(("open", "high", "low", "close", "volume"), column),
    )
    return BarsAnswer(
        symbol="BTCUSDT",
        instrument=Instrument.pair("BTC", "USDT"),
        interval=Interval.M1,
        provider="paper",
        series=series,
        window=TimeRange(end - 60 * n, end),
        quality=GOOD,
        gaps=(),
        sources=(),
        learned_at=NOW,
        fresh_until=NOW + fresh_for,
    )


@given(
    digits=st.integers(min_value=1, max_value=10**15 - 1),
    point=st.integers(min_value=0, max_value=15),
)
def test_fifteen_digits(digits: int, point: int) -> None:
    """A decimal with up to 15 significant digits leaves as the same decimal in every format."""
    sent = Decimal(digits).scaleb(-point)
    answer = answer_of([float(str(sent))])
    for layout in Layout:
        body = encode_bars(answer, layout).body(NOW, cached=False).decode()
        if layout is Layout.CSV:
            got = Decimal(body.splitlines()[1].split(",")[5])
        else:
            read = json.loads(body, parse_float=Decimal, parse_int=Decimal)
            data = read if layout is Layout.NDJSON else read["data"]
            row = data if isinstance(data, dict) else data[0]
            got = row["close"][0] if layout is Layout.COLUMNS else row["close"]
        assert got == sent


def test_whole_numbers_stay_decimals() -> None:
    """100.0 leaves as 100.0, so that a reader's column has one type."""
    assert b'"close":100.0' in encode_bars(answer_of([100.0])).body(NOW, cached=True)


def test_live_members() -> None:
    """cached, stale and age_s follow the moment; nothing else changes."""
    encoded = encode_bars(answer_of([1.0, 2.0]))
    first = json.loads(encoded.body(NOW + 0.9, cached=False))
    later = json.loads(encoded.body(NOW + 7.2, cached=True))
    assert (first["cached"], first["age_s"]) == (False, 0)
    assert later == first | {"cached": True, "age_s": 7}


def test_tags_follow_the_bars() -> None:
    """Another value, another tag; the same values, the same tag."""
    one, same, other = (
        dict(encode_bars(answer_of(closes)).headers)["etag"]
        for closes in ([1.0, 2.0], [1.0, 2.0], [1.0, 2.5])
    )
    assert one == same != other


def test_memory_is_bounded() -> None:
    """What was asked for longest ago goes when the bytes are used up."""
    encoded = encode_bars(answer_of([1.0] * 100))
    hot = HotAnswers(ManualClock(NOW), 60_000)
    for name in (b"a", b"b", b"c", b"d"):
        hot.put(name, encoded)
        assert hot.get(name) is not None
    kept = [name for name in (b"a", b"b", b"c", b"d") if hot.get(name) is not None]
    assert b"d" in kept
    assert b"a" not in kept


def test_too_large_to_keep() -> None:
    """An answer that alone exceeds the bound is not kept, nor pushes others out."""
    hot = HotAnswers(ManualClock(NOW), 10_000)
    hot.put(b"small", encode_bars(answer_of([1.0])))
    hot.put(b"large", encode_bars(answer_of([1.0] * 1000)))
    assert hot.get(b"small") is not None
    assert hot.get(b"large") is None


def test_everything_can_be_forgotten() -> None:
    """After clearing nothing is left, and there is room again."""
    hot = HotAnswers(ManualClock(NOW), 60_000)
    hot.put(b"a", encode_bars(answer_of([1.0])))
    hot.clear()
    assert hot.get(b"a") is None
    hot.put(b"b", encode_bars(answer_of([1.0])))
    assert hot.get(b"b") is not None


@pytest.mark.parametrize("fresh_for", [0.0, -5.0])
def test_nothing_stale_is_kept(fresh_for: float) -> None:
    """An answer whose next bar has closed already is not kept."""
    hot = HotAnswers(ManualClock(NOW), 1_000_000)
    hot.put(b"late", encode_bars(answer_of([1.0], fresh_for=fresh_for)))
    assert hot.get(b"late") is None


def test_only_what_a_crowd_asks_for_is_kept() -> None:
    """The third ask within two seconds is kept; asks further apart are not counted together."""
    clock, encoded = ManualClock(NOW), encode_bars(answer_of([1.0]))
    hot = HotAnswers(clock, 60_000, hot_after=3)
    for _ in range(4):
        hot.put(b"rare", encoded)
        clock.advance(1.5)
        assert hot.get(b"rare") is None
    for _ in range(2):
        hot.put(b"often", encoded)
        assert hot.get(b"often") is None
    hot.put(b"often", encoded)
    assert hot.get(b"often") is not None
