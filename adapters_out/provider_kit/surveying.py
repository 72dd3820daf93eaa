"""Assets as a whole, of any :class:`Provider` value: the port ``AssetSource``."""

from collections.abc import Sequence

from msgspec.structs import replace

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.entitled import AGAIN_S
from adapters_out.provider_kit.provider import MarketsEndpoint
from adapters_out.provider_kit.provider_part import ProviderPart
from domain.assets import AssetSnapshot
from domain.errors import DeadlineExceeded, NotEntitled, ProviderError
from ports.assets import AssetSource
from ports.clock import Clock
from ports.market_data import CallContext

_AMOUNTS = (
    *("price", "market_cap", "fully_diluted_market_cap", "volume_24h"),
    *("circulating_supply", "total_supply", "max_supply"),
)
_MOST_RANKS = 2**31 - 1


class Surveying(AssetSource, ProviderPart):
    """The part of a provider that tells of assets; the rest of it is :class:`KitProvider`."""

    _clock: Clock
    _undescribed_until = 0.0  # the plan does not include the metadata

    async def markets(
        self, limit: int, offset: int, context: CallContext
    ) -> Sequence[AssetSnapshot]:
        endpoint = self._markets()

        def read(reply: Reply) -> Sequence[AssetSnapshot]:
            return [_sound(snapshot) for snapshot in endpoint.read(reply)]

        return await self._talk.answer(
            "markets", lambda: endpoint.ask(limit, offset), read, context
        )

    async def asset(self, code: str, context: CallContext) -> AssetSnapshot:
        endpoint = self._markets()
        snapshot = await self._talk.answer(
            "asset",
            lambda: endpoint.find(code),
            lambda reply: _sound(endpoint.read_one(reply, code)),
            context,
        )
        return await self._described(endpoint, snapshot, context)

    async def _described(
        self, endpoint: MarketsEndpoint, snapshot: AssetSnapshot, context: CallContext
    ) -> AssetSnapshot:
        """With its metadata; the figures are worth telling without, if only that fails."""
        describe, read = endpoint.describe, endpoint.read_description
        if describe is None or read is None or self._clock.monotonic() < self._undescribed_until:
            return snapshot
        try:
            texts = await self._talk.answer(
                "description",
                lambda: describe(snapshot),
                lambda reply: read(reply, snapshot),
                context,
            )
        except (ProviderError, DeadlineExceeded) as error:
            if isinstance(error, NotEntitled):
                self._undescribed_until = self._clock.monotonic() + AGAIN_S
            return snapshot
        return replace(snapshot, metadata={**snapshot.metadata, **texts})

    def _markets(self) -> MarketsEndpoint:
        self._require_key()
        if self._provider.markets is None:
            raise self._refused("tells no capitalisations")
        return self._provider.markets


def _sound(snapshot: AssetSnapshot) -> AssetSnapshot:
    """The snapshot, if its figures can be true."""
    for name in _AMOUNTS:
        amount = getattr(snapshot, name)
        if amount is not None and amount < 0:
            raise Unreadable(f"a {name} of {amount!r} is none")
    if snapshot.rank is not None and not 0 < snapshot.rank <= _MOST_RANKS:
        raise Unreadable(f"{snapshot.rank} is no rank")
    return snapshot
