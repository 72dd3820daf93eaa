"""`/ohlcv` over HTTP: from memory beside a bare ASGI app, from the store beside a usual stack."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from adapters_out.postgres.embedded.launcher import EmbeddedPostgres
from tests.benchmarks.load import Load, client, press, press_stepping
from tests.benchmarks.measuring import Spread
from tests.benchmarks.options import Options
from tests.benchmarks.processes import as_installed, fetch, program, serving
from tests.benchmarks.report import Cells, Section, duration, noted, number, times
from tests.servers import free_port

_QUESTION = "symbol=BTCUSDT&interval=1m&limit=500"
_OHLCV = "/api/v1/data/ohlcv"
_ROUND_S = 2.0
_CONNECTIONS = {64: 11, 8: 5, 512: 5}  # rounds of each
_PAGES, _PAGE = 3, 5_000  # of minutes that are stored before distinct questions are asked
_BARS = 500
_HOP_BY_HOP = {"date", "connection", "transfer-encoding"}


def measure(options: Options) -> Section:
    """Run the real service with its demo providers, the yardsticks in processes of their own."""
    with tempfile.TemporaryDirectory(prefix="fks-bench-") as place:
        data_dir = Path(place)
        with serving(data_dir, "--demo") as (url, _, _):
            rows = _cached(url, data_dir, options)
            rows.append(_from_the_store(url, data_dir, options))
    header = (
        "answer of 500 bars",
        "connections",
        "fks-data",
        "99th percentile",
        "yardstick",
        "speed, yardstick = 1",
        "n",
    )
    return Section("serve", _TITLE, header, tuple(rows), _NOTES.format(client=client()))


def _cached(url: str, data_dir: Path, options: Options) -> list[Cells]:
    ours = f"{url}{_OHLCV}?{_QUESTION}"
    with _bare_twin(ours, data_dir / "answer") as bare:
        name = "from memory, beside bare ASGI"
        return [
            _row(
                (name, str(connections)),
                partial(press, ours, connections, _ROUND_S),
                partial(press, bare, connections, _ROUND_S),
                options.rounds(rounds),
            )
            for connections, rounds in _CONNECTIONS.items()
        ]


def _from_the_store(url: str, data_dir: Path, options: Options) -> Cells:
    """Every question ends a minute later than the one before, so memory never knows it."""
    newest = json.loads(fetch(f"{url}{_OHLCV}?{_QUESTION}")[0])["data"][-1]["ts"]
    start = newest - 60 * _PAGES * _PAGE
    for page in range(_PAGES):
        begin = start + 60 * _PAGE * page
        fetch(f"{url}{_OHLCV}?symbol=BTCUSDT&interval=1m&limit={_PAGE}&start={begin}")
    first, span = start + 60 * _BARS, _PAGES * _PAGE - _BARS
    ours = f"{url}{_OHLCV}?{_QUESTION}&end="
    with _usual_stack(data_dir / "demo") as usual:
        theirs = f"{usual}/ohlcv?{_QUESTION}&end="
        _agree(f"{ours}{first}", f"{theirs}{first}")
        return _row(
            ("from the store, beside FastAPI and pydantic", "64"),
            lambda: press_stepping(ours, first, span, 64, _ROUND_S),
            lambda: press_stepping(theirs, first, span, 64, _ROUND_S),
            options.rounds(7),
        )


def _row(
    names: tuple[str, str], ours: Callable[[], Load], theirs: Callable[[], Load], rounds: int
) -> Cells:
    pairs = [(ours(), theirs()) if k % 2 else (theirs(), ours())[::-1] for k in range(rounds + 1)]
    mine, yardstick = zip(*pairs[1:], strict=True)
    rate = Spread.of([load.rate for load in mine])
    bare = Spread.of([load.rate for load in yardstick])
    ratio = Spread.of([a.rate / b.rate for a, b in zip(mine, yardstick, strict=True)])
    slow = Spread.of([load.p99_s for load in mine])
    return noted(
        (
            *names,
            f"{number(rate.median)}/s",
            duration(slow.median),
            f"{number(bare.median)}/s",
            times(ratio),
            str(rate.n),
        )
    )


@contextmanager
def _bare_twin(url: str, path: Path) -> Iterator[str]:
    """An app that sends what the service sends, byte for byte."""
    fetch(url)
    body, headers = fetch(url)  # the second time from memory
    path.write_bytes(json.dumps(_kept(headers)).encode() + b"\n" + body)
    port = free_port()
    bare = f"http://127.0.0.1:{port}/"
    command = as_installed("tests.benchmarks.bare_asgi", str(port), str(path))
    with program(command, bare):
        if fetch(bare)[0] != body:
            raise AssertionError("the yardstick sends something else")
        yield bare


def _kept(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(n.lower(), v) for n, v in headers.items() if n.lower() not in _HOP_BY_HOP]


@contextmanager
def _usual_stack(data_dir: Path) -> Iterator[str]:
    """The usual stack on the store of the service."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    store = EmbeddedPostgres(data_dir)
    dsn = store.open()
    try:
        command = ["-m", "tests.benchmarks.classic_stack", str(port), dsn]
        with program(command, f"{url}/docs"):
            yield url
    finally:
        store.close()


def _agree(ours: str, theirs: str) -> None:
    """Both answer with the same bars."""
    mine, others = (json.loads(fetch(url)[0])["data"] for url in (ours, theirs))
    if mine != others or len(mine) != _BARS:
        raise AssertionError("fks-data and its yardstick answer different bars")


_TITLE = "`/ohlcv` over HTTP"
_NOTES = """\
`fks-data serve --demo` on one core, asked by {client} on the other for 500 bars in rows (about 70
kB). *From memory*: everybody asks the same question and the bars of a new minute are fetched in
between; the yardstick is an app of four lines that sends the same bytes with the same headers on
the same server with the same settings. What lies between them is request ids, cross-origin rules,
metrics, freshness by the second and the look-up.

*From the store*: no two questions are the same; each is read, judged and encoded. The yardstick
is FastAPI with a pydantic response model over psycopg's dict rows in the same tables; it says
nothing about quality, gaps and sources.

From memory it grows with the bytes that are sent; with several hundred connections everybody waits
longer and the share falls. From the store it grows with the bars of an answer.
"""
