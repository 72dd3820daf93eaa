"""The kinds of parameter that only the futures routes have."""

import re
from dataclasses import dataclass

from adapters_in.http.kinds import Malformed, Moment, Schema
from domain.errors import InvalidRequest
from domain.futures import iso_date
from domain.moment import LATEST
from domain.resolution import PATTERN, read_resolution

NS = 10**9
DAY = 86_400
_ISO_DAY = r"(19[7-9][0-9]|20[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
_SHORTEST_NS = 17  # digits: 1973 in nanoseconds
_LONGEST_NS = 19


@dataclass(frozen=True, slots=True)
class Day:
    """A date, such as that of a session."""

    def read(self, text: str) -> str:
        """The ISO date itself."""
        hint = "Use a date such as 2025-02-04."
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            raise Malformed("is not a date", hint)
        if iso_date(text) is None or not "1970" <= text[:4] <= "2099":  # as everywhere
            raise Malformed("is no day from 1970 to 2099", hint)
        return text

    def schema(self) -> Schema:
        """A string; what JSON Schema can say leaves out the last days of months."""
        return {"type": "string", "pattern": f"^{_ISO_DAY}$", "maxLength": 10}


@dataclass(frozen=True, slots=True)
class Window:
    """A moment or a day: ISO 8601, Unix seconds or nanoseconds; read as the ns that it covers.

    A date covers its day, a second all of its nanoseconds.
    """

    def read(self, text: str) -> tuple[int, int]:
        """``(first, stop)``, half-open."""
        if re.fullmatch(rf"[0-9]{{{_SHORTEST_NS},{_LONGEST_NS}}}", text, re.ASCII):
            if int(text) > LATEST * NS:
                raise Malformed("lies outside of 1970 to 2099", _HINT)
            return int(text), int(text) + 1
        try:
            seconds = Moment().read(text)
        except Malformed as fault:
            raise Malformed(fault.says, _HINT) from None
        length = DAY if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII) else 1
        return seconds * NS, (seconds + length) * NS

    def schema(self) -> Schema:
        """A day or a number."""
        return {
            "anyOf": [
                {"type": "string", "pattern": f"^{_ISO_DAY}$"},
                {"type": "integer", "minimum": 0, "maximum": LATEST},
                {"type": "integer", "minimum": 10 ** (_SHORTEST_NS - 1), "maximum": LATEST * NS},
            ]
        }


_HINT = "Use a date such as 2025-02-04, Unix seconds or nanoseconds."


@dataclass(frozen=True, slots=True)
class Resolution:
    """The length of an aggregate."""

    def read(self, text: str) -> str:
        """The resolution.

        Raises:
            UnsupportedInterval: understood, but there is none such.
        """
        try:
            return read_resolution(text)
        except InvalidRequest as fault:
            if type(fault) is not InvalidRequest:
                raise
            hint = "Use a count and a unit such as 1min, 15min, 1hour or 1session."
            raise Malformed("is not a resolution", hint) from None

    def schema(self) -> Schema:
        """A string."""
        return {"type": "string", "pattern": f"^{PATTERN}$", "maxLength": 9}
