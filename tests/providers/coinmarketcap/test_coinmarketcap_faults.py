"""CoinMarketCap's complaints."""

import json

import pytest

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.faults import KeyRefused, find_fault
from adapters_out.providers.coinmarketcap import PROVIDER
from domain.errors import (
    AccessDenied,
    Banned,
    CallRefused,
    NotEntitled,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    QuotaExhausted,
    RateLimited,
)
from tests.providers.reading import error_of

NOW = 1_733_050_000.0  # 2024-12-01 10:46:40
MIDNIGHT, NEW_YEAR = 1_733_097_600.0, 1_735_689_600.0


def error(status: int, body: str, headers: dict[str, str] | None = None) -> ProviderError | None:
    """What a reply means."""
    return error_of(PROVIDER, status, body, headers, NOW)


def said(code: object, message: str | None = "because") -> str:
    """A body with that code."""
    return json.dumps({"status": {"error_code": code, "error_message": message, "elapsed": "0"}})


@pytest.mark.parametrize("spell", [int, str])
@pytest.mark.parametrize("status", [200, 401, 402, 403, 429])
@pytest.mark.parametrize(
    ("code", "expected", "retry_at"),
    [
        (1001, KeyRefused, None),
        (1002, KeyRefused, None),
        (1003, AccessDenied, None),
        (1004, AccessDenied, None),
        (1005, KeyRefused, None),
        (1006, NotEntitled, None),
        (1007, KeyRefused, None),
        (1008, RateLimited, NOW + 60),
        (1009, QuotaExhausted, MIDNIGHT),
        (1010, QuotaExhausted, NOW + 3 * 86_400),
        (1011, RateLimited, NOW + 60),
    ],
)
def test_its_codes_mean_errors_of_the_tree(
    code: int, expected: type[ProviderError], retry_at: float | None, status: int, spell: type
) -> None:
    """The code decides, number or text; a cap lasts for the day, or for days at a time."""
    found = error(status, said(spell(code)))
    assert type(found) is expected
    assert found.retry_at == retry_at


def test_a_month_ends_with_the_month() -> None:
    """Also with the year."""
    late = Reply(429, said(1010).encode(), {}, NEW_YEAR - 50, NEW_YEAR - 50)
    found = find_fault("coinmarketcap", late, PROVIDER.faults, PROVIDER.policy)
    assert found is not None
    assert found.retry_at == NEW_YEAR


def test_a_pause_that_is_named_is_kept() -> None:
    """Sometimes the limit comes with its end."""
    found = error(429, said(1008), {"retry-after": "7"})
    assert found is not None
    assert found.retry_at == NOW + 7


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('Invalid value for "symbol": "XYZ"', NotListed),
        ('Invalid value for "id": "0"', NotListed),
        ('Invalid value for "convert": "ABC"', NotListed),
        ('"id" is not allowed', CallRefused),
        ('"value" must contain at least one of [id, symbol, slug]', CallRefused),
        (None, CallRefused),
    ],
)
def test_a_refused_value_is_told_from_a_refused_call(
    message: str | None, expected: type[ProviderError]
) -> None:
    """The code is 400 either way."""
    assert type(error(400, said(400, message))) is expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (500, "not JSON", ProviderUnavailable),
        (502, "<html>bad gateway</html>", ProviderUnavailable),
        (403, "<html>1020</html>", Banned),
        (429, "<html>1015</html>", RateLimited),
        (500, said(500), ProviderUnavailable),
        (418, said(1008), RateLimited),
    ],
)
def test_what_is_not_its_own_is_judged_by_the_status(
    status: int, body: str, expected: type[ProviderError]
) -> None:
    """The edge and a gateway in trouble."""
    assert type(error(status, body)) is expected
