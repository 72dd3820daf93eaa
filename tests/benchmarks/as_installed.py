"""Run a module as if what only yardsticks and tests need were not installed.

Some libraries import others merely because they find them, which costs time and memory that
nobody pays who installed the service alone.
``python -m tests.benchmarks.as_installed NAME,NAME MODULE ARGUMENT…``
"""

import re
import runpy
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

_LOCK = Path(__file__).parents[2] / "requirements.lock"
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
_OURS = "fks-data"


class _Hidden:
    """Finds nothing for these names."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse, or let the next finder look."""
        del path, target
        if name.partition(".")[0] in self._names:
            raise ModuleNotFoundError(name, name=name)
        return None


def surplus_modules() -> str:
    """The top-level modules of every package that the runtime lock file does not name."""
    locked = {_plain(name) for name in _LOCKED.findall(_LOCK.read_text())} | {_OURS}
    return ",".join(
        module
        for module, owners in packages_distributions().items()
        if module.isidentifier() and not locked & {_plain(owner) for owner in owners}
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Hide and run."""
    _, hidden, module, *arguments = sys.argv
    sys.meta_path.insert(0, _Hidden(frozenset(hidden.split(","))))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
