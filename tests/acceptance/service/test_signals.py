"""How the service ends: at once for the impatient, in order for everybody else."""

import http.client
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import Self

import pytest

from adapters_in.simulator.faults import FaultKind
from tests.acceptance.service.calls import Answer
from tests.acceptance.service.exchange import KLINES
from tests.acceptance.service.moments import DAY, HOUR, MINUTE
from tests.acceptance.service.stage import Service, Stage
from tests.servers import wait_until

_JOB = {"symbol": "BTCUSDT", "interval": "1m"}


class Crowd:
    """Threads that ask for ever new ranges and note when each ask began and how it ended."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._hours = count()
        self._ends = threading.Event()
        self.asks: list[tuple[float, Answer | Exception]] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(6)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self) -> None:
        while not self._ends.wait(0.01):
            start = DAY + next(self._hours) * HOUR
            began = time.monotonic()
            try:
                end: Answer | Exception = self._service.bars(start=start, end=start + HOUR)
            except (OSError, http.client.HTTPException) as fault:
                end = fault
            self.asks.append((began, end))


def _status(service: Service, path: str) -> int | None:
    """The status of a small call, None when nobody listens."""
    try:
        return service.get(path, timeout=5).status
    except OSError:
        return None


@pytest.mark.slow
def test_sigterm_under_load_finishes_what_was_begun(stage: Stage) -> None:
    """Readiness turns off at once, the drain delay is served, nothing begun before it is lost."""
    stage.exchange.fault(FaultKind.DELAY, "binance", seconds=0.3)
    service = stage.serve(FKS_DRAIN_DELAY_S="2", FKS_SHUTDOWN_GRACE_S="8")
    with Crowd(service) as crowd:
        wait_until(lambda: len(crowd.asks) > 20, "The load")
        asked_at = time.monotonic()
        service.send(signal.SIGTERM)
        wait_until(lambda: _status(service, "/ready") == 503, "/ready", 0.5)
        time.sleep(max(0.0, asked_at + 1.5 - time.monotonic()))
        assert _status(service, "/ready") == 503
        assert service.wait(10) in {0, 143}
        took = time.monotonic() - asked_at
    assert 2 <= took < 8 + 2
    delayed = [end for began, end in crowd.asks if began < asked_at + 1.7]
    assert [end for end in delayed if not isinstance(end, Answer) or end.status != 200] == []
    assert any(asked_at < began < asked_at + 1.7 for began, _ in crowd.asks)
    late = [end for began, end in crowd.asks if began > asked_at + took]
    assert all(isinstance(end, OSError) for end in late)
    assert stage.postgres_pids() == []


def _hang(stage: Stage, service: Service, pool: ThreadPoolExecutor) -> Future[Answer]:
    """A request whose provider never answers; it is on its way when this returns."""
    stage.exchange.fault(FaultKind.HANG, path=KLINES)
    asked = pool.submit(service.bars, start=DAY, end=DAY + HOUR)
    wait_until(lambda: bool(stage.exchange.arrivals(path=KLINES)), "The call upstream")
    return asked


@pytest.mark.slow
@pytest.mark.parametrize(("grace", "deadline"), [("2", "30"), ("8", "3")])
def test_sigterm_while_a_provider_hangs(embedded_stage: Stage, grace: str, deadline: str) -> None:
    """The request in flight is told by its deadline, or by the end of the grace, never later."""
    stage = embedded_stage
    service = stage.serve(
        FKS_SHUTDOWN_GRACE_S=grace, FKS_REQUEST_DEADLINE_S=deadline, FKS_PROVIDERS="binance"
    )
    with ThreadPoolExecutor(1) as pool:
        asked = _hang(stage, service, pool)
        began = time.monotonic()
        service.send(signal.SIGTERM)
        answer = asked.result(20)
        assert answer.status in {503, 504}
        assert answer.headers["content-type"] == "application/problem+json"
        assert service.wait(20) in {0, 143}
        assert time.monotonic() - began < min(int(grace) + 2, int(deadline) + 3)
    assert "Traceback" not in service.err
    assert stage.postgres_pids() == []


@pytest.mark.slow
def test_a_request_in_flight_is_answered_before_the_end(database_stage: Stage) -> None:
    """A slow provider's bars still reach the caller who asked before SIGTERM."""
    stage = database_stage
    stage.exchange.fault(FaultKind.DELAY, "binance", seconds=1.5)
    service = stage.serve()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(service.bars, start=DAY, end=DAY + HOUR)
        wait_until(lambda: bool(stage.exchange.arrivals(path=KLINES)), "The call upstream")
        began = time.monotonic()
        service.send(signal.SIGTERM)
        answer = asked.result(10)
        assert (answer.status, len(answer.data)) == (200, 60)
        assert service.wait(5) in {0, 143}
        assert time.monotonic() - began < 5


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_within_two_seconds(stage: Stage, number: signal.Signals) -> None:
    """Whoever asks twice need not wait for what hangs, and no PostgreSQL stays behind."""
    service = stage.serve(
        FKS_SHUTDOWN_GRACE_S="30", FKS_REQUEST_DEADLINE_S="60", FKS_PROVIDERS="binance"
    )
    with ThreadPoolExecutor(1) as pool:
        _hang(stage, service, pool)
        service.send(number)
        time.sleep(0.5)
        assert service.runs
        began = time.monotonic()
        service.send(number)
        assert service.wait(5) in {0, 143}
        assert time.monotonic() - began < 2
    wait_until(lambda: not stage.postgres_pids(), "The end of the embedded PostgreSQL", 10)


