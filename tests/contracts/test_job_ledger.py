"""What every ledger of jobs does, in memory as in PostgreSQL."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator

import pytest

from adapters_out.memory.clock import ManualClock
from adapters_out.memory.job_ledger import MemoryJobLedger
from adapters_out.postgres.job_ledger import PostgresJobLedger
from adapters_out.postgres.pool import Connection, PostgresPool
from domain.interval import Interval
from domain.jobs import BackfillTask, Job, JobState
from ports.jobs import JobLedger
from tests.runner import Run

TASK = BackfillTask("BTCUSDT", Interval.M1, 1_700_000_040, 1_700_060_040, "binance")


class Bench(ABC):
    """A ledger whose time the test moves."""

    ledger: JobLedger

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Let time pass."""


class MemoryBench(Bench):
    def __init__(self) -> None:
        self._clock = ManualClock()
        self.ledger = MemoryJobLedger(self._clock)

    def wait(self, seconds: float) -> None:
        self._clock.advance(seconds)


class PostgresBench(Bench):
    """Its clock is the database's: instead of waiting, everything moves into the past."""

    def __init__(self, pool: PostgresPool, run: Run) -> None:
        self._pool = pool
        self._run = run
        self.ledger = PostgresJobLedger(pool)

    def wait(self, seconds: float) -> None:
        async def move(connection: Connection) -> None:
            await connection.execute(
                "UPDATE jobs SET created_at = created_at - d, updated_at = updated_at - d, "
                "started_at = started_at - d, finished_at = finished_at - d, "
                "lease_until = lease_until - d, not_before = not_before - d, "
                "sent_at = sent_at - d FROM make_interval(secs => %s) AS d",
                (seconds,),
            )

        self._run(self._pool.within(move))


@pytest.fixture(params=["memory", "postgres"])
def bench(request: pytest.FixtureRequest, run: Run) -> Iterator[Bench]:
    """One of the ledgers, empty."""
    if request.param == "memory":
        yield MemoryBench()
        return
    pool = PostgresPool(request.getfixturevalue("database_url"))
    run(pool.open())
    yield PostgresBench(pool, run)
    run(pool.close())


@pytest.fixture
def ledger(bench: Bench) -> JobLedger:
    """The ledger of the bench."""
    return bench.ledger


def claimed(run: Run, ledger: JobLedger, job_id: str = "a", owner: str = "one") -> Job:
    """A job that `owner` holds for 15 s."""
    run(ledger.submit(job_id, f"key {job_id}", TASK))
    job = run(ledger.claim(job_id, owner, 15))
    assert job is not None
    return job


def found(run: Run, ledger: JobLedger, job_id: str = "a") -> Job:
    """The job as the ledger tells it now."""
    job = run(ledger.get(job_id))
    assert job is not None
    return job


def test_a_submitted_job_is_queued(ledger: JobLedger, run: Run) -> None:
    """A job enters with its task, queued, and is found by its id."""
    job, created = run(ledger.submit("a", "key", TASK))
    assert created
    assert (job.id, job.key, job.task, job.state) == ("a", "key", TASK, JobState.QUEUED)
    assert (job.progress, job.rows, job.attempts, job.error) == (0.0, 0, 0, None)
    assert (job.started_at, job.finished_at, job.lease_owner, job.not_before) == (None,) * 4
    assert found(run, ledger) == job
    assert run(ledger.get("b")) is None


def test_the_same_task_is_entered_once(ledger: JobLedger, run: Run) -> None:
    """While a job is unfinished, its key leads to it; afterwards there is a new one."""
    first, _ = run(ledger.submit("a", "key", TASK))
    assert run(ledger.submit("b", "key", TASK)) == (first, False)
    assert run(ledger.claim("a", "one", 15)) is not None
    again, created = run(ledger.submit("b", "key", TASK))
    assert (again.id, created) == ("a", False)
    assert run(ledger.finish("a", "one", JobState.DONE, None, 5))
    again, created = run(ledger.submit("b", "key", TASK))
    assert (again.id, created) == ("b", True)


