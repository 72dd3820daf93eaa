"""The entry point behind `fks-data` and `python -m bootstrap`."""

import signal
import sys


def main() -> None:
    """Run the command line and leave with its exit code.

    Nearly all of the start is importing: whoever interrupts that gets a sentence, too.
    """
    try:
        from adapters_in.cli.app import run
        from bootstrap.runtime import LocalRuntime
    except KeyboardInterrupt:
        sys.stderr.write("fks-data: Interrupted before it began.\n")
        sys.exit(128 + signal.SIGINT)
    sys.exit(run(LocalRuntime(), sys.argv[1:]))
