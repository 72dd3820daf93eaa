"""Two hundred callers ask the same at once, and how often the provider is asked for it."""

import asyncio
import json
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks.measuring import Spread
from tests.benchmarks.options import Options
from tests.benchmarks.processes import as_installed, fetch, program, serving
from tests.benchmarks.report import Cells, Section, duration, noted
from tests.servers import free_port

_CALLERS = (20, 200, 2_000)
_ROUNDS = 5
_DAY = 86_400
_OLDEST = 1_704_067_200  # 2024-01-01


def measure(options: Options) -> Section:
    """Real service, the simulator as its provider; every round asks for another cold range."""
    port = free_port()
    simulator = f"http://127.0.0.1:{port}"
    command = as_installed("bootstrap", "simulate", "--port", str(port))
    with tempfile.TemporaryDirectory(prefix="fks-bench-") as place, program(command, simulator):
        to_simulator = {"FKS_BINANCE_BASE_URL": f"{simulator}/binance", "FKS_PROVIDERS": "binance"}
        with serving(Path(place), **to_simulator) as (url, _, _):
            rows = asyncio.run(_measured(url, simulator, options.rounds(_ROUNDS)))
    header = ("callers at once", "calls to the provider", "all answered after", "n")
    return Section("flight", _TITLE, header, tuple(rows), _NOTES)


async def _measured(url: str, simulator: str, rounds: int) -> list[Cells]:
    rows: list[Cells] = []
    day = 0
    for callers in _CALLERS:
        calls, seconds = [], []
        for _ in range(rounds):
            day += 1
            before = _arrivals(simulator)
            start = _OLDEST + day * _DAY
            question = f"symbol=BTCUSDT&interval=1m&start={start}&limit=500"
            seconds.append(await _ask_at_once(url, question, callers))
            calls.append(_arrivals(simulator) - before)
        took = Spread.of(seconds)
        counted = ", ".join(str(count) for count in sorted(set(calls)))
        rows.append(noted((f"{callers:,}", counted, duration(took.median), str(took.n))))
    return rows


async def _ask_at_once(url: str, question: str, callers: int) -> float:
    """Connect everybody, then let all of them ask in the same moment."""
    parts = urlsplit(url)
    request = f"GET /api/v1/data/ohlcv?{question} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    links = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(callers)]
    began = time.perf_counter()
    for _, writer in links:
        writer.write(request.encode())
    answers = await asyncio.gather(*(reader.read() for reader, _ in links))
    took = time.perf_counter() - began
    for _, writer in links:
        writer.close()
    if not all(answer.startswith(b"HTTP/1.1 200") for answer in answers):
        raise AssertionError(next(a for a in answers if not a.startswith(b"HTTP/1.1 200"))[:300])
    return took


def _arrivals(simulator: str) -> int:
    log = f"{simulator}/_control/log?provider=binance&path=/api/v3/klines"
    return len(json.loads(fetch(log)[0])["arrivals"])


_TITLE = "Identical cold requests at once"
_NOTES = """\
All callers have their connections open and ask in the same moment for 500 bars that nobody has
asked for before. The simulator, a process of its own, counts what arrives.

The number of calls grows with nothing. The time grows with the bytes that are answered.
"""