def test_many_at_once_enter_one_job(ledger: JobLedger, run: Run) -> None:
    """Of simultaneous submissions of one key exactly one creates the job."""

    async def rush() -> list[tuple[Job, bool]]:
        return await asyncio.gather(*(ledger.submit(f"j{k}", "key", TASK) for k in range(8)))

    answers = run(rush())
    assert sum(created for _, created in answers) == 1
    assert len({job.id for job, _ in answers}) == 1


def test_jobs_are_listed_newest_first(bench: Bench, run: Run) -> None:
    """The list is newest first, of one state if asked, and no longer than asked."""
    for name in ("a", "b", "c"):
        run(bench.ledger.submit(name, name, TASK))
        bench.wait(1)
    run(bench.ledger.claim("b", "one", 15))
    assert [job.id for job in run(bench.ledger.list(None, 10))] == ["c", "b", "a"]
    assert [job.id for job in run(bench.ledger.list(None, 2))] == ["c", "b"]
    assert [job.id for job in run(bench.ledger.list(JobState.QUEUED, 10))] == ["c", "a"]
    assert run(bench.ledger.list(JobState.FAILED, 10)) == []


def test_one_claims_and_the_others_do_not(ledger: JobLedger, run: Run) -> None:
    """Of many claims one is granted; it carries the owner, the lease and the attempt."""
    run(ledger.submit("a", "key", TASK))

    async def rush() -> list[Job | None]:
        return await asyncio.gather(*(ledger.claim("a", f"w{k}", 15) for k in range(8)))

    [job] = [job for job in run(rush()) if job is not None]
    assert (job.state, job.attempts) == (JobState.RUNNING, 1)
    assert job.lease_owner is not None
    assert job.lease_until is not None
    assert job.started_at is not None
    assert job.lease_until - job.started_at == pytest.approx(15, abs=1)


def test_nobody_claims_what_does_not_exist(ledger: JobLedger, run: Run) -> None:
    """An unknown id cannot be claimed, cancelled, finished or released."""
    assert run(ledger.claim("a", "one", 15)) is None
    assert run(ledger.request_cancel("a")) is None
    assert not run(ledger.finish("a", "one", JobState.DONE, None, 0))
    assert not run(ledger.release("a", "one"))


def test_a_lease_that_ended_may_be_taken(bench: Bench, run: Run) -> None:
    """After the lease another may claim; the first owner has lost every right to the job."""
    first = claimed(run, bench.ledger)
    bench.wait(14)
    assert run(bench.ledger.claim("a", "two", 15)) is None
    bench.wait(2)
    second = run(bench.ledger.claim("a", "two", 15))
    assert second is not None
    assert (second.lease_owner, second.attempts) == ("two", 2)
    assert first.started_at is not None
    assert run(bench.ledger.renew("a", "one", 15, progress=0.5, rows=5)) is None
    assert not run(bench.ledger.finish("a", "one", JobState.DONE, None, 5))
    assert not run(bench.ledger.release("a", "one"))
    assert found(run, bench.ledger) == second


def test_renewing_keeps_the_lease(bench: Bench, run: Run) -> None:
    """A renewed lease holds for its whole length again."""
    claimed(run, bench.ledger)
    for _ in range(3):
        bench.wait(10)
        assert run(bench.ledger.renew("a", "one", 15, progress=0.0, rows=0)) is not None
    assert run(bench.ledger.claim("a", "two", 15)) is None


def test_progress_never_falls(ledger: JobLedger, run: Run) -> None:
    """A later report of less leaves progress and rows where they were."""
    claimed(run, ledger)
    run(ledger.renew("a", "one", 15, progress=0.5, rows=500))
    job = run(ledger.renew("a", "one", 15, progress=0.25, rows=250))
    assert job is not None
    assert (job.progress, job.rows) == (0.5, 500)


