"""Keep the instrument lists of the providers at most a day old."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from application.single_flight import SingleFlight
from application.unentitled import KEEP_S
from domain.errors import AccessDenied, DeadlineExceeded, MarketDataError
from domain.provider import Capability, Priority
from ports.clock import Clock
from ports.instrument_store import InstrumentStore
from ports.market_data import CallContext, MarketDataProvider, ProviderCatalogue
from ports.telemetry import Telemetry

MAX_AGE_S = 86_400.0
# Nobody waits for a list, but everybody for the first answer of a service that has just started.
QUIET_S = 600.0
_AGAIN_S = 3600.0  # after a failure
_YOUNG_S = 60.0  # for so long a list that was young is not looked for again
_LONGEST_S = 1800.0  # some lists have many parts and their providers few calls a minute


class RefreshListings:
    """Fetch what is not stored, or older than a day.

    - a fetch that was begun ends, whoever hangs up meanwhile: long lists need longer than a
      caller waits;
    - in the background one list at a time, behind everybody else's calls, and not in the first
      ten minutes of a process; a list that cannot be fetched is left alone for an hour;
    - a list that our key does not open is not asked for again for 15 minutes, whoever asks.
    """

    def __init__(
        self,
        catalogue: ProviderCatalogue,
        instruments: InstrumentStore,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        """Take the collaborators."""
        self._catalogue = catalogue
        self._instruments = instruments
        self._clock = clock
        self._telemetry = telemetry
        self._flights: SingleFlight[None] = SingleFlight()
        self._looks: SingleFlight[Mapping[str, float]] = SingleFlight()
        self._young: dict[str, tuple[float, float | None]] = {}
        self._failed: dict[str, float] = {}
        self._denied: dict[str, tuple[float, AccessDenied]] = {}

    def sources(self, only: str | None = None) -> Sequence[MarketDataProvider]:
        """Who has an instrument list and, unless it is named, the key to get it."""
        return [
            source
            for name, source in self._catalogue.all().items()
            if Capability.INSTRUMENTS in source.capabilities.offers
            and (name == only or (only is None and (source.has_key or not source.needs_key)))
        ]

    async def now(
        self, source: MarketDataProvider, context: CallContext, left: Callable[[], float | None]
    ) -> None:
        """Return when a list of that provider is stored, at the latest after ``left()`` seconds.

        Raises:
            ProviderError, DeadlineExceeded: there is none, not even an old one.
            StoreUnavailable: the lists cannot be asked.
        """
        fetched_at = await self._age_of(source.name)
        if not self._is_due(fetched_at):
            return
        try:
            self._refuse_denied(source.name)
            work = self._fetching(source, context.priority)
            self._flights.start(source.name, work)
            await self._flights.join_within(source.name, work, left)
        except MarketDataError:
            if fetched_at is None:
                raise

    async def forever(self, leads: Callable[[], Awaitable[bool]]) -> None:
        """Look every ten minutes, while this process leads, until cancelled."""
        while True:
            await self._clock.sleep(QUIET_S)
            if await leads():
                await self.once()

    async def once(self) -> None:
        """Refresh every list that is due; no failure gets out."""
        for source in self.sources():
            if self._clock.monotonic() < self._failed.get(source.name, 0.0):
                continue
            try:
                if self._is_due((await self._instruments.lists()).get(source.name)):
                    await self._flights.join(source.name, self._fetching(source, Priority.BACKFILL))
            except (MarketDataError, DeadlineExceeded) as error:
                self._failed[source.name] = self._clock.monotonic() + _AGAIN_S
                self._telemetry.event(
                    "list_not_refreshed", provider=source.name, reason=error.message
                )

    async def _age_of(self, name: str) -> float | None:
        """When the list was fetched; a crowd of callers asks the store once, and then no more."""
        until, known = self._young.get(name, (0.0, None))
        if self._clock.monotonic() < until:
            return known
        lists, _ = await self._looks.join("lists", self._instruments.lists)
        fetched_at = lists.get(name)
        if not self._is_due(fetched_at):
            self._young[name] = (self._clock.monotonic() + _YOUNG_S, fetched_at)
        return fetched_at

    def _refuse_denied(self, name: str) -> None:
        """Raise what the provider has said lately, if that was that we may not have its list."""
        until, denial = self._denied.get(name, (0.0, None))
        if denial is not None and self._clock.monotonic() < until:
            raise type(denial)(denial.message, provider=name)

    def _is_due(self, fetched_at: float | None) -> bool:
        return fetched_at is None or self._clock.now() - fetched_at >= MAX_AGE_S

    def _fetching(
        self, source: MarketDataProvider, priority: Priority
    ) -> Callable[[], Awaitable[None]]:
        async def fetch() -> None:
            until = self._clock.monotonic() + _LONGEST_S
            try:
                listings = await source.listings(CallContext(until, priority, "instrument-list"))
            except AccessDenied as denial:
                self._denied[source.name] = (self._clock.monotonic() + KEEP_S, denial)
                raise
            await self._instruments.replace(source.name, listings, self._clock.now())

        return fetch
