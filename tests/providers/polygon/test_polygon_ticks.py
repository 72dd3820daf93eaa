"""Polygon's trades and quotes, to the nanosecond."""

import json
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.providers.polygon import PROVIDER
from domain.errors import CallRefused
from domain.instrument import Instrument
from domain.ticks import Quote, Side, TicksAsk, Trade

AAPL = Instrument.stock("AAPL")
BTC = Instrument.pair("BTC", "USD")
ASK = TicksAsk(instrument=AAPL, limit=10)
assert PROVIDER.trades is not None
assert PROVIDER.quotes is not None
TRADES, QUOTES = PROVIDER.trades, PROVIDER.quotes


def reply(rows: list[dict[str, object]], **more: object) -> Reply:
    """A page."""
    return Reply(200, json.dumps({"results": rows, "status": "OK"} | more).encode(), {}, 2e9, 2e9)


@pytest.mark.recordings
def test_recorded_trades_are_read_right(recordings: Path) -> None:
    """Two rows of one id and number at different exchanges are two trades."""
    body = (recordings / "polygon" / "trades__1.json").read_bytes()
    part = TRADES.read(Reply(200, body), ASK)
    stamp = 1_651_181_822_461_979_400
    assert part.ticks == [
        Trade(ts_ns=stamp, price=156.43, size=10.0, id="11:3:183276"),
        Trade(ts_ns=stamp, price=157.43, size=10.0, id="12:3:183276"),
    ]
    assert part.more is None


@pytest.mark.recordings
def test_recorded_quotes_are_read_right(recordings: Path) -> None:
    """Ten a page, the newest first; every one as it was sent."""
    folder = recordings / "polygon"
    pages = [(folder / f"quotes_page__{n}.json").read_bytes() for n in (1, 2)]
    first, second = (QUOTES.read(Reply(200, body), ASK) for body in pages)
    for body, part in zip(pages, (first, second), strict=True):
        sent = json.loads(body)["results"]
        assert part.ticks == [
            Quote(
                ts_ns=row["sip_timestamp"],
                bid_price=row["bid_price"],
                bid_size=row["bid_size"],
                ask_price=row["ask_price"],
                ask_size=row["ask_size"],
            )
            for row in sent
        ]
        assert len(sent) == 10
    assert first.more is not None
    assert first.more.path.startswith("https://api.massive.com/v3/quotes/AAPL?cursor=")
    assert max(t.ts_ns for t in second.ticks) <= min(t.ts_ns for t in first.ticks)


@pytest.mark.recordings
def test_the_recorded_last_quote_is_no_page(recordings: Path) -> None:
    """Its results are one object."""
    with pytest.raises(UNREADABLE):
        QUOTES.read(Reply(200, (recordings / "polygon" / "last_nbbo__1.json").read_bytes()), ASK)


def test_a_range_is_asked_in_nanoseconds() -> None:
    """Half-open, whole numbers of nineteen digits."""
    start, end = 1_651_181_822_461_979_401, 1_651_181_822_461_979_403
    ask = TicksAsk(instrument=AAPL, limit=70_000, start_ns=start, end_ns=end, newest=False)
    assert TRADES.ask(ask) == Call(
        "/v3/trades/AAPL",
        {
            "order": "asc",
            "sort": "timestamp",
            "limit": 50_000,
            "timestamp.gte": start,
            "timestamp.lt": end,
        },
    )
    newest: dict[str, str | int] = {"order": "desc", "sort": "timestamp", "limit": 10}
    assert QUOTES.ask(ASK) == Call("/v3/quotes/AAPL", newest)


def test_coins_have_trades_but_no_quotes() -> None:
    """There is no tape: the venue's own time counts."""
    ask = TicksAsk(instrument=BTC, limit=5)
    with pytest.raises(CallRefused):
        QUOTES.ask(ask)
    row: dict[str, object] = {"exchange": 1, "id": "191", "participant_timestamp": 16250 * 10**14}
    part = TRADES.read(reply([row | {"price": 35060, "size": 1.0434526, "conditions": [2]}]), ask)
    assert part.ticks == [
        Trade(ts_ns=16250 * 10**14, price=35060.0, size=1.0434526, id="1:191", side=Side.BUY)
    ]


def test_an_empty_side_is_absent() -> None:
    """A price of 0 is nobody's."""
    row: dict[str, object] = {"sip_timestamp": 5, "bid_price": 0, "bid_size": 0, "ask_size": 3}
    part = QUOTES.read(reply([row | {"ask_price": "2.5"}, {"sip_timestamp": 6}]), ASK)
    assert part.ticks == [Quote(ts_ns=5, ask_price=2.5, ask_size=3.0), Quote(ts_ns=6)]


def test_parts_of_a_share_are_in_the_decimal_size() -> None:
    """The whole number beside it is rounded."""
    row = {"sip_timestamp": 5, "price": 1.5, "size": 0, "decimal_size": "0.123456", "new": {}}
    (trade,) = TRADES.read(reply([row]), ASK).ticks
    assert isinstance(trade, Trade)
    assert (trade.size, trade.id, trade.side) == (0.123456, "", None)


def test_a_delayed_plan_does_not_speak_of_the_last_quarter_of_an_hour() -> None:
    """Nothing is known of what came since."""
    assert TRADES.read(reply([]), ASK).known_until_ns is None
    for endpoint in (TRADES, QUOTES):
        delayed = endpoint.read(reply([], status="DELAYED"), ASK)
        assert delayed.known_until_ns == int(2e9 - 900) * 10**9


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        '{"results":null}',
        '{"results":[{"price":1}]}',
        '{"results":[{"sip_timestamp":1.5,"price":1,"size":1}]}',
        '{"results":[{"sip_timestamp":1,"price":"NaN","size":1}]}',
        '{"results":[{"sip_timestamp":1,"price":1}]}',
    ],
)
def test_another_shape_is_never_an_empty_answer(body: str) -> None:
    """A trade has a moment, a price and a size."""
    with pytest.raises(UNREADABLE):
        TRADES.read(Reply(200, body.encode()), ASK)
