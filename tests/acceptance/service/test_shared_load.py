"""Fifty callers for twenty seconds, and pages that load without a network."""

import asyncio
import re
import time
from itertools import count

import pytest

from tests.acceptance.service.calls import Answer
from tests.acceptance.service.crowd import ask, target
from tests.acceptance.service.stage import Service, Stage

CALLERS = 50
SECONDS = 20.0
HOUR = 3600
START = 1732646400
GROWTH_MIB = 96
WARM_S = 1.0
DEADLINE_S = 10.5
FOREIGN = re.compile(rb"""(?:src|href|url)\s*[=(]\s*["']?((?:https?:)?//[^"')\s>]+)""")
LOADED = re.compile(rb"""<(?:link|script)[^>]*(?:src|href)=["']([^"']+)["']""")


def kinds(k: int) -> tuple[str, ...]:
    """What callers ask for: hot, warm and cold bars, prices, and what the pages show."""
    cold = START - 2 * k * HOUR
    span = {"start": START, "end": START + 8 * HOUR}
    return (
        target(symbol="BTCUSDT", interval="1m", limit=500),
        target(symbol="BTCUSDT", interval="1m", shape="columns", **span),
        target(symbol="ETHUSDT", interval="1m", start=cold, end=cold + HOUR),
        target(symbol="ETHUSDT", interval="1m", format="csv", **span),
        target("/api/v1/data/price", symbol="BTCUSDT"),
        target("/api/v1/data/providers"),
        target("/api/v1/data/coverage", symbol="BTCUSDT"),
        target("/api/v1/data/BTCUSDT", limit=100),
        target("/ready"),
        target("/metrics"),
    )


async def press(service: Service, seconds: float, first: int) -> list[tuple[str, Answer]]:
    """What fifty callers ask and get until the time is up."""
    answers: list[tuple[str, Answer]] = []
    end, numbers = time.monotonic() + seconds, count(first)

    async def caller(place: int) -> None:
        while time.monotonic() < end:
            k = next(numbers)
            path = kinds(k)[(place + k) % len(kinds(k))]
            answers.append((path, await ask(service.port, path)))

    await asyncio.gather(*(caller(place) for place in range(CALLERS)))
    return answers


def p99(took: list[float]) -> float:
    """What one in a hundred exceeds."""
    return sorted(took)[int(len(took) * 0.99)]


@pytest.mark.slow
def test_fifty_callers(embedded_stage: Stage) -> None:
    """No server error, bounded memory, and who asks for what is stored waits for nobody."""
    service = embedded_stage.serve()
    asyncio.run(press(service, 4.0, 0))
    before = service.rss_mib
    answers = asyncio.run(press(service, SECONDS, 10_000))
    assert [(path, a) for path, a in answers if a.status != 200] == []
    assert p99([a.took for path, a in answers if "start=" in path and "BTC" in path]) < WARM_S
    assert max(a.took for _, a in answers) < DEADLINE_S
    assert service.rss_mib - before < GROWTH_MIB


def test_pages_need_no_network(embedded_stage: Stage) -> None:
    """Pages and what they load come from here, and the browser is told to load nothing else."""
    service = embedded_stage.serve()
    for page in ("/", "/docs"):
        answer = service.get(page)
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert FOREIGN.findall(answer.body) == []
        loaded = [path.decode() for path in LOADED.findall(answer.body)]
        assert loaded
        for path in loaded:
            assert path.startswith("/"), path
            part = service.get(path)
            assert part.status == 200, path
            assert path.endswith(".js") or FOREIGN.findall(part.body) == []
