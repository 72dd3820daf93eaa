"""What the command line asks for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """``quick`` tries everything with few rounds; ``bars`` is the size of the big table.

    ``timescale`` is the URL of a PostgreSQL with TimescaleDB, or None.
    """

    quick: bool = False
    bars: int = 1_000_000
    timescale: str | None = None

    def rounds(self, wanted: int) -> int:
        """How often to repeat."""
        return max(3, wanted // 10) if self.quick else wanted
