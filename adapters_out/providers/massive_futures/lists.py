"""What Massive tells about futures themselves: contracts, products, session events, exchanges.

A list without a ``date`` has a row for each day since 2018: the newest come first here, and who
follows ``next_url`` far enough meets the same contracts again. In the older vX one contract and
one product have a path of their own, their ``results`` are an object, the day is called
``as_of``, and the events of a session are nested in its row.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import number, optional_number
from adapters_out.provider_kit.provider import (
    FuturesEndpoint,
    FuturesRecords,
    ListingsEndpoint,
    ListingsPart,
)
from adapters_out.provider_kit.rows import mended
from domain.futures import (
    Aggregate,
    Contract,
    FuturesAsk,
    FuturesKind,
    FuturesRecord,
    MarketStatus,
    Product,
    SessionEvent,
    Venue,
)
from domain.instrument import Listing

NAME = "massive_futures"
R = TypeVar("R")
_OLD = "vX"
_FEW = 100  # rows about one contract or product: a row for each of its days
# The most that a call may ask for: the defaults are as small as 10 and cut silently.
_LIMITS = {
    FuturesKind.CONTRACTS: 1000,
    FuturesKind.PRODUCTS: 1000,
    FuturesKind.SCHEDULES: 1000,
    FuturesKind.MARKET_STATUS: 99,
    FuturesKind.EXCHANGES: 999,
    FuturesKind.AGGREGATES: 10_000,
}
_PATHS = {kind: kind.value.replace("_", "-") for kind in FuturesKind}
# What names one of a kind; these lists have a row a day.
_ONE = {FuturesKind.CONTRACTS: "ticker", FuturesKind.PRODUCTS: "product_code"}
# Python reads more than this as a time.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
Params = dict[str, str | int]


class Envelope(Struct):
    """Every body; ``results`` is left out when there are none."""

    results: Raw = Raw(b"[]")
    status: str = "OK"
    next_url: str | None = None


def open_envelope(reply: Reply, kind: type[R]) -> tuple[Envelope, list[R]]:
    """The envelope of a body and its rows, one if ``results`` is an object.

    Raises:
        msgspec.MsgspecError: the body is of another shape.
    """
    try:
        envelope = msgspec.json.decode(reply.body, type=Envelope)
    except msgspec.DecodeError:
        envelope = msgspec.json.decode(mended(reply.body), type=Envelope)
    results = bytes(envelope.results).lstrip()
    if results.startswith(b"{"):
        return envelope, [msgspec.json.decode(results, type=kind)]
    decoder: msgspec.json.Decoder[list[R]] = msgspec.json.Decoder(list.__class_getitem__(kind))
    return envelope, [] if results == b"null" else decoder.decode(results)


def following(envelope: Envelope) -> Call | None:
    """The next page."""
    return Call(envelope.next_url) if envelope.next_url else None


def futures_of(version: str) -> FuturesEndpoint:
    """How that version of the API is asked about futures."""
    return FuturesEndpoint(ask=lambda ask: _ask(version, ask), read=_read)


def _ask(version: str, ask: FuturesAsk) -> Call:
    filters = dict(ask.filters)
    path = f"/futures/{version}/{_PATHS[ask.kind]}"
    if ask.kind is FuturesKind.AGGREGATES:
        path = f"/futures/{version}/aggs/{filters.pop('ticker')}"
    params: Params = {"limit": _limit(ask), **filters, **_order(version, ask)}
    if version == _OLD:
        path = _old_path(path, ask, params)
    return Call(path, params)


def _limit(ask: FuturesAsk) -> int:
    return _LIMITS[ask.kind] if ask.filtered(_ONE.get(ask.kind, "")) is None else _FEW


def _order(version: str, ask: FuturesAsk) -> Params:
    """The day and the order that were asked for, else of each day's rows the newest first."""
    order: Params = {"sort": ask.sort} if ask.sort else {}
    if ask.as_of:
        order["as_of" if version == _OLD else "date"] = ask.as_of
    elif ask.kind in _ONE and not order:
        order["sort"] = "date.desc"
    return order


def _old_path(path: str, ask: FuturesAsk, params: Params) -> str:
    """In vX one of a kind has its own path, and takes no parameter but the day."""
    code = params.get(_ONE.get(ask.kind, ""))
    if code is not None:
        for name in params.keys() - {"as_of"}:
            del params[name]
        return f"{path}/{code}"
    if ask.kind is FuturesKind.SCHEDULES and "product_code" in params:
        return path.replace("schedules", f"products/{params.pop('product_code')}/schedules")
    return path


def _read(reply: Reply, ask: FuturesAsk) -> FuturesRecords:
    read, row = _READERS[ask.kind]
    rows: list[object]
    envelope, rows = open_envelope(reply, row)
    found: dict[str, FuturesRecord] = {}
    for each in rows:
        for record in read(each):
            found.setdefault(record.key, record)
    return FuturesRecords(tuple(found.values()), following(envelope))


class _Product(Product, frozen=True, kw_only=True):
    """With the multiplier under its older name."""

    unit_of_measure_quantity: float | None = None


