"""Every provider that is found, alone through the running service, against the simulator.

A provider that comes later is asked too: what ``PARTS`` does not say of it is read from what
it says of itself.
"""

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.columns import BarColumns
from adapters_in.simulator.faults import FaultKind
from domain.interval import Interval
from domain.provider import Capability
from tests.acceptance.service.calls import Answer
from tests.acceptance.service.exchange import PREFIX
from tests.acceptance.service.parts import (
    BEFORE,
    MARKET,
    PROVIDERS,
    another,
    future,
    has_stocks,
    offering,
    part_of,
    stretch,
    traded,
)
from tests.acceptance.service.stage import Service, Stage

pytestmark = pytest.mark.xdist_group("every provider")  # which shares one service
_MOST = 50_000  # the largest `limit` there can be


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A key and no allowance for every provider, so that only pages count."""
    environment = {"FKS_MAX_LIMIT": str(_MOST), "FKS_REQUEST_DEADLINE_S": "60"}
    for name, prefix in PREFIX.items():
        environment |= {f"{prefix}_RPM": "0", f"{prefix}_RPD": "0"}
        if PROVIDERS[name].auth is not None:
            environment[f"{prefix}_API_KEY"] = "a-made-up-key"
    with Stage(**environment) as opened:
        yield opened


@pytest.fixture(scope="module")
def service(stage: Stage) -> Service:
    """One for all tests here."""
    return stage.serve()


def assert_traded(rows: list[dict[str, Any]], market: BarColumns) -> None:
    """Each bar once, in order, with the market's values; what was not sent is not there."""
    assert np.array_equal([row["ts"] for row in rows], market.ts)
    for name in ("open", "high", "low", "close"):
        assert np.array_equal([row[name] for row in rows], getattr(market, name)), name
    for name in ("volume", "trades"):
        sent = [
            (row[name], true)
            for row, true in zip(rows, getattr(market, name), strict=True)
            if row.get(name) is not None
        ]
        assert all(told == true for told, true in sent), name
    averages = [(row["vwap"], k) for k, row in enumerate(rows) if row.get("vwap") is not None]
    assert all(market.low[k] * 0.999 <= told <= market.high[k] * 1.001 for told, k in averages)


def open_only(market: BarColumns, gaps: list[dict[str, Any]]) -> BarColumns:
    """Without what the synthetic futures trade on Friday nights: nobody is asked for that."""
    closed = np.zeros(len(market), dtype=np.bool_)
    for gap in gaps:
        if gap["reason"] == "market_closed":
            closed |= (market.ts >= gap["start"]) & (market.ts < gap["end"])
    return market.take(~closed)


def states(service: Service) -> dict[str, str]:
    """The circuit of every provider."""
    told = service.get("/api/v1/data/providers").json()["providers"]
    return {each["name"]: each["health"]["state"] for each in told}


def the_only_one_asked(stage: Stage) -> set[str]:
    """Who was called since the last look."""
    called = {arrival.provider for arrival in stage.exchange.arrivals()}
    stage.exchange.forget()
    return called


