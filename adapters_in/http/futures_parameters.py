"""The parameters of the futures routes: names, defaults and limits of the reference service."""

from dataclasses import replace

from adapters_in.http.futures_kinds import Day, Resolution, Window
from adapters_in.http.kinds import Choice, Flag, Text
from adapters_in.http.parameters import Parameter, limit

# How many records came before.
LIST_CURSOR = r"f1-(0|[1-9][0-9]{0,5})"
# How many records came before, or the moment (ns, up to 2099) at which a page was cut.
CURSOR = r"f1-(0|[1-9][0-9]{0,17}|[1-3][0-9]{18}|40[0-9]{17})"
# The moment (ns, up to 2099) at which a page was cut, and how many of its ticks were on the page.
TICK_CURSOR = r"f1-([1-9][0-9]{0,17}|[1-3][0-9]{18}|40[0-9]{17})-([1-9][0-9]{0,5})"
_DIRECTIONS = ("asc", "desc")
_WORD = Text(
    r"[A-Za-z0-9][A-Za-z0-9 &'()%/._-]*", 100, "letters, digits, blanks and & ' ( ) % / . _ -"
)
_CODE = Text(r"[A-Za-z0-9][A-Za-z0-9:.-]*", 20, "a product code such as ES")


def ticker() -> Parameter:
    """In the path."""
    kind = Text(r"[A-Za-z0-9][A-Za-z0-9 :.-]*", 40, "a contract's ticker such as ESZ5 or ESZ2025")
    text = "The exchange's ticker or our name: ESZ5 and ESZ2025 are one contract; or a spread."
    return Parameter("ticker", kind, text, required=True, place="path", example="ESZ5")


def one_ticker() -> Parameter:
    """Of this contract only."""
    return replace(ticker(), required=False, place="query")


def code() -> Parameter:
    """In the path."""
    return Parameter("code", _CODE, "A product code.", required=True, place="path", example="ES")


def product_code() -> Parameter:
    """Of this product only."""
    return Parameter("product_code", _CODE, "Of this product only.", example="ES")


def day(name: str, text: str) -> Parameter:
    """A date."""
    return Parameter(name, Day(), text)


def as_of() -> Parameter:
    """On which day the list was so."""
    return day("as_of", "As the list was on that day; else as it is.")


def session_end_date() -> Parameter:
    """Of this session only."""
    return day("session_end_date", "Of the session of that date only.")


def word(name: str) -> Parameter:
    """Equal to this."""
    return Parameter(name, _WORD, f"Whose {name} is this.")


def venue() -> Parameter:
    """A market identifier code."""
    kind = Text(r"[A-Za-z0-9]{4}", 4, "a market identifier code such as XCME")
    return Parameter("trading_venue", kind, "Traded there only (ISO 10383).", example="XCME")


def active() -> Parameter:
    """Whether it trades."""
    return Parameter("active", Flag(), "Only those that trade, or only those that do not.")


def kind_of(default: str) -> Parameter:
    """Single contracts or spreads."""
    text = "Outright contracts (single), spreads (combo), or all."
    return Parameter("type", Choice(("all", "single", "combo")), text, default=default)


def sort(names: tuple[str, ...], default: str | None = None) -> Parameter:
    """The order; each name with a direction."""
    words = tuple(f"{name}.{direction}" for name in names for direction in _DIRECTIONS)
    text = "The order; without it the provider's own."
    return Parameter("sort", Choice(words), text, default=default)


def resolution() -> Parameter:
    """How long a window is."""
    text = "A count and a unit: sec, min, hour, session (a trading day), week, month …"
    return Parameter("resolution", Resolution(), text, default="1min", example="1min")


def window(name: str, text: str) -> Parameter:
    """A bound in time."""
    return Parameter(name, Window(), f"{text} A date, Unix seconds or nanoseconds.")


def windows() -> tuple[Parameter, ...]:
    """The comparisons with the open of a window."""
    return (
        window("window_start", "Opens then (a date: on that day)."),
        window("window_start_gte", "Opens then or later."),
        window("window_start_gt", "Opens later."),
        window("window_start_lte", "Opens then or earlier."),
        window("window_start_lt", "Opens earlier."),
    )


def cursor() -> Parameter:
    """The next page."""
    kind = Text(CURSOR, 22, "the value of next, unchanged")
    return Parameter("cursor", kind, "The value of next: the page that follows.")


def list_cursor() -> Parameter:
    """The next page of a list."""
    kind = Text(LIST_CURSOR, 9, "the value of next, unchanged")
    return Parameter("cursor", kind, "The value of next: the page that follows.")


def tick_cursor() -> Parameter:
    """The next page of ticks."""
    kind = Text(TICK_CURSOR, 30, "the value of next, unchanged")
    return Parameter("cursor", kind, "The value of next: the page that follows.")


def rows(default: int, high: int) -> Parameter:
    """How many at most."""
    return limit(default, high, "rows")
