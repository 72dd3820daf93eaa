"""`fks-data backfill`: fetch and store what is missing, with a bar or with JSON lines."""

import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from adapters_in.cli.runtime import Runtime, Toolbox
from adapters_in.cli.screen import Screen
from adapters_in.cli.spelling import full_name
from application.fill_gaps import Committed, Filled, FillGapsAsk
from domain.interval import Interval
from domain.moment import iso, parse_seconds

INCOMPLETE = 3


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillOptions:
    """The flags of the command."""

    interval: Annotated[str, Parameter(help="1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d 1w 1mo")]
    start: Annotated[str, Parameter(help="Unix seconds or ISO 8601.")]
    end: Annotated[str, Parameter(help="Unix seconds or ISO 8601, exclusive.")]
    provider: Annotated[str | None, Parameter(help="This provider or an error.")] = None
    json: Annotated[
        bool, Parameter(negative=(), help="One line per committed batch, then one that ends it.")
    ] = False


async def backfill(runtime: Runtime, symbols: Sequence[str], options: BackfillOptions) -> int:
    """Fill symbol after symbol; 0 only if every remaining gap has a known cause.

    Raises:
        MarketDataError: as the use case; what was committed before stays.
    """
    async with runtime.toolbox() as tools:
        asks = [(symbol, await _ask(tools, symbol, options)) for symbol in symbols]
        report = _JsonLines() if options.json or not sys.stdout.isatty() else _ProgressBars()
        complete = True
        with report:
            for symbol, ask in asks:
                complete &= await _fill(tools, symbol, ask, report)
    return 0 if complete else INCOMPLETE


async def _ask(tools: Toolbox, symbol: str, options: BackfillOptions) -> FillGapsAsk:
    end, provider = parse_seconds(options.end, "--end"), full_name(options.provider)
    return FillGapsAsk(
        instrument=await tools.resolve(symbol, end - 1, provider),
        interval=Interval.parse(options.interval),
        start=parse_seconds(options.start, "--start"),
        end=end,
        provider=provider,
        request_id=tools.ids.new(),
    )


async def _fill(
    tools: Toolbox, symbol: str, ask: FillGapsAsk, report: "_JsonLines | _ProgressBars"
) -> bool:
    report.began(symbol, ask.interval)
    async with aclosing(tools.fill_gaps(ask)) as events:
        async for event in events:
            if isinstance(event, Committed):
                report.committed(event)
            else:
                report.done(event)
                return event.is_complete
    return False


class _JsonLines:
    """One line per event, flushed at once: the line is the acknowledgement."""

    def __init__(self) -> None:
        self._about: dict[str, object] = {}

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None

    def began(self, symbol: str, interval: Interval) -> None:
        """Nothing is committed yet, so there is nothing to print."""
        self._about = {"symbol": symbol, "interval": interval.value}

    def committed(self, event: Committed) -> None:
        """Acknowledge a batch."""
        self._line("committed", event.provider, start=event.start, end=event.end, rows=event.rows)

    def done(self, event: Filled) -> None:
        """Say how it ended."""
        gaps = [{"start": g.start, "end": g.end, "reason": g.reason.value} for g in event.gaps]
        self._line(
            "done",
            event.provider,
            rows=event.rows,
            complete=event.is_complete,
            substituted=event.substituted,
            gaps=gaps,
        )

    def _line(self, event: str, provider: str, **fields: object) -> None:
        line = {"event": event, **self._about, "provider": provider, **fields}
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()


class _ProgressBars:
    """A bar per symbol with rate and time to go."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rows]:,} bars {task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            console=Screen(),
        )
        self._symbol, self._rows = "", 0
        self._task = TaskID(0)

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def began(self, symbol: str, interval: Interval) -> None:
        """Add a bar."""
        self._symbol, self._rows = symbol, 0
        title = f"{symbol} {interval.value}"
        self._task = self._progress.add_task(title, total=1.0, rows=0, rate=0.0)

    def committed(self, event: Committed) -> None:
        """Move it on."""
        self._rows += event.rows
        elapsed = self._progress.tasks[-1].elapsed or 0.0
        rate = self._rows / elapsed if elapsed else 0.0
        self._progress.update(self._task, completed=event.done, rows=self._rows, rate=rate)

    def done(self, event: Filled) -> None:
        """Finish it and name what is still missing."""
        self._progress.update(self._task, completed=1.0)
        note = " (not the first choice)" if event.substituted else ""
        say = self._progress.console.print
        say(f"{self._symbol}: {event.rows:,} bars from {event.provider}{note}")
        for gap in event.gaps:
            say(f"  gap {iso(gap.start)} to {iso(gap.end)}: {gap.reason.value}")
