"""`fks-data bars`: what /ohlcv answers, in the terminal."""

import csv
import sys
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter
from rich.table import Table

from adapters_in.cli.runtime import Runtime, Toolbox
from adapters_in.cli.screen import Screen
from adapters_in.cli.spelling import full_name
from application.answers import BarsAnswer
from domain.adjustment import Adjust
from domain.bars import Bar
from domain.errors import InvalidRequest
from domain.interval import Interval
from domain.moment import MICROS, iso, parse_micros, parse_seconds
from domain.query import BarQuery, encode_cursor, named_at
from ports.market_data import CallContext

_VALUES = ("open", "high", "low", "close", "volume")
_OPTIONAL = ("vwap", "trades")
_ROW = ("ts", "timestamp", *_VALUES, "final", *_OPTIONAL)


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class BarsOptions:
    """The flags of the command."""

    interval: Annotated[str, Parameter(help="1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d 1w 1mo")] = "1m"
    start: Annotated[str | None, Parameter(help="Unix seconds or ISO 8601.")] = None
    end: Annotated[str | None, Parameter(help="Unix seconds or ISO 8601, exclusive.")] = None
    limit: Annotated[int, Parameter(help="How many bars at most.")] = 500
    provider: Annotated[str | None, Parameter(help="This provider or an error.")] = None
    as_of: Annotated[str | None, Parameter(help="What was known at that moment.")] = None
    adjust: Annotated[Literal["none", "splits", "all"], Parameter(help="For which actions.")] = (
        "none"
    )
    format: Annotated[Literal["table", "json", "csv"], Parameter(help="How to print.")] = "table"
    json: Annotated[bool, Parameter(negative=(), help="The same as --format json.")] = False


async def bars(runtime: Runtime, symbol: str, options: BarsOptions) -> int:
    """Ask like /ohlcv does and print the bars.

    Raises:
        MarketDataError: as the use case.
    """
    async with runtime.toolbox() as tools:
        answer = await tools.adjust_bars(
            await _query(tools, symbol, options),
            Adjust(options.adjust),
            CallContext(tools.clock.monotonic() + tools.deadline_s, request_id=tools.ids.new()),
        )
        now = tools.clock.now()
    if options.json or options.format == "json":
        _json(answer, now)
    else:
        {"table": _table, "csv": _csv}[options.format](answer)
    return 0


async def _query(tools: Toolbox, symbol: str, options: BarsOptions) -> BarQuery:
    if not 1 <= options.limit <= tools.max_limit:
        message = f"--limit must be from 1 to {tools.max_limit}."
        raise InvalidRequest(message, "limit")
    end = None if options.end is None else parse_seconds(options.end, "--end")
    as_of = None if options.as_of is None else parse_micros(options.as_of, "--as-of")
    provider = full_name(options.provider)
    return BarQuery(
        symbol=symbol,
        instrument=await tools.resolve(symbol, named_at(end, as_of), provider),
        interval=Interval.parse(options.interval),
        limit=options.limit,
        start=None if options.start is None else parse_seconds(options.start, "--start"),
        end=end,
        provider=provider,
        as_of=as_of,
    )


def _table(answer: BarsAnswer) -> None:
    console = Screen()
    said = ", stale" * answer.stale + ", substituted" * answer.substituted
    said += f", adjusted for {answer.adjusted}" if answer.adjusted else ""
    score = answer.quality.score
    title = (
        f"{answer.instrument.id} {answer.interval.value} from {answer.provider}, "
        f"quality {score.score:.1f} ({score.status}){said}"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("open time (UTC)")
    for name in _VALUES:
        table.add_column(name, justify="right")
    for bar in answer.series:
        table.add_row(iso(bar.ts), *(_shown(getattr(bar, name)) for name in _VALUES))
    console.show(table)
    for gap in answer.gaps:
        console.print(f"gap {iso(gap.start)} to {iso(gap.end)}: {gap.reason.value}")


def _json(answer: BarsAnswer, now: float) -> None:
    """The members of the HTTP answer; those that change by the second are null as of a moment."""
    pure = answer.as_of is not None
    score, finer = answer.quality.score, answer.rolled_up_from
    body = {
        "symbol": answer.symbol,
        "instrument": answer.instrument.id,
        "interval": answer.interval.value,
        "provider": answer.provider,
        **({} if finer is None else {"rolled_up_from": finer.value}),
        **({"adjusted": answer.adjusted} if answer.adjusted else {}),
        **({"actions_from": answer.actions_from} if answer.actions_from else {}),
        "cached": None if pure else answer.cached,
        "stale": None if pure else answer.stale,
        "age_s": None if pure else max(0, int(now - answer.learned_at)),
        "substituted": answer.substituted,
        "demo": False,  # the demo lives in `serve --demo` alone
        "as_of": None if answer.as_of is None else _seconds(answer.as_of),
        "data": _rows(answer),
        "quality": {
            "score": score.score,
            "status": score.status,
            "components": {
                "completeness": score.completeness,
                "freshness": score.freshness,
                "outliers": score.outliers,
            },
            "issues": answer.quality.issues,
        },
        "gaps": [{"start": g.start, "end": g.end, "reason": g.reason.value} for g in answer.gaps],
        "sources": answer.sources,
        "next": None if answer.next_start is None else encode_cursor(answer.next_start),
    }
    sys.stdout.write(msgspec.json.encode(body).decode() + "\n")


def _csv(answer: BarsAnswer) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    rows = _rows(answer)  # an answer without bars is an error, not an answer
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])


def _rows(answer: BarsAnswer) -> list[dict[str, object]]:
    """One object per bar; what the provider never sends is left out."""
    bars = list(answer.series)
    never = {name for name in _OPTIONAL if all(getattr(bar, name) is None for bar in bars)}
    return [{name: value for name, value in _row(bar).items() if name not in never} for bar in bars]


def _row(bar: Bar) -> dict[str, object]:
    """The members in the order of the HTTP answer."""
    return {name: bar.ts if name == "timestamp" else getattr(bar, name) for name in _ROW}


def _cell(value: object) -> str:
    """As JSON has it, nothing for null."""
    return "" if value is None else msgspec.json.encode(value).decode()


def _seconds(micros: int) -> float:
    return micros // MICROS if micros % MICROS == 0 else micros / MICROS


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.15g}"
