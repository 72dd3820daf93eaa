"""After a ban nobody sends anything, whatever becomes of processes and of Redis."""

import time
from collections.abc import Iterator

import pytest

from adapters_in.simulator.faults import FaultKind
from tests.acceptance.service.calls import Answer
from tests.acceptance.service.crowd import crowd, target
from tests.acceptance.service.stage import Service, Stage
from tests.servers import tell_redis, wait_until

pytestmark = pytest.mark.slow
PAUSE_S = 8.0
HOUR = 3600
DAY = 24 * HOUR
START = 1700006400  # a midnight


@pytest.fixture(params=["redis", "store", "embedded store"])
def shared(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A stage whose processes share the budget through Redis, or through the store."""
    needs = {"redis": ("empty_database_url", "redis_url"), "store": ("empty_database_url",)}
    urls = [str(request.getfixturevalue(name)) for name in needs.get(request.param, ())]
    database_url, redis_url = [*urls, None, None][:2]
    with Stage(database_url=database_url, redis_url=redis_url) as stage:
        yield stage


def question(k: int) -> str:
    """Bars that nobody has asked for yet and that both providers have: Kraken's last 720."""
    end = (int(time.time()) // HOUR - 5 * (k % 100)) * HOUR
    return target(symbol="BTCUSDT", interval="1h", start=end - 5 * HOUR, end=end)


def budget(service: Service, provider: str = "binance") -> dict[str, object]:
    """What /providers says of a budget."""
    providers = service.get("/api/v1/data/providers").json()["providers"]
    found: dict[str, object] = next(p["budget"] for p in providers if p["name"] == provider)
    return found


def press(services: list[Service], number: int) -> None:
    """A cold question to each: the other provider answers and says so."""
    asks = [(s.port, question(number + k)) for k, s in enumerate(services)]
    answers = crowd(asks)
    for answer in answers:
        assert answer.status == 200, answer
        body = answer.json()
        assert (body["provider"], body["substituted"]) == ("kraken", True)
        assert body["sources"][0]["provider"] == "kraken"


def banned_at(stage: Stage, service: Service, status: int) -> float:
    """Let Binance refuse one call; the moment at which it did."""
    stage.exchange.fault(FaultKind.STATUS, "binance", status=status, retry_after_s=PAUSE_S, count=1)
    press([service], 0)
    (refused,) = [a for a in stage.exchange.arrivals("binance") if a.status == status]
    return refused.at


def later_arrivals(stage: Stage, moment: float) -> list[float]:
    """Seconds after the moment at which Binance was called."""
    return [round(a.at - moment, 3) for a in stage.exchange.arrivals("binance") if a.at > moment]


def flush(stage: Stage) -> None:
    """Empty Redis, if there is one."""
    url = stage.environment.get("REDIS_URL")
    if url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        assert tell_redis(port, b"FLUSHALL").startswith(b"+OK")


def press_until(services: list[Service], end: float) -> None:
    """Ask everybody again and again."""
    number = 10
    while time.monotonic() < end:
        press(services * 3, number)
        number += 10
        time.sleep(0.3)
    assert number > 10, "the processes came up too late to be tried"


@pytest.mark.parametrize("status", [418, 429])
def test_nothing_is_sent_for_as_long_as_the_provider_said(shared: Stage, status: int) -> None:
    """Through kill -9 of all, an emptied Redis and new processes, for eight seconds."""
    services = [shared.serve(), shared.serve()]
    moment = banned_at(shared, services[0], status)
    until = budget(services[1])["banned_until"]
    assert isinstance(until, int)
    assert abs(until - (time.time() + PAUSE_S - (time.monotonic() - moment))) <= 1.5
    press(services * 3, 1)
    filling = shared.start(
        *("backfill", "ETHUSDT", "--interval", "1h", "--provider", "binance"),
        *("--start", str(START), "--end", str(START + 100 * DAY)),
    )
    for process in (*services, filling):
        process.kill()
    flush(shared)
    again = [shared.serve(wait=False), shared.serve(wait=False)]
    for service in again:
        service.wait_ready()
    press_until(again, moment + PAUSE_S - 1.0)
    refused = again[0].bars(interval="1h", start=START + 500 * DAY, limit=2, provider="binance")
    if refused.status != 200:  # on a slow machine the pause is over by now
        assert_says_why(refused)
    wait_until(lambda: asks_binance(again[1]), "The end of the pause", PAUSE_S)
    assert min(later_arrivals(shared, moment)) >= PAUSE_S
    assert budget(again[1])["banned_until"] is None


def test_stores_of_their_own(redis_stage: Stage) -> None:
    """Servers that share nothing but a Redis that is emptied keep the pause as well."""
    rooms = [str(redis_stage.data_dir / name) for name in ("one", "two")]
    services = [redis_stage.serve(DATABASE_URL="", FKS_DATA_DIR=room) for room in rooms]
    moment = banned_at(redis_stage, services[0], 418)
    press(services * 3, 1)
    flush(redis_stage)
    press_until(services[1:], moment + 3.0)
    services[1].kill()
    flush(redis_stage)
    again = redis_stage.serve(DATABASE_URL="", FKS_DATA_DIR=rooms[1])
    press_until([again], moment + PAUSE_S - 0.5)
    assert later_arrivals(redis_stage, moment) == []


def assert_says_why(answer: Answer) -> None:
    """A 503 with the provider's reason and when to come back."""
    assert answer.status == 503, answer
    (attempt,) = answer.json()["attempts"]
    assert attempt["provider"] == "binance"
    assert attempt["code"] in {"banned", "rate-limited"}
    assert 1 <= int(answer.headers["retry-after"]) <= PAUSE_S + 1


def asks_binance(service: Service) -> bool:
    """Whether a question to Binance is answered by it now."""
    day = int(time.monotonic() * 10) % 500 + 600
    start = START + day * DAY
    return service.bars(interval="1h", start=start, limit=2, provider="binance").status == 200
