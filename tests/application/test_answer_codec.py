"""Answers as bytes."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from application.answer_codec import pack_answer, unpack_answer
from application.answers import BarsAnswer, SourcePart
from domain.bars import Bar, BarSeries
from domain.coverage import Gap, GapReason
from domain.instrument import Instrument
from domain.interval import Interval
from domain.quality import Finding, QualityReport, QualityScore, Severity
from domain.timerange import TimeRange
from tests.domain.made import serieses, walk


def answer(series: BarSeries) -> BarsAnswer:
    """An answer with something in every field."""
    report = QualityReport(
        QualityScore(81.5, "good", 90.0, 70.0, 80.0),
        (Finding("spike", Severity.WARNING, "The price jumps.", 2, (60, 120)),),
        ("Look at it",),
    )
    return BarsAnswer(
        symbol="btc/usdt",
        instrument=Instrument.pair("BTC", "USDT"),
        interval=series.interval,
        provider="binance",
        series=series,
        window=TimeRange(0, 600),
        quality=report,
        gaps=(Gap(60, 120, GapReason.PROVIDER_OUTAGE),),
        sources=(SourcePart("binance", 0, 600, 700),),
        forming=Bar(ts=600, open=1.0, high=2.0, low=0.5, close=1.5, final=False),
        cached=True,
        stale=True,
        substituted=True,
        learned_at=700.25,
        fresh_until=720.0,
        next_start=600,
    )


@settings(deadline=None)
@given(serieses())
def test_what_is_packed_is_unpacked_the_same(series: BarSeries) -> None:
    """Every column bit by bit and every other field."""
    before = answer(series)
    after = unpack_answer(pack_answer(before))
    assert after == before
    assert after is not None
    assert pack_answer(after) == pack_answer(before)


def test_an_unpacked_answer_is_a_cached_one() -> None:
    """Whoever reads it has asked nobody."""
    fresh = replace(answer(walk(3)), cached=False)
    unpacked = unpack_answer(pack_answer(fresh))
    assert unpacked is not None
    assert unpacked.cached


@given(st.binary(max_size=200))
def test_foreign_bytes_are_no_answer(garbage: bytes) -> None:
    """Nor an error."""
    assert unpack_answer(garbage) is None


@given(st.integers(0, 3000), st.integers(0, 255))
def test_damaged_bytes_are_never_a_broken_series(where: int, value: int) -> None:
    """One byte is changed: None, or an answer that is whole in itself."""
    packed = bytearray(pack_answer(answer(walk(20))))
    packed[where % len(packed)] = value
    found = unpack_answer(bytes(packed))
    assert found is None or len(found.series.close) == len(found.series.ts)


@pytest.mark.parametrize("place", [0, 5])
def test_another_version_or_shape_is_no_answer(place: int) -> None:
    """A process of another release may share the cache."""
    fields = msgspec.msgpack.decode(pack_answer(answer(walk(3))))
    fields[place] = 99 if place == 0 else fields[place][:7]
    assert unpack_answer(msgspec.msgpack.encode(fields)) is None


def test_months_survive() -> None:
    """Intervals are sent by their names."""
    before = answer(walk(5, interval=Interval.MO1))
    assert unpack_answer(pack_answer(before)) == before
