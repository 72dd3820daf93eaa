"""Send again what a broker has lost."""

from domain.errors import Overloaded
from ports.jobs import JobLedger, JobQueue
from ports.telemetry import Telemetry

QUEUED_FOR_S = 5.0
BACKLOG = 64
_DAY_S = 86_400.0
_FORGOTTEN = 500  # jobs that one pass drops at most


class ReconcileJobs:
    """Brings broker and ledger together again; run every few seconds, in any number of processes.

    - A queued job that nobody took for ``queued_for_s``, and a running one whose worker died,
      is sent again: a broker may lose messages, be emptied, or strand them on a live worker.
    - Never more than ``backlog`` ids wait in the broker on our account, so that a long queue
      behind busy workers does not fill up with repetitions.
    - Jobs that ended more than ``keep_days`` ago are forgotten, some hundred in each pass (0:
      never); what they fetched stays.
    """

    def __init__(
        self,
        ledger: JobLedger,
        queue: JobQueue,
        telemetry: Telemetry,
        *,
        queued_for_s: float = QUEUED_FOR_S,
        backlog: int = BACKLOG,
        keep_days: int = 0,
    ) -> None:
        """Take the ports and the bounds."""
        self._ledger = ledger
        self._queue = queue
        self._telemetry = telemetry
        self._queued_for_s = queued_for_s
        self._backlog = backlog
        self._keep_s = keep_days * _DAY_S

    async def __call__(self) -> int:
        """One pass; how many ids were sent.

        Raises:
            StoreUnavailable: the ledger cannot be reached.
        """
        await self._forget()
        try:
            room = self._backlog - await self._queue.backlog()
            return await self._send(room) if room > 0 else 0
        except Overloaded as fault:
            # What was marked as sent and was not is stranded again before long.
            self._telemetry.event("jobs_not_sent", reason=fault.message)
            return 0

    async def _forget(self) -> None:
        if self._keep_s <= 0:
            return
        count = await self._ledger.forget(self._keep_s, _FORGOTTEN)
        if count:
            self._telemetry.event("jobs_forgotten", count=count)

    async def _send(self, room: int) -> int:
        lost = await self._ledger.stranded(self._queued_for_s, room)
        for job_id in lost:
            await self._queue.send(job_id)
        if lost:
            self._telemetry.event("jobs_sent_again", count=len(lost))
        return len(lost)