def whole(
    service: Service, name: str, span: tuple[int, int]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All rows of a stretch, and its gaps; a very long one has a ``next``."""
    part = part_of(name)
    rows: list[dict[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = service.bars(
            part.symbol,
            part.interval.value,
            provider=name,
            start=span[0],
            end=span[1],
            limit=_MOST,
            cursor=cursor or None,
            timeout=90,
        )
        assert answer.status == 200, answer
        told = answer.json()
        assert (told["provider"], told["substituted"]) == (name, False)
        rows += told["data"]
        gaps += told["gaps"]
        cursor = told["next"]
    return rows, gaps


@pytest.mark.parametrize("name", offering(Capability.BARS))
def test_bars_page_by_page(stage: Stage, service: Service, name: str) -> None:
    """More than three pages, where it pages, come as one stretch that is the synthetic market."""
    part = part_of(name)
    span = stretch(part, part.slots or 100)
    stage.exchange.forget()
    rows, gaps = whole(service, name, span)
    market = traded(part.symbol, part.interval, *span, name)
    assert_traded(rows, open_only(market, gaps))
    assert len(rows) > 0.98 * len(market)
    calls = stage.exchange.arrivals()
    assert {arrival.provider for arrival in calls} == {name}
    assert len(calls) > (3 if part.slots else 0)
    stage.exchange.forget()
    assert whole(service, name, span)[0] == rows
    assert stage.exchange.arrivals() == []


@pytest.mark.parametrize("name", offering(Capability.BARS))
def test_what_is_not_sent_is_null(service: Service, name: str) -> None:
    """Volumes that a provider does not send are null, in rows and in columns, and never 0."""
    part = part_of(name)
    start, end = stretch(part, 100)
    shown: dict[str, Answer] = {
        shape: service.bars(
            part.symbol,
            part.interval.value,
            provider=name,
            start=start,
            end=end,
            limit=100,
            shape=shape,
        )
        for shape in ("rows", "columns")
    }
    market = traded(part.symbol, part.interval, start, end, name)
    by_row = [row["volume"] for row in shown["rows"].data]
    assert len(market) > 0
    assert by_row in ([None] * len(market), market.volume.tolist())
    assert shown["columns"].json()["data"]["volume"] == by_row


@pytest.mark.parametrize("name", offering(Capability.PRICE))
def test_a_price(stage: Stage, service: Service, name: str) -> None:
    """The last price of the market, from this provider."""
    part = part_of(name)
    began = int(time.time())
    stage.exchange.forget()
    answer = service.get("/api/v1/data/price", symbol=part.symbol, provider=name, use_cache=False)
    assert answer.status == 200, answer
    told = answer.json()
    moments = range(began - 1, int(time.time()) + 2)
    assert told["price"] in {MARKET.price(ASSETS[part.symbol], float(at)) for at in moments}
    assert (told["provider"], told["substituted"]) == (name, False)
    assert the_only_one_asked(stage) == {name}


@pytest.mark.parametrize("name", offering(Capability.BARS))
def test_an_empty_range_harms_nobody(stage: Stage, service: Service, name: str) -> None:
    """404 after one answer, or refused before any call where it keeps no such past."""
    part = part_of(name)
    stage.exchange.forget()
    if part.empty is None:
        gone = BEFORE
        answer = service.bars(part.symbol, gone[0].value, provider=name, start=gone[1], end=gone[2])
        assert (answer.status, stage.exchange.arrivals()) == (422, []), answer
        return
    interval, start, end = part.empty
    for calls_at_most in (3, 0):
        answer = service.bars(part.symbol, interval.value, provider=name, start=start, end=end)
        assert (answer.status, answer.json()["type"][-7:]) == (404, "no-data"), answer
        calls = stage.exchange.arrivals()
        assert len(calls) <= calls_at_most
        assert {arrival.provider for arrival in calls} <= {name}
        stage.exchange.forget()
    assert states(service)[name] == "closed"


@pytest.mark.parametrize("name", [n for n in offering(Capability.BARS) if has_stocks(n)])
def test_prices_that_are_adjusted_already_are_labelled(service: Service, name: str) -> None:
    """Across Apple's split: raw, and without a label; or in today's shares, and said to be so."""
    can = PROVIDERS[name].capabilities
    answer = service.bars("AAPL", "1d", provider=name, start="2020-08-24", end="2020-09-05")
    assert answer.status == 200, answer
    closes = [row["close"] for row in answer.data]
    steps = [b / a for a, b in pairwise(closes)]
    if can.adjusted:
        assert answer.json()["adjusted"] == can.adjusted
        assert min(steps) > 0.9
    else:
        assert "adjusted" not in answer.json()
        assert sum(step < 0.3 for step in steps) == 1


@pytest.mark.parametrize("name", offering(Capability.MARKETS))
def test_markets(stage: Stage, service: Service, name: str) -> None:
    """Assets by rank and one by its name; nothing is 0 that was not sent."""
    stage.exchange.forget()
    listed = service.get("/api/v1/data/markets", provider=name, limit=5)
    assert listed.status == 200, listed
    assert [row["rank"] for row in listed.data] == [1, 2, 3, 4, 5]
    one = service.get("/api/v1/data/assets/BTC", provider=name).json()
    assert (one["symbol"], one["provider"]) == ("BTC", name)
    for row in (*listed.data, one):
        assert row["price"] > 0
        # No coin has so much, or so little, of these: 0 would be what was not sent.
        assert not {0} & {row[key] for key in ("market_cap", "volume_24h", "total_supply")}
        assert row["circulating_supply"] * row["price"] == pytest.approx(row["market_cap"], 1e-3)
    assert the_only_one_asked(stage) == {name}


@pytest.mark.parametrize("name", offering(Capability.FUTURES))
def test_contracts_and_their_aggregates(stage: Stage, service: Service, name: str) -> None:
    """The list knows the contract, by either name; its windows are those of the market."""
    stage.exchange.forget()
    ours = future()
    contract = service.get(f"/api/v1/futures/contracts/{ours}")
    assert contract.status == 200, contract
    ticker = contract.json()["data"][0]["ticker"]
    assert ASSETS[ours].instrument.base == contract.json()["data"][0]["product_code"]
    answer = service.get(f"/api/v1/futures/aggs/{ticker}", resolution="1hour", limit=50)
    assert answer.status == 200, answer
    opened = sorted(row["ts"] for row in answer.data)
    market = traded(ours, Interval.H1, opened[0], opened[-1] + 3600, name)
    closes = dict(zip(market.ts.tolist(), market.close.tolist(), strict=True))
    over = [row for row in answer.data if row["ts"] < time.time() - 7200]
    assert len(over) > 40
    assert all(row["close"] == closes[row["ts"]] for row in over)
    assert the_only_one_asked(stage) == {name}


@pytest.mark.parametrize("name", offering(Capability.BARS))
def test_the_chosen_provider_is_binding(stage: Stage, service: Service, name: str) -> None:
    """It refuses, and nobody else is asked in its place."""
    part = part_of(name)
    start, end = stretch(part, 40)
    stage.exchange.forget()
    fault = stage.exchange.fault(FaultKind.STATUS, name, status=400)
    try:
        answer = service.bars(
            another(part.symbol), part.interval.value, provider=name, start=start, end=end
        )
    finally:
        stage.exchange.heal(fault)
    assert answer.status == 503, answer
    assert [attempt["provider"] for attempt in answer.json()["attempts"]] == [name]
    assert the_only_one_asked(stage) == {name}
