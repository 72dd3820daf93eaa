"""The entry point behind `fks-data` and `python -m bootstrap`."""

import sys

from adapters_in.cli.app import run
from bootstrap.runtime import LocalRuntime


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(LocalRuntime(), sys.argv[1:]))
