"""``/api/v3/klines``."""

import re
from collections.abc import Mapping

from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.dialects.binance.call import NUMBER, SYMBOL, Call, asset_of
from adapters_in.simulator.dialects.binance.errors import MESSAGES, Refused
from adapters_in.simulator.wire import Reply, decimal

_DAY = 86_400
_MONDAY = 4 * _DAY
_MICROSECONDS = 10**14  # a larger time parameter is in microseconds
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": _DAY}
_NAMES = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d")
GRIDS: Mapping[str, Grid] = {
    **{name: Grid(name, int(name[:-1]) * _UNITS[name[-1]]) for name in _NAMES},
    "1w": Grid("1w", 7 * _DAY, _MONDAY),
    "1M": Grid("1mo", 30 * _DAY, months=True),
}
_MAX_ROWS, _USUAL_ROWS = 1000, 500


def klines(call: Call) -> Reply:
    """The rows of a range, or the newest ones, the forming one included."""
    name = call.required("symbol", SYMBOL)
    label = call.required("interval", re.compile(r"[0-9a-zA-Z]{1,5}"))
    if label not in GRIDS:
        raise Refused(-1120, MESSAGES[-1120])
    limit = int(call.text("limit", NUMBER) or _USUAL_ROWS)
    if limit == 0:
        raise Refused(-1130, "Data sent for parameter 'limit' is not valid.")
    asset = asset_of(call.world, name)
    start = call.seconds("startTime", round_up=False)
    end = call.seconds("endTime", round_up=True)
    if asset is None or (start is not None and end is not None and start >= end):
        return Reply(b"[]")
    rows = call.world.rows(asset, GRIDS[label], start=start, end=end, limit=min(limit, _MAX_ROWS))
    return Reply(_rendered(rows, call.unit))


def _rendered(rows: BarColumns, unit: int) -> bytes:
    """Twelve values a row; the buyers were takers of 48 % of everything."""
    d = decimal
    lines = [
        f'[{ts * unit},"{d(o, 8)}","{d(h, 8)}","{d(lo, 8)}","{d(c, 8)}","{d(v, 8)}",'
        f'{closes * unit - 1},"{d(q, 8)}",{n},"{d(v * 0.48, 8)}","{d(q * 0.48, 8)}","0"]'
        for ts, closes, o, h, lo, c, v, q, n in zip(
            *(
                column.tolist()
                for column in (
                    *(rows.ts, rows.closes, rows.open, rows.high, rows.low, rows.close),
                    *(rows.volume, rows.turnover, rows.trades),
                )
            ),
            strict=True,
        )
    ]
    return f"[{','.join(lines)}]".encode()
