"""The codes of futures contracts: root, month letter and a year of one, two or four digits.

``ESZ5`` names a contract every ten years, so its decade has to be found; ``ESZ2025`` is ours.
"""

import re
from datetime import UTC, datetime

from msgspec import Struct

MONTHS = "FGHJKMNQUVXZ"  # January to December
# Where contracts are listed, as Yahoo and others append it.
FUTURE_PLACES = frozenset(
    ("CME", "CBT", "CMX", "NYM", "CBOT", "COMEX", "NYMEX", "XCME", "XCBT", "XCEC", "XNYM")
)
# Well-known products of CME, CBOT, NYMEX and COMEX. Any other root is known from the providers'
# contract lists only: ABEV3 is a Brazilian stock, not the contract of October.
KNOWN_ROOTS = frozenset(
    (
        *("ES", "MES", "NQ", "MNQ", "YM", "MYM", "RTY", "M2K", "EMD", "NKD", "BTC", "MBT", "ETH"),
        *("MET", "SR1", "SR3", "GE", "ZQ", "ZT", "ZF", "ZN", "TN", "ZB", "UB", "6A", "6B", "6C"),
        *("6E", "6J", "6M", "6N", "6S", "M6E", "M6A", "M6B", "CL", "MCL", "QM", "NG", "QG", "RB"),
        *("HO", "BZ", "GC", "MGC", "SI", "SIL", "HG", "MHG", "PL", "PA", "ZC", "ZS", "ZW", "KE"),
        *("ZL", "ZM", "ZO", "ZR", "LE", "GF", "HE", "DC"),
    )
)
_CODE = re.compile(
    rf"([A-Z0-9]{{0,3}}[A-Z][A-Z0-9]{{0,3}}?)([{MONTHS}])(20[0-9]{{2}}|[0-9]{{1,2}})"
)
_THIS_CENTURY = 2000


class ContractCode(Struct, frozen=True):
    """A contract without doubt: ``ES``, ``Z``, 2025."""

    root: str
    month: str
    year: int


def is_contract(symbol: str) -> bool:
    """Whether the text may be the code of a contract of a well-known root."""
    found = _CODE.fullmatch(symbol)
    return found is not None and found[1] in KNOWN_ROOTS


def read_contract(symbol: str, now: float | None) -> ContractCode | None:
    """The contract that a code means at ``now`` (Unix s); None if it is no code, or in doubt.

    With a full year any root will do; with fewer digits it must be well known. What they mean
    says :func:`full_year`; without ``now`` two are of this century and one is in doubt.
    """
    found = _CODE.fullmatch(symbol)
    if found is None:
        return None
    root, month, digits = found.groups()
    if len(digits) == len("2025"):
        return ContractCode(root, month, int(digits))
    if root not in KNOWN_ROOTS or (len(digits) == 1 and now is None):
        return None
    year = _THIS_CENTURY + int(digits) if now is None else full_year(digits, month, now)
    return ContractCode(root, month, year)


def full_year(digits: str, month: str, now: float) -> int:
    """The year that one, two or four digits mean at ``now`` (Unix s).

    Four are taken at their word; of years that end in the same one or two it is the nearest.
    """
    if len(digits) > len("25"):
        return int(digits)
    return nearest_year(int(digits), month, now, 10 ** len(digits))


def nearest_year(ending: int, month: str, now: float, cycle: int = 10) -> int:
    """The year with this remainder by ``cycle`` whose ``month`` is nearest to ``now`` (Unix s).

    It is counted in months; of two that are equally near it is the one to come.
    """
    today = datetime.fromtimestamp(now, UTC)
    year = today.year - today.year % cycle + ending
    ahead = {
        each: (each - today.year) * 12 + MONTHS.index(month) + 1 - today.month
        for each in (year - cycle, year, year + cycle)
    }
    return min(ahead, key=lambda each: (abs(ahead[each]), -ahead[each]))
