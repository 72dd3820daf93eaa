"""CoinGecko's complaints, in four envelopes."""

import json
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.faults import find_fault
from adapters_out.providers.coingecko import PROVIDER
from domain.errors import (
    AccessDenied,
    Banned,
    CallRefused,
    NotEntitled,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    RangeUnavailable,
    RateLimited,
)

NOW = 1_700_000_040.0


def error(status: int, body: str, headers: dict[str, str] | None = None) -> ProviderError | None:
    """What a reply means."""
    reply = Reply(status, body.encode(), headers or {}, NOW, NOW)
    return find_fault("coingecko", reply, PROVIDER.faults, PROVIDER.policy)


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "status", "expected"),
    [
        ("error_10011_demo_key_on_pro_host__1", 400, AccessDenied),
        ("error_429__1", 429, RateLimited),
        ("error_not_found__1", 404, NotListed),
    ],
)
def test_recorded_refusals_mean_what_they_say(
    recordings: Path, name: str, status: int, expected: type[ProviderError]
) -> None:
    """The wrong host, too many calls, an unknown coin."""
    found = error(status, (recordings / "coingecko" / f"{name}.json").read_text())
    assert type(found) is expected


@pytest.mark.recordings
@pytest.mark.parametrize(
    "name",
    [
        *("coins_list__2", "coins_list__3", "coins_list__4", "coins_markets__1"),
        *("coins_markets__3", "coins_markets__4", "key__1", "market_chart__1"),
        *("market_chart__2", "market_chart_range__1", "ohlc__2", "ohlc__3", "ping__1"),
        *("simple_price__3", "simple_price__4", "simple_price__5", "simple_price__6"),
    ],
)
def test_recorded_answers_are_no_complaints(recordings: Path, name: str) -> None:
    """Lists, charts, prices."""
    assert error(200, (recordings / "coingecko" / f"{name}.json").read_text()) is None


def envelopes(code: int, message: str) -> list[str]:
    """The three shapes of a coded complaint."""
    status = {"error_code": code, "error_message": message, "timestamp": "2025"}
    beside = {"timestamp": "2025", "error_code": code, "status": {"error_message": message}}
    return [
        json.dumps(each) for each in ({"status": status}, {"error": {"status": status}}, beside)
    ]


@pytest.mark.parametrize("shape", [0, 1, 2])
@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, 10002, AccessDenied),
        (401, 10005, NotEntitled),
        (400, 10010, AccessDenied),
        (400, 10011, AccessDenied),
        (401, 10012, RangeUnavailable),
        (200, 10012, RangeUnavailable),
        (429, 429, RateLimited),
        (200, 429, RateLimited),
        (500, 500, ProviderUnavailable),
        (400, 9, CallRefused),
    ],
)
def test_its_codes_mean_errors_of_the_tree(
    status: int, code: int, expected: type[ProviderError], shape: int
) -> None:
    """In whichever envelope they come."""
    assert type(error(status, envelopes(code, "because")[shape])) is expected


@pytest.mark.parametrize("code", [10010, 10011])
def test_the_wrong_host_has_a_remedy(code: int) -> None:
    """The sentence names the setting."""
    found = error(400, envelopes(code, "change your root URL")[2])
    assert found is not None
    assert "COINGECKO_PLAN" in found.message


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (404, "coin not found", NotListed),
        (404, "Could not find coin with the given id", NotListed),
        (400, "invalid vs_currency", NotListed),
        (422, "Invalid vs_currency", NotListed),
        (400, "invalid days", CallRefused),
        (404, "Incorrect path. Please check https://docs", CallRefused),
    ],
)
def test_its_plain_sentences_are_understood(
    status: int, text: str, expected: type[ProviderError]
) -> None:
    """The fourth envelope is a mere text."""
    assert type(error(status, json.dumps({"error": text}))) is expected


@pytest.mark.parametrize("coin", ["status", "error"])
def test_a_coin_may_be_called_like_an_envelope(coin: str) -> None:
    """Status is the id of a coin: its price is no complaint."""
    assert error(200, json.dumps({coin: {"usd": 0.02, "last_updated_at": 1}})) is None


def test_a_limit_lasts_as_long_as_it_says() -> None:
    """As recorded: 119 seconds; without a time a minute."""
    body = envelopes(429, "You've exceeded the Rate Limit.")[0]
    told, untold = error(429, body, {"retry-after": "119"}), error(429, body)
    assert told is not None
    assert untold is not None
    assert (told.retry_at, untold.retry_at) == (NOW + 119, NOW + 60)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(403, Banned), (429, RateLimited), (502, ProviderUnavailable), (520, ProviderUnavailable)],
)
def test_a_page_for_people_is_judged_by_its_status(
    status: int, expected: type[ProviderError]
) -> None:
    """The edge answers in HTML."""
    assert type(error(status, "<html>1020</html>")) is expected
