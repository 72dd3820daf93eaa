"""Back-fills as jobs of the running service: told, cancelled, killed, and done all the same."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from adapters_in.simulator.faults import FaultKind
from tests.acceptance.service.exchange import truth
from tests.acceptance.service.moments import DAY, MINUTE
from tests.acceptance.service.stage import Process, Service, Stage
from tests.adapters_out.redis.servers import FragileRedis, fragile_redis
from tests.servers import wait_until

_JOBS = 40
_BARS = 3_000  # three pages each
_SUBMIT = "/api/v1/jobs/backfill"
_WITHIN_S = 30.0


def _job(k: int, bars: int = _BARS) -> dict[str, Any]:
    """The k-th of forty back-fills that have no bar in common."""
    start = DAY + k * bars * MINUTE
    return {"symbol": "BTCUSDT", "interval": "1m", "start": start, "end": start + bars * MINUTE}


def _submit(service: Service, jobs: int) -> None:
    for k in range(jobs):
        answer = service.post(_SUBMIT, _job(k))
        assert answer.status == 202, answer


def _done(stage: Stage) -> int:
    [[count]] = stage.sql("SELECT count(*) FROM jobs WHERE state = 'done'")
    return int(count)


def _everything_is_right(stage: Stage, service: Service, jobs: int) -> None:
    """Every job is done once, told so over HTTP, and every bar is there once and true."""
    told = service.get("/api/v1/jobs", limit=100).json()["jobs"]
    assert {(job["state"], job["progress"], job["error"]) for job in told} == {("done", 1.0, None)}
    assert len(told) == jobs
    assert sum(job["rows"] for job in told) <= jobs * _BARS
    rows = stage.sql(
        "SELECT extract(epoch FROM ts)::bigint, open, high, low, close, volume FROM bars"
        " ORDER BY ts"
    )
    real = truth("BTC-USDT", DAY, DAY + jobs * _BARS * MINUTE, now=time.time())
    columns = [list(column) for column in zip(*rows, strict=True)]
    for name, column in zip(("ts", "open", "high", "low", "close", "volume"), columns, strict=True):
        assert column == getattr(real, name).tolist(), name
    assert stage.sql("SELECT count(*) FROM bar_revisions") == [(0,)]


@pytest.mark.slow
def test_a_job_tells_its_progress_and_ends(stage: Stage) -> None:
    """202 with an id; progress and rows only grow; done means progress 1 and every bar."""
    service = stage.serve()
    stage.exchange.fault(FaultKind.DELAY, "binance", seconds=0.1)
    answer = service.post(_SUBMIT, _job(0, 12_000))
    assert (answer.status, answer.json()["state"]) == (202, "queued")
    where = answer.headers["location"]
    seen: list[tuple[str, float, int]] = []

    def ended() -> bool:
        job = service.get(where).json()
        seen.append((job["state"], job["progress"], job["rows"]))
        return str(job["state"]) == "done"

    wait_until(ended, "The job", 20)
    assert [progress for _, progress, _ in seen] == sorted(progress for _, progress, _ in seen)
    assert len({progress for state, progress, _ in seen if state == "running"}) > 3
    assert seen[-1] == ("done", 1.0, 12_000)
    assert stage.sql("SELECT count(*) FROM bars") == [(12_000,)]
    listed = service.get("/api/v1/jobs", state="done").json()["jobs"]
    assert [job["id"] for job in listed] == [where.rpartition("/")[2]]
    again = service.post(_SUBMIT, _job(0, 12_000)).json()
    wait_until(lambda: service.get(f"/api/v1/jobs/{again['id']}").json()["state"] == "done", "It")
    assert len(stage.exchange.arrivals("binance")) == 12


@pytest.mark.slow
def test_cancelling_and_submitting_twice(database_stage: Stage) -> None:
    """The same unfinished work is one job; cancelled work stops within seconds, what is kept stays.

    A cancelled job does not stand in the way of the same work submitted anew.
    """
    stage = database_stage
    stage.exchange.fault(FaultKind.DELAY, "binance", seconds=0.3)
    service = stage.serve()
    first, second = (service.post(_SUBMIT, _job(0, 50_000)).json() for _ in range(2))
    assert (first["id"], first["created"], second["created"]) == (second["id"], True, False)
    where = f"/api/v1/jobs/{first['id']}"
    wait_until(lambda: service.get(where).json()["rows"] > 0, "The first rows")
    assert service.delete(where).status == 200
    wait_until(lambda: service.get(where).json()["state"] == "cancelled", "The cancellation", 5)
    kept = stage.sql("SELECT count(*) FROM bars")
    time.sleep(1)
    assert stage.sql("SELECT count(*) FROM bars") == kept
    assert service.delete(where).json()["state"] == "cancelled"
    anew = service.post(_SUBMIT, _job(0, 50_000)).json()
    assert (anew["created"], anew["id"] == first["id"]) == (True, False)
    assert stage.cli("cancel", anew["id"]).code == 0
    wait_until(
        lambda: service.get(f"/api/v1/jobs/{anew['id']}").json()["state"] == "cancelled", "It", 5
    )


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"symbol": "%00"}, 400),
        ({"symbol": "BTC-PERP-USD"}, 404),
        ({"interval": "7m"}, 422),
        ({"interval": None}, 400),
        ({"start": "soon"}, 400),
        ({"start": DAY * 1000}, 400),
        ({"start": float("nan")}, 400),
        ({"end": 10**23}, 400),
        ({"provider": "nobody"}, 400),
        ({"more": 1}, 400),
    ],
)
def test_a_bad_submission_is_refused_with_a_reason(
    bare_service: Service, change: dict[str, object], status: int
) -> None:
    """What cannot be worked is refused at once, and no job is entered."""
    answer = bare_service.post(_SUBMIT, _job(0) | change)
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert bare_service.get("/api/v1/jobs").json()["jobs"] == []


@pytest.fixture(scope="module")
def bare_service() -> Iterator[Service]:
    """One service for the questions that leave no trace."""
    with Stage() as opened:
        yield opened.serve()


@pytest.mark.slow
def test_forty_jobs_survive_kill_nine_of_serve(stage: Stage) -> None:
    """With the queue inside the process, the next `serve` finishes all jobs within 30 s."""
    stage.exchange.fault(FaultKind.DELAY, "binance", seconds=0.15)
    service = stage.serve()
    _submit(service, _JOBS)
    wait_until(lambda: _done(stage) >= 5, "The first jobs")
    service.kill()
    again = stage.serve()
    began = time.monotonic()
    with stage.connection():
        assert _done(stage) < _JOBS
        wait_until(lambda: _done(stage) == _JOBS, "All jobs", _WITHIN_S)
    assert time.monotonic() - began < _WITHIN_S
    _everything_is_right(stage, again, _JOBS)


@pytest.fixture
def volatile_redis() -> Iterator[FragileRedis]:
    """A Redis of the test's own, which it may kill; restarted, it is empty."""
    with fragile_redis() as server:
        yield server


