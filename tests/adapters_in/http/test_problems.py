"""Every way a request can fail ends in a problem of the right status."""

import pytest

from adapters_in.http.problems import problem_of
from domain import errors
from domain.errors import Attempt, MarketDataError, NoProviderAvailable
from tests.adapters_in.http.house import NOW, House
from tests.runner import Run

OHLCV = "/api/v1/data/ohlcv?symbol=BTCUSDT&interval=1m&limit=2"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidRequest("No.", "limit"), 400),
        (errors.UnsupportedInterval("No.", "interval"), 422),
        (errors.RangeTooWide("No."), 422),
        (errors.UnknownInstrument("No.", ("BTC-USDT",)), 404),
        (errors.NoData("No."), 404),
        (errors.NotListed("No."), 404),
        (errors.RangeUnavailable("No."), 422),
        (errors.ProviderUnavailable("No."), 503),
        (errors.RateLimited("No."), 503),
        (errors.AccessDenied("No."), 503),
        (errors.QuotaExhausted("No."), 503),
        (errors.BudgetUnavailable("No."), 503),
        (errors.NoProviderAvailable("No."), 503),
        (errors.StoreUnavailable("No."), 503),
        (errors.Overloaded("No.", 7), 503),
        (errors.DeadlineExceeded("No."), 504),
    ],
)
def test_statuses(error: MarketDataError, status: int) -> None:
    """The error tree maps to the statuses of the public interface; 503 and 504 say when."""
    problem = problem_of(error, NOW)
    assert (problem.status, problem.detail) == (status, "No.")
    assert problem.type == f"urn:fks-data:problem:{error.code}"
    assert problem.title == error.title
    assert isinstance(problem.retry_after_s, int) == (status in {503, 504})


def test_the_soonest_chance() -> None:
    """Retry-After is the soonest of the providers' times, at least a second, at most an hour."""

    def after(*times: float | None) -> object:
        attempts = tuple(Attempt("p", "rate-limited", "No.", t) for t in times)
        return problem_of(NoProviderAvailable("No.", attempts), NOW).retry_after_s

    assert after(NOW + 90.2, NOW + 8.5, None) == 9
    assert after(NOW - 5) == 1
    assert after(NOW + 1e6) == 3600
    assert after(None) == 5


@pytest.mark.parametrize(
    ("codes", "seconds"),
    [
        (("not-entitled",), 900),
        (("access-denied", "not-entitled", "not-listed", "range-unavailable"), 900),
        (("not-entitled", "provider-unavailable"), 5),
        ((), 5),
    ],
)
def test_what_no_time_heals_is_not_to_be_asked_again_in_seconds(
    codes: tuple[str, ...], seconds: int
) -> None:
    """A plan or a key has to change; with anybody who may come back it is a matter of time."""
    attempts = tuple(Attempt("p", code, "No.") for code in codes)
    error = NoProviderAvailable("No.", attempts)
    assert problem_of(error, NOW).retry_after_s == seconds


def test_reasons_per_provider(house: House) -> None:
    """When nobody can answer, the problem has one reason per provider and Retry-After."""
    for exchange in (house.first, house.second):
        exchange.fault = errors.RateLimited("Slow down.", provider=exchange.name, retry_at=NOW + 9)
    answer = house.ask(OHLCV)
    assert (answer.status, answer.headers["retry-after"]) == (503, "9")
    assert [a["provider"] for a in answer.json["attempts"]] == ["paper", "spare"]
    assert {a["code"] for a in answer.json["attempts"]} == {"rate-limited"}
    assert answer.headers["cache-control"] == "no-store"


def test_a_reason_of_all_together_is_nobodys_attempt(house: House) -> None:
    """It is the detail; an attempt names who made it."""
    for exchange in (house.first, house.second):
        exchange.fault = errors.RangeUnavailable("Too old.", provider=exchange.name)
    answer = house.ask(OHLCV)
    assert (answer.status, answer.json.get("attempts")) == (422, None)
    assert "paper: Too old" in answer.json["detail"]
    assert "spare: Too old" in answer.json["detail"]


def test_unknown_instrument(house: House) -> None:
    """A pair or a stock that nobody lists is 404."""
    for symbol in ("ZZZUSDT", "AAPL"):
        answer = house.ask(f"/api/v1/data/ohlcv?symbol={symbol}&limit=2")
        assert (answer.status, answer.json["type"]) == (
            404,
            "urn:fks-data:problem:unknown-instrument",
        )


def test_future_range(house: House) -> None:
    """A range without a closed bar has no data: 404."""
    answer = house.ask(f"/api/v1/data/ohlcv?symbol=BTCUSDT&interval=1m&start={int(NOW) + 600}")
    assert answer.status == 404


def test_no_such_route(house: House) -> None:
    """An unknown path is a 404 problem with near routes."""
    answer = house.ask("/api/v1/job")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "/api/v1/jobs" in answer.json["did_you_mean"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("PUT", "/api/v1/data/ohlcv", "GET, HEAD, OPTIONS"),
        ("TRACE", "/api/v1/data/price", "GET, HEAD, OPTIONS"),
        ("PATCH", "/api/v1/jobs/x", "DELETE, GET, HEAD, OPTIONS"),
        ("DELETE", "/api/v1/jobs/backfill", "OPTIONS, POST"),
    ],
)
def test_wrong_method(house: House, method: str, path: str, allow: str) -> None:
    """405 says which methods the path takes, and so does OPTIONS."""
    answer = house.ask(path, method)
    assert (answer.status, answer.headers["allow"]) == (405, allow)
    assert answer.headers["content-type"] == "application/problem+json"
    options = house.ask(path, "OPTIONS")
    assert (options.status, options.headers["allow"]) == (204, allow)


def test_unexpected(house: House) -> None:
    """A fault of ours is a 500 problem without internals, logged with the request id."""
    house.first.fault = RuntimeError("the password is hunter2")  # type: ignore[assignment]  # a bug
    answer = house.ask(OHLCV, headers={"X-Request-ID": "mine-1"})
    assert (answer.status, answer.json["request_id"]) == (500, "mine-1")
    assert b"hunter2" not in answer.body
    assert b"RuntimeError" not in answer.body
    (logged,) = house.telemetry.named("request_failed")
    assert (logged["request_id"], logged["error"]) == ("mine-1", "RuntimeError")
    assert logged["route"] == "/api/v1/data/ohlcv"
    assert "hunter2" not in str(logged)


def test_deadline(run: Run) -> None:
    """A provider that never answers costs the deadline, not more: a problem, not silence."""
    house = House(run, deadline_s=0.2)
    house.first.hang = house.second.hang = True
    answer = house.ask(OHLCV)
    assert answer.status == 504
    assert answer.json["type"].endswith("deadline-exceeded")
    assert "retry-after" in answer.headers
