"""Massive futures: contracts, products, sessions, market status and exchanges."""

import json
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.provider import FuturesRecords
from adapters_out.providers.massive_futures import PROVIDER, massive_futures
from domain.futures import (
    Aggregate,
    Contract,
    FuturesAsk,
    FuturesKind,
    MarketStatus,
    Product,
    SessionEvent,
    Venue,
)
from domain.instrument import Instrument
from ports.market_data import CallContext
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.massive_futures.test_massive_futures import KEY, answer

assert PROVIDER.futures is not None
assert PROVIDER.listings is not None
FUTURES, LISTINGS = PROVIDER.futures, PROVIDER.listings
CONTRACTS = FuturesAsk(kind=FuturesKind.CONTRACTS)


def recorded(folder: Path, name: str, kind: FuturesKind) -> FuturesRecords:
    """What a recording says."""
    body = (folder / "massive_futures" / name).read_bytes()
    return FUTURES.read(Reply(200, body), FuturesAsk(kind=kind))


def asked(ask: FuturesAsk, version: str = "v1") -> tuple[str, dict[str, object]]:
    """Path and parameters of a question."""
    endpoint = massive_futures(version).futures
    assert endpoint is not None
    call = endpoint.ask(ask)
    assert isinstance(call, Call)
    return call.path, dict(call.params)


@pytest.mark.recordings
def test_recorded_contracts_are_read(recordings: Path) -> None:
    """In a list, and alone in an object as vX had it, where the day is called otherwise."""
    found = recorded(recordings, "contracts__1.json", FuturesKind.CONTRACTS)
    assert found.more is not None
    (corn,) = found.records
    assert corn == Contract(
        ticker="00CN5",
        product_code="00C",
        name="00CN5 Future",
        type="single",
        active=True,
        date="2025-02-26",
        first_trade_date="2025-01-15",
        last_trade_date="2025-07-14",
        settlement_date="2025-07-14",
        days_to_maturity=138,
        trade_tick_size=0.0025,
        settlement_tick_size=0.0025,
        spread_tick_size=0.0025,
        min_order_quantity=1,
        max_order_quantity=1999,
        group_code="CN",
        trading_venue="XCBT",
    )
    (single,) = recorded(recordings, "contract__1.json", FuturesKind.CONTRACTS).records
    assert isinstance(single, Contract)
    assert (single.date, single.settlement_date) == ("2025-07-07", None)
    assert single.instrument == Instrument.future("ES", "U", 2030)


@pytest.mark.recordings
def test_recorded_products_are_read(recordings: Path) -> None:
    """The multiplier has had two names."""
    oil, shares = (
        recorded(recordings, name, FuturesKind.PRODUCTS).records[0]
        for name in ("products__1.json", "product__1.json")
    )
    assert isinstance(oil, Product)
    assert isinstance(shares, Product)
    assert (oil.product_code, oil.unit_of_measure_qty, oil.trading_venue) == ("EBE", 1000, "XNYM")
    assert (shares.product_code, shares.unit_of_measure_qty) == ("ES", 50)
    assert shares.name == "E-mini S&P 500 Futures"


@pytest.mark.recordings
def test_recorded_sessions_are_read_flat_or_nested(recordings: Path) -> None:
    """A time that is none, which an official sample has, is shown as it came."""
    flat = recorded(recordings, "schedules__1.json", FuturesKind.SCHEDULES).records
    assert [(e.event, e.ts) for e in flat if isinstance(e, SessionEvent)] == [
        ("pre_open", 1717966800),
        ("open", 1717970400),
        ("close", 1718053200),
    ]
    nested = recorded(recordings, "product_schedules__1.json", FuturesKind.SCHEDULES).records
    events = [each for each in nested if isinstance(each, SessionEvent)]
    assert [(e.session_end_date, e.event) for e in events] == [
        (day, event)
        for day in ("2025-11-24", "2025-11-21")
        for event in ("pre_open", "open", "close")
    ]
    assert (events[0].ts, events[0].timestamp) == (None, "2025-11-24T18:45:00:00-06:00")
    assert events[1].ts == 1764032400


