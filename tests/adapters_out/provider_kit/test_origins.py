"""A provider with a mirror: who is asked when a host turns us away or is out of order."""

from collections.abc import Callable

import httpx
import pytest
from msgspec.structs import replace

from adapters_out.provider_kit.kit_provider import ProviderSettings
from adapters_out.provider_kit.provider import Auth
from domain.errors import AccessDenied, Banned, DeadlineExceeded, ProviderError, ProviderUnavailable
from domain.secret import Secret
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import (
    BTC,
    SOME,
    Bench,
    Script,
    Step,
    in_virtual_time,
    ok,
)

MIRRORED = replace(
    SOME,
    mirrors=("https://mirror.some.example",),
    auth=Auth(header="x-key", required=False),
)
FIRST, MIRROR = "api.some.example", "mirror.some.example"
FIREWALL = {"content-type": "text/html"}
GONE = 3601.0  # longer than a host is left alone


def location() -> httpx.Response:
    """451: not served where we are."""
    return httpx.Response(451, json={"code": 0, "msg": "restricted location"})


def firewall() -> httpx.Response:
    """403 with a page for people."""
    return httpx.Response(403, headers=FIREWALL, content=b"<html>Request blocked</html>")


def asked(*steps: Step, settings: ProviderSettings | None = None, wait: float = 0.0) -> list[str]:
    """The hosts that two questions for a price went to."""
    script = Script(*steps)

    async def run() -> None:
        bench = Bench(script, MIRRORED, settings)
        await bench.kit.price(BTC, CallContext())
        await bench.clock.sleep(wait)
        await bench.kit.price(BTC, CallContext())

    in_virtual_time(run())
    return [request.url.host for request in script.requests]


@pytest.mark.parametrize("refusal", [location, firewall])
def test_who_is_turned_away_asks_the_mirror_at_once(refusal: Callable[[], httpx.Response]) -> None:
    """For that call and the next ones."""
    assert asked(refusal(), ok()) == [FIRST, MIRROR, MIRROR]


def test_being_turned_away_freezes_nothing_and_is_no_fault() -> None:
    """The mirror answers in the same moment, and the circuit counts nothing."""
    script = Script(firewall(), ok())

    async def run() -> tuple[float, int]:
        bench = Bench(script, MIRRORED)
        began = bench.clock.monotonic()
        await bench.kit.price(BTC, CallContext())
        health = await bench.health.view("some")
        return bench.clock.monotonic() - began, health.failures_in_row

    took, failures = in_virtual_time(run())
    assert took < 1.0
    assert failures == 0


@pytest.mark.parametrize(("refusal", "means"), [(location, AccessDenied), (firewall, Banned)])
def test_turned_away_everywhere_is_what_it_was(
    refusal: Callable[[], httpx.Response], means: type[ProviderError]
) -> None:
    """Each host is asked once, and the refusal is told."""
    script = Script(refusal())

    async def run() -> None:
        await Bench(script, MIRRORED).kit.price(BTC, CallContext())

    with pytest.raises(means):
        in_virtual_time(run())
    assert [request.url.host for request in script.requests] == [FIRST, MIRROR]


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("refused"), httpx.Response(502), 11.0], ids=str
)
def test_a_host_that_is_out_of_order_is_left(failure: Step) -> None:
    """The next try goes to the mirror, and the failure counts as any other."""
    steps = (failure, ok(), ok()) if isinstance(failure, float) else (failure, ok())
    assert asked(*steps)[:2] == [FIRST, MIRROR]


def test_a_host_that_says_nothing_is_left() -> None:
    """Nobody waits for the whole time-out; the probe of the circuit goes to the mirror."""
    script = Script(3600.0, ok())

    async def run() -> None:
        bench = Bench(script, MIRRORED)
        with pytest.raises(DeadlineExceeded):
            await bench.kit.price(BTC, bench.within(3.0))
        script.steps = [ok()]
        await bench.clock.sleep(2.1)
        await bench.kit.price(BTC, bench.within(3.0))

    in_virtual_time(run())
    assert [request.url.host for request in script.requests] == [FIRST, MIRROR]


def test_the_first_host_is_tried_again_after_an_hour() -> None:
    """A location changes seldom, a failure passes."""
    assert asked(location(), ok(), wait=GONE) == [FIRST, MIRROR, FIRST]


def test_an_idle_connection_that_was_closed_is_no_reason_to_leave() -> None:
    """The same host is asked again."""
    closed = httpx.RemoteProtocolError("Server disconnected without sending a response.")
    assert asked(closed, ok()) == [FIRST, FIRST, FIRST]


def test_a_host_that_the_operator_names_has_no_mirror() -> None:
    """What is configured is asked, and nobody else: a demonstration stays on the machine."""
    named = ProviderSettings(base_url="http://127.0.0.1:9")
    script = Script(location())

    async def run() -> None:
        await Bench(script, MIRRORED, named).kit.price(BTC, CallContext())

    with pytest.raises(AccessDenied):
        in_virtual_time(run())
    assert [request.url.host for request in script.requests] == ["127.0.0.1"]


def test_the_key_stays_with_the_first_host() -> None:
    """A mirror of public data is not told who asks."""
    script = Script(location(), ok())

    async def run() -> None:
        settings = ProviderSettings(api_key=Secret("k-1"))
        await Bench(script, MIRRORED, settings).kit.price(BTC, CallContext())

    in_virtual_time(run())
    assert [request.headers.get("x-key") for request in script.requests] == ["k-1", None]


def test_all_hosts_down_is_the_provider_down() -> None:
    """The tries are those of the policy, mirror or not."""
    script = Script(httpx.Response(503))

    async def run() -> None:
        await Bench(script, MIRRORED).kit.price(BTC, CallContext())

    with pytest.raises(ProviderUnavailable):
        in_virtual_time(run())
    assert [r.url.host for r in script.requests] == [FIRST, MIRROR, FIRST]
