"""The first curl, the second, the one after a restart, and the one after a loss."""

import time
from typing import Any

import pytest

from tests.acceptance.service.exchange import COINS, KLINES, query_of, truth
from tests.acceptance.service.moments import DAY, HOUR, calm
from tests.acceptance.service.stage import Stage

_SPAN: dict[str, Any] = {"start": DAY, "end": DAY + 6 * HOUR, "limit": 1000}


def test_the_first_answer_comes_from_a_provider_and_the_second_from_memory(stage: Stage) -> None:
    """A cold service asks a provider once; asked again it says cached and asks nobody."""
    service = stage.serve()
    calm()
    first = service.bars(limit=500)
    assert first.status == 200, first
    body = first.json()
    assert (body["provider"], body["cached"], body["substituted"]) == ("binance", False, False)
    assert len(body["data"]) == 500
    assert [a.path for a in stage.exchange.arrivals()] == [KLINES]
    second = service.bars(limit=500)
    assert second.json()["cached"] is True
    assert second.data_bytes == first.data_bytes
    assert len(stage.exchange.arrivals()) == 1


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_a_restart_changes_no_byte_and_asks_nobody(stage: Stage, ending: str) -> None:
    """After SIGTERM or kill -9 the next process answers the same bytes from the store."""
    service = stage.serve()
    first = service.bars(**_SPAN)
    assert (first.status, len(first.data)) == (200, 360), first
    getattr(service, ending)()
    stage.exchange.forget()
    again = stage.serve()
    second = again.bars(**_SPAN)
    assert second.data_bytes == first.data_bytes
    assert second.json()["cached"] is True
    assert stage.exchange.arrivals() == []


def test_stored_bars_are_served_right_after_a_restart_with_every_provider_gone(
    stage: Stage,
) -> None:
    """What is stored needs no provider; of the newest bars it says that they are stale."""
    calm()
    service = stage.serve()
    first = service.bars(**_SPAN)
    newest = service.bars(limit=100)
    assert newest.status == 200
    service.stop()
    stage.exchange.shut()
    again = stage.serve()
    assert again.bars(**_SPAN).data_bytes == first.data_bytes
    more = again.bars(limit=200)
    assert more.status == 200, more
    body = more.json()
    assert body["stale"] is True
    assert body["gaps"]
    assert body["data"][-100:] == newest.data[-100:] or body["data"][-99:] == newest.data[-99:]
    nothing = again.bars("ETHUSDT", **_SPAN)
    assert nothing.status == 503
    assert {a["provider"] for a in nothing.json()["attempts"]} == COINS
    assert int(nothing.headers["retry-after"]) > 0


@pytest.mark.parametrize("restart", [False, True])
def test_a_lost_hour_is_named_and_exactly_that_hour_is_fetched_again(
    stage: Stage, restart: bool
) -> None:
    """Rows deleted by hand are gaps `lost_by_us`; asked again, one call fetches those alone."""
    service = stage.serve()
    first = service.bars(**_SPAN)
    lost, end = DAY + 5 * HOUR, DAY + 6 * HOUR
    stage.sql("DELETE FROM bars WHERE ts >= to_timestamp(%s)", lost)
    stage.exchange.forget()
    if restart:
        service.stop()
        service = stage.serve()
    gaps = service.get("/api/v1/data/gaps", symbol="BTCUSDT", interval="1m", start=DAY, end=end)
    assert [(g["start"], g["end"], g["reason"]) for g in gaps.json()["gaps"]] == [
        (lost, end, "lost_by_us")
    ]
    again = service.bars(**_SPAN)
    assert again.data_bytes == first.data_bytes
    assert again.json()["cached"] is False
    asked = stage.exchange.arrivals()
    assert [a.path for a in asked] == [KLINES]
    question = query_of(asked[0])
    assert int(question["startTime"]) == lost * 1000
    assert (end - 60) * 1000 <= int(question["endTime"]) < end * 1000
    assert (
        service.get("/api/v1/data/gaps", symbol="BTCUSDT", start=DAY, end=end).json()["gaps"] == []
    )


def test_every_number_is_the_exchange_s(embedded_stage: Stage) -> None:
    """What is answered equals what the simulated market did, to the last digit."""
    service = embedded_stage.serve()
    rows = service.bars(**_SPAN).data
    real = truth("BTC-USDT", DAY, DAY + 6 * HOUR, now=time.time())
    for name in ("ts", "open", "high", "low", "close", "volume"):
        assert [row[name] for row in rows] == getattr(real, name).tolist(), name
