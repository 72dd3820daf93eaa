"""Polygon's list of tickers, splits and dividends."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.providers.polygon import PROVIDER
from domain.actions import ActionKind, CorporateAction
from domain.instrument import Instrument

AAPL = Instrument.stock("AAPL")
assert PROVIDER.listings is not None
assert PROVIDER.actions is not None
LISTINGS, ACTIONS = PROVIDER.listings, PROVIDER.actions


def date(text: str) -> int:
    """00:00 UTC of a date."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def recorded(recordings: Path, name: str) -> Reply:
    """A recording as a reply."""
    return Reply(200, (recordings / "polygon" / name).read_bytes())


@pytest.mark.recordings
def test_the_recorded_list_is_read_page_by_page(recordings: Path) -> None:
    """Stocks, then the first page of coins."""
    first = LISTINGS.read(recorded(recordings, "tickers_page__1.json"))
    assert [(x.symbol, x.instrument, x.active) for x in first.listings] == [
        ("A", Instrument.stock("A"), True),
        ("AA", Instrument.stock("AA"), True),
    ]
    assert first.more is not None
    assert first.more.path.startswith("https://api.massive.com/v3/reference/tickers?cursor=")
    second = LISTINGS.read(recorded(recordings, "tickers_page__2.json"))
    assert [x.symbol for x in second.listings] == ["AAA", "AAAU"]
    coins: dict[str, str | int] = {"market": "crypto", "active": "true", "limit": 1000}
    assert second.more == Call("/v3/reference/tickers", coins)


@pytest.mark.recordings
def test_recorded_splits_are_read_right(recordings: Path) -> None:
    """So many new ones for an old one; rows of others are left out."""
    reply = recorded(recordings, "splits__1.json")
    found = {
        ticker: [a.ratio for a in ACTIONS.read(reply, Instrument.stock(ticker)).actions]
        for ticker in ("AMZN", "BRW", "CIG.C", "SHOP", "AAPL")
    }
    ratios = {"AMZN": [20.0], "BRW": [0.5], "CIG.C": [4 / 3], "SHOP": [10.0, 10.0], "AAPL": []}
    assert found == ratios
    (split,) = ACTIONS.read(reply, Instrument.stock("AMZN")).actions
    assert split == CorporateAction(date("2022-06-06"), ActionKind.SPLIT, ratio=20.0)


def test_dividends_are_read_as_declared() -> None:
    """Cash on the day from which the share is without it."""
    row = {"cash_amount": "0.22", "ex_dividend_date": "2021-11-05", "ticker": "AAPL", "x": 1}
    body = json.dumps({"results": [row], "next_url": "https://api.massive.com/n"}).encode()
    part = ACTIONS.read(Reply(200, body), AAPL)
    assert part.actions == [
        CorporateAction(date("2021-11-05"), ActionKind.DIVIDEND, amount=0.22, currency="USD")
    ]
    assert part.more == Call("https://api.massive.com/n")


def test_splits_and_dividends_are_two_questions() -> None:
    """Coins have neither."""
    questions = [q for q in ACTIONS.questions(Instrument.stock("BRK.B")) if isinstance(q, Call)]
    assert [q.path for q in questions] == ["/v3/reference/splits", "/v3/reference/dividends"]
    assert [q.params["ticker"] for q in questions] == ["BRK.B", "BRK.B"]
    assert not ACTIONS.questions(Instrument.pair("BTC", "USD"))


@pytest.mark.parametrize("ratio", [{"split_from": 0, "split_to": 4}, {"split_to": 4}])
def test_a_split_without_a_ratio_is_unreadable(ratio: dict[str, object]) -> None:
    """Factors must not be guessed."""
    row = {"execution_date": "2020-08-31", "ticker": "AAPL"} | ratio
    with pytest.raises(UNREADABLE):
        ACTIONS.read(Reply(200, json.dumps({"results": [row]}).encode()), AAPL)


def test_names_of_the_list() -> None:
    """Preferred shares as ours; names that only lower case tells apart are left out."""
    tickers = ("KIMpL", "BRK.B", "AAMrw", "ABCw", "DUP", "ZVZZT.TEST.X")
    rows: list[dict[str, object]] = [{"ticker": t, "market": "stocks"} for t in tickers]
    coin: dict[str, object]
    coin = {"ticker": "X:BTCUSD", "market": "crypto", "base_currency_symbol": "BTC"}
    rows += [coin | {"currency_symbol": "USD"}, coin]
    part = LISTINGS.read(Reply(200, json.dumps({"results": rows}).encode()))
    assert {x.symbol: x.instrument.id for x in part.listings} == {
        "KIMpL": "KIM.PL",
        "BRK.B": "BRK.B",
        "DUP": "DUP",
        "X:BTCUSD": "BTC-USD",
    }
    assert part.more is None


@pytest.mark.parametrize("body", ["{}", "[]", '{"results":null}', '{"results":[1]}'])
def test_another_shape_is_never_an_empty_list(body: str) -> None:
    """Neither of tickers nor of actions."""
    with pytest.raises(UNREADABLE):
        LISTINGS.read(Reply(200, body.encode()))
    with pytest.raises(UNREADABLE):
        ACTIONS.read(Reply(200, body.encode()), AAPL)
