"""A provider that says nothing keeps one caller waiting, not all who could be served elsewhere."""

import asyncio

import httpx
import pytest
from msgspec.structs import replace

from adapters_out.memory.clock import VirtualTimeLoop
from adapters_out.provider_kit.patience import patience_s
from domain.circuit import CircuitState, Outcome, ProviderHealth
from domain.errors import MarketDataError
from tests.adapters_out.provider_kit.scripted import (
    BTC,
    POLICY,
    SOME,
    Bench,
    Script,
    in_virtual_time,
    ok,
)

USUAL_S = 0.02
WIDE = replace(POLICY, concurrency=64)


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


async def call(
    bench: Bench, *, standby: bool = True, within: float = 2.5, silence_s: float | None = None
) -> tuple[str, float]:
    """How a call ended, and after how many seconds."""
    began = bench.clock.monotonic()
    context = replace(bench.within(within), standby=standby, silence_s=silence_s)
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


def test_every_call_is_counted_once() -> None:
    """A call that goes on as a scout counts when it ends, the others when they are given up."""

    async def scene() -> None:
        silent = Silent()
        bench = Bench(httpx.MockTransport(silent))
        await asyncio.gather(*(call(bench) for _ in range(4)))
        assert len(bench.telemetry.named("provider_called")) == 3
        await bench.clock.sleep(1.6)
        assert len(bench.telemetry.named("provider_called")) == silent.asked == 4

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


async def accustomed(bench: Bench) -> None:
    """Ten quick answers are remembered."""
    for _ in range(10):
        await bench.health.record("some", Outcome(ok=True, latency_s=USUAL_S, at=bench.clock.now()))


def test_one_waits_longer_than_the_others() -> None:
    """Of calls every 20 ms the eldest waits half a second, the others a quarter; then none goes.

    So many were given up that the circuit opens at once, for other processes too.
    """

    async def scene() -> None:
        silent = Silent()
        bench = Bench(httpx.MockTransport(silent), replace(SOME, policy=WIDE))
        await accustomed(bench)
        calls = []
        for _ in range(40):
            calls.append(asyncio.create_task(call(bench)))
            await bench.clock.sleep(0.02)
        ends = await asyncio.gather(*calls)
        assert {end for end, _ in ends} == {"Stalled", "ProviderUnavailable"}
        waits = sorted((seconds for _, seconds in ends), reverse=True)
        assert waits[0] == pytest.approx(0.5, abs=0.03)
        assert waits[1] == pytest.approx(0.25, abs=0.03)
        assert silent.asked == pytest.approx(0.25 / 0.02, abs=2)
        assert waits[silent.asked :] == [0.0] * (40 - silent.asked)
        assert (await bench.health.view("some")).state is CircuitState.OPEN

    in_virtual_time(scene())


def test_a_hiccup_sends_some_elsewhere_and_costs_no_health() -> None:
    """For 0.4 s nothing comes, then everything: the eldest call is answered, no fault counted."""

    async def scene() -> None:
        over_at = 0.4

        async def answer(_: httpx.Request) -> httpx.Response:
            left = over_at - bench.clock.monotonic()
            await asyncio.sleep(max(USUAL_S, left))  # noqa: TID251 - the provider's own time
            return ok()

        bench = Bench(httpx.MockTransport(answer), replace(SOME, policy=WIDE))
        await accustomed(bench)
        calls = []
        for _ in range(30):
            calls.append(asyncio.create_task(call(bench)))
            await bench.clock.sleep(0.02)
        ends = [end for end, _ in await asyncio.gather(*calls)]
        assert ends[0] == "answered"
        assert ends[1:19] == ["Stalled"] * 18
        assert ends[21:] == ["answered"] * 9
        health = await bench.health.view("some")
        assert (health.state, False in health.recent) == (CircuitState.CLOSED, False)

    in_virtual_time(scene())


def test_one_slow_answer_among_quick_ones_is_no_silence() -> None:
    """The slow call is given up; the others are sent and answered meanwhile, as the scout's is."""

    async def scene() -> None:
        slow = iter((0.9,))

        async def answer(_: httpx.Request) -> httpx.Response:
            await asyncio.sleep(next(slow, USUAL_S))  # noqa: TID251 - the provider's own time
            return ok()

        bench = Bench(httpx.MockTransport(answer), replace(SOME, policy=WIDE))
        await accustomed(bench)
        first = asyncio.create_task(call(bench))
        await bench.clock.sleep(0.02)
        for _ in range(40):
            assert await call(bench) == ("answered", USUAL_S)
        assert await first == ("Stalled", 0.5)
        await bench.clock.sleep(0.1)
        health = await bench.health.view("some")
        assert (health.state, max(health.latencies_s)) == (CircuitState.CLOSED, 0.9)

    in_virtual_time(scene())


