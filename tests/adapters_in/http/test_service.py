"""Health, readiness, pages, request ids, cross-origin rules and counting."""

import re

import pytest

from domain.errors import StoreUnavailable
from tests.adapters_in.http.house import House
from tests.runner import Run

OHLCV = "/api/v1/data/ohlcv?symbol=BTCUSDT&interval=1m&limit=2"


def test_health_group(house: House) -> None:
    """Health, liveness, facts and status answer with one version and the demo flag."""
    for path in ("/health", "/api/v1/health", "/live", "/info", "/status"):
        body = house.ask(path).json
        assert (body["version"], body["demo"]) == ("9.9.9", False)
    assert house.ask("/health").json["status"] == "healthy"
    status = house.ask("/status").json
    assert (status["ready"], status["draining"], status["uptime_s"]) == (True, False, 0)
    assert status["endpoints"]["docs"] == "/docs"
    assert house.ask("/metrics").body.startswith(b"# HELP")


def test_ready_names_the_fault(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 names the part that fails."""

    async def down() -> None:
        message = "The database does not answer."
        raise StoreUnavailable(message)

    assert house.ask("/ready").json["dependencies"] == {"store": "ok", "budgets": "ok"}
    monkeypatch.setattr(house.store, "check", down)
    answer = house.ask("/ready")
    assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "store: The database does not answer." in answer.json["detail"]
    assert [part["ok"] for part in answer.json["parts"]] == [False, True]
    assert house.ask("/health").status == 200


def test_draining(house: House) -> None:
    """Readiness turns first; when the gate closes new work is refused, health is not."""
    house.ask(OHLCV)
    house.services.report_status.drain()
    assert house.ask("/ready").status == 503
    assert "shutting down" in house.ask("/ready").json["detail"]
    assert house.ask(OHLCV).status == 200
    house.services.gate.close()
    for path in (OHLCV, "/api/v1/data/providers", "/nowhere"):
        answer = house.ask(path)
        assert (answer.status, answer.headers["connection"]) == (503, "close")
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
    assert house.ask(OHLCV, "HEAD").body == b""
    assert house.ask("/live").status == house.ask("/metrics").status == 200


def test_pages_need_no_network(house: House) -> None:
    """The pages name no foreign host, and everything that they load is here."""
    for page in ("/", "/docs"):
        answer = house.ask(page)
        text = answer.body.decode()
        assert "://" not in text
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        for path in re.findall(r'(?:src|href)="([^"]+)"', text):
            target = path.replace("&amp;", "&")
            assert house.ask(target).status == 200, target
    script = house.ask("/docs/docs.js").body.decode()
    assert '"/openapi.json"' in script
    assert house.ask("/docs/swagger-ui-bundle.js").headers["content-type"].startswith("text/java")


def test_page_files_are_validated(house: House) -> None:
    """The pages' files are answered 304 when the browser has them; others do not exist."""
    tag = house.ask("/docs/swagger-ui.css").headers["etag"]
    assert house.ask("/docs/swagger-ui.css", headers={"If-None-Match": tag}).status == 304
    assert house.ask("/docs/../services.py").status == 404
    assert house.ask("/docs/landing.html").status == 404
    assert "Apache License" in house.ask("/docs/swagger-ui-LICENSE.txt").body.decode()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-ID": "abc-1.2:3_4"}, r"abc-1\.2:3_4"),
        ({"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}, "ab" * 16),
        ({"X-Request-ID": "x" * 129}, r"id-000001-\w+"),
        ({"X-Request-ID": "a b"}, r"id-000001-\w+"),
        ({"X-Request-ID": 'a"><script>'}, r"id-000001-\w+"),
        ({"traceparent": "00-nonsense"}, r"id-000001-\w+"),
        ({}, r"id-000001-\w+"),
    ],
)
def test_request_id(house: House, headers: dict[str, str], expected: str) -> None:
    """A sane id comes back, an insane one is replaced; on both ways through and in problems."""
    for path in (OHLCV, OHLCV, "/health"):
        assert re.fullmatch(expected, house.ask(path, headers=headers).headers["x-request-id"])
    problem = house.ask("/nowhere", headers=headers)
    assert problem.json["request_id"] == problem.headers["x-request-id"]


def test_request_ids_differ(house: House) -> None:
    """No two requests get the same id."""
    assert len({house.ask(OHLCV).headers["x-request-id"] for _ in range(20)}) == 20


def test_no_cross_origin_by_default(house: House) -> None:
    """Unless configured, no answer allows another site to read it."""
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = house.ask(OHLCV, method, asked)
        assert not any(name.startswith("access-control") for name in answer.headers)


def test_configured_origin(run: Run) -> None:
    """A configured origin may read and preflight; another may not; caches are told to vary."""
    house = House(run, cors_origins=("https://app.example",))
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    for _ in range(2):
        answer = house.ask(OHLCV, headers=asked)
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert answer.headers["vary"] == "Origin"
        assert {"ETag", "X-FKS-Demo"} <= set(
            answer.headers["access-control-expose-headers"].split(", ")
        )
    preflight = house.ask("/api/v1/jobs/backfill", "OPTIONS", asked)
    assert (preflight.status, preflight.body) == (204, b"")
    assert "POST" in preflight.headers["access-control-allow-methods"]
    other = house.ask(OHLCV, headers=asked | {"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    assert other.headers["vary"] == "Origin"


def test_counting(house: House) -> None:
    """Requests are counted by template, method and status, never by what a caller made up."""
    house.ask(OHLCV)
    house.ask(OHLCV)
    house.ask("/api/v1/jobs/abc")
    house.ask("/wp-admin.php")
    house.ask("/health", "BREW")
    house.ask("/api/v1/data/BTCUSDT?limit=0")
    seen = [
        (each["route"], each["method"], each["status"])
        for each in house.telemetry.named("request_served")
    ]
    assert seen == [
        ("/api/v1/data/ohlcv", "GET", 200),
        ("/api/v1/data/ohlcv", "GET", 200),
        ("/api/v1/jobs/{id}", "GET", 404),
        ("unmatched", "GET", 404),
        ("unmatched", "OTHER", 405),
        ("/api/v1/data/{symbol}", "GET", 400),
    ]
