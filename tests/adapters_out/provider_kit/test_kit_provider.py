"""The port over the scripted ring: pacing, retries, circuit, deadlines, secrecy."""

import asyncio

import httpx
import pytest
from msgspec.structs import replace

from adapters_out.provider_kit.provider import (
    header_usage,
)
from domain.circuit import CircuitState
from domain.errors import (
    Banned,
    DeadlineExceeded,
    MalformedPayload,
    MarketDataError,
    ProviderUnavailable,
    RateLimited,
)
from domain.provider import Window
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import (
    BTC,
    POLICY,
    SOME,
    Bench,
    Script,
    Step,
    in_virtual_time,
    ok,
)

HTML = httpx.Response(200, headers={"content-type": "text/html"}, content=b"<html>")
DOWN = httpx.Response(503, content=b"{}")


def asked(*steps: Step, seconds: float = 60.0) -> tuple[float | MarketDataError, Bench, Script]:
    """The price or the error that the steps lead to."""
    script = Script(*steps)

    async def run() -> tuple[float | MarketDataError, Bench, Script]:
        bench = Bench(script)
        try:
            return await bench.price(seconds), bench, script
        except MarketDataError as error:
            return error, bench, script

    return in_virtual_time(run())


@pytest.mark.parametrize(
    "fault",
    [
        DOWN,
        HTML,
        httpx.Response(520, content=b"<html>"),
        ok(b'{"price":'),
        ok(b'{"price":"NaN"}'),
        ok(b'{"price":NaN}'),
        ok(b'{"price":"0"}'),
        ok(b'{"other":1}'),
        ok(b"[" * 100_000),
        ok(b"\xff\xfe"),
        ok(b""),
        httpx.Response(302, headers={"location": "https://evil.example"}),
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
    ],
)
def test_a_fault_that_may_pass_is_tried_again(fault: Step) -> None:
    """One fault, then the answer; the fault is counted, the answer too."""
    price, bench, script = asked(fault, ok())
    assert price == 1.5
    assert len(script.requests) == 2
    health = in_virtual_time(bench.health.view("some"))
    assert health.recent == (False, True)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (DOWN, ProviderUnavailable),
        (HTML, MalformedPayload),
        (httpx.ConnectError("refused"), ProviderUnavailable),
    ],
)
def test_a_lasting_fault_ends_after_three_tries(fault: Step, error: type[Exception]) -> None:
    """The policy's attempts bound the calls; waits grow up to full jitter's ceiling."""
    found, bench, script = asked(fault)
    assert type(found) is error
    assert len(script.requests) == 3
    outcomes = [f["outcome"] for f in bench.telemetry.named("provider_called")]
    assert outcomes == [error.code] * 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 418, 429, 451])
def test_a_refusal_is_not_tried_again(status: int) -> None:
    """Asking again would not help, or make it worse."""
    found, _, script = asked(httpx.Response(status, content=b"{}"))
    assert isinstance(found, MarketDataError)
    assert len(script.requests) == 1


def test_a_stale_connection_is_tried_again_at_once() -> None:
    """The provider closed an idle connection: no wait, no circuit of blame."""
    stale = httpx.RemoteProtocolError("Server disconnected without sending a response.")
    script = Script(stale, ok())

    async def run() -> float:
        bench = Bench(script)
        await bench.price()
        return bench.clock.monotonic()

    assert in_virtual_time(run()) < 0.1


@pytest.mark.parametrize(
    ("answer", "error", "seconds"),
    [
        (httpx.Response(429, headers={"retry-after": "8"}), RateLimited, 8.0),
        (httpx.Response(418, headers={"retry-after": "30"}), Banned, 30.0),
        (httpx.Response(429), RateLimited, POLICY.freeze_s),
        (httpx.Response(418), Banned, POLICY.ban_s),
    ],
)
def test_a_limit_freezes_the_budget_before_it_is_told(
    answer: httpx.Response, error: type[MarketDataError], seconds: float
) -> None:
    """By the time the error arrives nobody gets a grant until the time that was named."""
    script = Script(answer, ok())

    async def run() -> float:
        bench = Bench(script)
        with pytest.raises(error):
            await bench.price()
        with pytest.raises(error):
            await bench.price(seconds=seconds - 1.0)
        assert len(script.requests) == 1
        await bench.price(seconds=300.0)
        return bench.clock.monotonic()

    assert in_virtual_time(run()) >= seconds


def test_a_limit_does_not_hurt_health() -> None:
    """The provider works; it is we who were too fast."""

    async def run() -> CircuitState:
        bench = Bench(Script(httpx.Response(429)))
        for _ in range(6):
            with pytest.raises(RateLimited):
                await bench.price()
        return (await bench.health.view("some")).state

    assert in_virtual_time(run()) is CircuitState.CLOSED


