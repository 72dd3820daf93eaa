"""The last price at Polygon: the last trade, else a snapshot, else the close of the day before.

Each is in fewer plans than the next; the time says how old a price is.
"""

import msgspec
from msgspec import Struct, field

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable, number, whole
from adapters_out.provider_kit.provider import LastPrice, PriceEndpoint
from adapters_out.providers.polygon.answers import NAME, is_pair, same_ticker, ticker_of
from domain.errors import NotEntitled, NotListed
from domain.instrument import Instrument

_MS, _NS = 1000, 10**9
_Cell = str | float | int | None


def _priced(price: _Cell, stamp: _Cell, unit: int) -> LastPrice:
    """A price with its time in ``unit`` per second."""
    return LastPrice(number(price), None if stamp is None else whole(stamp) // unit)


def _unknown(instrument: Instrument) -> NotListed:
    return NotListed(f"{NAME} does not know {ticker_of(instrument)}.", provider=NAME)


class _Trade(Struct):
    """``T`` ticker, ``p`` price, ``t`` of the tape in ns."""

    price: _Cell = field(name="p", default=None)
    ts: _Cell = field(name="t", default=None)
    ticker: str | None = field(name="T", default=None)


class _Coin(Struct):
    """Of a pair; ``timestamp`` in ms."""

    price: _Cell
    timestamp: _Cell = None


class _Last(Struct):
    """Stocks have ``results``, pairs have ``last``."""

    results: _Trade | None = None
    last: _Coin | None = None


def _ask_last(instrument: Instrument) -> Call:
    if is_pair(instrument):
        return Call(f"/v1/last/crypto/{instrument.base}/{instrument.quote}")
    return Call(f"/v2/last/trade/{ticker_of(instrument)}")


def _read_last(reply: Reply, instrument: Instrument) -> LastPrice:
    answer = msgspec.json.decode(reply.body, type=_Last)
    if answer.last is not None:
        return _priced(answer.last.price, answer.last.timestamp, _MS)
    if answer.results is None:
        raise Unreadable("it holds no trade")
    same_ticker(answer.results.ticker, instrument)
    return _priced(answer.results.price, answer.results.ts, _NS)


class _Minute(Struct):
    """The newest minute of a snapshot; ``t`` in ms."""

    close: _Cell = field(name="c", default=None)
    ts: _Cell = field(name="t", default=None)


class _Stock(Struct):
    """The trade is absent in plans without trades; all is zero before the open."""

    ticker: str
    trade: _Trade | None = field(name="lastTrade", default=None)
    minute: _Minute | None = field(name="min", default=None)


class _Traded(Struct):
    price: _Cell = None
    sip_timestamp: _Cell = None
    last_updated: _Cell = None  # ns, as the other


class _LastMinute(Struct):
    close: _Cell = None
    last_updated: _Cell = None


class _Asset(Struct):
    """A row of the snapshot of anything: errors are rows as well, under status 200."""

    ticker: str
    error: str | None = None
    message: str = ""
    last_trade: _Traded | None = None
    last_minute: _LastMinute | None = None


class _Snapshot(Struct):
    """One stock, or a list of anything."""

    ticker: _Stock | None = None
    results: list[_Asset] = field(default_factory=list)


def _ask_snapshot(instrument: Instrument) -> Call:
    ticker = ticker_of(instrument)
    if is_pair(instrument):
        return Call("/v3/snapshot", {"ticker.any_of": ticker})
    return Call(f"/v2/snapshot/locale/us/markets/stocks/tickers/{ticker}")


def _read_snapshot(reply: Reply, instrument: Instrument) -> LastPrice:
    answer = msgspec.json.decode(reply.body, type=_Snapshot)
    if answer.ticker is not None:
        return _of_stock(answer.ticker, instrument)
    row = next((row for row in answer.results if row.ticker == ticker_of(instrument)), None)
    if row is None:
        raise Unreadable("it says nothing about what was asked")
    return _of_asset(row, instrument)


def _of_stock(stock: _Stock, instrument: Instrument) -> LastPrice:
    same_ticker(stock.ticker, instrument)
    if stock.trade is not None and stock.trade.price:
        return _priced(stock.trade.price, stock.trade.ts, _NS)
    if stock.minute is not None and stock.minute.close:
        return _priced(stock.minute.close, stock.minute.ts, _MS)
    raise NotEntitled(f"{NAME} has no price in its snapshot before the open.", provider=NAME)


def _of_asset(row: _Asset, instrument: Instrument) -> LastPrice:
    if row.error is not None:
        if row.error == "NOT_FOUND":
            raise _unknown(instrument)
        raise NotEntitled(f"{NAME} says: {row.message[:80]}", provider=NAME)
    if row.last_trade is not None:
        trade = row.last_trade
        return _priced(trade.price, trade.sip_timestamp or trade.last_updated, _NS)
    if row.last_minute is not None:
        return _priced(row.last_minute.close, row.last_minute.last_updated, _NS)
    raise Unreadable("its snapshot has no price")


class _Day(Struct):
    """The end of a day of New York, 16:00 there, or of UTC, in ms."""

    close: _Cell = field(name="c")
    ts: _Cell = field(name="t")
    ticker: str | None = field(name="T", default=None)


class _Previous(Struct):
    count: int | None = field(name="resultsCount", default=None)
    results: list[_Day] = field(default_factory=list)


def _ask_previous(instrument: Instrument) -> Call:
    return Call(f"/v2/aggs/ticker/{ticker_of(instrument)}/prev", {"adjusted": "false"})


def _read_previous(reply: Reply, instrument: Instrument) -> LastPrice:
    answer = msgspec.json.decode(reply.body, type=_Previous)
    if not answer.results and answer.count == 0:
        raise _unknown(instrument)
    (day,) = answer.results
    same_ticker(day.ticker, instrument)
    return _priced(day.close, day.ts, _MS)


PREVIOUS_CLOSE = PriceEndpoint(ask=_ask_previous, read=_read_previous)
SNAPSHOT = PriceEndpoint(ask=_ask_snapshot, read=_read_snapshot, instead=PREVIOUS_CLOSE)
LAST_TRADE = PriceEndpoint(ask=_ask_last, read=_read_last, instead=SNAPSHOT)
