"""From a reply to the error that it means, and when to come back."""

import pytest

from adapters_out.provider_kit.calls import Call, Reply, http_date, rerooted
from adapters_out.provider_kit.faults import (
    LONGEST_PAUSE_S,
    Complaint,
    FaultRule,
    Faults,
    KeyRefused,
    find_fault,
    retry_after,
)
from domain.errors import (
    AccessDenied,
    Banned,
    CallRefused,
    MalformedPayload,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    QuotaExhausted,
    RateLimited,
)
from domain.provider import ProviderPolicy

NOW = 1_700_000_040.0
POLICY = ProviderPolicy(rps=1.0, freeze_s=10.0, ban_s=120.0)
HTML = b"<!DOCTYPE html><html><body>Sorry</body></html>"


def reply(status: int, body: bytes = b'{"a":1}', **headers: str) -> Reply:
    """A reply that has just come."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, body, named, NOW, NOW)


def fault(given: Reply, faults: Faults | None = None) -> ProviderError | None:
    """What it means."""
    return find_fault("some", given, faults or Faults(), POLICY)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"{}", None),
        (200, b" \n", MalformedPayload),
        (200, HTML, MalformedPayload),
        (204, b"", MalformedPayload),
        (301, b"", ProviderUnavailable),
        (308, b"", ProviderUnavailable),
        (400, b"{}", CallRefused),
        (401, b"{}", KeyRefused),
        (402, b"{}", QuotaExhausted),
        (403, b"{}", AccessDenied),
        (403, HTML, Banned),
        (404, b"{}", CallRefused),
        (408, b"{}", ProviderUnavailable),
        (418, b"{}", Banned),
        (429, b"{}", RateLimited),
        (429, HTML, RateLimited),
        (451, b"{}", AccessDenied),
        (500, b"{}", ProviderUnavailable),
        (502, HTML, ProviderUnavailable),
        (503, b"", ProviderUnavailable),
        (520, HTML, ProviderUnavailable),
        (599, b"", ProviderUnavailable),
        (600, b"", MalformedPayload),
    ],
)
def test_a_status_means_one_error(
    status: int, body: bytes, expected: type[ProviderError] | None
) -> None:
    """Every status has its place in the tree, HTML bodies included."""
    found = fault(reply(status, body))
    assert (type(found) if found else None) is expected
    assert found is None or (found.provider == "some" and f"HTTP {status}" in found.message)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("8", 8.0),
        (" 1.5 ", 1.5),
        ("Tue, 14 Nov 2023 22:15:00 GMT", 60.0),
        ("99999999999", float(LONGEST_PAUSE_S)),
        ("9999999999999999999999", 10.0),
        ("Tue, 14 Nov 2999 22:15:00 GMT", float(LONGEST_PAUSE_S)),
        ("-5", 10.0),
        ("soon", 10.0),
        ("nan", 10.0),
        ("inf", 10.0),
        ("Tue, 99 Nov 2023 99:15:00 GMT", 10.0),
        ("Tue, 14 Nov 2000 22:15:00 GMT", 10.0),
        ("", 10.0),
    ],
)
def test_retry_after_is_read_and_bounded(header: str, seconds: float) -> None:
    """Seconds or a date; the absurd is bounded, the unreadable is the policy's pause."""
    found = fault(reply(429, retry_after=header))
    assert found is not None
    assert found.retry_at == NOW + seconds


def test_a_ban_lasts_longer_than_a_limit() -> None:
    """Without a time from the provider the policy's pauses count."""
    banned, limited, down = fault(reply(418)), fault(reply(429)), fault(reply(500))
    assert banned is not None
    assert limited is not None
    assert down is not None
    assert (banned.retry_at, limited.retry_at, down.retry_at) == (NOW + 120.0, NOW + 10.0, None)


def test_a_server_that_names_a_time_is_believed() -> None:
    """Retry-After with a 503 is when to come back."""
    found = fault(reply(503, retry_after="30"))
    assert found is not None
    assert found.retry_at == NOW + 30.0


