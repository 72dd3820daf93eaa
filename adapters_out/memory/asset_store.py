"""Snapshots of assets in the memory of the process."""

from collections.abc import Mapping, Sequence

from msgspec import structs

from domain.assets import AssetSnapshot, KnownAsset
from ports.assets import AssetStore
from ports.clock import Clock

_MICROS = 1_000_000
_UNRANKED = 10**9


class MemoryAssetStore(AssetStore):
    """Forgets everything with the process; otherwise as strict as the real one."""

    def __init__(self, clock: Clock) -> None:
        """Know nothing."""
        self._clock = clock
        self._known: dict[tuple[str, str], list[KnownAsset]] = {}
        self._told: dict[tuple[str, str], list[tuple[int, Mapping[str, str]]]] = {}
        self._last = 0

    async def record(self, snapshots: Sequence[AssetSnapshot]) -> int:
        now = self._last = max(self._last + 1, round(self._clock.now() * _MICROS))
        return sum(self._take(s, now) for s in {s.id: s for s in snapshots}.values())

    async def ranked(
        self, provider: str, limit: int, offset: int, as_of: int | None = None
    ) -> Sequence[KnownAsset]:
        by_rank: dict[int, KnownAsset] = {}
        for known in sorted(self._at(provider, as_of), key=lambda k: (k.known_at, k.snapshot.id)):
            if known.snapshot.rank is not None and known.snapshot.rank > offset:
                by_rank[known.snapshot.rank] = known
        return [by_rank[rank] for rank in sorted(by_rank)[:limit]]

    async def of_asset(
        self, provider: str, code: str, as_of: int | None = None
    ) -> KnownAsset | None:
        found = [known for known in self._at(provider, as_of) if known.snapshot.asset == code]
        return min(found, key=_place, default=None)

    def _take(self, snapshot: AssetSnapshot, now: int) -> bool:
        """Whether anything was new."""
        key, bare = (snapshot.provider, snapshot.id), structs.replace(snapshot, metadata={})
        told = self._told.setdefault(key, [])
        if snapshot.metadata and (not told or told[-1][1] != snapshot.metadata):
            told.append((now, dict(snapshot.metadata)))
        known = self._known.setdefault(key, [])
        if known and (known[-1].snapshot == bare or known[-1].snapshot.ts > bare.ts):
            return False
        known.append(KnownAsset(snapshot=bare, known_at=now))
        return True

    def _at(self, provider: str, as_of: int | None) -> list[KnownAsset]:
        """The newest that was known of each asset then."""
        found = []
        for (name, _), known in self._known.items():
            then = [each for each in known if as_of is None or each.known_at <= as_of]
            if name == provider and then:
                found.append(self._described(then[-1], as_of))
        return found

    def _described(self, known: KnownAsset, as_of: int | None) -> KnownAsset:
        told = self._told[known.snapshot.provider, known.snapshot.id]
        texts = [metadata for at, metadata in told if as_of is None or at <= as_of]
        snapshot = structs.replace(known.snapshot, metadata=texts[-1] if texts else {})
        return structs.replace(known, snapshot=snapshot)


def _place(known: KnownAsset) -> tuple[int, str]:
    return known.snapshot.rank or _UNRANKED, known.snapshot.id
