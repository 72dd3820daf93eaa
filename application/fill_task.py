"""A job's task as a back-fill: what RunJob runs."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from application.fill_gaps import Committed, Filled, FillGapsAsk
from application.run_job import Backfill, BackfillProgress
from domain.coverage import Coverage
from domain.instrument import Instrument, SeriesKey
from domain.jobs import BackfillTask
from domain.timerange import TimeRange


class FillTask(Backfill):
    """Fills the gaps of a task.

    - The rows it reports are the bars of the range that the store holds, counted from the
      coverage when a provider begins and when it ends: no crash can make them wrong.
    """

    def __init__(
        self,
        resolve: Callable[[str, int | None, str | None], Awaitable[Instrument]],
        fill: Callable[[FillGapsAsk], AsyncGenerator[Committed | Filled, None]],
        coverage: Callable[[SeriesKey, TimeRange], Awaitable[Coverage]],
    ) -> None:
        """Take ``ResolveSymbol``, ``FillGaps`` and ``BarStore.coverage`` by their calls."""
        self._resolve = resolve
        self._fill = fill
        self._coverage = coverage

    async def run(
        self, task: BackfillTask, request_id: str
    ) -> AsyncGenerator[BackfillProgress, None]:
        """Fetch and store; one item per committed batch and one at the end.

        Raises:
            MarketDataError: as ``FillGaps`` does.
        """
        instrument = await self._resolve(task.symbol, task.end - 1, task.provider)
        provider, rows = "", 0
        ask = FillGapsAsk(
            instrument,
            task.interval,
            task.start,
            task.end,
            task.provider,
            request_id=request_id,
        )
        async with aclosing(self._fill(ask)) as events:
            async for event in events:
                if isinstance(event, Committed) and event.provider == provider:
                    rows += event.rows
                else:
                    provider = event.provider
                    rows = await self._held(SeriesKey(instrument.id, task.interval, provider), task)
                yield BackfillProgress(event.done if isinstance(event, Committed) else 1.0, rows)

    async def _held(self, key: SeriesKey, task: BackfillTask) -> int:
        coverage = await self._coverage(key, TimeRange(task.start, task.end))
        return sum(key.interval.count(part.start, part.end) for part in coverage.held)
