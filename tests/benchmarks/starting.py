"""How long `serve` takes to get ready, and how much memory it then has."""

import tempfile
from pathlib import Path

from tests.benchmarks.measuring import Spread
from tests.benchmarks.options import Options
from tests.benchmarks.processes import fetch, memory, serving
from tests.benchmarks.report import Cells, Section, duration, noted, number

_ROUNDS = 9
_MIB = 1 << 20
_QUESTION = "/api/v1/data/ohlcv?symbol=BTCUSDT&interval=1m&limit=500"


def measure(options: Options) -> Section:
    """Start it in an empty directory and again in the same one, plain and with the demo."""
    rows: list[Cells] = []
    for name, demo in (("serve", ()), ("serve --demo, one answer given", ("--demo",))):
        first, warm = [], []
        for _ in range(max(3, options.rounds(_ROUNDS) // 3)):
            with tempfile.TemporaryDirectory(prefix="fks-bench-") as place:
                first.append(_started(Path(place), demo))
                warm += [_started(Path(place), demo) for _ in range(3)]
        rows += [_row(name, "first", first), _row(name, "again", warm)]
    header = (
        "command",
        "start",
        "ready after",
        "slowest",
        "RSS of the service",
        "RSS of its PostgreSQL",
        "PSS of both",
        "n",
    )
    return Section("start", _TITLE, header, tuple(rows), _NOTES)


Start = tuple[float, dict[str, tuple[int, int]]]


def _started(data_dir: Path, options: tuple[str, ...]) -> Start:
    with serving(data_dir, *options) as (url, process, took):
        if options:
            fetch(url + _QUESTION)
        return took, memory(process.pid, data_dir)


def _row(name: str, kind: str, starts: list[Start]) -> Cells:
    took = Spread.of([seconds for seconds, _ in starts])
    service = Spread.of([found["service"][0] for _, found in starts])
    store = Spread.of([found["PostgreSQL"][0] for _, found in starts])
    shared = Spread.of([found["service"][1] + found["PostgreSQL"][1] for _, found in starts])
    return noted(
        (
            name,
            kind,
            duration(took.median),
            duration(max(seconds for seconds, _ in starts)),
            *(f"{number(spread.median / _MIB)} MiB" for spread in (service, store, shared)),
            str(took.n),
        )
    )


_TITLE = "Start-up and memory"
_NOTES = """\
From the start of the process until `/ready` answers 200, embedded PostgreSQL included. *First*:
in an empty data directory, where a cluster is made and the schema applied; *again*: with both
there. RSS counts the pages that PostgreSQL's processes share once for each of them; PSS counts
them once, so it is what the machine has less of.

It does not grow with what is stored. Most of a warm start is importing Python modules.
"""
