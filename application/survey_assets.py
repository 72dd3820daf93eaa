"""What the two questions about assets have in common: whom to ask, what to keep."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from application.explain_failure import attempt_of
from application.rank_candidates import RankCandidates
from application.share_time import Shares
from domain.assets import AssetSnapshot
from domain.errors import Attempt, DeadlineExceeded, NoData, ProviderError, UnknownInstrument
from domain.instrument import Instrument
from domain.moment import MICROS
from domain.provider import Capability
from ports.assets import AssetCatalogue, AssetSource, AssetStore
from ports.cache import Cache
from ports.clock import Clock
from ports.market_data import CallContext

FRESH_S = 60.0  # as long as the providers themselves keep their answers

T = TypeVar("T")
_decoder = msgspec.msgpack.Decoder(list[AssetSnapshot])


class Told(Struct, frozen=True):
    """What one provider said, and whether that was remembered rather than asked."""

    snapshots: Sequence[AssetSnapshot]
    cached: bool


class SurveyAssets:
    """Asks providers about assets one after the other; remembers and keeps what they say.

    - an answer is kept for 60 s, in the cache that processes share;
    - every answer is recorded in the store before it is served;
    - ``only`` is binding.
    """

    def __init__(
        self,
        candidates: RankCandidates,
        catalogue: AssetCatalogue,
        store: AssetStore,
        cache: Cache,
        clock: Clock,
    ) -> None:
        """Take the collaborators."""
        self.candidates = candidates
        self.store = store
        self.clock = clock
        self._catalogue = catalogue
        self._cache = cache

    def able(self, meant: Instrument, only: str | None) -> Sequence[str]:
        """Who tells of assets at all, most preferred first.

        Raises:
            InvalidRequest: ``only`` names no configured provider.
            NotOffered: that one does not.
            UnknownInstrument: nobody does.
        """
        able = self.candidates.offers.able(Capability.MARKETS, meant, only)
        if not able:
            raise UnknownInstrument("No configured provider tells capitalisations of assets.")
        return able

    def refuse_future(self, as_of: int | None) -> None:
        """Raise ``NoData`` for a moment (Unix µs) that has not come yet."""
        if as_of is not None and as_of > self.clock.now() * MICROS:
            raise NoData("as_of lies in the future: nobody knows that yet.")

    async def kept(self, key: str, name: str) -> Told | None:
        """What the provider said within the last minute."""
        data = await self._cache.get(f"assets:{name}:{key}")
        try:
            return None if data is None else Told(_decoder.decode(data), cached=True)
        except msgspec.MsgspecError:
            return None

    async def asked(
        self,
        key: str,
        name: str,
        ask: Callable[[AssetSource], Awaitable[Sequence[AssetSnapshot]]],
    ) -> Told:
        """What the provider says; kept and recorded."""
        kept = await self.kept(key, name)
        if kept is not None:
            return kept
        found = await ask(self._catalogue.source(name))
        await self.store.record(found)
        await self._cache.put(f"assets:{name}:{key}", msgspec.msgpack.encode(found), FRESH_S)
        return Told(found, cached=False)

    async def first(
        self,
        meant: Instrument,
        only: str | None,
        ask: Callable[[str, CallContext], Awaitable[T]],
        context: CallContext,
    ) -> tuple[str, T] | Sequence[Attempt]:
        """The first in ranked order who answers, else one reason each."""
        ranking = await self.candidates(Capability.MARKETS, meant, only=only)
        attempts = [a for a in ranking.refused if self._tells(a.provider, meant)]
        shares = Shares(self.clock, context, len(ranking.chosen), ranking.refused)
        for name in ranking.chosen:
            try:
                return name, await ask(name, shares.next())
            except (ProviderError, DeadlineExceeded) as error:
                attempts.append(attempt_of(name, error))
                self.candidates.note(name, error, Capability.MARKETS, meant)
        return attempts

    def _tells(self, name: str, meant: Instrument) -> bool:
        can = self.candidates.offers.provider(name).capabilities
        return can.can(Capability.MARKETS, meant.asset_class)
