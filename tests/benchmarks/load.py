"""Requests from many connections at once: wrk where it is installed, else asyncio."""

import asyncio
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

_WRK = shutil.which("wrk")
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_P99 = re.compile(r"99%\s+([\d.]+)(us|ms|s)")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.+)")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
# Every request asks for one minute later than the one before, and starts over after `span`.
_STEPPING = """
local k = 0
request = function()
  k = (k + 1) % {span}
  return wrk.format("GET", "{path}" .. tostring({start} + 60 * k))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: answers per second and the 99th percentile of the latency (s)."""

    rate: float
    p99_s: float


def client() -> str:
    """Who asks."""
    return "wrk" if _WRK else "an asyncio client"


def press(url: str, connections: int, seconds: float) -> Load:
    """Ask for one address again and again.

    Raises:
        AssertionError: an answer was no 200 or did not come.
    """
    if _WRK is None:
        return asyncio.run(_press([url], connections, seconds))
    return _wrk(url, connections, seconds)


def press_stepping(url: str, start: int, span: int, connections: int, seconds: float) -> Load:
    """Ask for ``url`` + Unix seconds, a minute later each time, ``span`` minutes long.

    Raises:
        AssertionError: as :func:`press`.
    """
    if _WRK is None:
        urls = [f"{url}{start + 60 * k}" for k in range(span)]
        return asyncio.run(_press(urls, connections, seconds))
    parts = urlsplit(url)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        path = f"{parts.path}?{parts.query}"
        script.write(_STEPPING.format(span=span, path=path, start=start))
        script.flush()
        origin = f"{parts.scheme}://{parts.netloc}"
        return _wrk(origin, connections, seconds, "-s", script.name)


def _wrk(url: str, connections: int, seconds: float, *more: str) -> Load:
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds:g}s",
        "--timeout",
        "20s",
        "--latency",
        *more,
        url,
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate, p99 = _RATE.search(said), _P99.search(said)
    if _BAD.search(said) or rate is None or p99 is None:
        raise AssertionError(said)
    return Load(float(rate[1]), float(p99[1]) * _UNITS[p99[2]])


async def _press(urls: list[str], connections: int, seconds: float) -> Load:
    end = time.perf_counter() + seconds
    latencies: list[float] = []
    callers = (_caller(urls[k::connections], end, latencies) for k in range(connections))
    await asyncio.gather(*callers)
    ordered = sorted(latencies)
    return Load(len(ordered) / seconds, ordered[len(ordered) * 99 // 100])


async def _caller(urls: list[str], end: float, latencies: list[float]) -> None:
    parts = [urlsplit(url) for url in urls]
    reader, writer = await asyncio.open_connection(parts[0].hostname, parts[0].port)
    requests = [f"GET {p.path}?{p.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for p in parts]
    count = 0
    while (began := time.perf_counter()) < end:
        writer.write(requests[count % len(requests)])
        count += 1
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200") or length is None:
            raise AssertionError(head)
        await reader.readexactly(int(length[1]))
        latencies.append(time.perf_counter() - began)
    writer.close()
