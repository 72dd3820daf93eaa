"""The entry point behind `fks-data` and `python -m bootstrap`."""

import signal
import sys
import traceback
from types import TracebackType


def main() -> None:
    """Run the command line and leave with its exit code.

    Nearly all of the start is importing: whoever interrupts that gets a sentence, too.
    """
    sys.excepthook = _tell
    try:
        from adapters_in.cli.app import run
        from bootstrap.runtime import LocalRuntime
    except KeyboardInterrupt:
        sys.stderr.write("fks-data: Interrupted before it began.\n")
        sys.exit(128 + signal.SIGINT)
    sys.exit(run(LocalRuntime(), sys.argv[1:]))


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody expected, without its words: they may hold a secret."""
    del error
    frames = traceback.extract_tb(trace)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    sys.stderr.write(
        f"fks-data: Failed in an unexpected way ({kind.__name__}{place}): `fks-data doctor` may "
        "name the cause; if not, please report this line.\n"
    )
