import os
import signal
from pathlib import Path

import pytest

from adapters_out.postgres.embedded.launcher import EmbeddedPostgres
from adapters_out.postgres.embedded.place import Place, prepare
from tests.adapters_out.postgres.embedded.conftest import (
    Hire,
    answers,
    ask,
    gone,
    postmaster_of,
    running,
    supervisor_of,
    within,
)


def test_a_killed_owner_leaves_no_server(data_dir: Path, hire: Hire) -> None:
    """A kill -9 of the only owner stops PostgreSQL within three seconds."""
    owner = hire(data_dir)
    owner.dsn()
    assert running(data_dir)
    owner.kill()
    assert gone(data_dir, 3)


def test_every_owner_killed_at_once_leaves_no_server(data_dir: Path, hire: Hire) -> None:
    """A kill -9 of all owners stops PostgreSQL within three seconds."""
    owners = [hire(data_dir) for _ in range(3)]
    for owner in owners:
        owner.dsn()
    for owner in owners:
        owner.kill()
    assert gone(data_dir, 3)


def test_one_killed_owner_does_not_disturb_the_others(data_dir: Path, hire: Hire) -> None:
    """The server goes on for the owners that are left."""
    killed, left = hire(data_dir), hire(data_dir)
    killed.dsn()
    dsn = left.dsn()
    postmaster = postmaster_of(data_dir)
    killed.kill()
    assert not gone(data_dir, 0.5)
    assert answers(dsn)
    assert postmaster_of(data_dir) == postmaster


@pytest.mark.parametrize("victims", ["owner, supervisor", "supervisor, owner", "everything"])
def test_a_start_after_kills_recovers(data_dir: Path, hire: Hire, victims: str) -> None:
    """With the supervisor killed too, the next start finds every acknowledged row."""
    owner = hire(data_dir)
    dsn = owner.dsn()
    ask(dsn, "create table kept as select generate_series(1, 1000) as n")
    supervisor, postmaster = supervisor_of(data_dir), postmaster_of(data_dir)
    if victims == "everything":
        for process in (supervisor, postmaster):
            os.kill(process, signal.SIGKILL)
        owner.kill()
    elif victims.startswith("owner"):
        owner.kill()
        if running(data_dir):
            os.kill(supervisor, signal.SIGKILL)
    else:
        os.kill(supervisor, signal.SIGKILL)
        owner.kill()
    server = EmbeddedPostgres(data_dir)
    assert ask(server.open(), "select count(*) from kept") == 1000
    server.close()


def test_a_killed_supervisor_takes_the_server_along(data_dir: Path, hire: Hire) -> None:
    """With owner and supervisor killed nobody is left to stop PostgreSQL, so the kernel does."""
    owner = hire(data_dir)
    owner.dsn()
    os.kill(supervisor_of(data_dir), signal.SIGKILL)
    owner.kill()
    assert gone(data_dir, 3)
    hire(data_dir).leave()  # tidies up what the killed could not


def test_an_owner_gets_another_supervisor(data_dir: Path) -> None:
    """A kill -9 of the supervisor interrupts a living owner only for a moment, on the same dsn."""
    server = EmbeddedPostgres(data_dir)
    dsn = server.open()
    killed = supervisor_of(data_dir)
    os.kill(killed, signal.SIGKILL)
    assert within(10, lambda: supervisor_of(data_dir) not in {0, killed} and answers(dsn))
    assert server.dsn == dsn
    server.close()
    assert not running(data_dir)


def test_a_killed_postgres_comes_back(data_dir: Path) -> None:
    """A kill -9 of the postmaster loses no acknowledged row, and the owner need do nothing."""
    server = EmbeddedPostgres(data_dir)
    dsn = server.open()
    ask(dsn, "create table kept as select generate_series(1, 1000) as n")
    killed = postmaster_of(data_dir)
    os.kill(killed, signal.SIGKILL)
    assert within(10, lambda: answers(dsn, "select 1") and postmaster_of(data_dir) != killed)
    assert ask(dsn, "select count(*) from kept") == 1000
    server.close()


def test_an_interrupted_initdb_is_redone(data_dir: Path, hire: Hire) -> None:
    """A kill -9 of everybody in the middle of the first start: the second is a first start."""
    place = Place(data_dir)
    owner = hire(data_dir)
    assert within(10, (place.unfinished_cluster / "base").exists)
    os.kill(supervisor_of(data_dir), signal.SIGKILL)
    owner.kill()
    assert not place.cluster.exists()
    server = EmbeddedPostgres(data_dir)
    assert ask(server.open(), "select 1") == 1
    assert not place.unfinished_cluster.exists()
    server.close()


def test_a_killed_first_start_does_not_go_on_for_ever(data_dir: Path, hire: Hire) -> None:
    """When the only owner is killed during initdb, no server is left running."""
    owner = hire(data_dir)
    assert within(10, Place(data_dir).unfinished_cluster.exists)
    owner.kill()
    assert within(5, Place(data_dir).cluster.exists)
    assert gone(data_dir, 3)


def test_half_a_cluster_is_thrown_away(data_dir: Path) -> None:
    """What an initdb left that a power cut ended is never taken for a cluster."""
    unfinished = prepare(data_dir).unfinished_cluster
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(data_dir)
    assert ask(server.open(), "select 1") == 1
    server.close()


def test_a_stale_postmaster_pid_is_no_obstacle(data_dir: Path) -> None:
    """After a power cut the noted process id may belong to somebody else by now."""
    server = EmbeddedPostgres(data_dir)
    server.open()
    note = Place(data_dir).cluster / "postmaster.pid"
    text = note.read_text()
    stranger = running(data_dir).pop()
    server.close()
    note.write_text(text.replace(text.split()[0], str(os.getppid()), 1))
    note.chmod(0o600)
    assert stranger != os.getppid()
    assert ask(server.open(), "select 1") == 1
    server.close()
