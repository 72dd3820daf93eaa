"""Starting: the demo that labels itself, signals before it is ready, two schedulers."""

import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.acceptance.service.stage import Process, Stage
from tests.servers import wait_until


@pytest.mark.slow
def test_the_demo_works_alone_and_says_what_it_is(embedded_stage: Stage) -> None:
    """With stores and providers unreachable the demo answers, and labels every answer."""
    stage = embedded_stage
    stage.exchange.shut()
    nowhere: dict[str, Any] = {
        "DATABASE_URL": "postgresql://u@127.0.0.1:9/x",
        "REDIS_URL": "redis://127.0.0.1:9",
    }
    service = stage.serve("--demo", **nowhere)
    for word in ("DEMO", f"http://127.0.0.1:{service.port}/docs", "embedded", "binance", "kraken"):
        assert word in service.out, service.out
    answers = [
        service.get("/info"),
        service.bars(limit=5),
        service.get("/api/v1/data/price", symbol="BTCUSDT"),
        service.get("/api/v1/data/providers"),
        service.get("/api/v1/data/coverage"),
        service.get("/api/v1/jobs"),
    ]
    assert [(answer.status, answer.json()["demo"]) for answer in answers] == [(200, True)] * 6
    service.stop()
    assert (stage.data_dir / "demo").is_dir()
    began = time.monotonic()
    again = stage.serve("--demo", **nowhere)
    assert time.monotonic() - began < 5
    assert again.bars(limit=5).status == 200


@pytest.mark.slow
def test_the_demo_s_bars_are_not_the_real_store_s(embedded_stage: Stage) -> None:
    """What the demo stored is nowhere to be seen without it."""
    demo = embedded_stage.serve("--demo")
    assert demo.bars(limit=5).status == 200
    demo.stop()
    real = embedded_stage.serve()
    coverage = real.get("/api/v1/data/coverage").json()
    assert (coverage["series"], coverage["demo"]) == ([], False)


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.1, 0.5, 0.9, 1.3])
def test_a_signal_while_starting(embedded_stage: Stage, after_s: float) -> None:
    """SIGTERM at any moment of a start ends it within seconds, and no PostgreSQL is left."""
    process = embedded_stage.serve(wait=False)
    time.sleep(after_s)
    process.send(signal.SIGTERM)
    assert process.wait(4) in {0, 143, -signal.SIGTERM}
    assert "Traceback" not in process.err
    wait_until(lambda: not embedded_stage.postgres_pids(), "The end of PostgreSQL", 10)
    assert embedded_stage.serve().bars(limit=5).status == 200


def test_the_module_is_the_command(database_stage: Stage) -> None:
    """`python -m bootstrap` is `fks-data`."""
    command = [sys.executable, "-m", "bootstrap", "migrate", "--json"]
    told = subprocess.run(
        command, check=True, env=database_stage.environment, capture_output=True, timeout=30
    )
    assert told.stdout.startswith(b'{"applied":["0001')


@pytest.mark.slow
def test_two_schedulers_and_one_acts(database_stage: Stage) -> None:
    """Exactly one of two leads; when it is killed the other one takes over within seconds."""
    stage = database_stage
    stage.cli("migrate")
    both = [stage.start("scheduler"), stage.start("scheduler")]

    def leaders() -> list[Process]:
        return [process for process in both if process.runs and "leads=True" in process.err]

    wait_until(lambda: all("scheduler_ready" in process.err for process in both), "Both")
    wait_until(lambda: bool(leaders()), "A leader")
    time.sleep(4)
    [first] = leaders()
    first.kill()
    wait_until(lambda: len(leaders()) == 1, "The other one", 15)
    assert leaders() != [first]
