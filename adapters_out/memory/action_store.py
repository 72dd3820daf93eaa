"""Corporate actions in the memory of the process."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from domain.actions import CorporateAction, in_order
from ports.actions import ActionStore, KnownActions
from ports.clock import Clock


class _Belief(Struct, frozen=True):
    action: CorporateAction
    known_at: int
    superseded_at: int | None = None


class MemoryActionStore(ActionStore):
    """Forgets everything with the process; its clock says when something was learned."""

    def __init__(self, clock: Clock) -> None:
        """Nothing is known yet."""
        self._clock = clock
        self._beliefs: dict[tuple[str, str], list[_Belief]] = {}
        self._told: dict[tuple[str, str], tuple[int, float]] = {}

    async def write(
        self,
        instrument: str,
        provider: str,
        actions: Sequence[CorporateAction],
        fetched_at: float,
    ) -> int:
        key, now = (instrument, provider), int(self._clock.now() * 1_000_000)
        beliefs, told = self._beliefs.setdefault(key, []), set(actions)
        current = {b.action for b in beliefs if b.superseded_at is None}
        gone = current - told
        beliefs[:] = [
            replace(b, superseded_at=now) if b.superseded_at is None and b.action in gone else b
            for b in beliefs
        ]
        beliefs += [_Belief(action, now) for action in in_order(told - current)]
        first, _ = self._told.get(key, (now, 0.0))
        self._told[key] = (first, fetched_at)
        return len(gone) + len(told - current)

    async def read(
        self, instrument: str, provider: str, as_of: int | None = None
    ) -> KnownActions | None:
        first, fetched_at = self._told.get((instrument, provider), (None, 0.0))
        if first is None or (as_of is not None and first > as_of):
            return None
        beliefs = self._beliefs.get((instrument, provider), [])
        held = in_order(b.action for b in beliefs if _holds(b, as_of))
        return KnownActions(provider, held, fetched_at)


def _holds(belief: _Belief, as_of: int | None) -> bool:
    if as_of is None:
        return belief.superseded_at is None
    return belief.known_at <= as_of and (
        belief.superseded_at is None or belief.superseded_at > as_of
    )
