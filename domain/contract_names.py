"""Contracts and their names: an exchange's ticker (``ESZ5``) and ours (``ESZ2025``).

Here it is known that a contract is meant, so any root will do.
"""

import calendar
import re

from domain.contract_code import MONTHS, full_year
from domain.errors import InvalidRequest
from domain.instrument import AssetClass, Instrument

_YEAR = "[0-9]{1,2}|(?:19|20)[0-9]{2}"
_CONTRACT = re.compile(f"([A-Z0-9]{{1,8}})([{MONTHS}])({_YEAR})", re.ASCII)
_DECADE = 10


def contract_of(text: str, now: float) -> Instrument | None:
    """The contract that a ticker means at ``now`` (Unix s), None if it has not the form of one.

    The year is that of :func:`domain.contract_code.full_year`.
    """
    found = _CONTRACT.fullmatch(text)
    if found is None:
        return None
    root, month, digits = found.groups()
    return Instrument.future(root, month, full_year(digits, month, now))


def ticker_of(instrument: Instrument) -> str:
    """The exchange's ticker of one of our contracts: ``ESZ2025`` is ``ESZ5``.

    Raises:
        InvalidRequest: it is no contract.
    """
    root, month, year = _parts(instrument)
    return f"{root}{month}{year % _DECADE}"


def delivery_end(instrument: Instrument) -> int:
    """00:00 UTC of the day after the month of delivery, when no contract trades any more.

    Raises:
        InvalidRequest: it is no contract.
    """
    _, month, year = _parts(instrument)
    number = MONTHS.index(month) + 1
    return calendar.timegm((year + number // 12, number % 12 + 1, 1, 0, 0, 0))


def _parts(instrument: Instrument) -> tuple[str, str, int]:
    found = _CONTRACT.fullmatch(instrument.id)
    if found is None or instrument.asset_class is not AssetClass.FUTURE:
        message = f"{instrument.id} is no futures contract: write one such as ESZ2025."
        raise InvalidRequest(message, "symbol")
    root, month, year = found.groups()
    return root, month, int(year)
