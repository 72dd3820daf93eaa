"""A provider that is dead costs its callers little, and is asked again soon after it is back."""

import time

import pytest

from adapters_in.simulator.faults import FaultKind
from tests.acceptance.service.calls import Answer
from tests.acceptance.service.crowd import crowd, target
from tests.acceptance.service.exchange import COINS
from tests.acceptance.service.stage import Service, Stage
from tests.servers import wait_until

pytestmark = pytest.mark.slow
HOUR = 3600
BACK_WITHIN_S = 30.0
SLOW_S = 1.0
DEADLINE_S = 10.5
FIRST = 6  # callers at once: one more than open a circuit


def question(k: int) -> str:
    """Bars that nobody has asked for yet and that every exchange has."""
    end = (int(time.time()) // HOUR - 5 * (k % 100)) * HOUR
    return target(symbol="BTCUSDT", interval="1h", start=end - 5 * HOUR, end=end)


def state(service: Service, provider: str = "binance") -> str:
    """What /providers says of a circuit."""
    providers = service.get("/api/v1/data/providers").json()["providers"]
    found: str = next(p["health"]["state"] for p in providers if p["name"] == provider)
    return found


def assert_substituted(answers: list[Answer]) -> None:
    """Every answer is Kraken's and says so."""
    for answer in answers:
        assert answer.status == 200, answer
        body = answer.json()
        assert (body["provider"], body["substituted"]) == ("kraken", True)


@pytest.fixture(params=["store", "redis"])
def shared(request: pytest.FixtureRequest) -> Stage:
    """A stage whose processes share healths through the store, or through Redis."""
    name = "redis_stage" if request.param == "redis" else "database_stage"
    stage: Stage = request.getfixturevalue(name)
    return stage


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": FaultKind.STATUS, "status": 503},
        {"kind": FaultKind.RESET},
        {"kind": FaultKind.HANG},
        {"kind": FaultKind.HTML},
    ],
    ids=lambda fault: fault["kind"].value,
)
def test_a_dead_provider(shared: Stage, fault: dict[str, object]) -> None:
    """Its circuit opens for all processes, the next one answers, and it closes by itself."""
    services = [shared.serve(), shared.serve()]
    shared.exchange.fault(provider="binance", **fault)  # type: ignore[arg-type]  # by name
    first = crowd((services[0].port, question(k)) for k in range(FIRST))
    assert_substituted(first)
    assert max(a.took for a in first) < DEADLINE_S
    assert [state(service) for service in services] != ["closed", "closed"]
    calm = [a for k in range(10, 22) for a in crowd([(services[k % 2].port, question(k))])]
    assert_substituted(calm)
    assert max(a.took for a in calm) < SLOW_S
    shared.exchange.heal()
    wait_until(lambda: {state(s) for s in services} == {"closed"}, "Closing", BACK_WITHIN_S)
    answer = services[1].bars(interval="1h", limit=3)
    assert (answer.json()["provider"], answer.json()["substituted"]) == ("binance", False)


def test_a_provider_that_stumbled(shared: Stage) -> None:
    """Faults too few to open a circuit send callers elsewhere for half a minute at most."""
    services = [shared.serve(), shared.serve()]
    shared.exchange.fault(FaultKind.STATUS, "binance", status=503)
    assert_substituted(crowd([(services[0].port, question(0))]))
    shared.exchange.heal()
    assert [state(service) for service in services] == ["closed", "closed"]
    assert_substituted(crowd([(services[1].port, question(1))]))
    numbers = iter(range(2, 100))

    def is_first_choice() -> bool:
        (answer,) = crowd([(services[1].port, question(next(numbers)))])
        time.sleep(1.0)
        return bool(answer.json()["provider"] == "binance")

    wait_until(is_first_choice, "The first choice", BACK_WITHIN_S)


def test_everybody_is_dead(shared: Stage) -> None:
    """Stored bars are served, stale; the rest is a 503 with a reason per provider, in time."""
    service = shared.serve()
    path = question(0)
    (held,) = crowd([(service.port, path)])
    shared.exchange.shut()
    for k in range(1, 8):
        (answer,) = crowd([(service.port, question(k))])
        assert answer.status == 503, answer
        assert {a["provider"] for a in answer.json()["attempts"]} == COINS
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.took < DEADLINE_S
    service.kill()
    again = shared.serve()
    (kept,) = crowd([(again.port, path)])
    assert (kept.status, kept.data_bytes) == (200, held.data_bytes)
    live = again.bars(interval="1h", limit=5)
    assert live.status in {200, 503}, live
    shared.exchange.open()
    wait_until(lambda: state(again) == "closed", "Closing", BACK_WITHIN_S)
    assert again.bars(interval="1h", limit=5).json()["provider"] == "binance"
