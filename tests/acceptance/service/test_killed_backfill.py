"""A back-fill that is killed again and again loses nothing that it acknowledged."""

import json
import random
import time
from typing import Any

import pytest

from adapters_in.simulator.faults import FaultKind
from tests.acceptance.service.exchange import truth
from tests.acceptance.service.moments import DAY, MINUTE
from tests.acceptance.service.stage import Process, Stage
from tests.servers import wait_until

_BARS = 20_000
_END = DAY + _BARS * MINUTE
_KILLS = 30
_COMMAND = ("backfill", "BTCUSDT", "--interval", "1m", "--start", str(DAY), "--end", str(_END))


def _events(process: Process) -> list[dict[str, Any]]:
    """The complete lines that it printed."""
    whole, _, _ = process.out.rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def _kill_somewhere(stage: Stage, luck: random.Random) -> list[dict[str, Any]]:
    """Start a back-fill and end it while it starts, asks, writes or acknowledges."""
    process = stage.start(*_COMMAND, "--json")
    if luck.random() < 0.2:
        time.sleep(luck.uniform(0.0, 1.0))
    else:
        asked = len(stage.exchange.arrivals()) + (1 if luck.random() < 0.7 else 2)
        wait_until(lambda: len(stage.exchange.arrivals()) >= asked or not process.runs, "A call")
        time.sleep(luck.uniform(0.0, 0.2))
    process.kill()
    assert "Traceback" not in process.err
    return [event for event in _events(process) if event["event"] == "committed"]


def _stored(stage: Stage, start: int, end: int) -> int:
    inside = "ts >= to_timestamp(%s) AND ts < to_timestamp(%s)"
    [[count]] = stage.sql(f"SELECT count(*) FROM bars WHERE {inside}", start, end)  # noqa: S608 - a constant
    return int(count)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_thirty_kills_of_a_back_fill_lose_nothing(stage: Stage) -> None:
    """Killed at 30 random moments, 20,000 bars arrive whole, right and once."""
    luck = random.Random(11)  # noqa: S311 - the same moments every time
    stage.exchange.fault(FaultKind.DELAY, "binance", seconds=0.15)
    acknowledged: list[dict[str, Any]] = []
    for _ in range(_KILLS):
        acknowledged += _kill_somewhere(stage, luck)
    assert len(acknowledged) >= 5, "the kills missed the work"
    with stage.connection():  # one owner for the checks to come
        for event in acknowledged:
            assert _stored(stage, event["start"], event["end"]) == event["rows"], event
        last = stage.cli(*_COMMAND, "--json")
        assert last.code == 0, last
        done = json.loads(last.out.splitlines()[-1])
        assert (done["event"], done["complete"], done["gaps"]) == ("done", True, [])
        _everything_is_right(stage)
    assert stage.cli(*_COMMAND, "--json").code == 0


def _everything_is_right(stage: Stage) -> None:
    rows = stage.sql(
        "SELECT extract(epoch FROM ts)::bigint, open, high, low, close, volume FROM bars"
        " ORDER BY ts"
    )
    real = truth("BTC-USDT", DAY, _END, now=time.time())
    columns = [list(column) for column in zip(*rows, strict=True)]
    names = ("ts", "open", "high", "low", "close", "volume")
    for name, column in zip(names, columns, strict=True):
        assert column == getattr(real, name).tolist(), name
    assert len(rows) == _BARS
    assert stage.sql("SELECT count(*) FROM bar_revisions") == [(0,)]
