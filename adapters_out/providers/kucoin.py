"""KuCoin spot, REST (docs of kucoin.com and kucoin-universal-sdk, state of 2025-11).

Errors may come with HTTP 200: the code decides. Limits are per IP and in weight; market data
needs no key. A bar without trades is left out.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import number
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults, retry_after
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.moments import ns_of_stamp
from adapters_out.provider_kit.provider import (
    BarsEndpoint,
    LastPrice,
    ListingsEndpoint,
    ListingsPart,
    PriceEndpoint,
    Provider,
    TicksEndpoint,
    TicksPart,
    Usage,
    first_bars,
)
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from domain.coverage import GapReason
from domain.errors import AccessDenied, NotListed, ProviderUnavailable, RateLimited
from domain.instrument import AssetClass, Instrument, Listing
from domain.interval import Interval
from domain.provider import BarsAsk, Capabilities, Capability, ProviderPolicy, Window
from domain.ticks import Quote, Side, Stamp, TicksAsk, Trade

_NAME = "kucoin"
_PAGE = 1500
_POOL_S = 30
_TOO_MANY = 429
_HEAVIEST, _DIGITS = 4, 12  # of our calls; of a number in a header
# Weeks open on Thursday (Kucoin/kucoin-api-docs#350), months are unchecked: none of them here.
_UNITS = {"m": "min", "h": "hour", "d": "day"}
_SPELLING = {i: i.value[:-1] + _UNITS[i.value[-1]] for i in Interval if i.value[-1] in _UNITS}
# A coin that was renamed keeps its symbol.
_THEIRS = {"BSV": "BCHSV"}
_OURS = {theirs: ours for ours, theirs in _THEIRS.items()}
# A row is time, open, CLOSE, HIGH, LOW, base volume, turnover, all strings; newest first.
_CANDLE = Layout(ts=0, open=1, close=2, high=3, low=4, volume=5)


def _symbol(instrument: Instrument) -> str:
    return "-".join(_THEIRS.get(code, code) for code in (instrument.base, instrument.quote))


class _Answer(Struct):
    """Every body, data or not; the empty default makes missing data unreadable."""

    code: str
    msg: str = ""
    data: Raw = Raw()


def _data(reply: Reply) -> Raw:
    return msgspec.json.decode(reply.body, type=_Answer).data


def _ask_bars(ask: BarsAsk) -> Call:
    symbol, end = _symbol(ask.instrument), ask.range.end - 1  # right, whether inclusive or not
    params: dict[str, str | int] = {"symbol": symbol, "type": _SPELLING[ask.interval]}
    params |= {"startAt": ask.range.start, "endAt": end}
    return Call("/api/v1/market/candles", params, weight=3)


def _read_bars(reply: Reply, _: BarsAsk) -> Sheet:
    rows = _data(reply)
    if bytes(rows).startswith(b"{"):  # the newer family of calls wraps the same rows
        rows = msgspec.json.decode(rows, type=dict[str, Raw])["list"]
    return sheet_of_rows(rows, _CANDLE)


class _Ticker(Struct):
    """``time`` is in milliseconds."""

    price: str | float
    time: int | None = None


def _ask_price(instrument: Instrument) -> Call:
    return Call("/api/v1/market/orderbook/level1", {"symbol": _symbol(instrument)}, weight=2)


def _read_price(reply: Reply, instrument: Instrument) -> LastPrice:
    ticker = msgspec.json.decode(_data(reply), type=_Ticker | None)
    if ticker is None:  # with the code of success
        raise NotListed(f"{_NAME} does not list {_symbol(instrument)}.", provider=_NAME)
    return LastPrice(number(ticker.price), None if ticker.time is None else ticker.time // 1000)


class _Match(Struct):
    """One trade; ``side`` is the taker's, ``time`` in nanoseconds."""

    sequence: str
    price: str
    size: str
    side: Side
    time: int

    def trade(self) -> Trade:
        """As ours."""
        price, size = number(self.price), number(self.size)
        return Trade(
            ts_ns=ns_of_stamp(self.time), price=price, size=size, id=self.sequence, side=self.side
        )


def _ask_trades(ask: TicksAsk) -> Call:
    return Call("/api/v1/market/histories", {"symbol": _symbol(ask.instrument)}, weight=3)


def _read_trades(reply: Reply, ask: TicksAsk) -> TicksPart:
    """The last hundred, whatever one asks: nothing is known of what came before them."""
    matches = msgspec.json.decode(_data(reply), type=list[_Match] | None)
    if matches is None:
        raise NotListed(f"{_NAME} does not list {_symbol(ask.instrument)}.", provider=_NAME)
    ticks = [match.trade() for match in matches]
    oldest = min((tick.ts_ns for tick in ticks), default=reply.received_ns)
    return TicksPart(ticks, known_from_ns=oldest + 1)


class _Book(Struct):
    """What is missing or null, or 0 for an empty side, is absent."""

    time: int | None = None
    bid: str | None = msgspec.field(name="bestBid", default=None)
    bid_size: str | None = msgspec.field(name="bestBidSize", default=None)
    ask: str | None = msgspec.field(name="bestAsk", default=None)
    ask_size: str | None = msgspec.field(name="bestAskSize", default=None)


