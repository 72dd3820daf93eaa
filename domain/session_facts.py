"""What futures exchanges say of a bar beyond prices and volume, in columns beside a series."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
from numpy.typing import NDArray

from domain.bars import Floats, Ints

FACTS = ("session_day", "settlement_price", "dollar_volume")
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class SessionFacts:
    """Columns of equal length, by the open of the bar; NaN means "not sent".

    ``session_day`` counts the days from 1970-01-01 to the date of the session that the bar
    belongs to; ``settlement_price`` only bars of whole sessions have; ``dollar_volume`` is the
    sum of price times contracts, not multiplied.
    """

    ts: Ints
    session_day: Floats
    settlement_price: Floats
    dollar_volume: Floats

    @classmethod
    def empty(cls) -> Self:
        """Of no bars."""
        none = np.empty(0)
        return cls(np.empty(0, dtype=np.int64), none, none, none)

    def __len__(self) -> int:
        """Of how many bars."""
        return len(self.ts)

    def where(self, keep: NDArray[np.bool_] | NDArray[np.int64] | slice) -> "SessionFacts":
        """The chosen rows."""
        return SessionFacts(self.ts[keep], *(getattr(self, name)[keep] for name in FACTS))


def day_number(text: str | None) -> float:
    """Days since 1970-01-01 of an ISO date, NaN for none or what is none."""
    try:
        return float("nan") if text is None else float((date.fromisoformat(text) - _EPOCH).days)
    except ValueError:
        return float("nan")


def day_text(number: float) -> str | None:
    """The ISO date again, None for NaN."""
    return None if np.isnan(number) else (_EPOCH + timedelta(days=int(number))).isoformat()
