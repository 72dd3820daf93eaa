"""``/api/v3/aggTrades``."""

from adapters_in.simulator.dialects.binance.call import NUMBER, SYMBOL, Call, asset_of
from adapters_in.simulator.dialects.binance.errors import Refused
from adapters_in.simulator.wire import Reply, decimal

_MAX_ROWS, _USUAL_ROWS = 1000, 500
_MICROSECONDS = 10**14  # a larger time parameter is in microseconds


def trades(call: Call) -> Reply:
    """From an id, or the first since a time, or the newest (before a time); ids begin with 0."""
    name = call.required("symbol", SYMBOL)
    limit = min(int(call.text("limit", NUMBER) or _USUAL_ROWS), _MAX_ROWS)
    first_id = call.text("fromId", NUMBER)
    start, end = (_us(call, moment) for moment in ("startTime", "endTime"))
    if first_id is not None and (start is not None or end is not None):
        raise Refused(-1128, "Combination of optional parameters invalid.")
    asset = asset_of(call.world, name)
    if asset is None:
        return Reply(b"[]")
    tape = call.world.tape(asset)
    stop = tape.last_id + 1 if end is None else tape.first_from(end + call.us)
    if first_id is not None:
        first = int(first_id) + 1
    elif start is not None:
        first = tape.first_from(start)
    else:
        first = stop - limit
    rows = [
        {
            "a": trade.id - 1,
            "p": decimal(trade.price, 8),
            "q": decimal(trade.size, 8),
            "f": trade.id - 1,
            "l": trade.id - 1,
            "T": trade.ts_us // call.us,
            "m": not trade.bought,
            "M": True,
        }
        for trade in tape.between(first, min(stop, first + limit))
    ]
    return Reply.json(rows)


def _us(call: Call, name: str) -> int | None:
    value = call.text(name, NUMBER)
    if value is None:
        return None
    return int(value) if int(value) >= _MICROSECONDS else int(value) * 1000
