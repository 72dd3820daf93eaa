"""The commands that look: gaps, quality, providers, migrations, doctor."""

import sys
from collections.abc import Sequence

import msgspec
from rich.table import Table

from adapters_in.cli.runtime import Diagnosis, Runtime, Toolbox
from adapters_in.cli.screen import Screen
from application.inspect_series import SeriesChoice
from application.list_providers import ProviderFacts
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.moment import iso


async def gaps(runtime: Runtime, symbol: str | None, interval: str | None, *, json: bool) -> int:
    """Print the gaps of every stored series that matches."""
    async with runtime.toolbox() as tools:
        found = (await tools.inspect.gaps(await _choice(tools, symbol, interval))).rows
    rows = [
        {
            **_named(item.key),
            "start": gap.start,
            "end": gap.end,
            "reason": gap.reason.value,
        }
        for item in found
        for gap in item.gaps
    ]
    return show(rows, ("instrument", "interval", "provider", "start", "end", "reason"), json=json)


async def quality(runtime: Runtime, symbol: str | None, interval: str | None, *, json: bool) -> int:
    """Print the newest report of every stored series that matches."""
    async with runtime.toolbox() as tools:
        found = (await tools.inspect.quality(await _choice(tools, symbol, interval))).rows
    rows = [
        {
            **_named(summary.key),
            "bars": summary.bars,
            "score": None if report is None else report.score.score,
            "status": None if report is None else report.score.status,
            "issues": [] if report is None else [f.message for f in report.findings],
        }
        for summary, report in found
    ]
    return show(rows, ("instrument", "interval", "provider", "bars", "score", "status"), json=json)


async def providers(runtime: Runtime, *, json: bool) -> int:
    """Print what every provider can do and how it is doing."""
    async with runtime.toolbox() as tools:
        rows = [_provider(facts) for facts in await tools.list_providers()]
    return show(
        rows, ("name", "enabled", "needs_key", "has_key", "key_refused", "state", "used"), json=json
    )


def show_migrations(names: Sequence[str], *, json: bool) -> int:
    """Print the names of the migrations that were applied now."""
    if json:
        return _write({"applied": list(names)})
    for name in names:
        sys.stdout.write(f"applied {name}\n")
    sys.stdout.write("The schema is up to date.\n")
    return 0


def show_diagnoses(found: Sequence[Diagnosis], *, json: bool) -> int:
    """Print every fault with its remedy; 1 if there is any."""
    failed = 0 if all(item.ok for item in found) else 1
    if json:
        rows = [{"name": d.name, "ok": d.ok, "detail": d.detail, "remedy": d.remedy} for d in found]
        _write(rows)
        return failed
    for item in found:
        remedy = f" -> {item.remedy}" if item.remedy else ""
        sys.stdout.write(f"{'ok  ' if item.ok else 'FAIL'} {item.name}: {item.detail}{remedy}\n")
    return failed


def show(rows: Sequence[dict[str, object]], columns: Sequence[str], *, json: bool) -> int:
    """Print rows as one JSON array or as a table of the columns."""
    if json:
        return _write(rows)
    table = Table()
    for name in columns:
        table.add_column(name)
    for row in rows:
        table.add_row(*(_cell(name, row.get(name)) for name in columns))
    Screen().show(table)
    return 0


async def _choice(tools: Toolbox, symbol: str | None, interval: str | None) -> SeriesChoice:
    return SeriesChoice(
        instrument=None if symbol is None else await tools.resolve(symbol),
        interval=None if interval is None else Interval.parse(interval),
    )


def _named(key: SeriesKey) -> dict[str, object]:
    return {
        "instrument": key.instrument,
        "interval": key.interval.value,
        "provider": key.provider,
    }


def _provider(facts: ProviderFacts) -> dict[str, object]:
    return {
        "name": facts.name,
        "enabled": facts.enabled,
        "needs_key": facts.needs_key,
        "has_key": facts.has_key,
        "key_refused": facts.key_refused,
        "capabilities": sorted(c.value for c in facts.capabilities.offers),
        "intervals": [i.value for i in facts.capabilities.intervals],
        "state": facts.health.state.value,
        "limit_per_s": facts.budget.limit_per_s,
        "used": round(facts.budget.used_fraction, 3),
        "frozen_until": facts.budget.frozen_until,
    }


def _cell(name: str, value: object) -> str:
    if value is None:
        return "-"
    if name in {"start", "end"} and isinstance(value, int):
        return iso(value)
    return str(value)


def _write(body: object) -> int:
    sys.stdout.write(msgspec.json.encode(body).decode() + "\n")
    return 0
