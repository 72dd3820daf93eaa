"""The back-fill behind a job."""

from collections.abc import AsyncGenerator

from application.fill_gaps import Committed, FillGaps, FillGapsAsk
from application.resolve_symbol import ResolveSymbol
from application.run_job import Backfill, BackfillProgress
from domain.instrument import SeriesKey
from domain.jobs import BackfillTask
from domain.timerange import TimeRange
from ports.bar_store import BarStore


class RunBackfill(Backfill):
    """Runs :class:`FillGaps` for a task and counts what the store holds of its range."""

    def __init__(self, resolve: ResolveSymbol, fill: FillGaps, store: BarStore) -> None:
        """Take the collaborators."""
        self._resolve = resolve
        self._fill = fill
        self._store = store

    async def run(
        self, task: BackfillTask, request_id: str
    ) -> AsyncGenerator[BackfillProgress, None]:
        """Fetch and store, one item per committed batch, the last one at 1.0."""
        instrument = await self._resolve(task.symbol)
        ask = FillGapsAsk(
            instrument, task.interval, task.start, task.end, task.provider, request_id=request_id
        )
        async for event in self._fill(ask):
            key = SeriesKey(instrument.id, task.interval, event.provider)
            done = event.done if isinstance(event, Committed) else 1.0
            yield BackfillProgress(done, await self._rows(key, task))

    async def _rows(self, key: SeriesKey, task: BackfillTask) -> int:
        span = TimeRange(task.start, task.end)
        held = (await self._store.coverage(key, span)).held
        return sum(key.interval.count(part.start, part.end) for part in held)
