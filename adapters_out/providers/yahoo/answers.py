"""What Yahoo answers: charts and quotes as Structs, and numbers as they were meant.

Charts are asked for where they say enough: they take no cookie and no crumb, as quotes (v7) do.
"""

from typing import Generic, TypeVar

import msgspec
import numpy as np
from msgspec import Struct, field

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.envelope import envelope_of
from adapters_out.provider_kit.objects import decoded, decoded_doubles
from domain.bars import Floats
from domain.soundness import anywhere

Cell = TypeVar("Cell")
Number = int | float | str | None

# Some exchanges quote in hundredths of their currency: pence, agorot, cents.
_HUNDREDTHS = {"GBp": "GBP", "GBX": "GBP", "ILA": "ILS", "ZAc": "ZAR"}
_PENCE = 100.0
_SAME = 1e-12
_DIGITS = 10
_MORE = 5  # places that are tried before the texts of numbers are


class Meta(Struct):
    """What is said of an instrument; ``at`` is the Unix time of its last trade."""

    symbol: str = ""
    zone: str = field(name="exchangeTimezoneName", default="UTC")
    currency: str | None = None
    kind: str = field(name="instrumentType", default="")
    hint: int = field(name="priceHint", default=2)
    price: object = field(name="regularMarketPrice", default=None)
    at: int | None = field(name="regularMarketTime", default=None)
    range: str = ""

    @property
    def money(self) -> str:
        """The currency, a whole one."""
        named = self.currency or ""
        return _HUNDREDTHS.get(named, named)

    def whole(self, value: float) -> float:
        """An amount in the whole currency."""
        in_parts = self.currency in _HUNDREDTHS
        return round(value / _PENCE, _DIGITS) if in_parts else value

    def clean(self, prices: Floats) -> Floats:
        """Prices without the noise of single precision, in the whole currency.

        34.45000076293945 is the float32 of 34.45. Where the places that it hints at would cost
        more than the noise (prices long before a split, or between two cents), the shortest decimal
        that is the same float32 remains.
        """
        with np.errstate(over="ignore"):
            single = prices.astype(np.float32)
            rounded = prices.round(self.hint)
            lossy = rounded.astype(np.float32) != single
            for places in range(self.hint + 1, self.hint + _MORE):
                if not anywhere(lossy):
                    break
                np.copyto(rounded, prices.round(places), where=lossy)
                lossy = rounded.astype(np.float32) != single
        if anywhere(lossy):
            rounded[lossy] = single[lossy].astype("U32").astype(np.float64)
        told = single.astype(np.float64)
        found = rounded
        if anywhere(told != prices):  # written out whole, or no float32 at all
            noise = np.abs(told - prices) <= _SAME * np.abs(prices)
            found = np.where(noise, rounded, prices)
        return np.round(found / _PENCE, _DIGITS) if self.currency in _HUNDREDTHS else found


class Dividend(Struct):
    """Paid per share, less what later splits have made of a share."""

    amount: float
    date: int


class Split(Struct):
    """So many new shares for so many old ones."""

    numerator: float
    denominator: float
    date: int


class Events(Struct):
    """Keyed by their times."""

    dividends: dict[str, Dividend] = field(default_factory=dict)
    splits: dict[str, Split] = field(default_factory=dict)


class Columns(Struct, Generic[Cell]):
    """Parallel to the times; null where nothing was traded."""

    open: list[Cell] | None = None
    high: list[Cell] | None = None
    low: list[Cell] | None = None
    close: list[Cell] | None = None
    volume: list[Cell] | None = None


class _Indicators(Struct, Generic[Cell]):
    quote: list[Columns[Cell]]


class Chart(Struct, Generic[Cell]):
    """A chart; without times there is nothing in the range."""

    meta: Meta
    indicators: _Indicators[Cell]
    timestamp: list[int] = field(default_factory=list)
    events: Events = field(default_factory=Events)


class Trouble(Struct):
    """What is wrong."""

    code: str
    description: str = ""


class _Charts(Struct, Generic[Cell]):
    result: list[Chart[Cell]] | None = None
    error: Trouble | None = None


class _Quotes(Struct):
    result: list[Meta]


class _ChartAnswer(Struct, Generic[Cell]):
    chart: _Charts[Cell]


class _PriceAnswer(Struct):
    chart: _Charts[object] | None = None
    quotes: _Quotes | None = field(name="quoteResponse", default=None)


class _Envelope(Struct):
    error: Trouble | None = None


_ANYTHING: msgspec.json.Decoder[_ChartAnswer[object]] = msgspec.json.Decoder(_ChartAnswer[object])
_PRICE = msgspec.json.Decoder(_PriceAnswer)
_ANY = msgspec.json.Decoder(dict[str, _Envelope | None])


def chart_of(reply: Reply) -> Chart[object] | None:
    """The chart of a reply; None if it says that there is nothing in the range.

    Raises:
        msgspec.DecodeError: the body is of another shape.
        Unreadable: there is not exactly one.
    """
    return _only(decoded(reply.body, _ANYTHING).chart)


def number_chart_of(reply: Reply) -> Chart[Number] | None:
    """Likewise, where every cell is a number, its text or null; anything else is another shape."""
    return _only(decoded_doubles(reply.body, _ChartAnswer[Number]).chart)


def _only(answer: _Charts[Cell]) -> Chart[Cell] | None:
    if answer.error is not None and answer.result is None:
        return None
    if answer.result is None or len(answer.result) != 1:
        raise Unreadable("it holds not one chart")
    return answer.result[0]


def prices_of(reply: Reply) -> list[Meta]:
    """What a chart or a list of quotes says of the last price."""
    answer = decoded(reply.body, _PRICE)
    if answer.chart is not None:
        return [chart.meta for chart in answer.chart.result or []]
    if answer.quotes is None:
        raise Unreadable("it is neither a chart nor quotes")
    return answer.quotes.result


def trouble_of(reply: Reply) -> Trouble | None:
    """What is wrong, whatever the envelope is called."""
    envelopes = envelope_of(reply.body, _ANY).values()
    return next((e.error for e in envelopes if e is not None and e.error is not None), None)


def price_in(meta: Meta) -> float:
    """The last price in the whole currency.

    Raises:
        Unreadable: there is none.
    """
    return meta.whole(number(meta.price))
