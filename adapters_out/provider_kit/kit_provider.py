"""The port ``MarketDataProvider`` for any :class:`Provider` value."""

import math
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial

from msgspec.structs import replace

from adapters_out.provider_kit.acting import Acting
from adapters_out.provider_kit.allowance import Allowance
from adapters_out.provider_kit.body_room import BodyRoom
from adapters_out.provider_kit.call_ends import Surroundings
from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.conversation import Conversation
from adapters_out.provider_kit.entitled import Entitled
from adapters_out.provider_kit.futures_desk import FuturesDesk
from adapters_out.provider_kit.http import HttpChannel, Transport
from adapters_out.provider_kit.origins import Origins
from adapters_out.provider_kit.planned_bars import PlannedBars
from adapters_out.provider_kit.provider import PriceEndpoint, Provider
from adapters_out.provider_kit.redaction import Redactor
from adapters_out.provider_kit.retries import Retries
from adapters_out.provider_kit.sender import Sender
from adapters_out.provider_kit.settings import ProviderSettings
from adapters_out.provider_kit.surveying import Surveying
from adapters_out.provider_kit.ticker_parts import ticker_parts
from adapters_out.provider_kit.ticking import Ticking
from adapters_out.provider_kit.walk import Walk
from domain.bars import BarSeries
from domain.errors import AccessDenied, CallRefused, MalformedPayload
from domain.instrument import Instrument, Listing
from domain.provider import BarsAsk, BarsPage, Capabilities, Price, ProviderPolicy
from domain.soundness import price_floor
from domain.timerange import TimeRange
from ports.clock import Chance, Clock
from ports.health_board import HealthBoard
from ports.market_data import CallContext, MarketDataProvider
from ports.pacing import Pacer
from ports.telemetry import Telemetry

__all__ = ["KitProvider", "ProviderSettings"]

_LIST_PARTS = 1000


