"""Accept a back-fill: check it, enter it in the ledger, hand its id to the workers."""

from msgspec import Struct

from application.resolve_symbol import ResolveSymbol
from domain.errors import (
    InvalidRequest,
    NoData,
    Overloaded,
    RangeTooWide,
    UnknownInstrument,
    UnsupportedInterval,
    quoted,
)
from domain.instrument import Instrument, clean_symbol
from domain.interval import Interval
from domain.jobs import BackfillTask, Job
from domain.moment import LATEST
from domain.provider import Capability
from domain.timerange import TimeRange
from ports.clock import Clock, Ids
from ports.jobs import JobLedger, JobQueue
from ports.market_data import ProviderCatalogue

# Nineteen years of minutes; what is wider is a slip of the finger.
MAX_BARS = 10_000_000


class SubmitBackfillRequest(Struct, frozen=True):
    """What a caller wants filled; ``start`` and ``end`` are Unix seconds, half-open."""

    symbol: str
    interval: Interval
    start: int
    end: int
    provider: str | None = None


class SubmittedBackfill(Struct, frozen=True):
    """The job that does it; ``created`` is False when an unfinished one already did."""

    job: Job
    created: bool


class SubmitBackfill:
    """Turns a request into a job.

    - The range holds at least one bar, begins in the past, does not reach beyond the running
      bar and is not absurdly wide.
    - A named provider exists and has the interval or finer ones that make it up; without a
      name, somebody offers bars of that class of assets.
    - The same task, however its symbol is spelled, is entered once while it is unfinished.
    - What the ledger accepted will be done: a broker that is down is no error, the reconciler
      sends the job later.
    """

    def __init__(
        self,
        ledger: JobLedger,
        queue: JobQueue,
        resolve: ResolveSymbol,
        catalogue: ProviderCatalogue,
        clock: Clock,
        ids: Ids,
        *,
        max_bars: int = MAX_BARS,
    ) -> None:
        """Take the collaborators; one job may touch ``max_bars``."""
        self._ledger = ledger
        self._queue = queue
        self._resolve = resolve
        self._catalogue = catalogue
        self._clock = clock
        self._ids = ids
        self._max_bars = max_bars

    async def __call__(self, request: SubmitBackfillRequest) -> SubmittedBackfill:
        """Enter the job.

        Raises:
            InvalidRequest, NoData, UnknownInstrument, UnsupportedInterval, RangeTooWide: see the
                rules above.
            StoreUnavailable, Overloaded: the ledger cannot be reached; nothing was accepted.
        """
        task = self._task(request)
        instrument = await self._resolve(task.symbol, task.end - 1, task.provider)
        self._check_offers(instrument, task)
        key = _key(instrument, task)
        job, created = await self._ledger.submit(self._ids.new(), key, task)
        if created:
            await self._hand_over(job.id)
        return SubmittedBackfill(job, created)

    async def _hand_over(self, job_id: str) -> None:
        try:
            await self._queue.send(job_id)
        except Overloaded:
            return  # accepted all the same: the reconciler sends what nobody took

    def _task(self, request: SubmitBackfillRequest) -> BackfillTask:
        span = self._checked_range(request)
        self._check_provider(request)
        symbol = clean_symbol(request.symbol)
        return BackfillTask(symbol, request.interval, span.start, span.end, request.provider)

    def _check_offers(self, instrument: Instrument, task: BackfillTask) -> None:
        offers = [
            provider.name
            for provider in self._catalogue.all().values()
            if task.provider in {None, provider.name}
            and provider.capabilities.can(Capability.BARS, instrument.asset_class)
        ]
        if not offers:
            whom = task.provider or "any configured provider"
            message = f"{instrument.id} is a {instrument.asset_class.value}, not listed by {whom}."
            raise UnknownInstrument(message)

    def _checked_range(self, request: SubmitBackfillRequest) -> TimeRange:
        if request.start < 0:
            message = "The range begins before 1970: start must be Unix seconds from 0 on."
            raise InvalidRequest(message, "start")
        span, interval = TimeRange(request.start, request.end), request.interval
        now = int(self._clock.now())
        # Before the alignment, which a time in milliseconds would throw out of the calendar.
        if request.end > LATEST:
            message = "The range ends after 2099: end must be Unix seconds, not milliseconds."
            raise InvalidRequest(message, "end")
        running = interval.floor(now)
        if request.start >= running or request.end > interval.close(running):
            message = (
                f"The range reaches beyond the newest complete {interval.value} bar: "
                f"use an end of at most {running}."
            )
            raise NoData(message)
        return self._checked_width(span, interval)

    def _checked_width(self, span: TimeRange, interval: Interval) -> TimeRange:
        aligned = span.aligned(interval)
        if aligned is None:
            message = f"No {interval.value} bar opens in the range: widen it."
            raise NoData(message)
        bars = interval.count(aligned.start, aligned.end)
        if bars > self._max_bars:
            message = (
                f"The range holds {bars} bars and one job at most {self._max_bars}: "
                "split it or take a longer interval."
            )
            raise RangeTooWide(message, "start")
        return aligned

    def _check_provider(self, request: SubmitBackfillRequest) -> None:
        if request.provider is None:
            return
        provider = self._catalogue.all().get(request.provider)
        if provider is None:
            known = ", ".join(self._catalogue.all())
            whom = quoted(request.provider)
            message = f"There is no provider {whom}: use one of {known}, or leave it out."
            raise InvalidRequest(message, "provider")
        can = provider.capabilities
        if can.source(request.interval) is None:
            offered = ", ".join(i.value for i in Interval if can.source(i) is not None)
            message = f"{provider.name} has no {request.interval.value} bars: use {offered}."
            raise UnsupportedInterval(message, "interval")


def _key(instrument: Instrument, task: BackfillTask) -> str:
    """What makes two tasks one."""
    provider = task.provider or "any"
    return f"backfill {instrument.id} {task.interval.value} {task.start} {task.end} {provider}"
