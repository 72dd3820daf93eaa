"""Bringing broker and ledger together again."""

from adapters_out.memory.clock import ManualClock
from adapters_out.memory.job_ledger import MemoryJobLedger
from adapters_out.memory.telemetry import RecordingTelemetry
from application.reconcile_jobs import ReconcileJobs
from domain.interval import Interval
from domain.jobs import BackfillTask
from tests.application.waiting_line import WaitingLine
from tests.runner import Run

TASK = BackfillTask("BTCUSDT", Interval.M1, 0, 60)


class Bench:
    """A ledger, a queue and their reconciler."""

    def __init__(self, jobs: int, run: Run, backlog: int = 64, keep_days: int = 0) -> None:
        self.clock = ManualClock()
        self.ledger = MemoryJobLedger(self.clock)
        self.queue = WaitingLine()
        self.told = RecordingTelemetry()
        self.reconcile = ReconcileJobs(
            self.ledger, self.queue, self.told, backlog=backlog, keep_days=keep_days
        )
        for k in range(jobs):
            run(self.ledger.submit(f"j{k}", f"key {k}", TASK))


def test_what_the_broker_lost_is_sent_again(run: Run) -> None:
    """Jobs that nobody took for five seconds are sent, once per five seconds."""
    bench = Bench(3, run)
    assert run(bench.reconcile()) == 0
    bench.clock.advance(5)
    assert run(bench.reconcile()) == 3
    assert run(bench.reconcile()) == 0
    assert bench.queue.ids == ["j0", "j1", "j2"]
    assert bench.told.named("jobs_sent_again") == [{"count": 3}]


def test_a_dead_workers_job_is_sent_again(run: Run) -> None:
    """A running job is sent when its lease has ended."""
    bench = Bench(1, run)
    run(bench.ledger.claim("j0", "dead", 15))
    bench.clock.advance(14)
    assert run(bench.reconcile()) == 0
    bench.clock.advance(1)
    assert run(bench.reconcile()) == 1


def test_a_long_queue_is_not_repeated(run: Run) -> None:
    """While enough ids wait in the broker none is added; the rest comes as they are taken."""
    bench = Bench(10, run, backlog=4)
    bench.clock.advance(5)
    assert run(bench.reconcile()) == 4
    bench.clock.advance(60)
    assert run(bench.reconcile()) == 0
    bench.queue.ids.clear()
    assert run(bench.reconcile()) == 4
    assert bench.queue.ids == ["j4", "j5", "j6", "j7"]


def test_a_broker_that_is_down_is_survived(run: Run) -> None:
    """With the broker down nothing is marked as sent; when it is back everything is sent."""
    bench = Bench(2, run)
    bench.clock.advance(5)
    bench.queue.is_down = True
    assert run(bench.reconcile()) == 0
    assert [name for name, _ in bench.told.seen] == ["jobs_not_sent"]
    bench.queue.is_down = False
    assert run(bench.reconcile()) == 2


def test_jobs_are_forgotten_so_many_days_after_their_end(run: Run) -> None:
    """In batches, also while the broker has no room; those that wait stay."""
    bench = Bench(601, run, backlog=0, keep_days=30)
    for k in range(600):
        run(bench.ledger.request_cancel(f"j{k}"))
    bench.clock.advance(30 * 86_400 - 1)
    run(bench.reconcile())
    assert bench.told.named("jobs_forgotten") == []
    bench.clock.advance(1)
    for _ in range(3):
        run(bench.reconcile())
    assert bench.told.named("jobs_forgotten") == [{"count": 500}, {"count": 100}]
    assert [job.id for job in run(bench.ledger.list(None, 1000))] == ["j600"]


def test_no_days_keep_every_job(run: Run) -> None:
    """0 means for ever."""
    bench = Bench(1, run, keep_days=0)
    run(bench.ledger.request_cancel("j0"))
    bench.clock.advance(3650 * 86_400)
    run(bench.reconcile())
    assert run(bench.ledger.get("j0")) is not None
