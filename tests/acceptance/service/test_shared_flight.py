"""Two hundred callers who want the same cost one call to the provider."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters_in.simulator.faults import FaultKind
from tests.acceptance.service.calls import Answer
from tests.acceptance.service.crowd import ask, crowd, give_up, target
from tests.acceptance.service.exchange import KLINES
from tests.acceptance.service.stage import Service, Stage

pytestmark = pytest.mark.slow
CALLERS = 200
SLOW_S = 0.5
START, END = 1732646400, 1732676400
PATH = target(symbol="BTCUSDT", interval="1m", start=START, end=END, limit=500)
ROWS = (END - START) // 60


def asks(services: Sequence[Service], count: int = CALLERS) -> list[tuple[int, str]]:
    """The same question to each in turn."""
    return [(services[k % len(services)].port, PATH) for k in range(count)]


def assert_one_call(stage: Stage, answers: Sequence[Answer]) -> None:
    """Everybody has the same bars, and the provider was asked once."""
    assert [a.status for a in answers] == [200] * len(answers)
    assert {a.data_bytes for a in answers} == {answers[0].data_bytes}
    assert len(answers[0].data) == ROWS
    assert [a.path for a in stage.exchange.arrivals()] == [KLINES]


def pair(stage: Stage, layout: str) -> list[Service]:
    """Two servers that share what the layout says beside Redis, if there is one."""
    if layout == "two stores":
        rooms = [str(stage.data_dir / name) for name in ("one", "two")]
        return [stage.serve(DATABASE_URL="", FKS_DATA_DIR=room) for room in rooms]
    return [stage.serve(), stage.serve()]


def test_one_server(stage: Stage) -> None:
    """200 identical cold requests at once cause one call."""
    service = stage.serve()
    stage.exchange.fault(FaultKind.DELAY, seconds=SLOW_S)
    assert_one_call(stage, crowd(asks([service])))


@pytest.mark.parametrize("patience_s", [0.05, 0.3])
def test_the_first_caller_hangs_up(embedded_stage: Stage, patience_s: float) -> None:
    """Who hangs up first neither fails the others nor costs a second call."""
    service = embedded_stage.serve()
    embedded_stage.exchange.fault(FaultKind.DELAY, seconds=SLOW_S)
    answers = asyncio.run(_first_leaves([service], patience_s))
    assert_one_call(embedded_stage, answers)


@pytest.mark.parametrize("layout", ["one store", "two stores"])
@pytest.mark.parametrize("hangs_up", [False, True], ids=["all stay", "first hangs up"])
def test_two_servers_that_share_redis(redis_stage: Stage, layout: str, hangs_up: bool) -> None:
    """Two processes cause one call between them, with one store or with one each."""
    services = pair(redis_stage, layout)
    redis_stage.exchange.fault(FaultKind.DELAY, seconds=SLOW_S)
    answers = asyncio.run(_first_leaves(services, 0.2)) if hangs_up else crowd(asks(services))
    assert_one_call(redis_stage, answers)


def test_two_servers_that_share_only_the_store(stage: Stage) -> None:
    """Without Redis the store keeps two processes from asking twice."""
    services = pair(stage, "one store")
    stage.exchange.fault(FaultKind.DELAY, seconds=SLOW_S)
    assert_one_call(stage, crowd(asks(services)))


def test_the_only_caller_of_the_asking_server_hangs_up(redis_stage: Stage) -> None:
    """What one server began for a caller who has gone is there for the callers of another."""
    first, second = pair(redis_stage, "one store")
    redis_stage.exchange.fault(FaultKind.DELAY, seconds=SLOW_S)

    async def scene() -> list[Answer]:
        await give_up(first.port, PATH, 0.2)
        return await asyncio.gather(*(ask(second.port, PATH) for _ in range(CALLERS)))

    assert_one_call(redis_stage, asyncio.run(scene()))


async def _first_leaves(services: Sequence[Service], patience_s: float) -> list[Answer]:
    """The first caller is a moment ahead of the crowd and leaves in its middle."""
    impatient = asyncio.create_task(give_up(services[0].port, PATH, patience_s))
    await asyncio.sleep(0.1)
    others = asks(services, CALLERS - 1)
    answers = await asyncio.gather(*(ask(port, path) for port, path in others))
    await impatient
    return answers