def complaints(code: str, text: str = "") -> Faults:
    """A provider that complains like that, whatever the status."""
    rules = (
        FaultRule(NotListed, "does not list it", codes=("E1",)),
        FaultRule(QuotaExhausted, "is used up", text="per day", pause_s=3600.0),
    )
    return Faults(lambda _: Complaint(code, text), rules)


def test_the_providers_own_words_come_first() -> None:
    """A complaint in a 200 is an error; its code or its text chooses which."""
    unlisted = fault(reply(200), complaints("E1:pair"))
    quota = fault(reply(200), complaints("", "25 requests PER DAY"))
    other = fault(reply(200), complaints("E7", "whatever"))
    assert isinstance(unlisted, NotListed)
    assert isinstance(quota, QuotaExhausted)
    assert quota.retry_at == NOW + 3600.0
    assert type(other) is CallRefused
    assert "E7: whatever" in other.message


def test_a_complaint_that_cannot_be_read_is_none() -> None:
    """A provider's function that stumbles over a body does not hide the status."""

    def stumble(_: Reply) -> Complaint | None:
        raise KeyError("code")

    assert isinstance(fault(reply(500), Faults(stumble)), ProviderUnavailable)
    assert fault(reply(200), Faults(stumble)) is None


def test_a_long_complaint_is_cut() -> None:
    """An error is one sentence."""
    found = fault(reply(400), complaints("E7", "word\n" * 10_000))
    assert found is not None
    assert len(found.message) < 300
    assert "\n" not in found.message


def test_only_an_http_date_is_a_date() -> None:
    """RFC 9110 dates are read, anything else is none."""
    assert http_date("Tue, 14 Nov 2023 22:14:00 GMT") == NOW
    assert [http_date(text) for text in ("", "tomorrow", "1700000040", "Tue, 14 Nov")] == [None] * 4
    assert retry_after(reply(503)) is None


@pytest.mark.parametrize(
    ("date", "seen"),
    [
        ("Tue, 14 Nov 2023 22:13:50 GMT", NOW - 10),
        ("Tue, 14 Nov 2023 22:14:10 GMT", NOW),
        ("Tue, 14 Nov 2023 10:00:00 GMT", NOW),
        ("", NOW),
    ],
)
def test_the_look_is_dated_by_whichever_clock_is_behind(date: str, seen: float) -> None:
    """A server whose clock is behind ours has not seen a bar close that has closed for us."""
    assert reply(200, date=date).true_at == seen


@pytest.mark.parametrize(
    ("url", "base", "path"),
    [
        ("/v2/x", "http://127.0.0.1:9/some", "/v2/x"),
        ("https://api.some.example/v2/x?c=1&d=", "http://127.0.0.1:9/some", "/v2/x"),
        ("https://api.some.example:443/v2/x", "https://api.some.example", "/v2/x"),
        ("http://127.0.0.1:9/some/v2/x", "http://127.0.0.1:9/some", "/v2/x"),
        ("https://old.example/v2/x", "https://api.some.example", "/v2/x"),
    ],
)
def test_an_address_of_the_provider_is_followed_on_the_configured_origin(
    url: str, base: str, path: str
) -> None:
    """Only path and query of an absolute address count."""
    call = rerooted(Call(url, weight=3), base, frozenset({"api.some.example", "old.example"}))
    assert call is not None
    assert (call.path, call.weight) == (path, 3)
    assert call.params == ({"c": "1", "d": ""} if "?" in url else {})


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v2/x",
        "//evil.example/x",
        "https://api.some.example@evil.example/",
        "https://api.some.example.evil.example/",
        "ftp://api.some.example/x",
        "api.some.example/x",
        "",
    ],
)
def test_a_foreign_address_is_refused(url: str) -> None:
    """The provider's links never lead elsewhere."""
    assert rerooted(Call(url), "https://api.some.example", frozenset()) is None
