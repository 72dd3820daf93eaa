"""The names of futures contracts: root, month and year.

An exchange's ticker has the last digit of the year (``ESZ5``), which comes back every ten years;
ours has the whole year (``ESZ2025``).
"""

import calendar
import re

from domain.contract_code import MONTHS
from domain.errors import InvalidRequest
from domain.instrument import AssetClass, Instrument

_YEAR = "[0-9]{1,2}|(?:19|20)[0-9]{2}"
_CONTRACT = re.compile(f"([A-Z0-9]{{1,8}})([{MONTHS}])({_YEAR})", re.ASCII)
_DECADE, _CENTURY = 10, 100
_AHEAD = 5  # of ten years that share a digit, five lie ahead


def contract_of(text: str, year: int, *, ahead: int = _AHEAD) -> Instrument | None:
    """The contract behind a ticker, None if the text has not the form of one.

    A whole year is taken as it is, two digits are those of the nearest century; of the years
    that end in one digit it is the one from ``year + ahead - 9`` to ``year + ahead``.
    """
    found = _CONTRACT.fullmatch(text)
    if found is None:
        return None
    root, month, digits = found.groups()
    return Instrument.future(root, month, _full_year(digits, year + ahead))


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


def _full_year(digits: str, latest: int) -> int:
    """The last year up to ``latest`` that ends in the digits."""
    if len(digits) > len("25"):
        return int(digits)
    if len(digits) == len("25"):
        return latest - (latest + _CENTURY // 2 - int(digits)) % _CENTURY + _CENTURY // 2
    return latest - (latest - int(digits)) % _DECADE
