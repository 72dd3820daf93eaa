"""Answers about futures of any :class:`Provider` value: the port ``FuturesSource``."""

import msgspec

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.cells import Circling
from adapters_out.provider_kit.provider import FuturesEndpoint
from adapters_out.provider_kit.provider_part import ProviderPart
from domain.futures import FuturesAsk, FuturesPart
from ports.futures import FuturesSource
from ports.market_data import CallContext


class FuturesDesk(FuturesSource, ProviderPart):
    """The part of a provider that answers about futures; the rest of it is ``KitProvider``."""

    async def futures(
        self, ask: FuturesAsk, context: CallContext, *, after: str | None = None
    ) -> FuturesPart:
        self._require_key()
        endpoint = self._provider.futures
        if endpoint is None:
            raise self._refused("knows nothing of futures")

        def read(reply: Reply) -> FuturesPart:
            found = endpoint.read(reply, ask)
            more = None if found.more is None else msgspec.json.encode(found.more).decode()
            if more is not None and more == after:
                raise Circling
            return FuturesPart(tuple(found.records), more)

        name = f"futures_{ask.kind.value}"
        return await self._talk.answer(name, lambda: _question(endpoint, ask, after), read, context)


def _question(endpoint: FuturesEndpoint, ask: FuturesAsk, after: str | None) -> Question:
    """The first call, or the one that was kept as the ``more`` of a part."""
    return endpoint.ask(ask) if after is None else msgspec.json.decode(after, type=Call)
