"""What a plan does not include is said as that: no outage, no empty range, no call in vain."""

import time

from adapters_in.simulator.faults import FaultKind
from tests.acceptance.service.crowd import target
from tests.acceptance.service.stage import Stage

DAY = 86_400
KEY = "free-key"


def test_a_free_key_gets_the_newest_hundred_days_and_is_told_what_is_missing(
    database_stage: Stage,
) -> None:
    """One provider alone: its hundred days and a gap before them, for two calls in all."""
    stage = database_stage
    service = stage.serve(FKS_ALPHA_VANTAGE_API_KEY=KEY, FKS_PROVIDERS="alpha_vantage")
    for _ in range(3):
        answer = service.bars("AAPL", "1d", limit=300)
        assert answer.status == 200, answer
        body = answer.json()
        assert len(body["data"]) in {99, 100}
        assert body["stale"] is True
        oldest = body["data"][0]["ts"]
        missing = [gap for gap in body["gaps"] if gap["reason"] == "unknown"]
        assert missing
        assert all(gap["end"] <= oldest for gap in missing)
        assert oldest - missing[0]["start"] > 250 * DAY
    assert len(stage.exchange.arrivals("alpha_vantage")) == 2
    another = service.bars("KO", "1d", limit=300)
    assert another.status == 200, another
    assert len(stage.exchange.arrivals("alpha_vantage")) == 3


def test_days_that_are_older_than_the_plan_are_no_outage(database_stage: Stage) -> None:
    """A reason that says so, a healthy provider, and after the first refusal no further call."""
    stage = database_stage
    service = stage.serve(FKS_ALPHA_VANTAGE_API_KEY=KEY, FKS_PROVIDERS="alpha_vantage")
    now = int(time.time()) // DAY * DAY
    for k in range(3):
        answer = service.bars("AAPL", "1d", start=now - (500 + k) * DAY, end=now - 400 * DAY)
        assert answer.status == 503, answer
        assert [a["code"] for a in answer.json()["attempts"]] == ["not-entitled"]
    assert len(stage.exchange.arrivals("alpha_vantage")) == 1
    (told,) = service.get("/api/v1/data/providers").json()["providers"]
    assert (told["health"]["state"], told["health"]["error_rate"]) == ("closed", 0.0)


def test_who_has_the_whole_range_answers_instead(database_stage: Stage) -> None:
    """The next candidate is asked for what the first one's plan lacks."""
    service = database_stage.serve(
        FKS_ALPHA_VANTAGE_API_KEY=KEY, FKS_PROVIDERS="alpha_vantage,yahoo"
    )
    answer = service.bars("AAPL", "1d", limit=300)
    assert answer.status == 200, answer
    body = answer.json()
    assert (body["provider"], body["substituted"]) == ("yahoo", True)
    assert len(body["data"]) == 300


KEYS = {"POLYGON_API_KEY": "k", "MASSIVE_API_KEY": "k", "CMC_API_KEY": "k"}


def questions(k: int) -> dict[str, str]:
    """A question of every kind, each time about something else, by what it is about."""
    stock = ("AAPL", "KO", "THIN")[k]
    product = ("ES", "NQ", "CL")[k]
    coin = ("BTC", "ETH", "SOL")[k]
    return {
        "bars": target(symbol=stock, interval="1h", limit=10),
        "price": target("/api/v1/data/price", symbol=stock, use_cache="false"),
        "trades": target("/api/v1/data/trades", symbol=stock, limit=5),
        "quotes": target("/api/v1/data/quotes", symbol=stock, limit=5),
        "symbols": target("/api/v1/data/symbols", q=stock),
        "markets": target("/api/v1/data/markets", limit=1 + k),
        "asset": f"/api/v1/data/assets/{coin}",
        "contracts": target("/api/v1/futures/contracts", product_code=product),
        "products": target("/api/v1/futures/products", limit=1 + k),
        "schedules": target("/api/v1/futures/schedules", limit=1 + k),
    }


def test_no_capability_asks_again_for_what_the_plan_lacks(database_stage: Stage) -> None:
    """After the first refusal of each kind no call leaves, whatever instrument is asked about."""
    stage = database_stage
    stage.environment |= KEYS
    service = stage.serve(FKS_PROVIDERS="polygon,massive_futures,coinmarketcap")
    for provider in ("polygon", "massive_futures", "coinmarketcap"):
        stage.exchange.fault(FaultKind.STATUS, provider, status=403)
    for what, first in questions(0).items():
        stage.exchange.forget()
        answer = service.get(first)
        assert answer.status == 503, (what, answer)
        assert what == "asset" or stage.exchange.arrivals(), what  # it is one kind with markets
        stage.exchange.forget()
        for k in (1, 2):
            again = service.get(questions(k)[what])
            assert again.status == 503, (what, again)
        assert stage.exchange.arrivals() == [], what
