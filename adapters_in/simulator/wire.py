"""The vocabulary of dialects: what was asked, what the synthetic world answers, in what bytes."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np
from msgspec import Struct

from adapters_in.simulator.assets import ASSETS, Asset
from adapters_in.simulator.columns import BarColumns, Grid
from adapters_in.simulator.market import SyntheticMarket
from adapters_in.simulator.tape import Tape
from domain.instrument import AssetClass

JSON = "application/json;charset=UTF-8"
HTML = "text/html; charset=utf-8"
_CHUNK = 4096  # bars computed at a time while holes are skipped


class Request(Struct, frozen=True):
    """One call; ``path`` begins after the provider's mount point, header names are lower case."""

    path: str
    query: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def one(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def without(self, names: frozenset[str]) -> "Request":
        """The same call as if those parameters had not been sent."""
        kept = tuple(pair for pair in self.query if pair[0] not in names)
        return Request(self.path, kept, self.method, self.headers, self.body)


class Reply(Struct, frozen=True):
    """What a provider sends back."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def json(cls, content: object, status: int = 200) -> "Reply":
        """Compact JSON."""
        return cls(msgspec.json.encode(content), status)

    @classmethod
    def html(cls, title: str, status: int, text: str = "") -> "Reply":
        """The kind of page that an edge server shows instead of an answer."""
        page = (
            f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n"
            f"<body>\n<center><h1>{title}</h1></center>\n<p>{text}</p>\n</body>\n</html>\n"
        )
        return cls(page.encode(), status, HTML)

    def with_headers(self, *headers: tuple[str, str]) -> "Reply":
        """The same with more headers."""
        return Reply(self.body, self.status, self.content_type, (*self.headers, *headers))


class Correction(Struct, frozen=True):
    """A provider's second thoughts about one final bar: new values, or its removal."""

    values: Mapping[str, float] = {}
    removed: bool = False


Corrections = Mapping[tuple[str, str], Mapping[int, Correction]]


def _as_it_is(value: object) -> object:
    return value


@dataclass(frozen=True, slots=True)
class World:
    """The synthetic market as one provider shows it during one call.

    ``used_weight`` is what this provider has counted in the running minute, this call included;
    ``origin`` begins absolute links; ``corrections`` by instrument and interval label;
    ``bend_rows`` and ``bend_price`` are the content faults in force.
    """

    market: SyntheticMarket
    now: float
    origin: str = "http://127.0.0.1"
    used_weight: int = 1
    corrections: Corrections = field(default_factory=dict)
    bend_rows: Callable[[BarColumns], BarColumns] = _as_it_is  # type: ignore[assignment]  # identity
    bend_price: Callable[[float], float] = _as_it_is  # type: ignore[assignment]  # identity

    def assets(self, asset_class: AssetClass) -> tuple[Asset, ...]:
        """Everything of a class, listed by now."""
        return tuple(
            asset
            for asset in ASSETS.values()
            if asset.instrument.asset_class is asset_class and asset.listed <= self.now
        )

    def price(self, asset: Asset) -> float:
        """The last price."""
        return self.bend_price(self.market.price(asset, self.now))

    def tape(self, asset: Asset) -> Tape:
        """Its trades, up to the last whole second."""
        return Tape(self.market, asset, self.now)

    def rows(
        self, asset: Asset, grid: Grid, *, start: int | None, end: int | None, limit: int
    ) -> BarColumns:
        """At most ``limit`` bars that open in ``[start, end)``, ascending, the forming one too.

        With ``start`` the oldest ones, without it the newest.
        """
        first = grid.floor(asset.listed)
        if start is not None:
            first = max(first, grid.ceil(start))
        stop = grid.shift(grid.floor(math.floor(self.now)), 1)
        if end is not None:
            stop = min(stop, grid.ceil(end))
        found = self._gathered(asset, grid, (first, stop), limit, newest=start is None)
        return self.bend_rows(self._corrected(asset, grid, found))

    def day(self, asset: Asset) -> BarColumns:
        """One row: the last 24 hours, to the minute."""
        opened = math.floor(self.now) // 60 * 60 - 86_400 + 60
        edges = np.array([opened, opened + 86_400], dtype=np.int64)
        return self.market.bars(asset, edges, self.now)

    def today(self, asset: Asset) -> BarColumns:
        """One row: since 00:00 UTC; empty while the market has not been open today."""
        opened = math.floor(self.now) // 86_400 * 86_400
        edges = np.array([opened, opened + 86_400], dtype=np.int64)
        return self.market.bars(asset, edges, self.now)

    def _gathered(
        self, asset: Asset, grid: Grid, span: tuple[int, int], limit: int, *, newest: bool
    ) -> BarColumns:
        """Chunks from one end of the span, because a chunk may hold fewer bars than slots."""
        first, stop = span
        found = BarColumns.empty()
        size = min(limit, _CHUNK)
        while first < stop and len(found) < limit:
            at = max(first, grid.shift(stop, -size)) if newest else first
            count = size if not newest else _slots(grid, at, stop)
            until = min(stop, grid.shift(at, count))
            part = self.market.bars(asset, grid.edges(at, _slots(grid, at, until)), self.now)
            found = part.joined(found) if newest else found.joined(part)
            first, stop = (first, at) if newest else (until, stop)
            size = _CHUNK
        return found.take(slice(-limit, None) if newest else slice(0, limit))

    def _corrected(self, asset: Asset, grid: Grid, rows: BarColumns) -> BarColumns:
        """Final bars as the provider sees them since its corrections."""
        corrections = self.corrections.get((asset.id, grid.label), {})
        gone: list[int] = []
        final = len(rows) - rows.forming
        for ts, correction in corrections.items():
            at = int(np.searchsorted(rows.ts[:final], ts))
            if at == final or rows.ts[at] != ts:
                continue
            if correction.removed:
                gone.append(at)
            else:
                values = dict(correction.values)
                if "volume" in values and rows.volume[at]:  # the average price stays
                    ratio = values["volume"] / float(rows.volume[at])
                    values.setdefault("turnover", float(rows.turnover[at]) * ratio)
                rows = rows.with_values(at, values)
        return rows.take(np.setdiff1d(np.arange(len(rows)), gone)) if gone else rows


def _slots(grid: Grid, first: int, stop: int) -> int:
    """How many bars open in ``[first, stop)``, both being opens."""
    if not grid.months:
        return (stop - first) // grid.seconds
    count = 0
    while grid.shift(first, count) < stop:
        count += 1
    return count


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider speaks: pure functions, the inverse of an adapter's ``read``.

    ``answer``  the bytes for a call;
    ``refuse``  the body that a status comes with: ``(status, code, now, retry_after_s)``, where
                ``code`` names one of the provider's own error codes or is None;
    ``limit``   the real way of refusing excess calls: ``(banned, now, retry_after_s)``;
    ``weigh``   the weight of a call;
    ``paging``  the parameters that lead to the next page, for the provider that ignores them.
    """

    answer: Callable[[Request, World], Reply]
    refuse: Callable[[int, str | None, float, float | None], Reply]
    limit: Callable[[bool, float, float | None], Reply]
    weigh: Callable[[Request], int]
    paging: frozenset[str]


def decimal(value: float, places: int) -> str:
    """Fixed-point text; NaN and infinities as JavaScript writes them."""
    if math.isfinite(value):
        return f"{value:.{places}f}"
    return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
