"""What a provider tells about its limits, and what becomes of the policy."""

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.kit_provider import ProviderSettings
from adapters_out.provider_kit.provider import Provider
from domain.errors import QuotaExhausted
from domain.provider import Priority, Window
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import BTC, POLICY, SOME, Bench, in_virtual_time

MONTH = 31 * 86_400


def _limits(reply: Reply) -> list[Window]:
    """An account that tells a limit for each length of a window."""
    if b"limits" not in reply.body:
        return []
    told = msgspec.json.decode(reply.body, type=dict[str, dict[int, float]])
    return [Window(limit, seconds) for seconds, limit in told["limits"].items()]


TELLING = replace(
    SOME,
    policy=replace(POLICY, windows=(Window(100, 60), Window(2, MONTH, calendar=True))),
    limits=_limits,
    account=Call("/account", weight=0),
)


class Account:
    """Prices, and an account that grants so many calls a month."""

    def __init__(self, body: str) -> None:
        self.body = body
        self.paths: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        text = self.body if request.url.path == "/account" else '{"price":"1.5"}'
        return httpx.Response(200, headers={"content-type": "application/json"}, text=text)


def bench_of(
    account: Account, settings: ProviderSettings | None = None, provider: Provider = TELLING
) -> Bench:
    """The kit before that account."""
    return Bench(httpx.MockTransport(account), provider, settings)


def asked(account: Account, times: int, settings: ProviderSettings | None = None) -> Bench:
    """The kit after so many questions for a price, each with a second's time."""

    async def run() -> Bench:
        bench = bench_of(account, settings)
        for _ in range(times):
            await bench.kit.price(BTC, bench.within(1.0))
        return bench

    return in_virtual_time(run())


def test_a_quota_that_seems_used_up_is_looked_up() -> None:
    """The larger plan grants more: the question that would have been refused is answered."""
    account = Account('{"limits":{"60":500,"2678400":10}}')
    bench = asked(account, 5)
    assert account.paths == ["/price", "/price", "/account", "/price", "/price", "/price"]
    assert bench.kit.policy.windows == (Window(500, 60), Window(10, MONTH, calendar=True))


def test_who_grants_nothing_more_is_asked_once_an_hour() -> None:
    """The refusal is what it was, and costs no call."""
    account = Account('{"limits":{"2678400":2}}')

    async def run() -> None:
        bench = bench_of(account)
        for _ in range(2):
            await bench.kit.price(BTC, bench.within(1.0))
        for pause in (0.0, 0.0, 3601.0):
            await bench.clock.sleep(pause)
            with pytest.raises(QuotaExhausted):
                await bench.kit.price(BTC, bench.within(1.0))

    in_virtual_time(run())
    assert account.paths == ["/price", "/price", "/account", "/account"]


def test_what_the_operator_says_stays() -> None:
    """It was said about the minute; the month is as told."""
    account = Account('{"limits":{"60":500,"2678400":10}}')
    bench = asked(account, 3, ProviderSettings(rpm=90.0))
    limits = {window.seconds: window.limit for window in bench.kit.policy.windows}
    assert limits == {60: 90.0, MONTH: 10.0}


@pytest.mark.parametrize("body", ['{"limits":5}', "limits", '{"limits":{"2678400":0}}'])
def test_what_cannot_be_a_limit_tells_nothing(body: str) -> None:
    """An unreadable account changes nothing."""
    account = Account(body)
    with pytest.raises(QuotaExhausted):
        asked(account, 3)
    assert account.paths.count("/account") == 1


def test_a_backfill_looks_before_it_waits() -> None:
    """It has all the time of the world, and would wait for the next month."""
    account = Account('{"limits":{"2678400":10}}')

    async def run() -> float:
        bench = bench_of(account)
        began = bench.clock.monotonic()
        for _ in range(4):
            await bench.kit.price(BTC, CallContext(priority=Priority.BACKFILL))
        return bench.clock.monotonic() - began

    assert in_virtual_time(run()) < 60
    assert account.paths == ["/account", *["/price"] * 4]


def test_who_has_no_account_is_not_asked() -> None:
    """A question is one call."""
    account = Account("{}")

    async def run() -> None:
        bench = bench_of(account, provider=replace(TELLING, account=None))
        await bench.kit.price(BTC, CallContext(priority=Priority.BACKFILL))

    in_virtual_time(run())
    assert account.paths == ["/price"]
