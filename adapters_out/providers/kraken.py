"""Kraken spot, REST version 0 (docs.kraken.com, state of 2026).

Errors come with HTTP 200. It keeps 720 bars, whatever one asks. A bar without trades is a flat
row, so a missing row is an outage. Its weeks open on Thursday: they are not ours, so none here.
"""

import re

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.moments import ns_of_seconds
from adapters_out.provider_kit.provider import (
    BarsEndpoint,
    LastPrice,
    ListingsEndpoint,
    ListingsPart,
    PriceEndpoint,
    Provider,
    TicksEndpoint,
    TicksPart,
)
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from domain.coverage import GapReason
from domain.errors import NotListed, ProviderUnavailable, RateLimited
from domain.instrument import AssetClass, Instrument, Listing
from domain.interval import Interval
from domain.provider import BarsAsk, Capabilities, Capability, ProviderPolicy
from domain.ticks import Quote, Side, Stamp, TicksAsk, Trade

_NAME = "kraken"
_KEPT = 720
_TRADES = 1000
_STRETCH_NS = 60 * 10**9
_MIB = 1024 * 1024
_MINUTES = {
    Interval.M1: 1,
    Interval.M5: 5,
    Interval.M15: 15,
    Interval.M30: 30,
    Interval.H1: 60,
    Interval.H4: 240,
    Interval.D1: 1440,
}
_THEIRS = {"BTC": "XBT", "DOGE": "XDG"}
_OURS = {theirs: ours for ours, theirs in _THEIRS.items()}
_SIDES = {"b": Side.BUY, "s": Side.SELL}
# A row is time, o, h, l, c, VWAP (not volume), volume, trades.
_CANDLE = Layout(ts=0, open=1, high=2, low=3, close=4, vwap=5, volume=6, trades=7)


def _pair(instrument: Instrument) -> str:
    """The ``altname``, such as XBTUSDT: no look-up is needed."""
    return "".join(_THEIRS.get(code, code) for code in (instrument.base, instrument.quote))


class _Answer(Struct):
    """The values of ``result`` are keyed by Kraken's own names, not by what was asked."""

    error: list[str]
    result: dict[str, Raw] = msgspec.field(default_factory=dict)


def _ask_bars(ask: BarsAsk) -> Call:
    params: dict[str, str | int] = {
        "pair": _pair(ask.instrument),
        "interval": _MINUTES[ask.interval],
        "since": ask.range.start - ask.interval.seconds,  # exclusive
    }
    return Call("/0/public/OHLC", params)


# What an answer with bars and nothing else begins and ends with.
_HEAD = re.compile(rb'\{"error":\[\],"result":\{"[\w.]+":')
_TAIL = re.compile(rb',"last":(\d{1,18})\}\}')


def _read_bars(reply: Reply, _: BarsAsk) -> Sheet:
    rows, last = _rows(reply.body)
    sheet = sheet_of_rows(rows, _CANDLE)
    after_last = sheet.ts[sheet.ts > last]
    return replace(
        sheet,
        final_before=int(after_last.min()) if len(after_last) else None,
        kept_from=int(sheet.ts.min()) if len(sheet) >= _KEPT else None,
    )


def _rows(body: bytes) -> tuple[bytes | Raw, int]:
    """The rows as they came, and ``last``; without a walk through all of them, as a rule."""
    start, end = body.find(b"[["), body.rfind(b"]]") + 2
    tail = _TAIL.fullmatch(body, max(start, end))
    if tail and _HEAD.fullmatch(body, 0, max(start, 0)):
        return body[start:end], int(tail[1])
    result = msgspec.json.decode(body, type=_Answer).result
    last = msgspec.json.decode(result.pop("last"), type=int)
    (rows,) = result.values()
    return rows, last


class _Row(Struct, array_like=True):
    """A trade; its time is a number with up to nine decimals, which no float may touch."""

    price: str
    size: str
    time: Raw
    side: str
    kind: str = ""
    misc: str = ""
    id: int | None = None

    def trade(self) -> Trade:
        """As ours; the side is the taker's."""
        if self.side not in _SIDES:
            raise Unreadable(f"{self.side[:10]!r} is no side of a trade")
        return Trade(
            ts_ns=ns_of_seconds(bytes(self.time).decode().strip('"')),
            price=number(self.price),
            size=number(self.size),
            id="" if self.id is None else str(self.id),
            side=_SIDES[self.side],
        )


def _since(ask: TicksAsk) -> int | None:
    """Where to begin: Kraken goes forward only, or tells the newest.

    Before an end without a start, a minute is looked through.
    """
    if ask.start_ns is not None:
        return ask.start_ns
    return None if ask.end_ns is None else ask.end_ns - _STRETCH_NS


def _ask_trades(ask: TicksAsk) -> Call:
    since = _since(ask)
    count = min(ask.limit, _TRADES) if since is None else _TRADES
    params: dict[str, str | int] = {"pair": _pair(ask.instrument), "count": count}
    if since is not None:
        params["since"] = since - 1  # exclusive
    return Call("/0/public/Trades", params)


