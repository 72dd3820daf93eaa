"""Trades and quotes in the memory of the process."""

from typing import Any

from domain.ticks import StoredTicks, T, TickKey, TickSlice, TicksPage, marks
from domain.timerange import RangeSet, TimeRange
from ports.ticks import TickStore

_Place = tuple[int, int, int]  # ts_ns, ordinal, mark: the order of ticks


class MemoryTickStore(TickStore):
    """Forgets everything with the process; otherwise as strict as the real one."""

    def __init__(self) -> None:
        """Empty."""
        self._ticks: dict[tuple[type, TickKey], dict[tuple[int, int], tuple[_Place, Any, int]]] = {}
        self._covered: dict[tuple[type, TickKey], RangeSet] = {}

    async def write(self, kind: type[T], key: TickKey, page: TicksPage[T]) -> int:
        held = self._ticks.setdefault((kind, key), {})
        fresh: dict[tuple[int, int], tuple[_Place, Any, int]] = {}
        for tick, (ordinal, mark) in zip(page.ticks, marks(page.ticks), strict=True):
            place = (tick.ts_ns, ordinal, mark)
            fresh.setdefault((tick.ts_ns, mark), (place, tick, page.received_ns))
        changed = {at: row for at, row in fresh.items() if at not in held or held[at][1] != row[1]}
        held |= changed
        if page.covers is not None:
            known = self._covered.get((kind, key), RangeSet())
            self._covered[kind, key] = known.union(RangeSet((page.covers,)))
        return len(changed)

    async def read(self, kind: type[T], key: TickKey, chosen: TickSlice) -> StoredTicks[T]:
        held = sorted(self._ticks.get((kind, key), {}).values(), key=lambda row: row[0])
        start, end = chosen.start_ns, chosen.end_ns
        found = [
            row
            for row in held
            if (start is None or row[0][0] >= start) and (end is None or row[0][0] < end)
        ]
        cut = max(0, len(found) - chosen.limit)
        found = found[cut:] if chosen.newest else found[: chosen.limit]
        return StoredTicks(tuple(tick for _, tick, _ in found), tuple(at for _, _, at in found))

    async def covered(self, kind: type[T], key: TickKey, span: TimeRange) -> RangeSet:
        known = self._covered.get((kind, key), RangeSet())
        return known.intersect(RangeSet((span,)))
