"""The process between the owners and PostgreSQL: ``python -m`` this with the owner's socket.

It leaves the session of whoever started it, starts PostgreSQL, and stops it when the last owner's
connection ends. Standard library only, so that it is up in milliseconds.
"""

import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from adapters_out.postgres.embedded.account import choose_account
from adapters_out.postgres.embedded.binaries import choose_binaries
from adapters_out.postgres.embedded.cluster import cluster_major, make_cluster
from adapters_out.postgres.embedded.failure import LauncherFailure
from adapters_out.postgres.embedded.orphans import claim_cluster
from adapters_out.postgres.embedded.patience import Deadline
from adapters_out.postgres.embedded.place import (
    Place,
    cannot_write,
    locked,
    open_forever,
    write_file,
)
from adapters_out.postgres.embedded.postmaster import Postmaster
from adapters_out.postgres.embedded.room import Room, open_room

# An earlier supervisor may still be stopping its PostgreSQL.
PREDECESSOR_S = 20.0
LONGEST_LOG = 4_000_000  # bytes


class Supervisor:
    """Owners on one side, PostgreSQL on the other."""

    def __init__(self, place: Place, wheel: Path, log: int) -> None:
        self._place = place
        self._wheel = wheel
        self._log = log
        self._owners: set[socket.socket] = set()
        self._last_owner: socket.socket | None = None
        self._selector = selectors.DefaultSelector()

    def serve(self, first_owner: socket.socket) -> None:
        """Until the last owner is gone. Raises LauncherFailure when PostgreSQL does not start."""
        lock = claim_cluster(self._place)
        account = choose_account(self._place)
        binaries = choose_binaries(self._wheel, account, cluster_major(self._place))
        if not self._place.cluster.exists():
            make_cluster(self._place, account, binaries, lock)
        room = open_room(self._place, account)
        postmaster = Postmaster(self._place, account, binaries, room, self._log)
        try:
            write_file(self._place.meeting_point, str(room.meeting_point))
            self._wake_on_children()
            _start(postmaster, lock)
            self._welcome(first_owner, room)
            self._watch(room, postmaster)
        finally:
            room.listener.close()  # from now on nobody takes us for a running server
            self._place.meeting_point.unlink(missing_ok=True)
            postmaster.stop()
            room.close()

    def _watch(self, room: Room, postmaster: Postmaster) -> None:
        """Wait for owners to come and go, and for PostgreSQL to die on its own."""
        self._on_input(room.listener, lambda: self._welcome(room.listener.accept()[0], room))
        while self._owners:
            for key, _ in self._selector.select():
                key.data()
            if self._owners and not postmaster.alive():
                _start(postmaster, claim_cluster(self._place))

    def _on_input(self, source: socket.socket, react: Callable[[], object]) -> None:
        self._selector.register(source, selectors.EVENT_READ, react)

    def _wake_on_children(self) -> None:
        """Have the end of a child wake the selector."""
        readable, writable = socket.socketpair()
        writable.setblocking(False)
        signal.set_wakeup_fd(writable.detach())
        signal.signal(signal.SIGCHLD, _nothing)
        self._on_input(readable, lambda: readable.recv(64))

    def _welcome(self, owner: socket.socket, room: Room) -> None:
        self._owners.add(owner)
        if self._last_owner is not None:  # it was not the last after all
            self._last_owner.close()
            self._last_owner = None
        self._on_input(owner, lambda: self._listen(owner))
        tell(owner, dsn=room.dsn)

    def _listen(self, owner: socket.socket) -> None:
        """An owner says nothing: what can be read is its end.

        The last one's connection stays open until we are done, so that it can wait for that.
        """
        try:
            if owner.recv(64):
                return
        except ConnectionResetError:
            pass
        self._selector.unregister(owner)
        self._owners.discard(owner)
        if self._owners:
            owner.close()
        else:
            self._last_owner = owner


def _start(postmaster: Postmaster, lock: int) -> None:
    """Start it with the lock, which is then its own."""
    try:
        postmaster.start(lock)
    finally:
        os.close(lock)


def _nothing(_number: int, _frame: object) -> None:
    """A handler, where SIG_IGN would be inherited by PostgreSQL."""


def tell(owner: socket.socket, **what: str) -> None:
    """One line of JSON; an owner that is gone already is noticed elsewhere."""
    try:
        owner.sendall(json.dumps(what).encode() + b"\n")
    except OSError:
        return


def main() -> None:
    """``supervisor <data dir> <wheel> <descriptor of the first owner's socket>``."""
    data_dir, wheel, descriptor = sys.argv[1:]
    place = Place(Path(data_dir))
    owner = socket.socket(fileno=int(descriptor))
    try:
        log = _leave(place)
        _only_one(place)
        Supervisor(place, Path(wheel), log).serve(owner)
    except LauncherFailure as failure:
        tell(owner, error=str(failure))
    except OSError as error:
        tell(owner, error=str(cannot_write(place, error)))
        raise


def _leave(place: Place) -> int:
    """Become a process of our own: other parent, other session, other output.

    Signals meant for the service do not concern us: we end with the last owner, so that an owner
    that is told to stop can still write what it has to write.
    """
    log = open_forever(place.log, os.O_APPEND)
    if os.fstat(log).st_size > LONGEST_LOG:
        os.ftruncate(log, 0)
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _nothing)
    return log


def _only_one(place: Place) -> None:
    """Hold the supervisor lock until the end of this process."""
    lock = open_forever(place.supervisor_lock)
    if not locked(lock, Deadline(PREDECESSOR_S)):
        holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
        raise LauncherFailure(
            f"The embedded PostgreSQL of {place.data_dir} is held by process {holder}, which "
            "does not answer: end it and try again."
        )
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())


if __name__ == "__main__":
    main()
