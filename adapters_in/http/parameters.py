"""The parameters that routes share, each declared once for the parser and for OpenAPI."""

from dataclasses import dataclass

from adapters_in.http.kinds import BarLength, Choice, Flag, Kind, Moment, Text, Whole
from domain.errors import NoData
from domain.provider import PROVIDER_ALIASES
from domain.query import CURSOR

SYMBOL_PATTERN = r"[A-Za-z0-9]+([-/._:][A-Za-z0-9]+)*"
ID_PATTERN = r"[A-Za-z0-9-]+"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the query or the path.

    ``default`` is the value when absent (already of its kind); ``shown`` is how OpenAPI prints it.
    """

    name: str
    kind: Kind
    description: str
    default: object = None
    required: bool = False
    place: str = "query"
    example: object = None


def symbol(*, place: str = "query", required: bool = True, name: str = "symbol") -> Parameter:
    """What is traded, in anybody's spelling."""
    kind = Text(SYMBOL_PATTERN, 40, "letters and digits, parts separated by one of - / . _ :")
    text = "BTCUSDT, btcusdt, BTC/USDT and BTC-USDT are one instrument; BTC/USD is another."
    return Parameter(name, kind, text, required=required, place=place, example="BTCUSDT")


def asset(name: str, example: str) -> Parameter:
    """One side of a pair that is written with its slash."""
    kind = Text(r"[A-Za-z0-9]{1,19}", 19, "an asset code: letters and digits")
    return Parameter(name, kind, "An asset code.", required=True, place="path", example=example)


def interval(default: str | None, name: str = "interval") -> Parameter:
    """The length of a bar."""
    kind = BarLength()
    preset = None if default is None else kind.read(default)
    return Parameter(name, kind, "The length of a bar.", default=preset, example="1m")


def limit(default: int, high: int, what: str = "bars") -> Parameter:
    """How many at most."""
    return Parameter("limit", Whole(1, high), f"At most so many {what}.", min(default, high))


def start(name: str = "start") -> Parameter:
    """The inclusive beginning."""
    text = "The first moment: Unix seconds or ISO 8601. Ranges are half-open."
    return Parameter(name, Moment(), text)


def end(name: str = "end") -> Parameter:
    """The exclusive end."""
    text = "The moment after the last: Unix seconds or ISO 8601."
    return Parameter(name, Moment(), text)


def provider(names: tuple[str, ...]) -> Parameter:
    """Exactly this one."""
    aliases = tuple((a, full) for a, full in PROVIDER_ALIASES.items() if full in names)
    text = "This provider or an error, never another."
    return Parameter("provider", Choice(names, aliases), text, example=names[0])


def use_cache() -> Parameter:
    """Whether what is known may be served."""
    return Parameter("use_cache", Flag(), "false asks a provider whatever is stored.", default=True)


def as_of() -> Parameter:
    """Time travel."""
    text = (
        "Answer with what the service knew at that moment (not in the future); fractions of a "
        "second are welcome."
    )
    return Parameter("as_of", Moment(fine=True), text)


def cursor() -> Parameter:
    """The next page of bars."""
    mark = Text(CURSOR, 16, "the value of next, unchanged")
    text = "The value of next: the page that follows, maybe empty; it supersedes start."
    return Parameter("cursor", mark, text)


def check_range(first: int | None, stop: int | None) -> None:
    """Refuse a range that holds no moment.

    Raises:
        NoData: the end does not lie after the start.
    """
    if first is not None and stop is not None and stop <= first:
        message = f"The range is empty: end {stop} must lie after start {first}."
        raise NoData(message)
