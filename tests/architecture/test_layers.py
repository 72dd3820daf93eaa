"""The contracts hold on this tree, and each of them catches what it was written for."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.architecture.room_secrets import owners_by_package
from tests.architecture.tree import ROOMS, ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
SECRETS = next(c for c in CONTRACTS if c["type"] == "room_secrets")
OWNERS = owners_by_package(SECRETS["secrets"])


class Plant(NamedTuple):
    """Files that break one contract, and the words by which the report must name them."""

    contract: str
    files: Mapping[str, str]
    named: tuple[str, ...]


def against_the_layers() -> Plant:
    """One import upwards (or sideways) for every pair of rooms that must not meet."""
    pairs = [
        ("domain", "ports"),
        ("domain", "application"),
        ("domain", "adapters_out"),
        ("ports", "application"),
        ("ports", "adapters_out"),
        ("application", "adapters_in"),
        ("application", "adapters_out"),
        ("application", "bootstrap"),
        ("adapters_out", "application"),
        ("adapters_out", "adapters_in"),
        ("adapters_in", "bootstrap"),
    ]
    return Plant(
        "Rooms stand on each other in one direction",
        {f"{low}/planted_{high}.py": f"import {high}.planted\n" for low, high in pairs}
        | {f"{room}/planted.py": "" for room in ROOMS},
        tuple(f"{low}.planted_{high} -> {high}.planted" for low, high in pairs),
    )


PLANTS = (
    against_the_layers(),
    Plant(
        "Ways in never see ways out",
        {
            "adapters_in/planted/__init__.py": "",
            "adapters_in/planted/way.py": "import adapters_out",
        },
        ("adapters_in.planted.way -> adapters_out",),
    ),
    Plant(
        "Adapters out are strangers to each other",
        {
            "adapters_out/planted/__init__.py": "",
            "adapters_out/planted/room.py": "from adapters_out.planted_too import thing",
            "adapters_out/planted_too/__init__.py": "thing = 1",
        },
        ("adapters_out.planted.room -> adapters_out.planted_too",),
    ),
    Plant(
        "Providers are strangers to each other",
        {
            "adapters_out/providers/planted.py": "from adapters_out.providers import planted_too",
            "adapters_out/providers/planted_too.py": "",
        },
        ("adapters_out.providers.planted -> adapters_out.providers.planted_too",),
    ),
    Plant(
        "Adapters in are strangers to each other",
        {
            "adapters_in/planted/__init__.py": "import adapters_in.planted_too",
            "adapters_in/planted_too/__init__.py": "",
        },
        ("adapters_in.planted -> adapters_in.planted_too",),
    ),
    Plant(
        "No cycles between siblings",
        {
            "application/planted.py": "import application.planted_too",
            "application/planted_too.py": "import application.planted",
        },
        ("planted", "planted_too"),
    ),
    Plant(
        SECRETS["name"],
        {f"ports/planted_{name}.py": f"import {name}\n" for name in [*OWNERS, "unheard_of"]},
        (
            *(
                f"ports.planted_{name} imports {name}, a secret of {OWNERS[name][0]}"
                for name in OWNERS
            ),
            "ports.planted_unheard_of imports unheard_of, which no room owns",
        ),
    ),
)


def broken_contracts(tree: Path) -> dict[str, str]:
    """Run lint-imports on a tree: the name of each broken contract with what is said about it."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tree,
        env={"COLUMNS": "1000", "NO_COLOR": "1", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    _, _, report = done.stdout.partition("Broken contracts")
    parts = re.split(r"^(.+)\n-+\n", report, flags=re.MULTILINE)
    broken = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert bool(broken) == (done.returncode != 0), done.stdout + done.stderr
    assert "contracts: " in done.stdout.lower(), done.stdout + done.stderr
    return broken


def copied_with(files: Mapping[str, str], target: Path) -> Path:
    """Copy what the contracts look at, and plant files in the copy."""
    quiet = shutil.ignore_patterns("__pycache__")
    for room in (*ROOMS, "tests/architecture"):
        shutil.copytree(ROOT / room, target / room, ignore=quiet)
    shutil.copy(ROOT / "pyproject.toml", target)
    for name, text in files.items():
        planted = target / name
        planted.parent.mkdir(parents=True, exist_ok=True)
        (planted.parent / "__init__.py").touch()
        planted.write_text(text)
    return target


def test_every_contract_holds() -> None:
    """No room of this tree imports what it must not know."""
    assert broken_contracts(ROOT) == {}


def test_every_contract_has_a_plant() -> None:
    """A contract without a planted violation would be a contract that nobody has seen work."""
    assert sorted(plant.contract for plant in PLANTS) == sorted(c["name"] for c in CONTRACTS)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.contract.replace(" ", "-"))
def test_planted_violation_is_caught(plant: Plant, tmp_path: Path) -> None:
    """A violation planted in a copy of the tree breaks its contract and is named in the report."""
    report = broken_contracts(copied_with(plant.files, tmp_path)).get(plant.contract, "")
    missing = [words for words in plant.named if words not in report]
    assert missing == [], report or "the contract held"


def test_an_owner_may_import_its_secret(tmp_path: Path) -> None:
    """The secrets contract lets each owning room import its package, in any of its modules."""
    files = {
        f"{room.replace('.', '/')}/planted_{name}.py": f"import {name}\n"
        for name, rooms in OWNERS.items()
        for room in rooms
    }
    assert SECRETS["name"] not in broken_contracts(copied_with(files, tmp_path))