def test_getting_on_starts_the_attempts_over(bench: Bench, run: Run) -> None:
    """Attempts count the runs since the last progress."""
    claimed(run, bench.ledger)
    for owner in ("two", "three"):
        bench.wait(16)
        run(bench.ledger.claim("a", owner, 15))
    same = run(bench.ledger.renew("a", "three", 15, progress=0.0, rows=0))
    assert same is not None
    assert same.attempts == 3
    on = run(bench.ledger.renew("a", "three", 15, progress=0.1, rows=0))
    assert on is not None
    assert on.attempts == 1


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
def test_a_finished_job_stays_finished(bench: Bench, run: Run, state: JobState) -> None:
    """A final job keeps its result; nobody claims, renews, cancels or finds it stranded."""
    claimed(run, bench.ledger)
    run(bench.ledger.renew("a", "one", 15, progress=0.5, rows=5))
    error = "No." if state is JobState.FAILED else None
    assert run(bench.ledger.finish("a", "one", state, error, 7))
    bench.wait(100)
    job = found(run, bench.ledger)
    assert (job.state, job.rows, job.error) == (state, 7, error)
    assert job.progress == (1.0 if state is JobState.DONE else 0.5)
    assert job.finished_at is not None
    assert (job.lease_owner, job.lease_until) == (None, None)
    assert run(bench.ledger.claim("a", "two", 15)) is None
    assert run(bench.ledger.renew("a", "one", 15, progress=1, rows=9)) is None
    assert run(bench.ledger.stranded(5, 10)) == []
    assert run(bench.ledger.request_cancel("a")) == job


def test_a_released_job_waits_its_delay(bench: Bench, run: Run) -> None:
    """A job put back with a fault keeps it, and is neither claimed nor sent before its delay."""
    claimed(run, bench.ledger)
    assert run(bench.ledger.release("a", "one", error="Binance is down.", delay_s=30))
    job = found(run, bench.ledger)
    assert (job.state, job.error, job.attempts) == (JobState.QUEUED, "Binance is down.", 1)
    assert job.not_before == pytest.approx(job.updated_at + 30, abs=1)
    bench.wait(29)
    assert run(bench.ledger.claim("a", "two", 15)) is None
    assert run(bench.ledger.stranded(5, 10)) == []
    bench.wait(2)
    assert run(bench.ledger.stranded(5, 10)) == ["a"]
    assert run(bench.ledger.claim("a", "two", 15)) is not None


def test_a_job_handed_back_loses_nothing(ledger: JobLedger, run: Run) -> None:
    """A job handed back without a fault is sent at once, and the attempt does not count."""
    claimed(run, ledger)
    assert run(ledger.release("a", "one"))
    job = found(run, ledger)
    assert (job.state, job.attempts, job.error, job.not_before) == (JobState.QUEUED, 0, None, None)
    assert run(ledger.stranded(5, 10)) == ["a"]


def test_a_queued_job_is_cancelled_at_once(ledger: JobLedger, run: Run) -> None:
    """Cancelling a queued job ends it."""
    run(ledger.submit("a", "key", TASK))
    job = run(ledger.request_cancel("a"))
    assert job is not None
    assert (job.state, job.cancel_requested) == (JobState.CANCELLED, True)
    assert job.finished_at is not None
    assert run(ledger.claim("a", "one", 15)) is None


def test_a_running_job_is_asked_to_stop(ledger: JobLedger, run: Run) -> None:
    """The owner of a running job learns of the wish at its next renewal."""
    claimed(run, ledger)
    asked = run(ledger.request_cancel("a"))
    assert asked is not None
    assert (asked.state, asked.cancel_requested) == (JobState.RUNNING, True)
    renewed = run(ledger.renew("a", "one", 15, progress=0.1, rows=1))
    assert renewed is not None
    assert renewed.cancel_requested
    _, created = run(ledger.submit("b", "key a", TASK))
    assert created, "a job that is about to stop does not stand in the way of a new one"


