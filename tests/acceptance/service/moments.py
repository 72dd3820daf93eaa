"""Times that the scenarios use."""

import time
from datetime import UTC, datetime

# A quiet day long ago: Monday 2024-06-03 00:00 UTC.
DAY = 1_717_372_800
MINUTE, HOUR = 60, 3600


def calm(step: int = MINUTE, margin: float = 3.0) -> None:
    """Wait past the close of a bar that is about to close, so that two looks see the same."""
    left = step - time.time() % step
    if left < margin:
        time.sleep(left + 0.1)


def instant() -> str:
    """Now, to the microsecond."""
    return datetime.now(UTC).isoformat()