def test_the_last_one_waits_in_silence_as_long_as_it_was_told_and_the_circuit_opens_at_once() -> (
    None
):
    """Two seconds of ten, one call, no retry; who comes next is not sent."""

    async def scene() -> None:
        silent = Silent()
        bench = Bench(httpx.MockTransport(silent))
        assert await call(bench, standby=False, within=9.8, silence_s=2.0) == ("Silent", 2.0)
        assert (await bench.health.view("some")).state is CircuitState.OPEN
        assert await call(bench, standby=False, within=9.8) == ("ProviderUnavailable", 0.0)
        assert silent.asked == 1

    in_virtual_time(scene())


def test_a_provider_that_always_takes_long_is_given_its_time() -> None:
    """It usually takes two seconds: told to wait for one in silence, a caller waits for five."""

    async def scene() -> None:
        bench = Bench(Script(4.0, ok()))
        for _ in range(10):
            usual = Outcome(ok=True, latency_s=2.0, at=bench.clock.now())
            await bench.health.record("some", usual)
        assert await call(bench, standby=False, within=9.8, silence_s=1.0) == ("answered", 4.0)

    in_virtual_time(scene())


def test_a_time_out_of_a_caller_without_alternative_opens_the_circuit_at_once() -> None:
    """Who waited in vain until the deadline spares those who come after."""

    async def scene() -> None:
        silent = Silent()
        bench = Bench(httpx.MockTransport(silent))
        assert (await call(bench, standby=False, within=3.0))[0] == "DeadlineExceeded"
        assert (await call(bench, standby=False, within=3.0)) == ("ProviderUnavailable", 0.0)
        assert silent.asked == 1

    in_virtual_time(scene())


def test_who_probes_is_not_kept_waiting_and_the_probe_is_counted_all_the_same() -> None:
    """The circuit is half open until the probe's end, then open for twice as long."""

    async def scene() -> None:
        silent = Silent()
        bench = Bench(httpx.MockTransport(silent))
        await call(bench, standby=False, within=3.0)
        await bench.clock.sleep(2.1)
        assert await call(bench, standby=False, within=9.8) == ("Stalled", 1.0)
        assert (await bench.health.view("some")).state is CircuitState.HALF_OPEN
        await bench.clock.sleep(9.0)
        health = await bench.health.view("some")
        assert (health.state, health.cooldown_s) == (CircuitState.OPEN, 4.0)
        assert silent.asked == 2

    in_virtual_time(scene())


def test_a_scout_that_is_out_when_the_provider_is_back_proves_nothing() -> None:
    """It was sent before and never comes back; meanwhile others are answered: one fault."""

    async def scene() -> None:
        lost = iter((3600.0,))

        async def answer(_: httpx.Request) -> httpx.Response:
            await asyncio.sleep(next(lost, USUAL_S))  # noqa: TID251 - the provider's own time
            return ok()

        bench = Bench(httpx.MockTransport(answer))
        await accustomed(bench)
        assert await call(bench) == ("Stalled", 0.5)
        assert await call(bench, standby=False) == ("answered", USUAL_S)
        await bench.clock.sleep(3.0)
        health = await bench.health.view("some")
        assert (health.state, health.recent.count(False)) == (CircuitState.CLOSED, 1)

    in_virtual_time(scene())


def test_what_a_scout_is_told_counts() -> None:
    """A ban that comes after everybody has left freezes the account."""

    async def scene() -> None:
        ban = httpx.Response(418, headers={"retry-after": "60"}, content=b"{}")
        bench = Bench(Script(2.0, ban))
        assert await call(bench, within=9.0) == ("Stalled", 1.0)
        await bench.clock.sleep(1.1)
        view = (await bench.pacer.views({"some": bench.kit.policy}))["some"]
        assert view.frozen_until == pytest.approx(bench.clock.now() + 60.0, abs=1.0)

    in_virtual_time(scene())


class BusyLoop(VirtualTimeLoop):
    """A loop that may be kept busy."""

    def work(self, seconds: float) -> None:
        """So long nothing else happens."""
        self._virtual += seconds


def test_our_own_being_busy_is_not_taken_for_silence() -> None:
    """The loop stands still for the time of patience: the answer that came meanwhile is read."""

    async def scene() -> None:
        bench = Bench(Script(0.3, ok()))
        await accustomed(bench)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, BusyLoop)
        loop.call_later(0.2, loop.work, 0.6)
        assert (await call(bench))[0] == "answered"

    with asyncio.Runner(loop_factory=BusyLoop) as runner:
        runner.run(scene())
