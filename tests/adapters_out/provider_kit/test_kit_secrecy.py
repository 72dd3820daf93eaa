"""The port over the scripted ring: no key in anything that anybody reads."""

import httpx
import pytest
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.faults import Complaint, Faults
from adapters_out.provider_kit.kit_provider import ProviderSettings
from adapters_out.provider_kit.provider import (
    Auth,
)
from domain.errors import (
    MarketDataError,
)
from domain.interval import Interval
from domain.provider import BarsAsk
from domain.secret import Secret
from domain.timerange import TimeRange
from tests.adapters_out.provider_kit.scripted import (
    BTC,
    NOW,
    SOME,
    Bench,
    Script,
    Step,
    in_virtual_time,
    ok,
)

KEY = "k3y-that-nobody-may-see"
T0 = int(NOW) - 600
MINUTES = BarsAsk(BTC, Interval.M1, TimeRange(T0, T0 + 300))


def echo(reply: Reply) -> Complaint | None:
    """The provider's complaint quotes our key."""
    return None if b"price" in reply.body else Complaint("E", reply.body.decode())


@pytest.mark.parametrize("auth", [Auth(header="x-key"), Auth(query="apikey")])
@pytest.mark.parametrize(
    "answer",
    [
        ok(f'"We have detected your API key as {KEY}"'),
        httpx.Response(401, content=f'"{KEY}"'.encode()),
        httpx.ConnectError(f"https://x/?apikey={KEY}"),
        ok(f'{{"price":"{KEY}"}}'),
        httpx.Response(302, headers={"location": f"https://evil.example/?apikey={KEY}"}),
    ],
)
def test_no_key_in_any_error_or_log(auth: Auth, answer: Step) -> None:
    """Whatever the provider sends back, the key is nowhere to be read."""
    provider = replace(SOME, auth=auth, faults=Faults(echo))
    settings = ProviderSettings(api_key=Secret(KEY))

    async def run() -> str:
        bench = Bench(Script(answer), provider, settings)
        with pytest.raises(MarketDataError) as caught:
            await bench.price()
        error: BaseException | None = caught.value
        told = [repr(settings), repr(bench.kit.policy)]
        while error is not None:
            told += [repr(error), str(error)]
            error = error.__cause__ or error.__context__
        return " ".join([*told, repr(bench.telemetry.seen)])

    assert KEY not in in_virtual_time(run())


def test_a_rejected_row_does_not_keep_the_key() -> None:
    """Quarantine is a table that people read."""
    row = f'[["{KEY}","1","1","1","1","1"],[{T0},"1","1","1","1","1"]]'
    provider = replace(SOME, auth=Auth(query="apikey"))

    async def run() -> str:
        bench = Bench(Script(ok(row)), provider, ProviderSettings(api_key=Secret(KEY)))
        (page,) = await bench.pages(MINUTES)
        assert len(page.rejected) == 1
        return repr(page)

    assert KEY not in in_virtual_time(run())
