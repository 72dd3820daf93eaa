"""The body of indicators."""

from msgspec import UNSET, Struct, UnsetType

from adapters_in.http.bodies_bars import GapView


class Indicators(Struct, frozen=True, kw_only=True):
    """Indicators of the bars of an answer.

    Every row has ``ts`` and ``timestamp`` (its open, Unix seconds), ``close`` and one number per
    indicator, null where it is not defined. ``warmup`` bars before the first row went in;
    ``warmup_wanted`` were wished for: with fewer, recursive indicators still feel their start.
    ``rolled_up_from`` and ``actions_from`` are told as with bars.
    """

    symbol: str
    instrument: str
    interval: str
    provider: str
    rolled_up_from: str | UnsetType = UNSET
    actions_from: str | UnsetType = UNSET
    cached: bool | None
    stale: bool | None
    substituted: bool
    demo: bool
    as_of: float | None
    adjusted: str
    indicators: tuple[str, ...]
    warmup: int
    warmup_wanted: int
    data: tuple[dict[str, float | int | None], ...]
    gaps: tuple[GapView, ...]
    next: str | None
