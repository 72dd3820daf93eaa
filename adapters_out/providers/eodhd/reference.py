"""What EODHD knows of a symbol: its last price, its splits and dividends, its name in a list."""

import calendar
import re
from collections.abc import Sequence
from datetime import date

import msgspec
from msgspec import Raw, Struct, field

from adapters_out.provider_kit.calls import MIB, Call, Question, Reply
from adapters_out.provider_kit.cells import Unreadable, number, whole
from adapters_out.provider_kit.provider import (
    ActionsEndpoint,
    ActionsPart,
    LastPrice,
    ListingsEndpoint,
    ListingsPart,
    PriceEndpoint,
)
from adapters_out.providers.eodhd.spelling import NAME, is_pair, pair_of, stock_of, symbol_of
from domain.actions import ActionKind, CorporateAction
from domain.errors import CallRefused, NotListed
from domain.instrument import Instrument, Listing

_ABSENT = "NA"
_COINS = "CC"
_RATIO = re.compile(r"(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)")
_Cell = str | float | int | None


class _Quote(Struct):
    """Without data every value is the text NA, under status 200.

    The previous close is a number all the same where the symbol is known.
    """

    code: str
    close: _Cell = None
    timestamp: _Cell = None
    previous: _Cell = field(name="previousClose", default=None)


def _ask_price(instrument: Instrument) -> Call:
    return Call(f"/real-time/{symbol_of(instrument)}", {"fmt": "json"})


def _read_price(reply: Reply, instrument: Instrument) -> LastPrice:
    """One is an object, several are a list. Stocks are a quarter of an hour old: see the time."""
    answer = msgspec.json.decode(reply.body, type=_Quote | list[_Quote])
    symbol = symbol_of(instrument)
    quotes = answer if isinstance(answer, list) else [answer]
    quote = next((quote for quote in quotes if quote.code == symbol), None)
    if quote is None:
        raise Unreadable("it says nothing about what was asked")
    if quote.close == _ABSENT and quote.previous not in {None, _ABSENT}:
        raise CallRefused(f"{NAME} has no price of {symbol} at the moment.", provider=NAME)
    if quote.close == _ABSENT:
        raise NotListed(f"{NAME} has no price of {symbol}.", provider=NAME)
    ts = None if quote.timestamp in {None, _ABSENT} else whole(quote.timestamp)
    return LastPrice(number(quote.close), ts)


class _Symbol(Struct, rename="pascal"):
    """The ``exchange`` is the one where it trades: NASDAQ, or CC for coins."""

    code: str
    exchange: str

    def listing(self) -> Listing | None:
        """As ours; None for what has no name of ours."""
        is_coin = self.exchange == _COINS
        instrument = pair_of(self.code) if is_coin else stock_of(self.code)
        symbol = f"{self.code}.{_COINS if is_coin else 'US'}"
        return None if instrument is None else Listing(NAME, symbol, instrument)


def _list_of(exchange: str) -> Call:
    return Call(f"/exchange-symbol-list/{exchange}", {"fmt": "json"}, max_bytes=32 * MIB)


def _read_listings(reply: Reply) -> ListingsPart:
    """Stocks of the US first, then coins."""
    symbols = msgspec.json.decode(reply.body, type=list[_Symbol])
    is_last = not symbols or symbols[-1].exchange == _COINS
    found = (symbol.listing() for symbol in symbols)
    return ListingsPart(
        [listing for listing in found if listing is not None],
        None if is_last else _list_of(_COINS),
    )


class _Split(Struct):
    """``split`` is new shares to old ones: ``4.000000/1.000000``."""

    date: date
    split: str

    def action(self) -> CorporateAction:
        """In our words."""
        found = _RATIO.fullmatch(self.split)
        new, old = (number(part) for part in found.groups()) if found else (0.0, 0.0)
        if not new or not old:
            raise Unreadable("its split has no ratio")
        return CorporateAction(_day(self.date), ActionKind.SPLIT, ratio=new / old)


class _Dividend(Struct):
    """The ``value`` is adjusted for later splits, the unadjusted one is what was declared."""

    date: date
    amount: str | float = field(name="unadjustedValue")
    currency: str | None = None

    def action(self) -> CorporateAction:
        """In our words."""
        ex_date, amount = _day(self.date), number(self.amount)
        currency = self.currency or "USD"
        return CorporateAction(ex_date, ActionKind.DIVIDEND, amount=amount, currency=currency)


def _day(day: date) -> int:
    return calendar.timegm(day.timetuple())


def _ask_actions(instrument: Instrument) -> Sequence[Question]:
    if is_pair(instrument):
        return ()
    return [Call(f"/{kind}/{symbol_of(instrument)}", {"fmt": "json"}) for kind in ("splits", "div")]


def _read_actions(reply: Reply, _: Instrument) -> ActionsPart:
    rows = msgspec.json.decode(reply.body, type=list[Raw])
    return ActionsPart([_action(row) for row in rows])


def _action(row: Raw) -> CorporateAction:
    if b'"split"' in bytes(row):
        return msgspec.json.decode(row, type=_Split).action()
    return msgspec.json.decode(row, type=_Dividend).action()


PRICE = PriceEndpoint(ask=_ask_price, read=_read_price)
LISTINGS = ListingsEndpoint(ask=lambda: _list_of("US"), read=_read_listings)
ACTIONS = ActionsEndpoint(questions=_ask_actions, read=_read_actions)