def _product(row: _Product) -> Sequence[Product]:
    quantity = row.unit_of_measure_qty
    names = set(Product.__struct_fields__)
    values = {name: getattr(row, name) for name in names}
    values["unit_of_measure_qty"] = row.unit_of_measure_quantity if quantity is None else quantity
    return (Product(**values),)


class _Contract(Contract, frozen=True, kw_only=True):
    """With its day under its older name."""

    as_of: str | None = None


def _contract(row: _Contract) -> Sequence[Contract]:
    values = {name: getattr(row, name) for name in Contract.__struct_fields__}
    return (Contract(**values | {"date": row.date or row.as_of}),)


class _Event(Struct):
    event: str | None = None
    timestamp: str | None = None


class _Session(Struct):
    """One event, or in vX all events of a session."""

    product_code: str | None = None
    product_name: str | None = None
    session_end_date: str | None = None
    trading_venue: str | None = None
    event: str | None = None
    timestamp: str | None = None
    schedule: tuple[_Event, ...] | None = None


def _events(row: _Session) -> Sequence[SessionEvent]:
    events = (_Event(row.event, row.timestamp),) if row.schedule is None else row.schedule
    return [
        SessionEvent(
            product_code=row.product_code,
            product_name=row.product_name,
            session_end_date=row.session_end_date,
            event=each.event,
            ts=seconds_of(each.timestamp),
            timestamp=each.timestamp,
            trading_venue=row.trading_venue,
        )
        for each in events
    ]


class _Status(Struct):
    product_code: str | None = None
    name: str | None = None
    market_event: str | None = None
    session_end_date: str | None = None
    timestamp: str | None = None
    trading_venue: str | None = None


def _status(row: _Status) -> Sequence[MarketStatus]:
    names = _Status.__struct_fields__
    values = {name: getattr(row, name) for name in names}
    return (MarketStatus(ts=seconds_of(row.timestamp), **values),)


class _Venue(Venue, frozen=True, kw_only=True):
    """Its number is a text, or was once a number."""

    id: str | int | None = None  # type: ignore[assignment]  # what the wire may hold


def _venue(row: _Venue) -> Sequence[Venue]:
    values = {name: getattr(row, name) for name in Venue.__struct_fields__}
    return (Venue(**values | {"id": None if row.id is None else str(row.id)}),)


class _Aggregate(Struct):
    ticker: str | None = None
    window_start: int | None = None
    session_end_date: str | None = None
    open: float | str | None = None
    high: float | str | None = None
    low: float | str | None = None
    close: float | str | None = None
    volume: float | str | None = None
    transactions: int | None = None
    dollar_volume: float | str | None = None
    settlement_price: float | str | None = None


def _aggregate(row: _Aggregate) -> Sequence[Aggregate]:
    """Nothing of a row that lacks its time or a price: a window without prices is none."""
    prices = [row.open, row.high, row.low, row.close]
    if row.window_start is None or None in prices:
        return ()
    opened, high, low, close = map(number, prices)
    rest = (row.volume, row.dollar_volume, row.settlement_price)
    volume, turnover, settled = map(optional_number, rest)
    return (
        Aggregate(
            ticker=row.ticker,
            ts_ns=row.window_start,
            session_end_date=row.session_end_date,
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=volume,
            transactions=row.transactions,
            dollar_volume=turnover,
            settlement_price=settled,
        ),
    )


_READERS: Mapping[FuturesKind, tuple[Callable[..., Sequence[FuturesRecord]], type]] = {
    FuturesKind.CONTRACTS: (_contract, _Contract),
    FuturesKind.PRODUCTS: (_product, _Product),
    FuturesKind.SCHEDULES: (_events, _Session),
    FuturesKind.MARKET_STATUS: (_status, _Status),
    FuturesKind.EXCHANGES: (_venue, _Venue),
    FuturesKind.AGGREGATES: (_aggregate, _Aggregate),
}


def seconds_of(text: str | None) -> int | None:
    """Unix seconds of an RFC 3339 time; None for what is none, of which an official sample has."""
    if text is None or not _RFC3339.fullmatch(text):
        return None
    with suppress(ValueError):  # the 30th of February
        return int(datetime.fromisoformat(text).timestamp())
    return None


def listings_of(version: str) -> ListingsEndpoint:
    """All single contracts that trade: those of the newest day, which come first."""
    params: Params = {"active": "true", "type": "single", "sort": "date.desc", "limit": 1000}
    return ListingsEndpoint(
        ask=lambda: Call(f"/futures/{version}/contracts", params), read=_read_listings
    )


def _read_listings(reply: Reply) -> ListingsPart:
    envelope, rows = open_envelope(reply, _Contract)
    days = [row.date or row.as_of for row in rows]
    newest = [row for row, day in zip(rows, days, strict=True) if day == days[0]]
    found = [(row.ticker, row.instrument) for row in newest]
    listings = [Listing(NAME, ticker, ours) for ticker, ours in found if ours is not None]
    return ListingsPart(listings, following(envelope) if len(newest) == len(rows) else None)
