"""KuCoin's complaints, and what it says about our budget."""

import json

import pytest

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.faults import KeyRefused
from adapters_out.provider_kit.provider import Usage
from adapters_out.providers.kucoin import PROVIDER
from domain.errors import (
    AccessDenied,
    Banned,
    CallRefused,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from domain.provider import Window
from tests.providers.reading import error_of

NOW = 1_700_000_040.0


def error(status: int, body: str, **headers: str) -> ProviderError | None:
    """What a reply means; the headers are those of the gateway."""
    named = {f"gw-ratelimit-{name}": value for name, value in headers.items()}
    return error_of(PROVIDER, status, body, named)


@pytest.mark.parametrize("status", [200, 400, 503])
@pytest.mark.parametrize(
    ("code", "msg", "expected"),
    [
        ("400100", "Unsupported trading pair.", NotListed),
        ("400100", "This type of Candlestick is currently not provided.", CallRefused),
        ("400000", "Bad Request", NotListed),
        ("400600", "validation.createOrder.symbolNotAvailable", NotListed),
        ("900001", "symbol not exists", NotListed),
        ("400302", "Our services are currently unavailable in the U.S.", AccessDenied),
        ("400500", "Your location is currently not supported.", AccessDenied),
        ("408000", "Network timeout", ProviderUnavailable),
        ("500000", "Internal Server Error", ProviderUnavailable),
        ("429000", "Too Many Requests", RateLimited),
        ("200002", "limit", RateLimited),
    ],
)
def test_its_codes_mean_errors_of_the_tree(
    code: str, msg: str, expected: type[ProviderError], status: int
) -> None:
    """The code decides, whatever the status."""
    found = error(status, json.dumps({"code": code, "msg": msg}))
    if status < 500 or expected is not CallRefused:
        assert type(found) is expected
    else:
        assert type(found) is ProviderUnavailable


@pytest.mark.parametrize(
    ("status", "expected"),
    [(404, CallRefused), (401, KeyRefused), (502, ProviderUnavailable), (429, RateLimited)],
)
def test_a_page_for_people_is_judged_by_its_status(
    status: int, expected: type[ProviderError]
) -> None:
    """Maintenance and the edge answer in HTML."""
    assert type(error(status, "<html>1015</html>")) is expected


def test_the_firewall_bans() -> None:
    """A page with 403."""
    assert type(error(403, "<html>blocked</html>")) is Banned


LIMIT = '{"code":"429000","msg":"Too Many Requests"}'


@pytest.mark.parametrize(
    ("headers", "retry_at"),
    [
        ({"reset": "21500", "remaining": "0"}, NOW + 21.5),
        ({"reset": "21500", "remaining": "1"}, NOW + 21.5),
        ({"reset": "21500"}, NOW + 21.5),
        ({"reset": "soon", "remaining": "0"}, NOW + 30),
        ({"reset": "9" * 5000}, NOW + 30),
        ({}, NOW + 30),
    ],
)
def test_a_limit_lasts_until_the_window_is_over(headers: dict[str, str], retry_at: float) -> None:
    """The gateway names milliseconds; without them a whole window passes."""
    found = error(429, LIMIT, **headers)
    assert type(found) is RateLimited
    assert found.retry_at == retry_at


def test_too_many_requests_with_weight_left_is_its_own_trouble() -> None:
    """It is overloaded: asked again at once, not after the window."""
    found = error(429, LIMIT, remaining="1990", reset="21500", limit="2000")
    assert type(found) is ProviderUnavailable
    assert found.retry_at is None


def test_the_end_of_the_window_is_no_reason_to_wait_for_others() -> None:
    """Every reply names it: a hiccup is retried at once all the same."""
    found = error(500, '{"code":"500000","msg":""}', remaining="1990", reset="21500")
    assert found is not None
    assert found.retry_at is None


@pytest.mark.parametrize(
    ("headers", "usage"),
    [
        ({"limit": "2000", "remaining": "1997"}, (Usage(30, 3.0),)),
        ({"limit": "2000"}, ()),
        ({"remaining": "1997"}, ()),
        ({"limit": "2000", "remaining": "-1"}, ()),
        ({}, ()),
    ],
)
def test_its_usage_is_reported(headers: dict[str, str], usage: tuple[Usage, ...]) -> None:
    """The used weight of the running 30 seconds, if both ends are told."""
    named = {f"gw-ratelimit-{name}": value for name, value in headers.items()}
    assert PROVIDER.usage(Reply(200, b"{}", named)) == usage


def test_its_limit_is_told_by_every_answer() -> None:
    """A fifth is left to others; an answer of old tells nothing."""
    told = Reply(200, b"{}", {"gw-ratelimit-limit": "4000"})
    assert PROVIDER.limits(told) == (Window(3200, 30),)
    assert PROVIDER.limits(Reply(200, b"{}")) == ()
