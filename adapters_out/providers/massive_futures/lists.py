"""What Massive tells about futures themselves: contracts, products, session events, exchanges.

A list without a ``date`` has a row for each day since 2018: the newest come first here, and who
follows ``next_url`` far enough meets the same contracts again. In the older vX one contract and
one product have a path of their own, their ``results`` are an object, the day is called
``as_of``, and the events of a session are nested in its row.
"""

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.provider import (
    FuturesEndpoint,
    FuturesRecords,
    ListingsEndpoint,
    ListingsPart,
)
from adapters_out.providers.massive_futures.answers import NAME, following, open_envelope
from adapters_out.providers.massive_futures.records import READERS, ContractRow
from domain.errors import CallRefused
from domain.futures import FuturesAsk, FuturesKind, FuturesRecord
from domain.instrument import Listing

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
    FuturesKind.SNAPSHOT: 1000,
}
_PATHS = {kind: kind.value.replace("_", "-") for kind in FuturesKind}
# What names one of a kind; these lists have a row a day.
_ONE = {FuturesKind.CONTRACTS: "ticker", FuturesKind.PRODUCTS: "product_code"}
Params = dict[str, str | int]


def futures_of(version: str) -> FuturesEndpoint:
    """How that version of the API is asked about futures."""
    return FuturesEndpoint(ask=lambda ask: _ask(version, ask), read=_read)


def _ask(version: str, ask: FuturesAsk) -> Call:
    if version == _OLD and ask.kind is FuturesKind.SNAPSHOT:
        raise CallRefused(f"{NAME} has no snapshots in its version vX.", provider=NAME)
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
    read, row = READERS[ask.kind]
    rows: list[object]
    envelope, rows = open_envelope(reply, row)
    found: dict[str, FuturesRecord] = {}
    for each in rows:
        for record in read(each):
            found.setdefault(record.key, record)
    return FuturesRecords(tuple(found.values()), following(envelope))


def listings_of(version: str) -> ListingsEndpoint:
    """All single contracts that trade: those of the newest day, which come first."""
    params: Params = {"active": "true", "type": "single", "sort": "date.desc", "limit": 1000}
    return ListingsEndpoint(
        ask=lambda: Call(f"/futures/{version}/contracts", params), read=_read_listings
    )


def _read_listings(reply: Reply) -> ListingsPart:
    envelope, rows = open_envelope(reply, ContractRow)
    days = [row.date or row.as_of for row in rows]
    newest = [row for row, day in zip(rows, days, strict=True) if day == days[0]]
    found = [(row.ticker, row.instrument) for row in newest]
    listings = [Listing(NAME, ticker, ours) for ticker, ours in found if ours is not None]
    return ListingsPart(listings, following(envelope) if len(newest) == len(rows) else None)