def test_the_providers_own_count_corrects_ours() -> None:
    """A reported usage of most of a window leaves room for the rest only."""
    policy = replace(POLICY, windows=(Window(100, 60),))
    provider = replace(SOME, policy=policy, usage=header_usage("x-used", 60))

    async def run() -> float:
        bench = Bench(Script(ok(x_used="100")), provider)
        await bench.price()
        await bench.price(seconds=120.0)
        return bench.clock.monotonic()

    assert in_virtual_time(run()) > 59.0


def test_a_hang_ends_with_the_timeout() -> None:
    """Ten seconds in total per call, then the next try; the fault is the provider's."""
    found, bench, script = asked(3600.0, ok(), seconds=25.0)
    assert found == 1.5
    assert len(script.requests) == 2
    reasons = [str(line["reason"]) for line in bench.telemetry.named("provider_call")]
    assert reasons == ["some did not answer within 10 s.", ""]


def test_no_answer_comes_after_the_deadline() -> None:
    """The caller's deadline cuts the call, and a hanging provider is blamed for it."""

    async def run() -> tuple[float, int]:
        bench = Bench(Script(3600.0, ok()))
        with pytest.raises(DeadlineExceeded):
            await bench.price(seconds=3.0)
        health = await bench.health.view("some")
        return bench.clock.monotonic(), health.failures_in_row

    ended, failures = in_virtual_time(run())
    assert ended <= 3.1
    assert failures == 1


def test_a_wait_that_would_outlast_the_deadline_is_not_begun() -> None:
    """The error comes at once instead."""
    found, bench, script = asked(DOWN, seconds=0.2)
    assert isinstance(found, ProviderUnavailable)
    assert len(script.requests) == 1
    assert bench is not None


def test_five_faults_in_a_row_open_the_circuit() -> None:
    """Then nothing is sent, until a probe after the cool-down succeeds."""
    script = Script(*[DOWN] * 5, ok())

    async def run() -> list[str]:
        bench = Bench(script)
        for _ in range(2):
            with pytest.raises(ProviderUnavailable):
                await bench.price()
        assert len(script.requests) == 5
        with pytest.raises(ProviderUnavailable, match="rest") as caught:
            await bench.price()
        assert len(script.requests) == 5
        assert caught.value.retry_at is not None
        await bench.clock.sleep(caught.value.retry_at - bench.clock.now() + 0.01)
        assert await bench.price() == 1.5
        return [str(f["state"]) for f in bench.telemetry.named("circuit_changed")]

    assert in_virtual_time(run()) == ["open", "closed"]


def test_an_outage_does_not_multiply_the_load() -> None:
    """Beyond a floor, retries are a fifth of the calls."""
    script = Script(httpx.Response(200, content=b"<html>"))
    provider = replace(SOME, policy=replace(POLICY, rps=100_000.0))

    async def run() -> int:
        bench = Bench(script, provider)
        for _ in range(50):
            with pytest.raises(MarketDataError):
                await bench.price()
            bench.health._healths.clear()
        return len(script.requests)

    assert in_virtual_time(run()) <= 50 + 50 // 5 + 12


def test_at_most_so_many_calls_are_under_way() -> None:
    """The bulkhead holds the others back; their time is bounded too."""
    script = Script(1.0, ok())

    class Slow(httpx.AsyncBaseTransport):
        busy = 0
        most = 0

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.busy += 1
            self.most = max(self.most, self.busy)
            await asyncio.sleep(1.0)  # noqa: TID251 - the provider's own time
            self.busy -= 1
            return await script.handle_async_request(request)

    slow = Slow()

    async def run() -> list[float | BaseException]:
        bench = Bench(slow)
        script.steps = [ok()]
        calls = (bench.price(seconds=2.5) for _ in range(20))
        return await asyncio.gather(*calls, return_exceptions=True)

    results = in_virtual_time(run())
    assert slow.most == POLICY.concurrency
    assert sum(r == 1.5 for r in results) == 2 * POLICY.concurrency
    assert sum(isinstance(r, DeadlineExceeded) for r in results) == 20 - 2 * POLICY.concurrency


def test_every_call_is_told_once() -> None:
    """One structured line per call, with the request's id and no secret parameter."""
    script = Script(ok())

    async def run() -> list[dict[str, object]]:
        bench = Bench(script)
        await bench.kit.price(BTC, CallContext(request_id="r-1"))
        return bench.telemetry.named("provider_call")

    (line,) = in_virtual_time(run())
    assert (line["request_id"], line["status"], line["outcome"]) == ("r-1", 200, "ok")
    assert line["call"] == "GET /price?symbol=BTC"


def test_closing_closes_the_connections() -> None:
    """The channel is given back."""
    script = Script(ok())

    async def run() -> None:
        await Bench(script).kit.close()

    in_virtual_time(run())
    assert script.closed
