"""A queue that a test can look into."""

from domain.errors import Overloaded
from ports.jobs import JobQueue


class WaitingLine(JobQueue):
    """Keeps the ids; refuses them while its broker is down."""

    def __init__(self) -> None:
        """Nobody waits."""
        self.ids: list[str] = []
        self.is_down = False

    async def send(self, job_id: str) -> None:
        self._check()
        self.ids.append(job_id)

    async def backlog(self) -> int:
        self._check()
        return len(self.ids)

    def _check(self) -> None:
        if self.is_down:
            message = "The job queue cannot be reached."
            raise Overloaded(message)
