"""The envelope around answers about futures, and its rows."""

from typing import Any

from msgspec.structs import asdict

from adapters_in.http import bodies_futures as bodies
from adapters_in.http.next_page import paging_headers
from adapters_in.http.replies import Call, Reply, json_reply
from domain.futures import Aggregate, Contract, Snapshot
from domain.ticks import Quote, Trade

_NS = 10**9


def enveloped(
    call: Call,
    body: type,
    fields: dict[str, Any],
    age: tuple[float, float],
    rest: int | str | None,
    *,
    demo: bool,
) -> Reply:
    """The finished answer; ``age`` is when it was fetched and now (Unix s).

    ``rest`` is the place of the next page, None if this is the last.
    """
    following = None if rest is None else f"f1-{rest}"
    fetched_at, now = age
    given = ((name, value) for name, value in call.values.items() if value is not None)
    request = {name: shown(value) for name, value in given}
    finished = body(
        **fields,
        request=request,
        next=following,
        fetched_at=int(fetched_at),
        age_s=max(0, int(now - fetched_at)),
        demo=demo,
    )
    return json_reply(finished, headers=paging_headers(call, following))


def place_of(cursor: str | None) -> int | None:
    """The place behind a cursor."""
    return None if cursor is None else int(cursor.removeprefix("f1-"))


def tick_place_of(cursor: str | None) -> tuple[int, int] | None:
    """The moment (ns) at which a page of ticks was cut, and how many of it have been shown."""
    if cursor is None:
        return None
    moment, count = cursor.removeprefix("f1-").split("-")
    return int(moment), int(count)


def shown(value: object) -> Any:  # noqa: ANN401  # JSON is any value
    """A parameter as JSON has it: a stretch of time by its beginning, a truth in small letters."""
    if isinstance(value, tuple):
        return value[0]
    return str(value).lower() if isinstance(value, bool) else value


def contract_row(contract: Contract) -> bodies.ContractRow:
    """With our own name."""
    ours = contract.instrument
    return bodies.ContractRow(**asdict(contract), instrument_id=None if ours is None else ours.id)


def snapshot_row(snapshot: Snapshot) -> bodies.SnapshotRow:
    """With the time in seconds too."""
    ts = None if snapshot.ts_ns is None else snapshot.ts_ns // _NS
    return bodies.SnapshotRow(ts=ts, **asdict(snapshot))


def aggregate_row(row: Aggregate, ticker: str) -> bodies.AggregateRow:
    """With the open in seconds too."""
    return bodies.AggregateRow(
        ts=row.ts_ns // _NS,
        ts_ns=row.ts_ns,
        open=row.open,
        high=row.high,
        low=row.low,
        close=row.close,
        volume=plain(row.volume),
        transactions=row.transactions,
        dollar_volume=row.dollar_volume,
        settlement_price=row.settlement_price,
        session_end_date=row.session_end_date,
        ticker=row.ticker or ticker,
    )


def trade_row(trade: Trade, ticker: str) -> bodies.FuturesTradeRow:
    """With the moment in seconds too."""
    return bodies.FuturesTradeRow(
        ts=trade.ts_ns // _NS,
        ts_ns=trade.ts_ns,
        price=trade.price,
        size=plain(trade.size) or 0,
        ticker=ticker,
        session_end_date=trade.session,
    )


def quote_row(quote: Quote, ticker: str) -> bodies.FuturesQuoteRow:
    """Likewise."""
    return bodies.FuturesQuoteRow(
        ts=quote.ts_ns // _NS,
        ts_ns=quote.ts_ns,
        bid_price=quote.bid_price,
        bid_size=plain(quote.bid_size),
        ask_price=quote.ask_price,
        ask_size=plain(quote.ask_size),
        ticker=ticker,
        session_end_date=quote.session,
    )


def plain(amount: float | None) -> int | float | None:
    """A number of contracts as a whole number, which it always is."""
    return int(amount) if amount is not None and amount.is_integer() else amount
