"""Binance spot, REST version 3 (binance-spot-api-docs, state of 2026-07-21).

Limits are per IP and in weight; market data needs no key. A bar without trades is a flat row, so
a missing row is an outage of the exchange.
"""

import re

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults, retry_after
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.moments import ns_of_stamp
from adapters_out.provider_kit.provider import (
    Auth,
    BarsEndpoint,
    LastPrice,
    ListingsEndpoint,
    ListingsPart,
    PriceEndpoint,
    Provider,
    TicksEndpoint,
    TicksPart,
    header_usage,
)
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from domain.coverage import GapReason
from domain.errors import AccessDenied, Banned, NotListed, ProviderUnavailable, RateLimited
from domain.instrument import AssetClass, Instrument, Listing
from domain.interval import Interval
from domain.provider import BarsAsk, Capabilities, Capability, ProviderPolicy, Window
from domain.ticks import Quote, Side, Stamp, TicksAsk, Trade

_NAME = "binance"
_PAGE = 1000
_MIB = 1024 * 1024
_LONGEST_ERROR = 4096
_LONGEST_SYMBOL = 20
_NS_PER_MS = 1_000_000
# Case matters: 1m is a minute, 1M a month.
_SPELLING = {i: i.value for i in Interval} | {Interval.MO1: "1M"}
# A row is open time, o, h, l, c, base volume, close time, quote volume, trades and more. Times
# are milliseconds; microseconds if a header asks for them, and in the bulk files since 2025.
_KLINE = Layout(ts=0, open=1, high=2, low=3, close=4, volume=5, trades=8, unit=0)


def _symbol(instrument: Instrument) -> str:
    """Raise NotListed where Binance would only complain about illegal characters (-1100)."""
    symbol = instrument.base + instrument.quote
    if len(symbol) > _LONGEST_SYMBOL:
        message = f"binance has no symbols of more than {_LONGEST_SYMBOL} characters."
        raise NotListed(message, provider=_NAME)
    return symbol


def _ask_bars(ask: BarsAsk) -> Call:
    params: dict[str, str | int] = {
        "symbol": _symbol(ask.instrument),
        "interval": _SPELLING[ask.interval],
        "startTime": ask.range.start * 1000,
        "endTime": ask.range.end * 1000 - 1,  # both ends are inclusive on the open time
        "limit": _PAGE,
    }
    return Call("/api/v3/klines", params, weight=2)


def _read_bars(reply: Reply, _: BarsAsk) -> Sheet:
    return sheet_of_rows(reply.body, _KLINE)


class _Ticker(Struct):
    symbol: str
    price: str


def _ask_price(instrument: Instrument) -> Call:
    return Call("/api/v3/ticker/price", {"symbol": _symbol(instrument)}, weight=2)


def _read_price(reply: Reply, instrument: Instrument) -> LastPrice:
    ticker = msgspec.json.decode(reply.body, type=_Ticker)
    if ticker.symbol != _symbol(instrument):
        raise Unreadable(f"the price is of {ticker.symbol[:20]}")
    return LastPrice(number(ticker.price))


class _Aggregate(Struct):
    """What one order took at one price: this is what Binance can be asked for by time.

    ``m``: the buyer was the maker, so the taker sold.
    """

    id: int = msgspec.field(name="a")
    price: str = msgspec.field(name="p")
    size: str = msgspec.field(name="q")
    time: int = msgspec.field(name="T")
    sold: bool = msgspec.field(name="m")

    def trade(self) -> Trade:
        """As ours."""
        return Trade(
            ts_ns=ns_of_stamp(self.time),
            price=number(self.price),
            size=number(self.size),
            id=str(self.id),
            side=Side.SELL if self.sold else Side.BUY,
        )


def _ask_trades(ask: TicksAsk) -> Call:
    """Forward from the start, or else the newest before the end (inclusive, in ms)."""
    limit = min(ask.limit, _PAGE)
    params: dict[str, str | int] = {"symbol": _symbol(ask.instrument), "limit": limit}
    if ask.start_ns is not None and not ask.newest:
        params["startTime"] = ask.start_ns // _NS_PER_MS
    elif ask.end_ns is not None:
        params["endTime"] = (ask.end_ns - 1) // _NS_PER_MS
    return Call("/api/v3/aggTrades", params, weight=4)


def _read_trades(reply: Reply, ask: TicksAsk) -> TicksPart:
    """Pages follow by id, of which there are no holes; times must not be sent with one."""
    rows = msgspec.json.decode(reply.body, type=list[_Aggregate])
    ticks = [row.trade() for row in rows]
    if len(rows) < min(ask.limit, _PAGE):
        return TicksPart(ticks)
    if ask.newest:
        older = rows[0].id > 0 and (ask.start_ns or 0) <= ticks[0].ts_ns
        return TicksPart(ticks, _from_id(ask, max(0, rows[0].id - _PAGE)) if older else None)
    newer = ask.end_ns is None or ticks[-1].ts_ns < ask.end_ns
    return TicksPart(ticks, _from_id(ask, rows[-1].id + 1) if newer else None)


