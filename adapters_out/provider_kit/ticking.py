"""Trades and quotes of any :class:`Provider` value: the port ``TickSource``."""

from adapters_out.provider_kit.provider import TicksEndpoint
from adapters_out.provider_kit.provider_part import ProviderPart
from adapters_out.provider_kit.tick_walk import TickWalk
from adapters_out.provider_kit.ticker_parts import tick_part
from domain.errors import ProviderError, RangeUnavailable
from domain.ticks import Quote, T, TicksAsk, TicksPage, Trade
from ports.clock import Clock
from ports.market_data import CallContext
from ports.ticks import TickSource


class Ticking(TickSource, ProviderPart):
    """The part of a provider that answers for ticks; the rest of it is :class:`KitProvider`."""

    _clock: Clock

    async def trades(self, ask: TicksAsk, context: CallContext) -> TicksPage[Trade]:
        return await self._walked(Trade, "trades", self._provider.trades, ask, context)

    async def quotes(self, ask: TicksAsk, context: CallContext) -> TicksPage[Quote]:
        return await self._walked(Quote, "quotes", self._provider.quotes, ask, context)

    async def _walked(
        self,
        kind: type[T],
        name: str,
        endpoint: TicksEndpoint | None,
        ask: TicksAsk,
        context: CallContext,
    ) -> TicksPage[T]:
        self._require_key()
        if endpoint is None:
            raise self._refused(f"offers no {name}")
        now_ns = int(self._clock.now() * 1_000_000) * 1000
        if endpoint.live and ask.end_ns is not None and ask.end_ns <= now_ns:
            reason = f"{self._provider.name} tells only the present {name}, none of the past."
            raise RangeUnavailable(reason, provider=self._provider.name)
        walk = TickWalk(kind, endpoint, tick_part(ask, self._provider.capabilities))
        while walk.page is None:
            try:
                await self._talk.answer(name, walk.question, walk.read, context)
            except ProviderError:
                cut = walk.so_far()
                if cut is None:
                    raise
                return cut  # the ticks of the pages that came; the rest is asked for again
        return walk.page