@pytest.mark.recordings
def test_recorded_status_and_exchanges_are_read(recordings: Path) -> None:
    """The number of an answer may be a number, that of an exchange is a text."""
    assert recorded(recordings, "market_status__1.json", FuturesKind.MARKET_STATUS).records == (
        MarketStatus(
            product_code="ERL",
            name="ERCOT North 345 kV Hub Day-Ahead 5 MW Off-Peak Futures",
            market_event="open",
            session_end_date="2025-12-05",
            ts=1764889200,
            timestamp="2025-12-04T23:00:00+00:00",
            trading_venue="XNYM",
        ),
    )
    (venue,) = recorded(recordings, "exchanges__1.json", FuturesKind.EXCHANGES).records
    assert isinstance(venue, Venue)
    assert (venue.id, venue.mic, venue.acronym) == ("4", "XCME", "CME")


def test_events_that_are_repeated_are_one() -> None:
    """Outrights and spreads of a product repeat them."""
    row = {"product_code": "CL", "session_end_date": "2025-02-04", "event": "open"}
    rows = [{**row, "timestamp": "2025-02-03T23:00:00+00:00"}] * 13
    other = {**row, "event": "close", "timestamp": "2025-02-04T22:00:00+00:00"}
    ask = FuturesAsk(kind=FuturesKind.SCHEDULES)
    found = FUTURES.read(Reply(200, answer(*rows, other)), ask).records
    assert [e.event for e in found if isinstance(e, SessionEvent)] == ["open", "close"]


def test_of_the_days_of_a_contract_the_newest_counts() -> None:
    """They come first; of a decade before there is another contract of that ticker."""
    days = [
        {"ticker": "ESU0", "date": "2025-07-07", "last_trade_date": "2030-09-20", "active": True},
        {"ticker": "ESU0", "date": "2025-07-03", "last_trade_date": "2030-09-20", "active": False},
        {"ticker": "ESU0", "date": "2020-09-18", "last_trade_date": "2020-09-18"},
    ]
    found = FUTURES.read(Reply(200, answer(*days)), CONTRACTS).records
    contracts = [each for each in found if isinstance(each, Contract)]
    assert [c.date for c in contracts] == ["2025-07-07", "2020-09-18"]
    assert [c.instrument and c.instrument.id for c in contracts] == ["ESU2030", "ESU2020"]


def test_the_numbers_of_a_contract_or_product_may_be_texts() -> None:
    """As prices are on the other channels of this provider; absent ones stay absent."""
    row = {
        "ticker": "ESZ6",
        "trade_tick_size": "0.25",
        "days_to_maturity": "-3",
        "min_order_quantity": 1.0,
        "unknown": [1],
    }
    assert FUTURES.read(Reply(200, answer(row)), CONTRACTS).records == (
        Contract(ticker="ESZ6", trade_tick_size=0.25, days_to_maturity=-3, min_order_quantity=1),
    )
    products = FuturesAsk(kind=FuturesKind.PRODUCTS)
    for name in ("unit_of_measure_qty", "unit_of_measure_quantity"):
        body = answer({"product_code": "ES", name: "50"})
        assert FUTURES.read(Reply(200, body), products).records == (
            Product(product_code="ES", unit_of_measure_qty=50.0),
        )


def test_spreads_are_no_instruments_of_ours() -> None:
    """They have a ticker and no more."""
    spread = Contract(ticker="NQH7-NQM7", type="combo", last_trade_date="2027-03-19")
    odd = Contract(ticker="NG:BF F0-G0-H0", last_trade_date="2030-03-19")
    assert (spread.instrument, odd.instrument) == (None, None)


def test_lists_are_asked_for_with_a_limit_and_the_newest_first() -> None:
    """A list without a day has a row for every day since 2018."""
    assert asked(CONTRACTS) == ("/futures/v1/contracts", {"limit": 1000, "sort": "date.desc"})
    one = FuturesAsk(kind=FuturesKind.CONTRACTS, filters=(("ticker", "ESZ5"),), as_of="2025-02-04")
    single = {"limit": 100, "ticker": "ESZ5", "date": "2025-02-04"}
    assert asked(one) == ("/futures/v1/contracts", single)
    sorted_ = FuturesAsk(kind=FuturesKind.CONTRACTS, sort="ticker.asc")
    assert asked(sorted_)[1]["sort"] == "ticker.asc"
    schedules = FuturesAsk(
        kind=FuturesKind.SCHEDULES,
        filters=(("product_code", "ES"), ("session_end_date", "2025-02-04")),
    )
    rest = {"limit": 1000, "product_code": "ES", "session_end_date": "2025-02-04"}
    assert asked(schedules) == ("/futures/v1/schedules", rest)
    status = FuturesAsk(kind=FuturesKind.MARKET_STATUS)
    assert asked(status) == ("/futures/v1/market-status", {"limit": 99})
    venues = FuturesAsk(kind=FuturesKind.EXCHANGES)
    assert asked(venues) == ("/futures/v1/exchanges", {"limit": 999})