def _read_trades(reply: Reply, ask: TicksAsk) -> TicksPart:
    """``last`` is where the next page begins, in ns, and the only exact time."""
    result = msgspec.json.decode(reply.body, type=_Answer).result
    last = msgspec.json.decode(result.pop("last"), type=str)
    (raw,) = result.values()
    ticks = [row.trade() for row in msgspec.json.decode(raw, type=list[_Row])]
    since = _since(ask)
    if since is None:
        return TicksPart(ticks, known_from_ns=ticks[0].ts_ns + 1 if ticks else reply.received_ns)
    full = len(ticks) >= _TRADES and (ask.end_ns is None or ticks[-1].ts_ns < ask.end_ns)
    pair = _pair(ask.instrument)
    more = Call("/0/public/Trades", {"pair": pair, "count": _TRADES, "since": last})
    return TicksPart(ticks, more if full else None, known_from_ns=since)


class _Book(Struct):
    """Price first, size last; of old two values, now three."""

    bid: tuple[str, ...] = msgspec.field(name="b")
    ask: tuple[str, ...] = msgspec.field(name="a")


def _read_quotes(reply: Reply, _: TicksAsk) -> TicksPart:
    """The book of now, without a time."""
    result = msgspec.json.decode(reply.body, type=_Answer).result
    if len(result) != 1:
        raise Unreadable("it holds not one quote")
    (raw,) = result.values()
    book = msgspec.json.decode(raw, type=_Book)
    bid, ask = number(book.bid[0]), number(book.ask[0])
    quote = Quote(
        ts_ns=reply.received_ns,
        stamp=Stamp.RECEIPT,
        bid_price=bid or None,
        bid_size=number(book.bid[-1]) if bid else None,
        ask_price=ask or None,
        ask_size=number(book.ask[-1]) if ask else None,
    )
    return TicksPart([quote])


class _Ticker(Struct):
    last: tuple[str, str] = msgspec.field(name="c")


def _ask_price(instrument: Instrument) -> Call:
    return Call("/0/public/Ticker", {"pair": _pair(instrument)})


def _read_price(reply: Reply, _: Instrument) -> LastPrice:
    result = msgspec.json.decode(reply.body, type=_Answer).result
    if len(result) != 1:
        raise Unreadable("it holds not one price")
    (ticker,) = result.values()
    return LastPrice(number(msgspec.json.decode(ticker, type=_Ticker).last[0]))


class _AssetPair(Struct):
    """``wsname`` is ``XBT/USDT``: the only name that tells base from quote."""

    altname: str
    wsname: str = ""
    status: str = "online"


def _read_listings(reply: Reply) -> ListingsPart:
    result = msgspec.json.decode(reply.body, type=_Answer).result
    pairs = [msgspec.json.decode(raw, type=_AssetPair) for raw in result.values()]
    return ListingsPart([_listing(pair) for pair in pairs if pair.wsname.count("/") == 1])


def _listing(pair: _AssetPair) -> Listing:
    base, quote = (_OURS.get(code, code) for code in pair.wsname.split("/"))
    return Listing(_NAME, pair.altname, Instrument.pair(base, quote), pair.status == "online")


def _complaint(reply: Reply) -> Complaint | None:
    """The first error; what begins with W is a warning."""
    if reply.body.startswith(b'{"error":[],'):
        return None
    said = msgspec.json.decode(reply.body, type=_Answer).error
    errors = [text for text in said if not text.startswith("W")]
    return Complaint(errors[0], "; ".join(errors[1:])) if errors else None


_UNKNOWN = ("EQuery:Unknown asset", "EQuery:Invalid asset pair")
_TOO_MANY = ("EGeneral:Too many requests", "EAPI:Rate limit exceeded")
_LOCKOUT = "EGeneral:Temporary lockout"
_FAULTS = Faults(
    complaint=_complaint,
    rules=(
        FaultRule(NotListed, "does not list the pair", codes=_UNKNOWN),
        FaultRule(RateLimited, "has locked us out", codes=(_LOCKOUT,), pause_s=900.0),
        FaultRule(RateLimited, "limits our rate", codes=_TOO_MANY),
        FaultRule(ProviderUnavailable, "is unavailable", codes=("EService:", "EGeneral:Internal")),
    ),
)

PROVIDER = Provider(
    name=_NAME,
    base_url="https://api.kraken.com",
    policy=ProviderPolicy(rps=1.0, concurrency=4, freeze_s=15.0, max_body_bytes=4 * _MIB),
    capabilities=Capabilities(
        offers=frozenset(
            {
                *(Capability.BARS, Capability.PRICE, Capability.INSTRUMENTS),
                *(Capability.TRADES, Capability.QUOTES),
            }
        ),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=tuple(_MINUTES),
        history_bars=_KEPT,
        holes=GapReason.PROVIDER_OUTAGE,
        page_bars=_KEPT,
    ),
    faults=_FAULTS,
    spell=_pair,
    bars=BarsEndpoint(ask=_ask_bars, read=_read_bars, rules=PageRules(bounded=False)),
    price=PriceEndpoint(ask=_ask_price, read=_read_price),
    listings=ListingsEndpoint(ask=lambda: Call("/0/public/AssetPairs"), read=_read_listings),
    trades=TicksEndpoint(ask=_ask_trades, read=_read_trades, goes_back=False),
    quotes=TicksEndpoint(ask=lambda ask: _ask_price(ask.instrument), read=_read_quotes, live=True),
    ping=Call("/0/public/Time"),
)
