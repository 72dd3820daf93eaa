"""Corporate actions: what makes prices of different days incomparable."""

from collections.abc import Iterable
from enum import Enum

from msgspec import Struct


class ActionKind(Enum):
    """A change of the number of shares, or a payment to their holders."""

    SPLIT = "split"
    DIVIDEND = "dividend"


class CorporateAction(Struct, frozen=True):
    """One action, effective at the open of its ex-day.

    ``ex_date`` is 00:00 UTC of that day (Unix s). ``ratio`` is new shares per old one of a split
    (4.0 for 4:1, 0.1 for 1:10); ``amount`` the cash per share of a dividend in ``currency``, as
    declared and before later splits; each is 0 for the other kind.
    """

    ex_date: int
    kind: ActionKind
    ratio: float = 0.0
    amount: float = 0.0
    currency: str = ""


def in_order(actions: Iterable[CorporateAction]) -> tuple[CorporateAction, ...]:
    """By ex-date; on one day the splits first."""
    return tuple(sorted(actions, key=_place))


def _place(action: CorporateAction) -> tuple[int, bool, float, float, str]:
    later = action.kind is ActionKind.DIVIDEND
    return action.ex_date, later, action.ratio, action.amount, action.currency
