"""Coinbase Exchange, the order books of api.exchange.coinbase.com (docs.cdp.coinbase.com, 2026).

Not Advanced Trade, which has other names and objects. Market data needs no key, but a
``User-Agent``, which the kit sends. A bar without trades is left out. Its dollar is the dollar.
"""

from collections.abc import Generator
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults
from adapters_out.provider_kit.id_search import Places, search_id
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.moments import ns_of_iso
from adapters_out.provider_kit.provider import (
    BarsEndpoint,
    LastPrice,
    ListingsEndpoint,
    ListingsPart,
    PriceEndpoint,
    Provider,
    TicksEndpoint,
    TicksPart,
    first_bars,
)
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from domain.coverage import GapReason
from domain.errors import NotListed
from domain.instrument import AssetClass, Instrument, Listing
from domain.interval import Interval
from domain.provider import BarsAsk, Capabilities, Capability, ProviderPolicy
from domain.ticks import Quote, Side, Stamp, TicksAsk, Trade

_NAME = "coinbase"
_PAGE = 300
_TRADES = 1000
_MIB = 1024 * 1024
_LONGEST_ERROR = 4096
# No four hours and no weeks: any other granularity is refused.
_INTERVALS = (Interval.M1, Interval.M5, Interval.M15, Interval.H1, Interval.H6, Interval.D1)
# A row is time, LOW, HIGH, open, close, volume; newest first.
_CANDLE = Layout(ts=0, low=1, high=2, open=3, close=4, volume=5)


def _product(instrument: Instrument) -> str:
    return f"{instrument.base}-{instrument.quote}"


def _iso(ts: int) -> str:
    return datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ask_bars(ask: BarsAsk) -> Call:
    last = ask.interval.shift(ask.range.end, -1)
    params: dict[str, str | int] = {
        "granularity": ask.interval.seconds,
        "start": _iso(ask.range.start),  # both ends are inclusive on the open time
        "end": _iso(last),
    }
    return Call(f"/products/{_product(ask.instrument)}/candles", params)


def _read_bars(reply: Reply, ask: BarsAsk) -> Sheet:
    """Rows before the start may come as well, says Coinbase; one after the end is no answer."""
    sheet = sheet_of_rows(reply.body, _CANDLE)
    if len(sheet) and int(sheet.ts.max()) >= ask.range.end:
        raise Unreadable("its rows go on after the end that was asked")
    return sheet


class _Ticker(Struct):
    """``time`` is that of the last trade, to the microsecond."""

    price: str | float
    time: datetime | None = None


def _ask_price(instrument: Instrument) -> Call:
    return Call(f"/products/{_product(instrument)}/ticker")


def _read_price(reply: Reply, _: Instrument) -> LastPrice:
    ticker = msgspec.json.decode(reply.body, type=_Ticker)
    if ticker.time is not None and ticker.time.tzinfo is None:
        raise Unreadable("the time of its price names no zone")
    ts = None if ticker.time is None else int(ticker.time.timestamp())
    return LastPrice(number(ticker.price), ts)


class _Match(Struct):
    """One trade; ``side`` is the MAKER's, so the taker did the opposite."""

    trade_id: int
    side: Side
    price: str | float
    size: str | float
    time: str

    def trade(self) -> Trade:
        """As ours."""
        return Trade(
            ts_ns=ns_of_iso(self.time),
            price=number(self.price),
            size=number(self.size),
            id=str(self.trade_id),
            side=Side.BUY if self.side is Side.SELL else Side.SELL,
        )


def _matches(instrument: Instrument, before: int | None, limit: int = _TRADES) -> Call:
    """The newest trades below an id (``after`` means later in the list, which is older)."""
    cursor = {} if before is None else {"after": before}
    return Call(f"/products/{_product(instrument)}/trades", {"limit": limit, **cursor})


def _ask_trades(ask: TicksAsk) -> Question:
    if ask.newest and ask.end_ns is None:
        return _matches(ask.instrument, None, min(ask.limit, _TRADES))
    return _look_up(ask)