def test_the_older_api_has_paths_for_one_of_a_kind() -> None:
    """And calls the day otherwise."""
    one = FuturesAsk(kind=FuturesKind.CONTRACTS, filters=(("ticker", "ESZ5"),), as_of="2025-02-04")
    assert asked(one, "vX") == ("/futures/vX/contracts/ESZ5", {"as_of": "2025-02-04"})
    product = FuturesAsk(kind=FuturesKind.PRODUCTS, filters=(("product_code", "ES"),))
    assert asked(product, "vX") == ("/futures/vX/products/ES", {})
    schedules = FuturesAsk(kind=FuturesKind.SCHEDULES, filters=(("product_code", "ES"),))
    path = "/futures/vX/products/ES/schedules"
    assert asked(schedules, "vX") == (path, {"limit": 1000})


def test_windows_of_other_lengths_are_read_one_by_one() -> None:
    """A row without a price is none; what is not sent is absent."""
    filters = (("resolution", "10min"), ("ticker", "ESZ5"))
    ask = FuturesAsk(kind=FuturesKind.AGGREGATES, filters=filters, sort="window_start.asc")
    path, params = asked(ask)
    assert path == "/futures/v1/aggs/ESZ5"
    assert params == {"limit": 10_000, "resolution": "10min", "sort": "window_start.asc"}
    row = {"window_start": 1734472799000509200, "open": "1", "high": 2, "low": 0.5, "close": 1.5}
    body = answer(row, {"window_start": 5, "open": None})
    assert FUTURES.read(Reply(200, body), ask).records == (
        Aggregate(ts_ns=1734472799000509200, open=1.0, high=2.0, low=0.5, close=1.5),
    )


def test_a_list_goes_on_where_it_was_left() -> None:
    """The rest of an answer is named by a text that only we read."""

    async def ask() -> tuple[list[str], list[str]]:
        link = "https://api.massive.com/futures/vX/contracts?cursor=abc"
        first = answer({"ticker": "ESZ5"}, next_url=link)
        script = Script(ok(first), ok(answer({"ticker": "ESH6"})))
        bench = Bench(script, PROVIDER, KEY)
        part = await bench.kit.futures(CONTRACTS, CallContext())
        rest = await bench.kit.futures(CONTRACTS, CallContext(), after=part.more)
        assert rest.more is None
        records = (*part.records, *rest.records)
        tickers = [each.ticker for each in records if isinstance(each, Contract)]
        return tickers, [str(request.url) for request in script.requests]

    tickers, urls = in_virtual_time(ask())
    assert tickers == ["ESZ5", "ESH6"]
    assert urls[1] == "https://api.massive.com/futures/vX/contracts?cursor=abc"


def test_the_list_of_instruments_is_that_of_the_newest_day() -> None:
    """It ends where the day before begins; spreads are left out."""
    new = {"ticker": "ESZ5", "date": "2025-02-04", "last_trade_date": "2025-12-19"}
    spread = {"ticker": "ESH5-ESM5", "date": "2025-02-04", "type": "combo"}
    old = {"ticker": "ESH5", "date": "2025-02-03", "last_trade_date": "2025-03-21"}
    body = json.loads(answer(new, spread, next_url="https://api.massive.com/x?cursor=1"))
    part = LISTINGS.read(Reply(200, json.dumps(body).encode()))
    assert [(each.symbol, each.instrument.id) for each in part.listings] == [("ESZ5", "ESZ2025")]
    assert part.more is not None
    body["results"].append(old)
    part = LISTINGS.read(Reply(200, json.dumps(body).encode()))
    assert (len(part.listings), part.more) == (1, None)
