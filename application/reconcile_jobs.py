"""Send again what a broker has lost."""

from domain.errors import Overloaded
from ports.jobs import JobLedger, JobQueue
from ports.telemetry import Telemetry

QUEUED_FOR_S = 5.0
BACKLOG = 64


class ReconcileJobs:
    """Brings broker and ledger together again; run every few seconds, in any number of processes.

    - A queued job that nobody took for ``queued_for_s``, and a running one whose worker died,
      is sent again: a broker may lose messages, be emptied, or strand them on a live worker.
    - Never more than ``backlog`` ids wait in the broker on our account, so that a long queue
      behind busy workers does not fill up with repetitions.
    """

    def __init__(
        self,
        ledger: JobLedger,
        queue: JobQueue,
        telemetry: Telemetry,
        *,
        queued_for_s: float = QUEUED_FOR_S,
        backlog: int = BACKLOG,
    ) -> None:
        """Take the ports and the two bounds."""
        self._ledger = ledger
        self._queue = queue
        self._telemetry = telemetry
        self._queued_for_s = queued_for_s
        self._backlog = backlog

    async def __call__(self) -> int:
        """One pass; how many ids were sent.

        Raises:
            StoreUnavailable: the ledger cannot be reached.
        """
        try:
            room = self._backlog - await self._queue.backlog()
            return await self._send(room) if room > 0 else 0
        except Overloaded as fault:
            # What was marked as sent and was not is stranded again before long.
            self._telemetry.event("jobs_not_sent", reason=fault.message)
            return 0

    async def _send(self, room: int) -> int:
        lost = await self._ledger.stranded(self._queued_for_s, room)
        for job_id in lost:
            await self._queue.send(job_id)
        if lost:
            self._telemetry.event("jobs_sent_again", count=len(lost))
        return len(lost)
