"""Answer a request for the last price."""

from contextlib import suppress

import msgspec
from msgspec import Struct

from application.answers import PriceAnswer
from application.explain_failure import attempt_of
from application.rank_candidates import RankCandidates
from application.share_time import Shares, is_late, time_left
from application.single_flight import SingleFlight
from domain.errors import (
    DeadlineExceeded,
    NoProviderAvailable,
    ProviderError,
    UnknownInstrument,
)
from domain.instrument import Instrument
from domain.provider import Capability, Price
from domain.routing import Ranking
from ports.cache import Cache
from ports.clock import Clock
from ports.market_data import CallContext

FRESH_S = 1.0  # served as it is
REVALIDATE_S = 5.0  # served while it is refreshed behind the caller's back
KEEP_S = 3600.0  # served, marked stale, only when no provider can answer
REFRESH_S = 10.0  # the deadline of a refresh that nobody waits for


class PriceQuery(Struct, frozen=True):
    """Whose price, in the caller's spelling and ours."""

    symbol: str
    instrument: Instrument
    provider: str | None = None
    use_cache: bool = True


class _Kept(Struct, frozen=True, array_like=True):
    price: float
    ts: int
    provider: str
    received_at: float
    substituted: bool


_encoder, _decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(_Kept)


class GetPrice:
    """The last traded price.

    - up to 1 s old it is served from memory; up to 5 s old it is served while a refresh runs;
    - identical requests share one upstream call;
    - when nobody can answer, the last known price of the past hour is served, marked stale.
    """

    def __init__(self, candidates: RankCandidates, cache: Cache, clock: Clock) -> None:
        """Take the collaborators."""
        self._candidates = candidates
        self._cache = cache
        self._clock = clock
        self._flights: SingleFlight[_Kept] = SingleFlight()

    async def __call__(self, query: PriceQuery, context: CallContext) -> PriceAnswer:
        """The price.

        Raises:
            InvalidRequest, NotOffered, UnknownInstrument: the question.
            NoProviderAvailable, DeadlineExceeded: nobody could answer and nothing is known.
        """
        self._candidates.offers.able(Capability.PRICE, query.instrument, query.provider)
        key = f"price:{query.instrument.id}:{query.provider or ''}"
        kept = await self._kept(key)
        if kept is not None and query.use_cache and self._age(kept) <= REVALIDATE_S:
            if self._age(kept) > FRESH_S:
                until = self._clock.monotonic() + REFRESH_S
                behind = CallContext(until, context.priority, context.request_id)
                self._flights.start(key, lambda: self._refresh(key, query, behind))
            return self._answer(query, kept, cached=True)
        try:
            fresh, _ = await self._flights.join_within(
                key,
                lambda: self._refresh(key, query, context),
                lambda: time_left(self._clock, context),
            )
        except (NoProviderAvailable, DeadlineExceeded):
            if kept is None:
                raise
            return self._answer(query, kept, cached=True, stale=True)
        return self._answer(query, fresh, cached=False)

    async def drain(self) -> None:
        """Let what is in the air land (shutdown)."""
        await self._flights.drain()

    async def _refresh(self, key: str, query: PriceQuery, context: CallContext) -> _Kept:
        """Ask; when all deny the instrument, those whose prices stand for something else."""
        ranking = await self._ranking(query)
        try:
            kept = await self._asked(query, ranking, context)
        except UnknownInstrument as unknown:
            kept = await self._elsewhere(query, ranking, unknown, context)
        await self._cache.put(key, _encoder.encode(kept), KEEP_S)
        return kept

    async def _ranking(self, query: PriceQuery) -> Ranking:
        return await self._candidates(Capability.PRICE, query.instrument, only=query.provider)

    async def _elsewhere(
        self, query: PriceQuery, ranking: Ranking, unknown: UnknownInstrument, context: CallContext
    ) -> _Kept:
        """From those who were not comparable as long as somebody before them could answer.

        Raises:
            UnknownInstrument: there are none, or they cannot answer either.
        """
        asked = set(ranking.chosen)
        while (ranking := await self._ranking(query)).chosen:
            if not asked.isdisjoint(ranking.chosen):
                break
            asked |= set(ranking.chosen)
            with suppress(UnknownInstrument, NoProviderAvailable, DeadlineExceeded):
                return await self._asked(query, ranking, context)
        raise unknown

    async def _asked(self, query: PriceQuery, ranking: Ranking, context: CallContext) -> _Kept:
        attempts = list(ranking.refused)
        shares = Shares(self._clock, context, len(ranking.chosen), ranking.refused)
        for name in ranking.chosen:
            provider = self._candidates.offers.provider(name)
            try:
                price = await provider.price(query.instrument, shares.next())
            except (ProviderError, DeadlineExceeded) as error:
                attempts.append(attempt_of(name, error))
                self._candidates.note(name, error, Capability.PRICE, query.instrument)
                continue
            return self._keep(query, price)
        late = is_late(self._clock, context)
        raise await self._candidates.why_nobody(query.instrument, attempts, late=late)

    def _keep(self, query: PriceQuery, price: Price) -> _Kept:
        first = self._candidates.offers.preferred(Capability.PRICE, query.instrument)
        substituted = query.provider is None and price.provider != first
        return _Kept(price.price, price.ts, price.provider, self._clock.now(), substituted)

    async def _kept(self, key: str) -> _Kept | None:
        data = await self._cache.get(key)
        try:
            return None if data is None else _decoder.decode(data)
        except msgspec.MsgspecError:
            return None

    def _age(self, kept: _Kept) -> float:
        return self._clock.now() - kept.received_at

    def _answer(
        self, query: PriceQuery, kept: _Kept, *, cached: bool, stale: bool = False
    ) -> PriceAnswer:
        return PriceAnswer(
            symbol=query.symbol,
            price=kept.price,
            ts=kept.ts,
            provider=kept.provider,
            cached=cached,
            stale=stale,
            age_s=max(0, int(self._age(kept))),
            substituted=kept.substituted,
        )
