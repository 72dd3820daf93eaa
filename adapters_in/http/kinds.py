"""The kinds of parameter: how each is read, strictly, and how OpenAPI describes it."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from domain.errors import UnsupportedInterval
from domain.interval import Interval
from domain.moment import LATEST, NoMoment, read_micros, read_seconds

Schema = dict[str, object]


class Malformed(ValueError):
    """A text is not of its kind: ``says`` completes "<name> ...", ``hint`` is the remedy."""

    def __init__(self, says: str, hint: str, did_you_mean: tuple[str, ...] = ()) -> None:
        """Keep the sentence, the remedy and near spellings."""
        super().__init__(says)
        self.says = says
        self.hint = hint
        self.did_you_mean = did_you_mean


class NotOffered(Malformed):
    """The text is understood, but nobody here can do that (422 rather than 400)."""


class Kind(Protocol):
    """One kind of value."""

    def read(self, text: str) -> object:
        """The value.

        Raises:
            Malformed: the text is not of this kind.
        """

    def schema(self) -> Schema:
        """JSON Schema of what is accepted."""


@dataclass(frozen=True, slots=True)
class Text:
    """Letters by a pattern (a regular expression for the whole text)."""

    pattern: str
    max_length: int
    looks_like: str

    def read(self, text: str) -> str:
        """The text itself."""
        if len(text) > self.max_length or not re.fullmatch(self.pattern, text):
            says = f"is not {self.looks_like}"
            raise Malformed(says, f"Use 1 to {self.max_length} characters: {self.looks_like}.")
        return text

    def schema(self) -> Schema:
        """A string."""
        return {
            "type": "string",
            "pattern": f"^{self.pattern}$",
            "minLength": 1,
            "maxLength": self.max_length,
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words.

    ``aliases`` are other spellings of them; ``not_offered`` are words that callers may well try
    here, each with the reason why it does not work (what OpenAPI lists does).
    """

    values: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    not_offered: tuple[tuple[str, str], ...] = ()

    def read(self, text: str) -> str:
        """The word, aliases resolved."""
        word = dict(self.aliases).get(text, text)
        if word in self.values:
            return word
        reason = dict(self.not_offered).get(text)
        if reason is not None:
            raise NotOffered("asks for what is not offered", reason)
        near = tuple(get_close_matches(text.lower()[:40], self.values, 2))
        raise Malformed("is not one of the choices", f"Use {_either(self.values)}.", near)

    def schema(self) -> Schema:
        """An enumeration."""
        return {"type": "string", "enum": [*self.values, *dict(self.aliases)]}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds."""

    low: int
    high: int

    def read(self, text: str) -> int:
        """The number; nothing is clamped."""
        hint = f"Use a whole number from {self.low} to {self.high}."
        if not re.fullmatch(r"-?[0-9]+", text, re.ASCII):
            raise Malformed("is not a whole number", hint)
        if len(text) > len(str(self.high)) or not self.low <= int(text) <= self.high:
            raise Malformed("is out of range", hint)
        return int(text)

    def schema(self) -> Schema:
        """A bounded integer."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false; Python clients send ``True``, so case does not matter."""

    def read(self, text: str) -> bool:
        """The truth value."""
        values = {"true": True, "1": True, "false": False, "0": False}
        if text.lower() not in values:
            raise Malformed("is neither true nor false", "Use true or false.")
        return values[text.lower()]

    def schema(self) -> Schema:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class BarLength:
    """One of the thirteen intervals."""

    def read(self, text: str) -> Interval:
        """The interval.

        Raises:
            UnsupportedInterval: a length of time that nobody makes bars of, such as ``7m``.
        """
        known = [i.value for i in Interval]
        if text in known:
            return Interval(text)
        hint = "For months write 1mo." if text == "1M" else f"Use {_either(known)}."
        if text != "1M" and re.fullmatch(r"[0-9]{1,4}(s|m|h|d|w|mo|y)", text, re.ASCII):
            message = f"There are no {text} bars: use {_either(known)}."
            raise UnsupportedInterval(message, "interval")
        near = tuple(get_close_matches(text[:40], known, 2))
        raise Malformed("is not an interval", hint, near)

    def schema(self) -> Schema:
        """An enumeration."""
        return {"type": "string", "enum": [i.value for i in Interval]}


# What JSON Schema can say of it: every day of 1970 to 2099 but the 29th of February.
_ISO_PATTERN = (
    r"^(19[7-9][0-9]|20[0-9]{2})-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    r"|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    r"(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?Z?)?$"
)
_DECIMAL_PATTERN = r"^[0-3]?[0-9]{1,9}\.[0-9]{1,9}$"


@dataclass(frozen=True, slots=True)
class Moment:
    """A time: Unix seconds or ISO 8601 (``Z`` or an offset; without one UTC; a bare date).

    Read as whole seconds; with ``fine`` as µs, and then fractions are welcome (what is finer than
    a µs is cut off).
    """

    fine: bool = False

    def read(self, text: str) -> int:
        """The moment in seconds (µs when ``fine``) since the epoch, 1970 to 2099."""
        try:
            return read_micros(text) if self.fine else read_seconds(text)
        except NoMoment as fault:
            raise Malformed(fault.says, fault.hint) from None

    def schema(self) -> Schema:
        """Seconds or a text."""
        seconds: Schema = {"type": "integer", "minimum": 0, "maximum": LATEST}
        texts = (_ISO_PATTERN, _DECIMAL_PATTERN) if self.fine else (_ISO_PATTERN,)
        return {"anyOf": [seconds, *({"type": "string", "pattern": text} for text in texts)]}


def _either(values: list[str] | tuple[str, ...]) -> str:
    return f"one of {', '.join(values)}" if len(values) > 1 else values[0]