def _look_up(ask: TicksAsk) -> Generator[Call, Reply, Call]:
    """It cannot be asked by time: find the id at which to begin."""
    target = ask.end_ns if ask.newest else ask.start_ns
    name = yield from search_id(
        target or 0, lambda before: _matches(ask.instrument, before), _places, _TRADES
    )
    return _matches(ask.instrument, name if ask.newest else name + _TRADES)


def _places(reply: Reply) -> Places:
    rows = msgspec.json.decode(reply.body, type=list[_Match])
    return [(row.trade_id, ns_of_iso(row.time)) for row in reversed(rows)]


def _read_trades(reply: Reply, ask: TicksAsk) -> TicksPart:
    """Ids have no holes: a thousand more from there, or before there."""
    rows = msgspec.json.decode(reply.body, type=list[_Match])
    ticks = [row.trade() for row in rows]  # newest first
    if not rows:
        return TicksPart(ticks)
    if ask.newest:
        older = rows[-1].trade_id > 1 and (ask.start_ns or 0) <= ticks[-1].ts_ns
        return TicksPart(ticks, _matches(ask.instrument, rows[-1].trade_id) if older else None)
    newer = ask.end_ns is None or ticks[0].ts_ns < ask.end_ns
    following = _matches(ask.instrument, rows[0].trade_id + 1 + _TRADES)
    return TicksPart(ticks, following if newer else None)


class _Top(Struct):
    """The book's top in a ticker; its ``time`` is that of the last trade, not of the quote."""

    bid: str | float | None = None
    ask: str | float | None = None


def _read_quotes(reply: Reply, _: TicksAsk) -> TicksPart:
    """The book of now: sizes and time are not sent."""
    top = msgspec.json.decode(reply.body, type=_Top)
    bid, ask = (None if p is None else number(p) or None for p in (top.bid, top.ask))
    moment = reply.received_ns
    return TicksPart([Quote(ts_ns=moment, stamp=Stamp.RECEIPT, bid_price=bid, ask_price=ask)])


class _Product(Struct):
    id: str
    base_currency: str
    quote_currency: str
    status: str = "online"
    trading_disabled: bool = False

    @property
    def trades(self) -> bool:
        """Whether it is traded now."""
        return self.status == "online" and not self.trading_disabled


def _read_listings(reply: Reply) -> ListingsPart:
    products = msgspec.json.decode(reply.body, type=list[_Product])
    return ListingsPart(
        [
            Listing(_NAME, p.id, Instrument.pair(p.base_currency, p.quote_currency), p.trades)
            for p in products
        ]
    )


class _Error(Struct):
    """All that it says is a sentence; data never has a ``message``."""

    message: str | None = None


def _complaint(reply: Reply) -> Complaint | None:
    if len(reply.body) > _LONGEST_ERROR or not reply.body.lstrip().startswith(b"{"):
        return None
    said = msgspec.json.decode(reply.body, type=_Error).message
    return None if said is None else Complaint(text=said)


_FAULTS = Faults(
    complaint=_complaint,
    rules=(FaultRule(NotListed, "does not list the product", statuses=(404,), text="notfound"),),
)

PROVIDER = Provider(
    name=_NAME,
    base_url="https://api.exchange.coinbase.com",
    policy=ProviderPolicy(rps=10.0, max_body_bytes=4 * _MIB),
    capabilities=Capabilities(
        offers=frozenset(
            {
                *(Capability.BARS, Capability.PRICE, Capability.INSTRUMENTS),
                *(Capability.TRADES, Capability.QUOTES),
            }
        ),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=_INTERVALS,
        holes=GapReason.NO_TRADES,
        page_bars=_PAGE,
    ),
    faults=_FAULTS,
    spell=_product,
    bars=BarsEndpoint(
        ask=_ask_bars,
        read=_read_bars,
        page=first_bars(_PAGE),  # it refuses to answer for more
        rules=PageRules(bounded=False),
    ),
    price=PriceEndpoint(ask=_ask_price, read=_read_price),
    listings=ListingsEndpoint(ask=lambda: Call("/products"), read=_read_listings),
    trades=TicksEndpoint(ask=_ask_trades, read=_read_trades),
    quotes=TicksEndpoint(ask=lambda ask: _ask_price(ask.instrument), read=_read_quotes, live=True),
    ping=Call("/time"),
)
