"""An owner in a process of its own: prints the dsn or the failure, closes when its input ends."""

import sys
from pathlib import Path

from adapters_out.postgres.embedded.launcher import EmbeddedPostgres
from domain.errors import StoreUnavailable


def main() -> None:
    """``owner <data dir>``."""
    server = EmbeddedPostgres(Path(sys.argv[1]))
    try:
        server.open()
    except StoreUnavailable as failure:
        print(f"failed: {failure}", flush=True)  # noqa: T201 - read by the test
        return
    print(server.dsn, flush=True)  # noqa: T201 - read by the test
    sys.stdin.read()
    server.close()


if __name__ == "__main__":
    main()
