"""CoinGecko's complaints, in four envelopes."""

import json

import pytest

from adapters_out.provider_kit.faults import KeyRefused
from adapters_out.providers.coingecko import PROVIDER
from domain.errors import (
    Banned,
    CallRefused,
    NotEntitled,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    RangeUnavailable,
    RateLimited,
)
from tests.providers.reading import error_of

NOW = 1_700_000_040.0


def error(status: int, body: str, headers: dict[str, str] | None = None) -> ProviderError | None:
    """What a reply means."""
    return error_of(PROVIDER, status, body, headers)


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
        (401, 10002, KeyRefused),
        (401, 10005, NotEntitled),
        (400, 10010, KeyRefused),
        (400, 10011, KeyRefused),
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