@pytest.mark.slow
def test_sigterm_hands_running_jobs_back(stage: Stage) -> None:
    """Jobs in progress are queued again at once, and the next process finishes them."""
    stage.exchange.fault(FaultKind.DELAY, "binance", seconds=0.2)
    service = stage.serve()
    for k in range(4):
        job = {**_JOB, "start": DAY + k * 10_000 * MINUTE, "end": DAY + (k + 1) * 10_000 * MINUTE}
        assert service.post("/api/v1/jobs/backfill", job).status == 202
    wait_until(lambda: stage.sql("SELECT count(*) FROM bars") > [(0,)], "The first rows")
    began = time.monotonic()
    assert service.stop() in {0, 143}
    assert time.monotonic() - began < 10
    with stage.connection():
        states = {state for (state,) in stage.sql("SELECT DISTINCT state FROM jobs")}
        assert "running" not in states
        assert "queued" in states
        stage.exchange.heal()
        stage.serve()
        finished = "SELECT count(*) FROM jobs WHERE state = 'done'"
        wait_until(lambda: stage.sql(finished) == [(4,)], "All jobs", 15)
        assert stage.sql("SELECT count(*) FROM bars") == [(40_000,)]


@pytest.mark.slow
def test_kill_nine_leaves_no_postgres_behind(embedded_stage: Stage) -> None:
    """The embedded PostgreSQL ends with the service that owned it, even after kill -9."""
    service = embedded_stage.serve()
    assert embedded_stage.postgres_pids()
    service.kill()
    wait_until(lambda: not embedded_stage.postgres_pids(), "The end of PostgreSQL", 10)


@pytest.mark.slow
@pytest.mark.redis
def test_worker_and_scheduler_end_in_order(redis_stage: Stage) -> None:
    """SIGTERM ends both with 0 within seconds, and their log has no traceback."""
    worker, scheduler = redis_stage.worker(), redis_stage.start("scheduler")
    wait_until(lambda: "scheduler_ready" in scheduler.err, "The scheduler")
    began = time.monotonic()
    assert [process.stop() for process in (worker, scheduler)] == [0, 0]
    assert time.monotonic() - began < 8
    assert "Traceback" not in worker.err + scheduler.err
