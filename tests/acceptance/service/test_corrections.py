"""A provider that changes its mind, seen through `as_of`, `/revisions` and the tables."""

import time
from typing import Any

import pytest

from adapters_in.simulator.faults import FaultKind
from tests.acceptance.service.moments import DAY, HOUR, MINUTE, instant
from tests.acceptance.service.stage import Service, Stage

_SPAN: dict[str, Any] = {"start": DAY, "end": DAY + 2 * HOUR, "limit": 1000}
_CHANGED = DAY + 30 * MINUTE


def _checksum(stage: Stage) -> tuple[object, ...]:
    """Every column of every bar, known_at included, and the number of revisions."""
    statement = "SELECT md5(string_agg(b::text, '|' ORDER BY series_id, ts)), count(*) FROM bars b"
    [bars] = stage.sql(statement)
    [revisions] = stage.sql("SELECT count(*) FROM bar_revisions")
    return (*bars, *revisions)


def _value(service: Service, ts: int, use_cache: bool | None = None) -> float:
    rows = service.bars(**_SPAN, use_cache=use_cache).data
    return float(next(row["close"] for row in rows if row["ts"] == ts))


def _past(service: Service, *moments: str) -> list[bytes]:
    """The answers as of those moments, byte for byte."""
    return [service.bars(**_SPAN, as_of=moment).body for moment in moments]


@pytest.mark.slow
def test_a_corrected_bar_is_served_and_the_past_is_kept_byte_for_byte(stage: Stage) -> None:
    """The new value is served, `as_of` before it repeats the old answer whatever happens since."""
    service = stage.serve()
    first = service.bars(**_SPAN)
    old = _value(service, _CHANGED)
    before = instant()
    then = service.bars(**_SPAN, as_of=before)
    assert (then.status, then.data_bytes) == (200, first.data_bytes)
    assert [then.json()[name] for name in ("cached", "stale", "age_s")] == [None] * 3

    stage.exchange.correct(_CHANGED, close=old + 1.5, high=old + 400)
    assert _value(service, _CHANGED, use_cache=False) == old + 1.5
    assert _value(service, _CHANGED) == old + 1.5
    between = instant()
    past = [then.body, *_past(service, between)]
    stage.exchange.correct(_CHANGED, close=old + 2.5, high=old + 400)
    assert _value(service, _CHANGED, use_cache=False) == old + 2.5
    assert _past(service, before, between, before) == [*past, then.body]
    _repair_and_extend(stage, service)
    assert _past(service, before, between) == past
    service.stop()
    stage.exchange.shut()
    service = stage.serve()
    assert _past(service, before, between) == past
    assert _value(service, _CHANGED) == old + 2.5
    revised = service.get("/api/v1/data/revisions", symbol="BTCUSDT", interval="1m").json()
    assert [(r["ts"], r["old"]["close"]) for r in revised["revisions"]] == [
        (_CHANGED, old),
        (_CHANGED, old + 1.5),
    ]


def _repair_and_extend(stage: Stage, service: Service) -> None:
    """Back-fill around what is held, lose some of that, fetch it again."""
    span = ("--start", str(DAY - HOUR), "--end", str(DAY + 4 * HOUR))
    filled = stage.cli("backfill", "BTCUSDT", "--interval", "1m", *span, "--json")
    assert filled.code == 0, filled
    stage.sql("DELETE FROM bars WHERE ts >= to_timestamp(%s)", DAY + 3 * HOUR)
    repaired = service.bars(start=DAY, end=DAY + 4 * HOUR)
    assert (repaired.status, len(repaired.data)) == (200, 240)


@pytest.mark.slow
def test_identical_data_three_times_in_shuffled_order_records_nothing(stage: Stage) -> None:
    """Re-ingesting what is known changes neither the table nor the list of revisions."""
    service = stage.serve()
    assert service.bars(**_SPAN).status == 200
    before = _checksum(stage)
    assert before[1:] == (120, 0)
    stage.exchange.fault(FaultKind.DISORDER, "binance")
    quarters = [(DAY + k * HOUR // 2, DAY + (k + 1) * HOUR // 2) for k in (2, 0, 3, 1)]
    for turn in range(3):
        for start, end in quarters[turn:] + quarters[:turn]:
            answer = service.bars(start=start, end=end, use_cache=False, provider="binance")
            assert answer.json()["cached"] is False, answer
    assert _checksum(stage) == before
    listed = service.get("/api/v1/data/revisions", symbol="BTCUSDT", interval="1m").json()
    assert listed["revisions"] == []


def test_as_of_before_anything_was_known_is_an_empty_past(embedded_stage: Stage) -> None:
    """Asked for a moment before the first fetch, the service says that it knew nothing."""
    service = embedded_stage.serve()
    long_ago = instant()
    time.sleep(0.05)
    assert service.bars(**_SPAN).status == 200
    answer = service.bars(**_SPAN, as_of=long_ago)
    assert answer.status == 404, answer
    again = service.bars(**_SPAN, as_of=long_ago)
    assert again.json()["detail"] == answer.json()["detail"]
