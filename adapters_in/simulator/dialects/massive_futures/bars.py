"""Massive's aggregates: ns, only windows with trades, sessions that begin the day before.

A synthetic session is a day of UTC, so that minutes add up to their session.
"""

import re
from datetime import UTC, datetime

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.dialects.massive_futures.pages import (
    BadValue,
    body,
    limited,
    link,
)
from adapters_in.simulator.wire import Reply, Request, World, decimal
from domain.interval import Interval

NS, DAY = 10**9, 86_400
_LIMITS = (1000, 50_000)
_UNITS = {"sec": ("s", 1), "min": ("m", 60), "hour": ("h", 3600)}
_RESOLUTION = re.compile(r"([1-9][0-9]?)(sec|min|hour|session|week|month)", re.ASCII)
_MOST_MINUTES = 59
_LATEST = 4_102_444_800  # 2100
# The windows of sessions, weeks and months begin a day before that of their stamp.
_WHOLE = {
    "1session": Grid.of(Interval.D1),
    "1week": Grid.of(Interval.W1),
    "1month": Grid.of(Interval.MO1),
}


def aggregates(request: Request, world: World, asset: Asset, ticker: str) -> Reply:
    """A page of windows, the newest first unless the order says otherwise."""
    resolution = request.one("resolution") or "1session"
    grid = grid_of(resolution)
    early = DAY if resolution in _WHOLE else 0
    first, stop = moments(request, "window_start")
    count = limited(request, *_LIMITS)
    ascending = is_ascending(request, "window_start")
    start, end = (-(-edge // NS) + early for edge in (first, stop))
    rows = world.rows(asset, grid, start=start if ascending else None, end=end, limit=count)
    full = len(rows) >= count
    if not ascending:
        rows = rows.take(rows.ts >= start)
        full = full and len(rows) == count
    next_url = _next(request, world, rows, early, ascending=ascending) if full else None
    traded = rows.take(rows.trades > 0)
    if not ascending:
        traded = traded.take(slice(None, None, -1))
    return body(_rendered(traded, asset, ticker, early), next_url)


def grid_of(resolution: str) -> Grid:
    """The opens of a resolution.

    Raises:
        BadValue: it is none, or none that is offered.
    """
    if resolution in _WHOLE:
        return _WHOLE[resolution]
    found = _RESOLUTION.fullmatch(resolution)
    if found is None or found[2] not in _UNITS:
        raise BadValue(f"unsupported resolution: {resolution}")
    count, (letter, seconds) = int(found[1]), _UNITS[found[2]]
    if found[2] != "hour" and count > _MOST_MINUTES:
        raise BadValue(f"unsupported resolution: {resolution}")
    return Grid(f"{count}{letter}", count * seconds)


def moments(request: Request, name: str) -> tuple[int, int]:
    """``[first, stop)`` in ns from a time or its comparisons; a date alone is its first moment.

    Raises:
        BadValue: a time is neither ns nor a date nor RFC 3339.
    """
    first, stop = 0, _LATEST * NS
    for operator, text in request.query:
        if operator.partition(".")[0] != name:
            continue
        at = _nanoseconds(text)
        comparison = operator.partition(".")[2]
        if comparison in {"gte", "gt", ""}:
            first = max(first, at + (comparison == "gt"))
        if comparison in {"lt", "lte", ""}:
            stop = min(stop, at + (comparison != "lt"))
    return first, stop


def _nanoseconds(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,19}", text, re.ASCII):
        return int(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadValue(f"not a time: {text[:40]}") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()) * NS


def is_ascending(request: Request, name: str) -> bool:
    """Whether the oldest come first.

    Raises:
        BadValue: the order is none.
    """
    sort = request.one("sort") or f"{name}.desc"
    if sort not in {f"{name}.asc", f"{name}.desc"}:
        raise BadValue(f"unsupported sort: {sort[:40]}")
    return sort.endswith(".asc")


def _next(
    request: Request, world: World, rows: BarColumns, early: int, *, ascending: bool
) -> str | None:
    if not len(rows) or rows.forming:
        return None
    if ascending:
        after = str((int(rows.ts[-1]) - early + 1) * NS)
        return link(request, world, window_start__gte=after)
    return link(request, world, window_start__lt=str((int(rows.ts[0]) - early) * NS))


def _rendered(rows: BarColumns, asset: Asset, ticker: str, early: int) -> str:
    d, places, lots = decimal, asset.decimals, asset.lots
    settled = early == DAY
    columns = (rows.ts, rows.open, rows.high, rows.low, rows.close, rows.volume, rows.trades)
    lines = []
    for ts, o, h, lo, c, v, n, turnover in zip(
        *(column.tolist() for column in (*columns, rows.turnover)), strict=True
    ):
        settlement = f',"settlement_price":{d(c, places)}' if settled else ""
        lines.append(
            f'{{"close":{d(c, places)},"dollar_volume":{d(turnover, 2)},"high":{d(h, places)},'
            f'"low":{d(lo, places)},"open":{d(o, places)},"session_end_date":"{_date(ts)}"'
            f'{settlement},"ticker":"{ticker}","transactions":{n},"volume":{d(v, lots)},'
            f'"window_start":{(ts - early) * NS}}}'
        )
    return ",".join(lines)


def _date(ts: int) -> str:
    return datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%d")
