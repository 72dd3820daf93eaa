"""How indicators are named, such as ``macd_12_26_9``, and what is wrong with a name."""

import re
from typing import NamedTuple

from domain.errors import InvalidRequest, quoted

MOST = 20
_N = "([2-9]|[1-9][0-9]|[1-4][0-9][0-9]|500)"
_WIDTH = r"([1-9](\.[0-9])?|10)"
_ONE = (
    f"((sma|ema|rsi|atr|volatility|vwap)(_{_N})?|macd(_{_N}_{_N}_{_N})?"
    f"|(bb|bbands|bollinger)(_{_N}(_{_WIDTH})?)?|typical(_price)?|(log_)?returns?)"
)
# What a question may name: one to twenty, windows of 2 to 500 bars, bands of up to 10 deviations.
PATTERN = f"{_ONE}(,{_ONE}){{0,{MOST - 1}}}"


class _Form(NamedTuple):
    """What the numbers of an indicator are, and an example."""

    takes: str
    example: str


_WINDOW = "one window of 2 to 500 bars"
_FORMS = {
    "sma": _Form(_WINDOW, "sma_20"),
    "ema": _Form(_WINDOW, "ema_20"),
    "rsi": _Form(_WINDOW, "rsi_14"),
    "atr": _Form(_WINDOW, "atr_14"),
    "macd": _Form("three windows of 2 to 500 bars", "macd_12_26_9"),
    "bb": _Form("a window of 2 to 500 bars and a width of 1 to 10 deviations", "bb_20_2"),
    "volatility": _Form(_WINDOW, "volatility_20"),
    "vwap": _Form(_WINDOW, "vwap_20"),
    "typical": _Form("no numbers", "typical"),
    "return": _Form("no numbers", "return"),
    "log_return": _Form("no numbers", "log_return"),
}
USUAL = {name: form.example for name, form in _FORMS.items()}
_EXAMPLES = ", ".join(USUAL.values())
# How else people call them; the columns of the answer are called as was asked.
SYNONYMS = {
    "bbands": "bb",
    "bollinger": "bb",
    "typical_price": "typical",
    "returns": "return",
    "log_returns": "log_return",
}


class NoIndicator(InvalidRequest):
    """A list names what is none: ``says`` completes "indicators ...", ``hint`` is the remedy.

    ``did_you_mean`` is how it is written; ``unknown`` is a name that is like none, without numbers.
    """

    def __init__(
        self, says: str, hint: str, did_you_mean: tuple[str, ...] = (), unknown: str = ""
    ) -> None:
        """Keep the sentence, the remedy and what may have been meant."""
        super().__init__(f"indicators {says}. {hint}", "indicators")
        self.says = says
        self.hint = hint
        self.did_you_mean = did_you_mean
        self.unknown = unknown


def read_names(text: str) -> tuple[str, ...]:
    """The names of a comma list; repetitions count once.

    Raises:
        NoIndicator: one is not known or has wrong numbers, or there are too many.
    """
    names = text.split(",")
    if len(names) > MOST:
        raise NoIndicator(f"names {len(names)} of them", f"Give one to {MOST}, joined by commas.")
    for name in names:
        if not re.fullmatch(_ONE, name):
            raise _fault(name)
    return tuple(dict.fromkeys(names))


def _fault(name: str) -> NoIndicator:
    plain = name.strip().lower()
    kind = plain.rstrip("_.-0123456789")
    kind = SYNONYMS.get(kind, kind)
    if re.fullmatch(_ONE, plain):
        return NoIndicator(f"spells {quoted(name)}", f"Write {plain}.", (plain,))
    if not plain:
        return NoIndicator("has a name that is empty", f"Use {_EXAMPLES}, joined by commas.")
    if kind in _FORMS:
        takes, example = _FORMS[kind]
        says = f"has the wrong numbers in {quoted(name)}"
        return NoIndicator(says, f"{kind} takes {takes}, such as {example}.", (example,))
    says = f"names {quoted(name)}, which is not known"
    return NoIndicator(says, f"Use {_EXAMPLES}, joined by commas.", unknown=kind)
