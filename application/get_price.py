"""Answer a request for the last price."""

import msgspec
from msgspec import Struct

from application.answers import PriceAnswer
from application.rank_candidates import RankCandidates
from application.single_flight import SingleFlight
from domain.errors import (
    Attempt,
    DeadlineExceeded,
    NoProviderAvailable,
    NotListed,
    ProviderError,
    UnknownInstrument,
)
from domain.instrument import Instrument
from domain.provider import Capability, Price
from ports.cache import Cache
from ports.clock import Clock
from ports.market_data import CallContext

FRESH_S = 1.0  # served as it is
REVALIDATE_S = 5.0  # served while it is refreshed behind the caller's back
KEEP_S = 3600.0  # served, marked stale, only when no provider can answer


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
            InvalidRequest, UnknownInstrument: the question.
            NoProviderAvailable, DeadlineExceeded: nobody could answer and nothing is known.
        """
        key = f"price:{query.instrument.id}:{query.provider or ''}"
        kept = await self._kept(key)
        age = None if kept is None else self._clock.now() - kept.received_at
        if kept is not None and age is not None and query.use_cache:
            if age <= FRESH_S:
                return self._answer(query, kept, cached=True)
            if age <= REVALIDATE_S:
                refresh = CallContext(None, context.priority, context.request_id)
                self._flights.start(key, lambda: self._refresh(key, query, refresh))
                return self._answer(query, kept, cached=True)
        try:
            fresh, _ = await self._flights.join(key, lambda: self._refresh(key, query, context))
        except (NoProviderAvailable, DeadlineExceeded):
            if kept is None:
                raise
            return self._answer(query, kept, cached=True, stale=True)
        return self._answer(query, fresh, cached=False)

    async def drain(self) -> None:
        """Let what is in the air land (shutdown)."""
        await self._flights.drain()

    async def _refresh(self, key: str, query: PriceQuery, context: CallContext) -> _Kept:
        ranking = await self._candidates(Capability.PRICE, query.instrument, only=query.provider)
        attempts = list(ranking.refused)
        for left, name in zip(range(len(ranking.chosen), 0, -1), ranking.chosen, strict=True):
            provider = self._candidates.provider(name)
            if provider is None:
                continue
            try:
                price = await provider.price(query.instrument, self._share(context, left))
            except (ProviderError, DeadlineExceeded) as error:
                attempts.append(Attempt(name, error.code, error.message, _retry_at(error)))
                continue
            kept = self._keep(price, substituted=bool(attempts))
            await self._cache.put(key, _encoder.encode(kept), KEEP_S)
            return kept
        raise _failure(query, tuple(attempts))

    def _keep(self, price: Price, *, substituted: bool) -> _Kept:
        return _Kept(price.price, price.ts, price.provider, self._clock.now(), substituted)

    async def _kept(self, key: str) -> _Kept | None:
        data = await self._cache.get(key)
        try:
            return None if data is None else _decoder.decode(data)
        except msgspec.MsgspecError:
            return None

    def _share(self, context: CallContext, left: int) -> CallContext:
        if context.deadline is None:
            return context
        now = self._clock.monotonic()
        until = now + max(0.0, context.deadline - now) / left
        return CallContext(until, context.priority, context.request_id)

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
            age_s=max(0, int(self._clock.now() - kept.received_at)),
            substituted=kept.substituted and query.provider is None,
        )


def _retry_at(error: ProviderError | DeadlineExceeded) -> float | None:
    return error.retry_at if isinstance(error, ProviderError) else None


def _failure(query: PriceQuery, attempts: tuple[Attempt, ...]) -> Exception:
    codes = {attempt.code for attempt in attempts}
    if codes <= {NotListed.code}:
        return UnknownInstrument(f"No configured provider lists {query.instrument.id}.")
    if codes == {DeadlineExceeded.code}:
        return DeadlineExceeded(f"No provider sent a price of {query.instrument.id} in time.")
    return NoProviderAvailable(f"No provider could price {query.instrument.id}.", attempts)
