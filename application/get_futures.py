"""Answer questions about contracts, products, sessions and exchanges of futures."""

import calendar
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from application.explain_failure import attempt_of
from application.share_time import RESERVE_S, time_left
from application.single_flight import SingleFlight
from application.unentitled import Unentitled
from domain.errors import (
    Attempt,
    DeadlineExceeded,
    NoData,
    NoProviderAvailable,
    NotEntitled,
    NotListed,
    ProviderError,
    UnknownInstrument,
)
from domain.futures import (
    FuturesAnswer,
    FuturesAsk,
    FuturesKind,
    FuturesPart,
    FuturesRecord,
    iso_date,
)
from domain.provider import Capability
from ports.clock import Clock
from ports.futures import FuturesCatalogue, FuturesSource, FuturesStore
from ports.market_data import CallContext, ProviderCatalogue

# Seconds for which an answer is served without asking again.
FRESH_S = {
    FuturesKind.CONTRACTS: 6 * 3600.0,
    FuturesKind.PRODUCTS: 86_400.0,
    FuturesKind.SCHEDULES: 3600.0,
    FuturesKind.MARKET_STATUS: 15.0,
    FuturesKind.EXCHANGES: 86_400.0,
    FuturesKind.AGGREGATES: 60.0,
    FuturesKind.SNAPSHOT: 5.0,
}
PAST_FRESH_S = 7 * 86_400.0  # what was true on a day that is over
MAX_PARTS = 25  # upstream pages that one question may cost
CATCH_UP_PARTS = 3  # those that one for what lies beyond the known part of a list may cost
DAILY = frozenset({FuturesKind.CONTRACTS, FuturesKind.PRODUCTS})
SATURDAY = 5
_HOLIDAYS = 3  # newest days that are tried one after the other


class FuturesPage(Struct, frozen=True):
    """A part of an answer: ``rest`` is how many records come before the next part (None: last).

    ``stale``: it is older than it should be, and could not be fetched again.
    """

    provider: str
    records: tuple[FuturesRecord, ...]
    fetched_at: float
    rest: int | None
    cached: bool
    stale: bool


