"""Massive's trades, quotes and last prices of futures; an empty side of a quote has no price."""

from msgspec import Struct

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import epoch_unit, number, optional_number
from adapters_out.provider_kit.provider import LastPrice, PriceEndpoint, TicksEndpoint, TicksPart
from adapters_out.providers.massive_futures.answers import NAME, following, open_envelope
from domain.contract_names import ticker_of
from domain.errors import CallRefused, NotListed
from domain.instrument import Instrument
from domain.ticks import Quote, TicksAsk, Trade

_MOST = 49_999


class _Trade(Struct, gc=False):
    """``timestamp`` in ns; numbers may be texts."""

    timestamp: int
    price: float | str
    size: float | str
    sequence_number: int | None = None
    report_sequence: int | None = None
    session_end_date: str | None = None


class _Quote(Struct, gc=False):
    timestamp: int
    bid_price: float | str | None = None
    bid_size: float | str | None = None
    ask_price: float | str | None = None
    ask_size: float | str | None = None
    session_end_date: str | None = None


def trades_of(version: str) -> TicksEndpoint:
    """How trades are asked for and read."""
    return TicksEndpoint(ask=lambda ask: _ask(version, "trades", ask), read=_read_trades)


def quotes_of(version: str) -> TicksEndpoint:
    """Likewise quotes."""
    return TicksEndpoint(ask=lambda ask: _ask(version, "quotes", ask), read=_read_quotes)


def _ask(version: str, what: str, ask: TicksAsk) -> Call:
    params: dict[str, str | int] = {
        "limit": min(ask.limit, _MOST),
        "sort": "timestamp.desc" if ask.newest else "timestamp.asc",
    }
    if ask.start_ns is not None:
        params["timestamp.gte"] = ask.start_ns
    if ask.end_ns is not None:
        params["timestamp.lt"] = ask.end_ns
    return Call(f"/futures/{version}/{what}/{ticker_of(ask.instrument)}", params)


def _read_trades(reply: Reply, _: TicksAsk) -> TicksPart:
    envelope, rows = open_envelope(reply, _Trade)
    trades = [
        Trade(
            ts_ns=row.timestamp,
            price=number(row.price),
            size=number(row.size),
            id=_id(row),
            session=row.session_end_date,
        )
        for row in rows
    ]
    return TicksPart(trades, following(envelope))


def _id(row: _Trade) -> str:
    """The number within the contract: trades of one packet share the other."""
    number_of = row.sequence_number if row.report_sequence is None else row.report_sequence
    return "" if number_of is None else str(number_of)


def _read_quotes(reply: Reply, _: TicksAsk) -> TicksPart:
    envelope, rows = open_envelope(reply, _Quote)
    quotes = []
    for row in rows:
        bid, bid_size = side_of(row.bid_price, row.bid_size)
        ask, ask_size = side_of(row.ask_price, row.ask_size)
        quotes.append(
            Quote(
                ts_ns=row.timestamp,
                bid_price=bid,
                bid_size=bid_size,
                ask_price=ask,
                ask_size=ask_size,
                session=row.session_end_date,
            )
        )
    return TicksPart(quotes, following(envelope))


def side_of(
    price: float | str | None, size: float | str | None
) -> tuple[float | None, float | None]:
    """Price and size; a side of size 0 is empty, whatever price stands there."""
    if price is None or (size is not None and number(size) == 0):
        return None, None
    return number(price), optional_number(size)


def price_of(version: str) -> PriceEndpoint:
    """How the last price is asked for and read."""
    return PriceEndpoint(ask=lambda i: _ask_price(version, i), read=_read_price)


class _Last(Struct, frozen=True):
    """A price and when, in ms or ns."""

    price: float | str | None = None
    close: float | str | None = None
    last_updated: int | None = None


class _Snapshot(Struct):
    last_trade: _Last = _Last()
    last_minute: _Last = _Last()


def _ask_price(version: str, instrument: Instrument) -> Call:
    params: dict[str, str | int] = {"ticker": ticker_of(instrument), "limit": 1}
    return Call(f"/futures/{version}/snapshot", params)


def _read_price(reply: Reply, instrument: Instrument) -> LastPrice:
    """The last trade; a plan without trades has the last minute, a contract without, neither."""
    _, rows = open_envelope(reply, _Snapshot)
    if not rows:
        raise NotListed(f"{NAME} does not list {instrument.id}.", provider=NAME)
    trade, minute = rows[0].last_trade, rows[0].last_minute
    last, price = (trade, trade.price) if trade.last_updated else (minute, minute.close)
    if price is None:
        message = f"{NAME} has no price of {instrument.id} at the moment."
        raise CallRefused(message, provider=NAME)
    at = last.last_updated
    return LastPrice(number(price), None if at is None else at // epoch_unit(at))
