"""The part of the kit that asks about assets."""

from collections.abc import Mapping, Sequence

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import FaultRule, Faults
from adapters_out.provider_kit.provider import Auth, MarketsEndpoint, Provider
from domain.assets import AssetSnapshot
from domain.errors import AccessDenied, CallRefused, MalformedPayload, NotEntitled, NotListed
from tests.adapters_out.provider_kit.scripted import SOME, Bench, Script, in_virtual_time, ok

GOOD = AssetSnapshot(asset="BTC", id="1", provider="some", ts=7, rank=1, price=0.0)


def _read(reply: Reply) -> Sequence[AssetSnapshot]:
    return msgspec.json.decode(reply.body, type=list[AssetSnapshot])


def _read_one(reply: Reply, code: str) -> AssetSnapshot:
    found = [asset for asset in _read(reply) if asset.asset == code]
    if not found:
        raise NotListed(f"some does not list {code}.", provider="some")
    return found[0]


def _texts(reply: Reply, _: AssetSnapshot) -> Mapping[str, str]:
    return msgspec.json.decode(reply.body, type=dict[str, str])


PLAIN = MarketsEndpoint(
    ask=lambda limit, offset: Call("/list", {"limit": limit, "offset": offset}),
    read=_read,
    find=lambda code: Call("/one", {"code": code}),
    read_one=_read_one,
)
TOLD = replace(PLAIN, describe=lambda asset: Call(f"/about/{asset.id}"), read_description=_texts)


def body(*assets: AssetSnapshot) -> bytes:
    """An answer."""
    return msgspec.json.encode(list(assets))


def kit(script: Script, endpoint: MarketsEndpoint | None, auth: Auth | None = None) -> Bench:
    """A provider that tells of assets in this way."""
    provider: Provider = replace(SOME, markets=endpoint, auth=auth)
    return Bench(script, provider)


def test_a_list_is_asked_for_and_read() -> None:
    """With limit and offset; a price of 0 is a price."""
    script = Script(ok(body(GOOD, replace(GOOD, id="2", rank=None))))

    async def run() -> Sequence[AssetSnapshot]:
        bench = kit(script, PLAIN)
        return await bench.kit.markets(2, 4, bench.within(5))

    assert [asset.id for asset in in_virtual_time(run())] == ["1", "2"]
    assert str(script.requests[0].url).endswith("/list?limit=2&offset=4")


@pytest.mark.parametrize(
    "field", ["price", "market_cap", "fully_diluted_market_cap", "volume_24h", "max_supply"]
)
def test_an_amount_below_zero_is_unreadable(field: str) -> None:
    """In a list and in one asset."""
    bad = ok(body(replace(GOOD, **{field: -1.0})))

    async def run() -> None:
        bench = kit(Script(bad), PLAIN)
        with pytest.raises(MalformedPayload, match=field):
            await bench.kit.markets(2, 0, bench.within(60))
        with pytest.raises(MalformedPayload, match=field):
            await bench.kit.asset("BTC", bench.within(60))

    in_virtual_time(run())


@pytest.mark.parametrize("rank", [0, -3, 2**31])
def test_what_is_no_rank_is_unreadable(rank: int) -> None:
    """They count from 1."""

    async def run() -> None:
        bench = kit(Script(ok(body(replace(GOOD, rank=rank)))), PLAIN)
        with pytest.raises(MalformedPayload, match="no rank"):
            await bench.kit.markets(2, 0, bench.within(60))

    in_virtual_time(run())


def one(script: Script, endpoint: MarketsEndpoint) -> AssetSnapshot:
    """The answer about BTC."""

    async def run() -> AssetSnapshot:
        bench = kit(script, endpoint)
        return await bench.kit.asset("BTC", bench.within(60))

    return in_virtual_time(run())


def test_one_asset_comes_with_its_description() -> None:
    """Which takes a call of its own, if the provider has one."""
    own = replace(GOOD, metadata={"a": "1", "b": "2"})
    script = Script(ok(body(own)), ok('{"b":"3","c":"4"}'))
    assert one(script, TOLD) == replace(own, metadata={"a": "1", "b": "3", "c": "4"})
    assert [request.url.path for request in script.requests] == ["/one", "/about/1"]
    assert one(Script(ok(body(own))), PLAIN) == own


def test_figures_without_a_description_are_figures() -> None:
    """An unreadable description takes nothing away."""
    assert one(Script(ok(body(GOOD)), ok("[]")), TOLD) == GOOD


def test_a_description_that_the_plan_lacks_is_asked_for_once() -> None:
    """The figures are told for one call from then on, after an hour it is tried again."""
    about: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/one":
            return ok(body(GOOD))
        about.append(request.url.path)
        return httpx.Response(402, json={"error": "not in the plan"})

    async def run() -> None:
        plans = Faults(rules=(FaultRule(NotEntitled, "does not include that", (402,)),))
        provider: Provider = replace(SOME, markets=TOLD, faults=plans)
        bench = Bench(httpx.MockTransport(answer), provider)
        for pause in (1.0, 1.0, 3600.0, 0.0):
            assert await bench.kit.asset("BTC", bench.within(60)) == GOOD
            await bench.clock.sleep(pause)

    in_virtual_time(run())
    assert about == ["/about/1", "/about/1"]


def test_what_is_refused() -> None:
    """An unknown asset; a provider that tells nothing of assets; one that lacks its key."""

    async def run() -> None:
        bench = kit(Script(ok(body())), PLAIN)
        with pytest.raises(NotListed):
            await bench.kit.asset("BTC", bench.within(5))
        silent = kit(Script(ok()), None)
        with pytest.raises(CallRefused, match="tells no capitalisations"):
            await silent.kit.markets(1, 0, silent.within(5))
        keyless = kit(Script(ok()), PLAIN, Auth(header="x-key"))
        with pytest.raises(AccessDenied):
            await keyless.kit.asset("BTC", keyless.within(5))

    in_virtual_time(run())