def test_a_running_job_without_a_worker_is_cancelled_at_once(bench: Bench, run: Run) -> None:
    """When the lease has ended there is nobody to ask: the job ends."""
    claimed(run, bench.ledger)
    bench.wait(16)
    job = run(bench.ledger.request_cancel("a"))
    assert job is not None
    assert (job.state, job.lease_owner, job.lease_until) == (JobState.CANCELLED, None, None)
    assert run(bench.ledger.renew("a", "one", 15, progress=0.1, rows=1)) is None


def test_what_nobody_took_is_stranded_once(bench: Bench, run: Run) -> None:
    """A queued job is stranded when it was sent long enough ago, and then not again at once."""
    run(bench.ledger.submit("a", "key", TASK))
    assert run(bench.ledger.stranded(5, 10)) == []
    bench.wait(6)
    assert run(bench.ledger.stranded(5, 10)) == ["a"]
    assert run(bench.ledger.stranded(5, 10)) == []
    bench.wait(6)
    assert run(bench.ledger.stranded(5, 10)) == ["a"]


def test_what_a_dead_worker_held_is_stranded(bench: Bench, run: Run) -> None:
    """A running job is stranded when its lease has ended, not before."""
    claimed(run, bench.ledger)
    bench.wait(14)
    assert run(bench.ledger.stranded(5, 10)) == []
    bench.wait(2)
    assert run(bench.ledger.stranded(5, 10)) == ["a"]


def test_the_longest_unsent_come_first(bench: Bench, run: Run) -> None:
    """Stranded jobs come in the order in which they were sent, as many as asked for."""
    for name in ("c", "a", "b"):
        run(bench.ledger.submit(name, name, TASK))
        bench.wait(1)
    bench.wait(10)
    assert run(bench.ledger.stranded(5, 2)) == ["c", "a"]
    assert run(bench.ledger.stranded(5, 2)) == ["b"]


def test_reconcilers_share_what_is_stranded(bench: Bench, run: Run) -> None:
    """Of simultaneous reconcilers no two get the same job, and together they get all."""
    for k in range(20):
        run(bench.ledger.submit(f"j{k:02}", f"key {k}", TASK))
    bench.wait(10)

    async def rush() -> list[str]:
        answers = await asyncio.gather(*(bench.ledger.stranded(5, 20) for _ in range(4)))
        return [job_id for answer in answers for job_id in answer]

    assert sorted(run(rush())) == [f"j{k:02}" for k in range(20)]


def test_old_jobs_are_forgotten_the_oldest_first(bench: Bench, run: Run) -> None:
    """So many at a time, and only those that ended long enough ago."""
    for k in range(4):
        run(bench.ledger.submit(f"j{k}", f"key {k}", TASK))
        run(bench.ledger.request_cancel(f"j{k}"))
        bench.wait(100)
    assert run(bench.ledger.forget(1000, 10)) == 0
    assert run(bench.ledger.forget(150, 2)) == 2
    assert [job.id for job in run(bench.ledger.list(None, 10))] == ["j3", "j2"]
    assert run(bench.ledger.forget(150, 10)) == 1
    assert run(bench.ledger.get("j2")) is None
    assert run(bench.ledger.forget(150, 10)) == 0


def test_an_unfinished_job_is_never_forgotten(bench: Bench, run: Run) -> None:
    """Queued or running, with a dead worker or delayed: it ends before it is dropped."""
    for name in ("waits", "runs", "dies", "rests"):
        run(bench.ledger.submit(name, f"key {name}", TASK))
    for name, lease in (("runs", 1e9), ("dies", 1.0), ("rests", 10.0)):
        run(bench.ledger.claim(name, "me", lease))
    run(bench.ledger.release("rests", "me", error="later", delay_s=1e9))
    bench.wait(1e8)
    assert run(bench.ledger.forget(1.0, 10)) == 0
    run(bench.ledger.finish("runs", "me", JobState.DONE, None, 1))
    bench.wait(2)
    assert run(bench.ledger.forget(1.0, 10)) == 1
    assert {job.id for job in run(bench.ledger.list(None, 10))} == {"waits", "dies", "rests"}
