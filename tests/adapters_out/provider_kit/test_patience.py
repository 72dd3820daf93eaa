"""A provider that says nothing keeps one caller waiting, not all who could be served elsewhere."""

import asyncio

import httpx
import pytest
from msgspec.structs import replace

from adapters_out.provider_kit.patience import patience_s
from domain.circuit import CircuitState, ProviderHealth
from domain.errors import MarketDataError
from tests.adapters_out.provider_kit.scripted import BTC, Bench, Script, in_virtual_time, ok


class Silent:
    """A server that takes requests and never answers; it counts them, and those that left."""

    def __init__(self) -> None:
        self.asked = self.left = 0

    async def __call__(self, _: httpx.Request) -> httpx.Response:
        self.asked += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.left += 1
            raise
        return ok()


async def call(bench: Bench, *, standby: bool = True, within: float = 2.5) -> tuple[str, float]:
    """How a call ended, and after how many seconds."""
    began = bench.clock.monotonic()
    context = replace(bench.within(within), standby=standby)
    try:
        await bench.kit.price(BTC, context)
        end = "answered"
    except MarketDataError as error:
        end = type(error).__name__
    return end, round(bench.clock.monotonic() - began, 2)


def test_nobody_waits_longer_than_usual_and_the_circuit_opens() -> None:
    """All give up together; one of the calls stays out and finds that nothing comes."""

    async def scene() -> None:
        silent = Silent()
        bench = Bench(httpx.MockTransport(silent))
        ends = await asyncio.gather(*(call(bench) for _ in range(4)))
        assert {end for end, _ in ends} == {"Stalled"}
        assert max(seconds for _, seconds in ends) == pytest.approx(1.0, abs=0.05)
        assert (silent.asked, silent.left) == (4, 3)
        assert (await bench.health.view("some")).state is CircuitState.CLOSED
        await bench.clock.sleep(1.6)
        assert silent.left == 4
        assert (await bench.health.view("some")).state is CircuitState.OPEN

    in_virtual_time(scene())


def test_while_a_scout_is_out_nothing_is_sent() -> None:
    """Who comes later is told at once, without a call; who has no alternative waits as ever."""

    async def scene() -> None:
        silent = Silent()
        bench = Bench(httpx.MockTransport(silent))
        assert await call(bench, within=9.0) == ("Stalled", 1.0)
        assert await call(bench) == ("Stalled", 0.0)
        assert silent.asked == 1
        end, seconds = await call(bench, standby=False, within=1.5)
        assert end == "DeadlineExceeded"
        assert seconds == pytest.approx(1.5, abs=0.06)
        assert silent.asked == 2

    in_virtual_time(scene())


def test_a_late_answer_teaches_patience() -> None:
    """The scout's answer comes after two seconds: the next call is given as much, and more."""

    async def scene() -> None:
        bench = Bench(Script(2.0, ok(), 2.0, ok()))
        assert await call(bench, within=9.0) == ("Stalled", 1.0)
        await bench.clock.sleep(1.1)
        assert await call(bench, within=9.0) == ("answered", 2.0)
        assert (await bench.health.view("some")).state is CircuitState.CLOSED

    in_virtual_time(scene())


def test_a_caller_who_hangs_up_takes_the_call_along() -> None:
    """No scout is left behind."""

    async def scene() -> None:
        silent = Silent()
        bench = Bench(httpx.MockTransport(silent))
        task = asyncio.create_task(call(bench))
        await bench.clock.sleep(0.3)
        task.cancel()
        await bench.clock.sleep(0.1)
        assert (silent.asked, silent.left) == (1, 1)
        assert (await call(bench))[1] > 0

    in_virtual_time(scene())


def test_patience_is_a_matter_of_experience() -> None:
    """What most of the recent answers took counts, not the one that was slow; a second at first."""
    assert patience_s(ProviderHealth()) == 1.0
    assert patience_s(ProviderHealth(latencies_s=(0.05, 0.1))) == 0.5
    assert patience_s(ProviderHealth(latencies_s=(0.1,) * 15 + (9.0,))) == 0.5
    assert patience_s(ProviderHealth(latencies_s=(0.1, 1.0, 1.0, 1.0))) == 2.5
