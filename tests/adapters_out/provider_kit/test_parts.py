"""The small parts: the operator's overrides, redaction, discovery."""

import sys
from importlib.metadata import EntryPoint
from types import ModuleType
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters_out.provider_kit import discovery
from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.discovery import discover
from adapters_out.provider_kit.provider import Provider, Usage, header_usage
from adapters_out.provider_kit.redaction import Redactor
from adapters_out.provider_kit.settings import ProviderSettings, policy_in_force
from domain.provider import Capability, ProviderPolicy, Window
from domain.secret import Secret
from tests.adapters_out.provider_kit.scripted import SOME

MINUTE, DAY = Window(100, 60, calendar=True), Window(1000, 86_400, calendar=True, offset_s=18_000)


@pytest.mark.parametrize(
    ("windows", "settings", "expected"),
    [
        ((MINUTE, DAY), ProviderSettings(), {MINUTE, DAY}),
        ((MINUTE, DAY), ProviderSettings(rpm=0), {DAY}),
        ((MINUTE,), ProviderSettings(rpm=7), {Window(7, 60, calendar=True)}),
        ((MINUTE, DAY), ProviderSettings(rpd=5), {MINUTE, Window(5, 86_400, True, 18_000)}),
        ((), ProviderSettings(rpm=7, rpd=9), {Window(7, 60), Window(9, 86_400)}),
        ((MINUTE, DAY), ProviderSettings(rpm=0, rpd=0), set()),
    ],
)
def test_the_operator_overrides_windows(
    windows: tuple[Window, ...], settings: ProviderSettings, expected: set[Window]
) -> None:
    """Nothing said keeps the plan's window, 0 means none, a number replaces the limit."""
    assert set(policy_in_force(ProviderPolicy(1.0, windows), settings).windows) == expected


def test_the_operator_overrides_rate_and_time() -> None:
    """The rest of the policy stays."""
    policy = ProviderPolicy(10.0, (MINUTE,), timeout_s=10.0, attempts=7)
    found = policy_in_force(policy, ProviderSettings(rps=2.5, timeout_s=1.0))
    assert (found.rps, found.timeout_s, found.attempts) == (2.5, 1.0, 7)


@given(st.text("abc+/=% &?ü", min_size=4), st.text("xyz:/?&= \n"))
def test_a_key_is_nowhere_left(key: str, around: str) -> None:
    """Plain or URL-encoded, alone or in the midst of anything."""
    text = f"{around}{key}{around}{quote(key, safe='')}{around}{quote_plus(key)}"
    assert key not in Redactor(Secret(key)).clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://x/?a=1&apiKey=foreign&b=2",
        "api_token=foreign",
        "Authorization: Bearer foreign",
        '{"apikey": "foreign"}',
        "X-MBX-APIKEY=foreign",
        "signature=foreign",
    ],
)
def test_what_is_named_like_a_key_goes_too(text: str) -> None:
    """Also a key that is not ours; what stands beside it stays."""
    cleaned = Redactor(None).clean(text)
    assert "foreign" not in cleaned
    assert "***" in cleaned
    assert "b=2" in cleaned or "b=2" not in text


@pytest.mark.parametrize(
    ("header", "expected"),
    [("12", (Usage(60, 12.0),)), ("", ()), ("-1", ()), ("nan", ()), ("1e9", ()), ("9" * 40, ())],
)
def test_a_usage_header_is_a_plain_number_or_nothing(
    header: str, expected: tuple[Usage, ...]
) -> None:
    """What cannot be read corrects nothing."""
    assert header_usage("x-used", 60)(Reply(200, b"", {"x-used": header})) == expected


def test_every_provider_is_found_and_consistent() -> None:
    """A module with a PROVIDER is enough; what it offers it has an endpoint for."""
    found = discover()
    assert {"binance", "kraken"} <= set(found)
    for name, provider in found.items():
        endpoints = {
            Capability.BARS: provider.bars,
            Capability.PRICE: provider.price,
            Capability.INSTRUMENTS: provider.listings,
            Capability.TRADES: provider.trades,
            Capability.QUOTES: provider.quotes,
            Capability.ACTIONS: provider.actions,
            Capability.MARKETS: provider.markets,
            Capability.FUTURES: provider.futures,
        }
        offered = {c for c, endpoint in endpoints.items() if endpoint is not None}
        assert provider.name == name
        assert offered == provider.capabilities.offers
        assert bool(provider.capabilities.intervals) == (provider.bars is not None)
        assert provider.policy.rps > 0
        assert provider.base_url.startswith("https://")


def plug_in(monkeypatch: pytest.MonkeyPatch, thing: object) -> None:
    """Pretend that an installed package brings this as an entry point."""
    module = ModuleType("plugged_in_thing")
    module.__dict__["THING"] = thing
    monkeypatch.setitem(sys.modules, module.__name__, module)
    point = EntryPoint("thing", "plugged_in_thing:THING", discovery.GROUP)
    monkeypatch.setattr(discovery, "entry_points", lambda group: [point] if group else [])


def test_a_plug_in_is_a_provider_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point that names a Provider value is found."""
    plug_in(monkeypatch, SOME)
    assert discover()["some"] is SOME


def test_a_plug_in_that_is_no_provider_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the entry point."""
    plug_in(monkeypatch, 42)
    with pytest.raises(TypeError, match="thing"):
        discover()


def test_two_providers_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Series are stored by that name."""
    second: Provider = replace(SOME, name="binance")
    plug_in(monkeypatch, second)
    with pytest.raises(ValueError, match="binance"):
        discover()
