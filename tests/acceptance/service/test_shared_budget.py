"""One budget for two servers and a back-fill, seen from the provider's end of the wire."""

import asyncio
import time
from collections.abc import Iterator, Sequence

import pytest

from tests.acceptance.service.calls import Answer
from tests.acceptance.service.crowd import ask, target
from tests.acceptance.service.stage import Process, Service, Stage

pytestmark = pytest.mark.slow
RPS = 10
SECONDS = 12.0
START = 1700006400  # a midnight
HOUR = 3600
PRESSERS = 3  # callers per server: more than the whole budget between them
SHARING = {"FKS_BINANCE_RPS": str(RPS), "FKS_BINANCE_RPM": "0", "FKS_PROVIDERS": "binance"}


@pytest.fixture(params=["redis", "store", "embedded store"])
def crowded(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A stage whose processes share the budget of ten a second."""
    needs = {"redis": ("empty_database_url", "redis_url"), "store": ("empty_database_url",)}
    urls = [str(request.getfixturevalue(name)) for name in needs.get(request.param, ())]
    database_url, redis_url = [*urls, None, None][:2]
    with Stage(database_url=database_url, redis_url=redis_url, **SHARING) as stage:
        yield stage


def backfill(stage: Stage, days: int = 400) -> Process:
    """A back-fill of minutes that would keep the budget busy for longer than any test."""
    end = str(START + days * 24 * HOUR)
    span = ("--interval", "1m", "--start", str(START), "--end", end)
    return stage.start("backfill", "ETHUSDT", *span, "--json")


def cold(k: int) -> str:
    """A question that nobody has asked before."""
    start = START + 2 * k * HOUR
    return target(symbol="BTCUSDT", interval="1m", start=start, end=start + HOUR, limit=60)


def fullest(times: Sequence[float], window_s: float = 1.0) -> int:
    """The most arrivals in any window of that length."""
    ordered, first, most = sorted(times), 0, 0
    for last, moment in enumerate(ordered):
        while ordered[first] <= moment - window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def rate(times: Sequence[float]) -> float:
    """Arrivals per second."""
    return (len(times) - 1) / (times[-1] - times[0])


async def press(services: Sequence[Service], seconds: float) -> list[Answer]:
    """Callers who ask one cold question after the other until the time is up."""
    end, numbers = time.monotonic() + seconds, iter(range(10**6))
    answers: list[Answer] = []

    async def presser(service: Service) -> None:
        while time.monotonic() < end:
            answers.append(await ask(service.port, cold(next(numbers))))

    await asyncio.gather(*(presser(s) for s in services for _ in range(PRESSERS)))
    return answers


def test_no_second_sees_more_than_the_cap_and_little_is_wasted(crowded: Stage) -> None:
    """Two servers and a back-fill at 10 a second: never an eleventh, and over 85 % is used."""
    services = [crowded.serve(), crowded.serve()]
    filling = backfill(crowded)
    answers = asyncio.run(press(services, SECONDS))
    assert {a.status for a in answers} == {200}
    assert filling.runs, filling.err
    times = [a.at for a in crowded.exchange.arrivals("binance")]
    pressed = [t for t in times if t > times[-1] - (SECONDS - 1.0)]
    assert fullest(times) <= RPS
    assert rate(pressed) > 0.85 * RPS


def test_a_backfill_alone_uses_the_budget_and_lets_callers_pass(crowded: Stage) -> None:
    """A cold question under a running back-fill takes less than half a second."""
    service = crowded.serve()
    filling = backfill(crowded)
    while len(filling.out.splitlines()) < 3:
        time.sleep(0.1)
    crowded.exchange.forget()
    took = []
    for k in range(12):
        answer = asyncio.run(ask(service.port, cold(k)))
        assert answer.status == 200, answer
        took.append(answer.took)
        time.sleep(0.3)
    assert filling.runs, filling.err
    times = [a.at for a in crowded.exchange.arrivals("binance")]
    assert fullest(times) <= RPS
    assert rate(times) > 0.85 * RPS
    assert sorted(took)[-2] < 0.5, took