def _read_quotes(reply: Reply, ask: TicksAsk) -> TicksPart:
    book = msgspec.json.decode(_data(reply), type=_Book | None)
    if book is None:
        raise NotListed(f"{_NAME} does not list {_symbol(ask.instrument)}.", provider=_NAME)
    bid, offer = _value(book.bid), _value(book.ask)
    quote = Quote(
        ts_ns=reply.received_ns if book.time is None else ns_of_stamp(book.time),
        stamp=Stamp.RECEIPT if book.time is None else Stamp.VENUE,
        bid_price=bid or None,
        bid_size=_value(book.bid_size) if bid else None,
        ask_price=offer or None,
        ask_size=_value(book.ask_size) if offer else None,
    )
    return TicksPart([quote])


def _value(text: str | None) -> float | None:
    return None if text is None else number(text)


class _Symbol(Struct):
    """Its ``name`` may be another after a renaming: the symbol is the key."""

    symbol: str
    trades: bool = msgspec.field(name="enableTrading", default=True)

    def listing(self) -> Listing:
        """As ours: the symbol, with today's code of a renamed coin in the instrument."""
        codes = (_OURS.get(code, code) for code in self.symbol.split("-"))
        return Listing(_NAME, self.symbol, Instrument.pair(*codes), self.trades)


def _read_listings(reply: Reply) -> ListingsPart:
    symbols = msgspec.json.decode(_data(reply), type=list[_Symbol])
    return ListingsPart([s.listing() for s in symbols if s.symbol.count("-") == 1])


def _told(reply: Reply, what: str) -> int | None:
    """What it tells of its window: ``limit`` and ``remaining`` weight, ``reset`` in ms from now."""
    text = reply.header(f"gw-ratelimit-{what}")
    return int(text) if text.isdecimal() and len(text) < _DIGITS else None


def _is_overloaded(reply: Reply) -> bool:
    """Too many requests while enough is left: the trouble is its own, and passes."""
    return (_told(reply, "remaining") or 0) >= _HEAVIEST


def _complaint(reply: Reply) -> Complaint | None:
    said = msgspec.json.decode(reply.body, type=_Answer)
    if said.code == "200000":
        return None
    overloaded = said.code == "429000" and _is_overloaded(reply)
    return Complaint("overloaded" if overloaded else said.code, said.msg)


def _retry_at(reply: Reply) -> float | None:
    """The end of the window, which every reply names: it matters if the window is the trouble."""
    reset = _told(reply, "reset")
    if reset is None or b"429000" not in reply.body or _is_overloaded(reply):
        return retry_after(reply)
    return reply.received_at + reset / 1000


def _usage(reply: Reply) -> Sequence[Usage]:
    """A refusal says nothing of what is left behind the end that it names."""
    if reply.status == _TOO_MANY:
        return ()
    limit, left = _told(reply, "limit"), _told(reply, "remaining")
    return () if limit is None or left is None else (Usage(_POOL_S, float(limit - left)),)


_FAULTS = Faults(
    complaint=_complaint,
    retry_at=_retry_at,
    rules=(
        FaultRule(NotListed, "does not list the pair", codes=("400000", "400600", "900001")),
        FaultRule(NotListed, "does not list the pair", codes=("400100",), text="trading pair"),
        FaultRule(AccessDenied, "does not serve this location", codes=("400302", "400500")),
        FaultRule(ProviderUnavailable, "is unavailable", codes=("overloaded", "408000", "500000")),
        FaultRule(RateLimited, "limits our rate", codes=("429000", "200002")),
    ),
)

PROVIDER = Provider(
    name=_NAME,
    base_url="https://api.kucoin.com",
    policy=ProviderPolicy(
        rps=20.0,
        windows=(Window(1_600, _POOL_S),),  # four fifths of 2,000, for others behind our address
        freeze_s=float(_POOL_S),
    ),
    capabilities=Capabilities(
        offers=frozenset(
            {
                *(Capability.BARS, Capability.PRICE, Capability.INSTRUMENTS),
                *(Capability.TRADES, Capability.QUOTES),
            }
        ),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=tuple(_SPELLING),
        holes=GapReason.NO_TRADES,
        page_bars=_PAGE,
    ),
    faults=_FAULTS,
    usage=_usage,
    # A range of more bars than a page loses its oldest silently.
    spell=_symbol,
    bars=BarsEndpoint(ask=_ask_bars, read=_read_bars, page=first_bars(_PAGE), rules=PageRules()),
    price=PriceEndpoint(ask=_ask_price, read=_read_price),
    listings=ListingsEndpoint(ask=lambda: Call("/api/v2/symbols", weight=4), read=_read_listings),
    trades=TicksEndpoint(ask=_ask_trades, read=_read_trades),
    quotes=TicksEndpoint(ask=lambda ask: _ask_price(ask.instrument), read=_read_quotes, live=True),
    ping=Call("/api/v1/timestamp", weight=3),
)