class KitProvider(MarketDataProvider, Ticking, Acting, FuturesDesk, Surveying):
    """Asks one provider: paces, sends, classifies, retries, reads and judges.

    Answer to ``bars``: ascending pages, each with the range that it answers for. A page that
    cannot be read counts as a fault of the provider and is asked for again.
    """

    def __init__(  # noqa: PLR0913 - the ports that it stands on
        self,
        provider: Provider,
        settings: ProviderSettings,
        *,
        pacer: Pacer,
        health: HealthBoard,
        clock: Clock,
        chance: Chance,
        telemetry: Telemetry,
        transport: Transport | None = None,
        room: BodyRoom | None = None,
    ) -> None:
        """Open nothing yet; ``transport`` replaces the network in the scripted ring.

        ``room`` is shared with the other providers.
        """
        self._provider = provider
        self._allowance = Allowance(provider, settings, pacer)
        policy = self._allowance.policy
        self._clock = clock
        key = settings.api_key or None
        self._has_key = key is not None
        self._key_name = settings.key_name
        self._redactor = Redactor(key)
        base_url = settings.base_url or provider.base_url
        self._channel = HttpChannel(provider, policy, base_url, key, clock, transport, room)
        around = Surroundings(pacer, health, clock, telemetry)
        # Who names a host wants that one: a demonstration must not leave the machine.
        mirrors = () if settings.base_url else provider.mirrors
        origins = Origins(base_url, mirrors, clock)
        sender = Sender(provider, self._allowance, self._channel, origins, self._redactor, around)
        self._prices = Entitled(_ways(provider.price), clock)
        self._bars = None
        if provider.bars is not None:
            most = self.capabilities.page_bars
            self._bars = PlannedBars(self.name, provider.bars, most, clock)
        self._talk = Conversation(
            self.name, sender, Retries(policy, clock, chance), clock, provider.account
        )

    @property
    def name(self) -> str:
        return self._provider.name

    @property
    def policy(self) -> ProviderPolicy:
        return self._allowance.policy

    @property
    def capabilities(self) -> Capabilities:
        return self._provider.capabilities

    @property
    def needs_key(self) -> bool:
        return self._provider.auth is not None and self._provider.auth.required

    @property
    def has_key(self) -> bool:
        return self._has_key

    @property
    def key_mark(self) -> str:
        return self._redactor.mark

    async def close(self) -> None:
        """Close the connections."""
        await self._channel.close()

    async def bars(self, ask: BarsAsk, context: CallContext) -> AsyncGenerator[BarsPage, None]:
        self._require_key()
        if self._bars is None or ask.interval not in self.capabilities.intervals:
            raise self._refused(f"offers no {ask.interval.value} bars")
        for named in ticker_parts(ask, self.capabilities):
            if isinstance(named, TimeRange):
                nothing = BarSeries.empty(ask.interval)
                yield BarsPage(named, nothing, fetched_at=self._clock.now())
                continue
            async with aclosing(self._bars.pages(named, partial(self._turn, context))) as pages:
                async for page in pages:
                    yield self._without_keys(page)

    async def _turn(self, context: CallContext, walk: Walk) -> BarsPage | None:
        """The next page of a walk."""
        part = walk.part
        return await self._talk.answer(
            "bars", partial(walk.question, part), partial(walk.read, part), context
        )

    async def price(self, instrument: Instrument, context: CallContext) -> Price:
        self._require_key()
        if not self._prices:
            raise self._refused("offers no prices")
        return await self._prices.first(
            instrument.asset_class, lambda way: self._price(way, instrument, context)
        )

    async def _price(
        self, endpoint: PriceEndpoint, instrument: Instrument, context: CallContext
    ) -> Price:
        def read(reply: Reply) -> Price:
            last = endpoint.read(reply, instrument)
            floor = price_floor(instrument.asset_class)
            if not (floor < last.price < math.inf):
                raise Unreadable(f"{last.price!r} is no price")
            ts = int(reply.received_at) if last.ts is None else last.ts
            return Price(instrument, last.price, ts, self.name)

        return await self._talk.answer("price", lambda: endpoint.ask(instrument), read, context)

    async def listings(self, context: CallContext) -> Sequence[Listing]:
        self._require_key()
        endpoint = self._provider.listings
        if endpoint is None:
            raise self._refused("offers no instrument list")
        found: dict[str, Listing] = {}  # by symbol: some lists name one twice
        named: list[Call] = []  # the pages that it has handed out
        begin: Callable[[], Question] = endpoint.ask
        for _ in range(_LIST_PARTS):
            part = await self._talk.answer("listings", begin, endpoint.read, context)
            found |= {listing.symbol: listing for listing in part.listings}
            if part.more is None:
                return list(found.values())
            if part.more in named:
                break
            named.append(part.more)
            begin = partial(_same, part.more)
        raise MalformedPayload(f"The list of {self.name} has no end.", provider=self.name)

    async def ping(self, context: CallContext) -> None:
        self._require_key()
        await self._talk.answer("ping", lambda: self._provider.ping, lambda _: None, context)

    def _require_key(self) -> None:
        if self.needs_key and not self.has_key:
            remedy = f": set {self._key_name}" if self._key_name else ", and none is configured"
            message = f"{self.name} answers nothing without an API key{remedy}."
            raise AccessDenied(message, provider=self.name)

    def _without_keys(self, page: BarsPage) -> BarsPage:
        """Rejected rows are stored and shown: a body that echoes our key must not do that."""
        clean = self._redactor.clean
        rows = (replace(r, content=clean(r.content), reason=clean(r.reason)) for r in page.rejected)
        return replace(page, rejected=tuple(rows)) if page.rejected else page

    def _refused(self, what: str) -> CallRefused:
        return CallRefused(f"{self.name} {what}.", provider=self.name)


def _ways(endpoint: PriceEndpoint | None) -> Sequence[PriceEndpoint]:
    """An endpoint and those to be asked instead, in order."""
    return () if endpoint is None else (endpoint, *_ways(endpoint.instead))


def _same(call: Call) -> Question:
    """The call itself is the question."""
    return call