def _from_id(ask: TicksAsk, first: int) -> Call:
    symbol = _symbol(ask.instrument)
    return Call("/api/v3/aggTrades", {"symbol": symbol, "fromId": first, "limit": _PAGE}, weight=4)


class _Book(Struct):
    bid_price: str = msgspec.field(name="bidPrice")
    bid_size: str = msgspec.field(name="bidQty")
    ask_price: str = msgspec.field(name="askPrice")
    ask_size: str = msgspec.field(name="askQty")


def _ask_quotes(ask: TicksAsk) -> Call:
    return Call("/api/v3/ticker/bookTicker", {"symbol": _symbol(ask.instrument)}, weight=2)


def _read_quotes(reply: Reply, _: TicksAsk) -> TicksPart:
    """The book of now, without a time; an empty side has the price 0."""
    book = msgspec.json.decode(reply.body, type=_Book)
    bid, ask = number(book.bid_price), number(book.ask_price)
    quote = Quote(
        ts_ns=reply.received_ns,
        stamp=Stamp.RECEIPT,
        bid_price=bid or None,
        bid_size=number(book.bid_size) if bid else None,
        ask_price=ask or None,
        ask_size=number(book.ask_size) if ask else None,
    )
    return TicksPart([quote])


class _Symbol(Struct):
    symbol: str
    status: str
    base: str = msgspec.field(name="baseAsset")
    quote: str = msgspec.field(name="quoteAsset")


class _ExchangeInfo(Struct):
    symbols: list[_Symbol]


def _ask_listings() -> Call:
    return Call("/api/v3/exchangeInfo", weight=20, max_bytes=48 * _MIB)


def _read_listings(reply: Reply) -> ListingsPart:
    info = msgspec.json.decode(reply.body, type=_ExchangeInfo)
    return ListingsPart(
        [
            Listing(_NAME, s.symbol, Instrument.pair(s.base, s.quote), s.status == "TRADING")
            for s in info.symbols
        ]
    )


class _Error(Struct):
    """Lists answer with an array, so an object with a code is an error; 451 has the code 0."""

    code: int | None = None
    msg: str = ""


def _complaint(reply: Reply) -> Complaint | None:
    if len(reply.body) > _LONGEST_ERROR or not reply.body.lstrip().startswith(b"{"):
        return None
    error = msgspec.json.decode(reply.body, type=_Error)
    return None if error.code is None else Complaint(str(error.code), error.msg)


_UNTIL = re.compile(rb"until (\d{13})\b")


def _retry_at(reply: Reply) -> float | None:
    """The later of ``Retry-After`` and "banned until <ms>": calling too early prolongs a ban."""
    named = _UNTIL.search(reply.body[:1000])
    stamps = [retry_after(reply), int(named[1]) / 1000 if named else None]
    return max((s for s in stamps if s is not None), default=None)


_FAULTS = Faults(
    complaint=_complaint,
    retry_at=_retry_at,
    rules=(
        FaultRule(Banned, "has banned us", codes=("-1003",), text="banned until"),
        FaultRule(Banned, "has banned us", statuses=(418,)),
        FaultRule(RateLimited, "limits our rate", codes=("-1003", "-1015")),
        FaultRule(NotListed, "does not list the symbol", codes=("-1121",)),
        FaultRule(AccessDenied, "does not accept the key", codes=("-2014", "-2015")),
        FaultRule(
            ProviderUnavailable,
            "is unavailable",
            codes=("-1000", "-1001", "-1006", "-1007", "-1008", "-1016"),
        ),
    ),
)

PROVIDER = Provider(
    name=_NAME,
    base_url="https://api.binance.com",
    policy=ProviderPolicy(
        rps=10.0,
        # 6,000 a minute by the clock; it asks to slow down at four fifths.
        windows=(Window(4_800, 60, calendar=True),),
        max_body_bytes=4 * _MIB,
    ),
    capabilities=Capabilities(
        offers=frozenset(
            {
                *(Capability.BARS, Capability.PRICE, Capability.INSTRUMENTS),
                *(Capability.TRADES, Capability.QUOTES),
            }
        ),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=tuple(Interval),
        holes=GapReason.PROVIDER_OUTAGE,
        page_bars=_PAGE,
    ),
    auth=Auth(header="X-MBX-APIKEY", required=False),
    faults=_FAULTS,
    usage=header_usage("x-mbx-used-weight-1m", 60),
    spell=_symbol,
    bars=BarsEndpoint(ask=_ask_bars, read=_read_bars, rules=PageRules(full_rows=_PAGE)),
    price=PriceEndpoint(ask=_ask_price, read=_read_price),
    listings=ListingsEndpoint(ask=_ask_listings, read=_read_listings),
    trades=TicksEndpoint(ask=_ask_trades, read=_read_trades),
    quotes=TicksEndpoint(ask=_ask_quotes, read=_read_quotes, live=True),
    ping=Call("/api/v3/ping"),
)
