"""Massive's trades and quotes: the synthetic tape; now and then a side of the book is empty."""

from datetime import UTC, datetime

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.dialects.massive_futures.bars import is_ascending, moments
from adapters_in.simulator.dialects.massive_futures.pages import body, limited, link
from adapters_in.simulator.tape import Printed
from adapters_in.simulator.wire import Reply, Request, World, decimal

_US = 1000  # ns
_EMPTY_ASK = 50  # of so many quotes one has no ask
_TIME = "timestamp"


def trades(request: Request, world: World, asset: Asset, ticker: str) -> Reply:
    """At least the price; a default of ten."""
    printed, more = _page(request, world, asset, 10)
    rows = (_trade(each, asset, ticker) for each in printed)
    return body(",".join(rows), more)


def quotes(request: Request, world: World, asset: Asset, ticker: str) -> Reply:
    """The book after each trade; a default of a hundred."""
    printed, more = _page(request, world, asset, 100)
    rows = (_quote(each, asset, ticker) for each in printed)
    return body(",".join(rows), more)


def _page(
    request: Request, world: World, asset: Asset, default: int
) -> tuple[list[Printed], str | None]:
    """The trades of one page in the order that was asked for, and the next page."""
    tape = world.tape(asset)
    start, end = moments(request, _TIME)
    first, stop = (tape.first_from(-(-edge // _US)) for edge in (start, end))
    count, ascending = limited(request, default, 49_999), is_ascending(request, _TIME)
    if ascending:
        first = int(request.one("at") or first)
        found = list(tape.between(first, min(first + count, stop)))
        more = first + count < stop
        return found, link(request, world, at=str(first + count)) if more else None
    stop = int(request.one("at") or stop)
    begun = max(first, stop - count)
    found = list(tape.between(begun, stop))[::-1]
    return found, link(request, world, at=str(begun)) if begun > first else None


def _trade(trade: Printed, asset: Asset, ticker: str) -> str:
    return (
        f'{{"price":{decimal(trade.price, asset.decimals)},"report_sequence":{trade.id},'
        f'"sequence_number":{trade.id + trade.id // 3},"session_end_date":"{_date(trade)}",'
        f'"size":{decimal(trade.size, asset.lots)},"ticker":"{ticker}","timestamp":{trade.ts_ns}}}'
    )


def _quote(trade: Printed, asset: Asset, ticker: str) -> str:
    bid, tick = trade.price, 10.0**-asset.decimals
    ask = f'"ask_price":{decimal(bid + tick, asset.decimals)},"ask_size":2,'
    if trade.id % _EMPTY_ASK == 0:
        ask = '"ask_size":0,'
    return (
        f'{{{ask}"ask_timestamp":{trade.ts_ns},"bid_price":{decimal(bid, asset.decimals)},'
        f'"bid_size":1,"bid_timestamp":{trade.ts_ns},"channel":310,"report_sequence":{trade.id},'
        f'"sequence_number":{trade.id + trade.id // 3},"session_end_date":"{_date(trade)}",'
        f'"ticker":"{ticker}","timestamp":{trade.ts_ns}}}'
    )


def _date(trade: Printed) -> str:
    return datetime.fromtimestamp(trade.ts_us // 10**6, UTC).strftime("%Y-%m-%d")