@pytest.mark.slow
@pytest.mark.redis
@pytest.mark.timeout(180)
def test_forty_jobs_survive_their_workers_and_their_redis(
    empty_database_url: str, volatile_redis: FragileRedis
) -> None:
    """Two workers killed five times, Redis restarted empty: done within 30 s of the last fault."""
    url = f"redis://127.0.0.1:{volatile_redis.port}/0"
    with Stage(database_url=empty_database_url, redis_url=url) as stage:
        stage.exchange.fault(FaultKind.DELAY, "binance", seconds=0.3)
        service = stage.serve()
        workers: list[Process] = [stage.worker(), stage.worker()]
        _submit(service, _JOBS)
        wait_until(lambda: bool(stage.sql("SELECT 1 FROM bars LIMIT 1")), "The first rows")
        for k in range(5):
            time.sleep(0.4)
            workers[k % 2].kill()
            if k == 2:
                volatile_redis.kill()
                volatile_redis.start()
            workers[k % 2] = stage.worker()
        began = time.monotonic()
        assert _done(stage) < _JOBS, "the faults came too late to matter"
        wait_until(lambda: _done(stage) == _JOBS, "All jobs", _WITHIN_S)
        assert time.monotonic() - began < _WITHIN_S
        _everything_is_right(stage, service, _JOBS)
        assert [worker.stop() for worker in workers] == [0, 0]
