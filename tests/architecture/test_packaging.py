"""What an installation brings: our six names are ours, and the lock files pin everything."""

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import ROOMS, ROOT, shown

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
SHIPPED = PYPROJECT["tool"]["setuptools"]["package-data"]["*"]
LOCKS = ("requirements.lock", "requirements-test.lock", "requirements-bench.lock")
PIN = re.compile(
    r"^([a-z0-9.-]+)==([^ ]+)( ; [^\\]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)+)",
    re.MULTILINE,
)


def foreign_owners(names: Iterable[str], installed: Iterable[Distribution]) -> dict[str, str]:
    """Which of the top-level names another distribution brings, by the name of that one."""
    wanted = set(names)
    return {
        top: distribution.name
        for distribution in installed
        if canonicalize_name(distribution.name) != "fks-data"
        for top in wanted & {path.parts[0].removesuffix(".py") for path in distribution.files or ()}
    }


def pinned(lock: str) -> set[tuple[str, str]]:
    """Every (package, version) of a lock file."""
    return {(name, version) for name, version, _, _ in PIN.findall((ROOT / lock).read_text())}


def test_nobody_else_owns_our_six_names() -> None:
    """No installed dependency has a top-level module called like one of our packages."""
    assert foreign_owners(ROOMS, distributions()) == {}


def test_a_rival_for_a_name_is_noticed(tmp_path: Path) -> None:
    """A distribution that brings a top-level `domain` is found by its name."""
    information = tmp_path / "rival-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: rival\nVersion: 1.0\n")
    (information / "RECORD").write_text("domain/__init__.py,,\nrival/__init__.py,,\n")
    for name in ("domain", "rival"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    assert foreign_owners(ROOMS, distributions(path=[str(tmp_path)])) == {"domain": "rival"}


def test_an_installation_brings_every_data_file() -> None:
    """Each file beside the code (SQL, Lua, pages) matches a pattern of the package data."""
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file()]
    data = [path for path in files if path.suffix not in {".py", ".pyc"}]
    assert [shown(path) for path in data if not any(map(path.match, SHIPPED))] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_pins_with_hashes_and_nothing_else(lock: str) -> None:
    """Every line of a lock file belongs to a pin with SHA-256 hashes; no index is named."""
    text = (ROOT / lock).read_text()
    assert PIN.sub("", text).strip() == ""
    assert len(pinned(lock)) > len(PROJECT["dependencies"])


@pytest.mark.parametrize(("smaller", "larger"), list(pairwise(LOCKS)))
def test_the_locks_are_nested(smaller: str, larger: str) -> None:
    """What runs is what is tested is what is measured: the larger lock holds the smaller one."""
    assert pinned(smaller) < pinned(larger)


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", PROJECT["dependencies"]),
        ("requirements-test.lock", PROJECT["optional-dependencies"]["test"]),
        ("requirements-bench.lock", PROJECT["optional-dependencies"]["bench"]),
    ],
)
def test_a_lock_satisfies_pyproject(lock: str, wanted: list[str]) -> None:
    """Each declared dependency is pinned at a version that its declaration allows."""
    versions: dict[str, list[str]] = {}
    for name, version in pinned(lock):
        versions.setdefault(name, []).append(version)
    needed = [need for need in map(Requirement, wanted) if need.name != PROJECT["name"]]
    loose = [
        str(need)
        for need in needed
        if not any(
            need.specifier.contains(v) for v in versions.get(canonicalize_name(need.name), [])
        )
    ]
    assert loose == []
