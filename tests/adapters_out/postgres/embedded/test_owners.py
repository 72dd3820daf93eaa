import asyncio
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from adapters_out.postgres.embedded.launcher import EmbeddedPostgres
from adapters_out.postgres.embedded.place import Place
from domain.errors import StoreUnavailable
from tests.adapters_out.postgres.embedded.conftest import Hire, answers, ask, gone, running, within


def test_it_starts_and_answers(data_dir: Path) -> None:
    """Opened, it answers SQL in UTF-8 with the C collation; closed, no process is left."""
    server = EmbeddedPostgres(data_dir)
    server.open()
    assert ask(server.dsn, "show server_encoding") == "UTF8"
    assert ask(server.dsn, "select datcollate from pg_database limit 1") == "C"
    server.close()
    assert not running(data_dir)


@pytest.fixture(scope="module")
def shared_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for the tests that only look."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("shared"))
    yield server.open()
    server.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("autovacuum", "on"),
        ("jit", "off"),
        ("listen_addresses", ""),
        ("shared_buffers", "64MB"),
        ("max_connections", "60"),
        ("max_wal_size", "256MB"),
    ],
)
def test_it_is_set_up_as_a_small_durable_store(shared_dsn: str, name: str, value: str) -> None:
    """The settings that durability and size hang on are ours, whatever PostgreSQL's defaults."""
    assert ask(shared_dsn, f"show {name}") == value


def test_only_its_user_can_reach_the_socket(data_dir: Path) -> None:
    """There is no password because the socket's directory lets nobody else in."""
    server = EmbeddedPostgres(data_dir)
    socket_dir = Path(str(ask(server.open(), "show unix_socket_directories")).strip('"'))
    assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(Place(data_dir).root.stat().st_mode) == 0o700
    server.close()
    assert not socket_dir.exists()


def test_a_second_owner_shares_the_server(data_dir: Path, hire: Hire) -> None:
    """Two processes on one data directory are given the same running server."""
    first, second = hire(data_dir).dsn(), hire(data_dir).dsn()
    assert first == second
    server = EmbeddedPostgres(data_dir)
    started = ask(first, "select pg_postmaster_start_time()")
    assert ask(server.open(), "select pg_postmaster_start_time()") == started
    server.close()


def test_the_last_owner_stops_it(data_dir: Path, hire: Hire) -> None:
    """It runs until the last owner has left, and then ends at once."""
    first, second = hire(data_dir), hire(data_dir)
    dsn = first.dsn()
    second.dsn()
    first.leave()
    assert answers(dsn)
    second.leave()
    assert not running(data_dir)


def test_owners_in_one_process_count_one_by_one(data_dir: Path) -> None:
    """Two launchers in one process are two owners."""
    first, second = EmbeddedPostgres(data_dir), EmbeddedPostgres(data_dir)
    first.open()
    second.open()
    first.close()
    assert answers(second.dsn)
    second.close()
    assert not running(data_dir)


def test_four_processes_start_it_once(data_dir: Path, hire: Hire) -> None:
    """Processes that start together on a new data directory end up on one server."""
    owners = [hire(data_dir) for _ in range(4)]
    dsns = {owner.dsn() for owner in owners}
    assert len(dsns) == 1
    dsn = dsns.pop()
    assert ask(dsn, "select 1") == 1
    assert Place(data_dir).log.read_text().count("ready to accept connections") == 1


def test_an_owner_that_comes_while_it_stops_gets_a_new_one(data_dir: Path) -> None:
    """Opening and closing over and over never hands out a server that is on its way out."""
    for _ in range(5):
        first, second = EmbeddedPostgres(data_dir), EmbeddedPostgres(data_dir)
        first.open()
        first.close()
        assert ask(second.open(), "select 1") == 1
        second.close()


def test_data_and_dsn_survive_a_restart(data_dir: Path) -> None:
    """The next start finds the rows of the last under the same dsn."""
    server = EmbeddedPostgres(data_dir)
    before = server.open()
    ask(before, "create table kept as select 42 as answer")
    server.close()
    assert server.open() == before
    assert ask(before, "select answer from kept") == 42
    server.close()


def test_opening_and_closing_twice_is_harmless(data_dir: Path) -> None:
    """A second open is the first; a second close is nothing; closed, there is no dsn."""
    server = EmbeddedPostgres(data_dir)
    assert server.open() == server.open()
    server.close()
    server.close()
    with pytest.raises(StoreUnavailable, match="not open"):
        _ = server.dsn


def test_async_with_opens_and_closes(data_dir: Path) -> None:
    """In a loop it is a context manager that blocks nobody."""

    async def use() -> bool:
        async with EmbeddedPostgres(data_dir) as server:
            return await asyncio.to_thread(answers, server.dsn)

    assert asyncio.run(use())
    assert not running(data_dir)


def test_a_cancelled_start_leaves_nothing(data_dir: Path) -> None:
    """Cancelling the start lets it end and gives the ownership back."""

    async def use() -> None:
        async with EmbeddedPostgres(data_dir):
            raise AssertionError

    async def cancel() -> None:
        task = asyncio.create_task(use())
        await asyncio.to_thread(within, 5, lambda: running(data_dir))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert not running(data_dir)


def test_an_ordinary_user_owns_everything(
    their_data_dir: Path, ordinary: Mapping[str, str], hire: Hire
) -> None:
    """Without root it just works, and a killed owner leaves no server there either."""
    owner = hire(their_data_dir, **ordinary)
    dsn = owner.dsn()
    assert ask(dsn, "select 1") == 1
    (account,) = {Path(f"/proc/{each}").stat().st_uid for each in running(their_data_dir)}
    assert account == their_data_dir.stat().st_uid != 0
    owner.kill()
    assert gone(their_data_dir, 3)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop its rights")
def test_root_serves_a_directory_as_its_owner(
    their_data_dir: Path, ordinary: Mapping[str, str], hire: Hire
) -> None:
    """What root ran in a user's directory, that user can run afterwards."""
    theirs = their_data_dir.parent.stat().st_uid
    their_data_dir.mkdir()
    os.chown(their_data_dir, theirs, -1)
    server = EmbeddedPostgres(their_data_dir)
    ask(server.open(), "create table kept as select 42 as answer")
    assert {Path(f"/proc/{each}").stat().st_uid for each in running(their_data_dir)} == {theirs}
    joined = hire(their_data_dir, **ordinary)
    assert joined.dsn() == server.dsn
    joined.leave()
    server.close()
    assert ask(hire(their_data_dir, **ordinary).dsn(), "select answer from kept") == 42