class GetFutures:
    """Contracts, products, sessions, market status, exchanges; windows of unusual lengths.

    - an answer is stored and served from the store while it is fresh, and for as long as nobody
      can answer; then it is said to be stale;
    - it is fetched as far as somebody reads: the rest of a long list waits for the next page;
    - the same question at the same time is asked once;
    - a page further on than the list was ever read is no page of ours: three parts are fetched
      to reach it, as far as an answer may have shrunk when it was fetched anew, and no more;
    - a kind of facts that the plan does not include is not asked for again for 15 minutes.
    """

    def __init__(
        self,
        catalogue: ProviderCatalogue,
        sources: FuturesCatalogue,
        store: FuturesStore,
        clock: Clock,
    ) -> None:
        """Take the collaborators."""
        self._catalogue = catalogue
        self._sources = sources
        self._store = store
        self._clock = clock
        self._unentitled = Unentitled(clock)
        self._flights: SingleFlight[FuturesAnswer] = SingleFlight()

    @property
    def provider(self) -> str:
        """Who is asked: the first that knows of futures.

        Raises:
            NoProviderAvailable: nobody does.
        """
        for name, provider in self._catalogue.all().items():
            if Capability.FUTURES in provider.capabilities.offers:
                return name
        message = "No configured provider knows of futures: add massive_futures to FKS_PROVIDERS."
        raise NoProviderAvailable(message)

    async def __call__(
        self, ask: FuturesAsk, limit: int, context: CallContext, *, first: int = 0
    ) -> FuturesPage:
        """At most ``limit`` records of the answer, from the one at ``first`` (0 is the first).

        Raises:
            NoProviderAvailable, DeadlineExceeded, StoreUnavailable: there is no answer, not
                even an old one.
            UnknownInstrument: the provider does not know what was asked about.
            NoData: nobody was ever told of a page that begins there.
        """
        page = None
        for dated in _dated(ask, self._clock.now()):
            page = await self._page(dated, limit, context, first)
            if page.records:
                break
        return page or await self._page(ask, limit, context, first)

    async def _page(
        self, ask: FuturesAsk, limit: int, context: CallContext, first: int
    ) -> FuturesPage:
        name, wanted = self.provider, first + limit
        kept = await self._store.read(name, ask)
        if kept is not None and self._is_fresh(ask, kept) and _reaches(kept, wanted):
            return _page(name, kept, first, limit, cached=True)
        try:
            answer, _ = await self._flights.join_within(
                f"{ask.key}#{first}#{wanted}",
                lambda: self._fetch(name, ask, kept, (first, wanted), context),
                lambda: time_left(self._clock, context, RESERVE_S),
            )
        except (ProviderError, DeadlineExceeded) as error:
            kept = await self._store.read(name, ask)
            if kept is None or not (kept.records[first:] or _reaches(kept, wanted)):
                raise _told(name, error) from error
            stale = not self._is_fresh(ask, kept)
            return _page(name, kept, first, limit, cached=True, stale=stale)
        return _page(name, answer, first, limit, cached=False)

    async def one(self, ask: FuturesAsk, context: CallContext) -> FuturesPage:
        """The first record of the answer.

        Raises:
            UnknownInstrument: there is none; otherwise as above.
        """
        page = await self(ask, 1, context)
        if not page.records:
            what = next((value for _, value in ask.filters), "that")
            raise UnknownInstrument(f"{page.provider} knows nothing of {what}.")
        return replace(page, rest=None)

    async def _fetch(
        self,
        name: str,
        ask: FuturesAsk,
        kept: FuturesAnswer | None,
        rows: tuple[int, int],
        context: CallContext,
    ) -> FuturesAnswer:
        """Begin anew, or go on where the answer was left, until it is long enough."""
        subject, start = (name, ask.kind), _begins(ask, self._clock.now())
        if self._unentitled.until(subject, start) is not None:
            message = f"{name} said that the plan does not include this: it is not asked again yet."
            raise NotEntitled(message, provider=name)
        try:
            return await self._fetched(name, ask, kept, rows, context)
        except NotEntitled:
            self._unentitled.note(subject, start)
            raise

    async def _fetched(
        self,
        name: str,
        ask: FuturesAsk,
        kept: FuturesAnswer | None,
        rows: tuple[int, int],
        context: CallContext,
    ) -> FuturesAnswer:
        source, answer, (first, wanted) = self._sources.source(name), kept, rows
        known = 0 if kept is None else len(kept.records)
        if answer is None or not self._is_fresh(ask, answer):
            answer = await self._begin(source, name, ask, context)
        for _ in range(MAX_PARTS if first <= known else CATCH_UP_PARTS - 1):
            if _reaches(answer, wanted):
                break
            answer = await self._go_on(source, name, ask, answer, context)
        if not _reaches(answer, first):
            message = "No page begins at that cursor: start again without one, then follow next."
            raise NoData(message)
        return answer

    async def _begin(
        self, source: FuturesSource, name: str, ask: FuturesAsk, context: CallContext
    ) -> FuturesAnswer:
        part = await source.futures(ask, context)
        now = self._clock.now()
        await self._store.write(name, ask, part, now)
        return await self._store.read(name, ask) or FuturesAnswer(part.records, now, part.more)

    async def _go_on(
        self,
        source: FuturesSource,
        name: str,
        ask: FuturesAsk,
        answer: FuturesAnswer,
        context: CallContext,
    ) -> FuturesAnswer:
        """The answer with its next part; one without anything new ends it.

        The lists have a row for every day of a contract: behind those of the newest day come the
        same ones again, for years.
        """
        part = await source.futures(ask, context, after=answer.more)
        known = {record.key for record in answer.records}
        if not any(record.key not in known for record in part.records):
            part = FuturesPart(())
        await self._store.write(name, ask, part, self._clock.now(), after=answer.more)
        return await self._store.read(name, ask) or replace(answer, more=None)

    def _is_fresh(self, ask: FuturesAsk, answer: FuturesAnswer) -> bool:
        now = self._clock.now()
        today = datetime.fromtimestamp(now, UTC).date().isoformat()
        is_past = ask.as_of != "" and ask.as_of < today
        return now - answer.fetched_at < (PAST_FRESH_S if is_past else FRESH_S[ask.kind])


def _dated(ask: FuturesAsk, now: float) -> Iterator[FuturesAsk]:
    """The question, with the newest days that may have a list where it needs one.

    A list has a row for every day: in any order but by date its days would be mixed. Holidays
    have none.
    """
    if ask.kind not in DAILY or ask.as_of or ask.sort in {"", "date.desc"}:
        yield ask
        return
    today = datetime.fromtimestamp(now, UTC).date()
    days = (today - timedelta(days=n) for n in range(7))
    for day in islice((d for d in days if d.weekday() < SATURDAY), _HOLIDAYS):
        yield replace(ask, as_of=day.isoformat())


def _begins(ask: FuturesAsk, now: float) -> int:
    """How far back (Unix s) a question reaches; one without a day is about now."""
    day, opened = iso_date(ask.as_of), ask.filtered("window_start.gte")
    if day is not None:
        return calendar.timegm(day.timetuple())
    return int(now) if opened is None else int(opened) // 10**9


def _reaches(answer: FuturesAnswer, wanted: int) -> bool:
    """Whether nothing more has to be fetched."""
    return answer.more is None or len(answer.records) >= wanted


def _page(
    name: str, answer: FuturesAnswer, first: int, limit: int, *, cached: bool, stale: bool = False
) -> FuturesPage:
    stop = first + limit
    goes_on = len(answer.records) > stop or (answer.more is not None and answer.records[first:])
    return FuturesPage(
        provider=name,
        records=answer.records[first:stop],
        fetched_at=answer.fetched_at,
        rest=min(stop, len(answer.records)) if goes_on else None,
        cached=cached,
        stale=stale,
    )


def _told(name: str, error: ProviderError | DeadlineExceeded) -> Exception:
    """What the caller is told: nobody else could be asked."""
    if isinstance(error, NotListed):
        return UnknownInstrument(error.message)
    if isinstance(error, DeadlineExceeded):
        return error
    found: Attempt = attempt_of(name, error)
    return NoProviderAvailable(f"{name} could not answer: {error.message}", (found,))
