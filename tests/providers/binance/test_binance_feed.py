"""What the messages of Binance's stream mean."""

import json
from pathlib import Path

import pytest

from adapters_out.provider_kit.feed import (
    Acknowledged,
    Closing,
    LastTraded,
    Subscribed,
    Topic,
    Unknown,
    Update,
)
from adapters_out.providers.binance import PROVIDER
from domain.bars import Bar
from domain.errors import CallRefused, MalformedPayload
from domain.interval import Interval
from domain.ticks import Quote, Side, Stamp, Trade
from tests.providers.streams import (
    RECEIVED_NS,
    changed,
    only,
    read,
    recorded,
    refusal_of,
    value_of,
)

FEED = PROVIDER.feed
KLINE = json.dumps(
    {
        "e": "kline",
        "E": 1_700_000_041_760,
        "s": "BTCUSDT",
        "k": {
            "t": 1_699_999_980_000,
            "T": 1_700_000_039_999,
            "s": "BTCUSDT",
            "i": "1m",
            "o": "100.5",
            "c": "101",
            "h": "102.25",
            "l": "99.125",
            "v": "7.5",
            "n": 42,
            "x": True,
        },
    }
)
AGGREGATE = json.dumps(
    {
        "stream": "btcusdt@aggTrade",
        "data": {
            "e": "aggTrade",
            "E": 1_700_000_000_002,
            "s": "BTCUSDT",
            "a": 77,
            "p": "100.5",
            "q": "0.25",
            "T": 1_700_000_000_001,
            "m": True,
        },
    }
)
SINGLE = json.dumps(
    {
        "e": "trade",
        "E": 1_700_000_000_002,
        "s": "BTCUSDT",
        "t": 78,
        "p": "100.5",
        "q": "0.25",
        "b": 5,
        "a": 6,
        "T": 1_700_000_000_001,
        "m": False,
    }
)
BOOK = json.dumps({"u": 9, "s": "BTCUSDT", "b": "1.5", "B": "2", "a": "1.75", "A": "3"})
MINI = json.dumps({"e": "24hrMiniTicker", "E": 1_700_000_000_002, "s": "BTCUSDT", "c": "1.5"})
MESSAGES = (
    *(KLINE, AGGREGATE, SINGLE, BOOK, MINI),
    *('{"result":null,"id":1}', '{"result":["btcusdt@kline_1M"],"id":3}'),
    *('{"code":2,"msg":"Invalid request"}', '{"data":{"e":"serverShutdown"}}'),
)

COMPARED = ("ws_kline__1", "ws_kline__2", "ws_trade__1", "ws_aggTrade__1", "ws_combined__1")


def as_expected(update: Update) -> dict[str, object]:
    """The fields that another parser tells."""
    value, kind = update.value, update.topic.channel
    if isinstance(value, Bar):
        return {"type": kind, "symbol": update.topic.symbol, "closed": value.final}
    assert isinstance(value, Trade)
    assert value.side is not None
    return {
        "type": kind,
        "id": value.id,
        "timestamp": value.ts_ns // 1_000_000,
        "side": value.side.value,
        "price": value.price,
        "amount": value.size,
    }


@pytest.mark.recordings
def test_another_parser_is_asked_wherever_it_was_run(recordings: Path) -> None:
    """None of its outputs is left out."""
    paths = (recordings / "binance").glob("ws_*.expected.json")
    assert {path.name.partition(".")[0] for path in paths} == set(COMPARED)


@pytest.mark.recordings
@pytest.mark.parametrize("name", COMPARED)
def test_recorded_bars_and_trades_are_those_of_another_parser(recordings: Path, name: str) -> None:
    """Whether a bar is closed, and of a trade id, time, side, price and amount."""
    folder = recordings / "binance"
    told = json.loads((folder / f"{name}.expected.json").read_text())["rows"]
    lines = (folder / f"{name}.jsonl").read_bytes().splitlines()
    compared = 0
    for number, line in enumerate(lines, 1):
        update = only(FEED, line, Update)
        rows = [row for row in told if row["line"] == number]
        assert len(rows) == (0 if isinstance(update.value, Quote) else 1)
        for row in rows:
            known = {n: v for n, v in row.items() if n not in {"line", "ohlcv"}}
            assert as_expected(update) == known
            compared += 1
    assert compared == len(told) > 0


@pytest.mark.recordings
def test_recorded_bars_hold_what_their_lines_say(recordings: Path) -> None:
    """Open, high, low, close, volume and count, under the interval and the symbol."""
    lines = recorded(recordings, "binance/ws_kline") + recorded(recordings, "binance/ws_combined")
    klines = [line for line in lines if b'"kline"' in line]
    assert len(klines) == 8
    for line in klines:
        said = json.loads(line)
        said = said.get("data", said)
        k = said["k"]
        update = only(FEED, line, Update)
        assert update.topic == Topic("kline", said["s"], Interval.M1)
        assert update.sent_ns == said["E"] * 1_000_000
        assert update.value == Bar(
            ts=k["t"] // 1000,
            open=float(k["o"]),
            high=float(k["h"]),
            low=float(k["l"]),
            close=float(k["c"]),
            volume=float(k["v"]),
            trades=k["n"],
            final=k["x"],
        )


@pytest.mark.recordings
def test_recorded_books_are_read_right(recordings: Path) -> None:
    """Both sides; with the venue's time where it sends one, else with ours."""
    lines = recorded(recordings, "binance/ws_bookTicker")
    lines += [x for x in recorded(recordings, "binance/ws_combined") if b"bookTicker" in x]
    assert len(lines) == 13
    for line in lines:
        said = json.loads(line)["data"]
        update = only(FEED, line, Update)
        at = said["T"] * 1_000_000 if "T" in said else RECEIVED_NS
        assert update.value == Quote(
            ts_ns=at,
            bid_price=float(said["b"]),
            bid_size=float(said["B"]),
            ask_price=float(said["a"]),
            ask_size=float(said["A"]),
            stamp=Stamp.VENUE if "T" in said else Stamp.RECEIPT,
        )
        assert (update.topic, update.sequence) == (Topic("bookTicker", said["s"]), said["u"])
        assert update.sent_ns == (said["E"] * 1_000_000 if "E" in said else None)


@pytest.mark.recordings
def test_recorded_words_about_the_stream_are_understood(recordings: Path) -> None:
    """Done, what is on, a mistake of ours, and that it is about to end."""
    done, topics, mistake, end = recorded(recordings, "binance/ws_control")
    assert read(FEED, done) == (Acknowledged("1"),)
    assert read(FEED, topics) == (
        Subscribed(topics=(Topic("aggTrade", "BTCUSDT"),), request="3", whole=True),
    )
    assert type(refusal_of(FEED, mistake)) is CallRefused
    assert read(FEED, end) == (Closing(),)


@pytest.mark.parametrize("closed", [True, False])
def test_a_bar_is_final_when_binance_says_so(closed: bool) -> None:
    """Whatever the time is: the closing message comes late, or not at all."""
    assert value_of(FEED, changed(KLINE, ("k", "x"), closed), Bar).final is closed


@pytest.mark.parametrize(("sold", "side"), [(True, Side.SELL), (False, Side.BUY)])
def test_the_side_is_the_takers(sold: bool, side: Side) -> None:
    """A buyer who was the maker waited for somebody who sold."""
    assert value_of(FEED, changed(SINGLE, ("m",), sold), Trade).side is side
    assert value_of(FEED, changed(AGGREGATE, ("data", "m"), sold), Trade).side is side


def test_the_ids_of_single_trades_are_their_own() -> None:
    """Old captures carry the orders' ids as well, one under the letter of an aggregate's."""
    assert value_of(FEED, SINGLE, Trade).id == "78"
    assert value_of(FEED, AGGREGATE, Trade).id == "77"


def test_microseconds_are_kept() -> None:
    """As they come if the address asks for them."""
    fine = changed(SINGLE, ("T",), 1_700_000_000_001_234)
    assert value_of(FEED, fine, Trade).ts_ns == 1_700_000_000_001_234_000
    assert value_of(FEED, SINGLE, Trade).ts_ns == 1_700_000_000_001_000_000
    assert value_of(FEED, changed(KLINE, ("k", "t"), 1_699_999_980_000_000), Bar) == value_of(
        FEED, KLINE, Bar
    )


def test_an_empty_side_has_no_price() -> None:
    """A halted pair shows 0, which is no price."""
    quote = value_of(FEED, changed(BOOK, ("b",), "0.00000000"), Quote)
    assert (quote.bid_price, quote.bid_size) == (None, None)
    assert (quote.ask_price, quote.ask_size) == (1.75, 3.0)


def test_the_last_price_of_a_day_has_no_time_of_its_own() -> None:
    """The message has one, which is not that of the trade."""
    update = only(FEED, MINI, Update)
    assert (update.value, update.sent_ns) == (LastTraded(1.5), 1_700_000_000_002_000_000)
    assert update.topic == Topic("miniTicker", "BTCUSDT")


def test_numbers_may_be_texts_or_not_and_unknown_keys_do_not_matter() -> None:
    """Both forms are the same value."""
    plain = changed(changed(KLINE, ("k", "o"), 100.5), ("k", "v"), 7.5)
    assert value_of(FEED, plain, Bar) == value_of(FEED, KLINE, Bar)
    more = changed(changed(KLINE, ("st",), [1]), ("k", "new"), {"a": None})
    assert value_of(FEED, more, Bar) == value_of(FEED, KLINE, Bar)


def test_bars_of_a_length_that_we_have_not_are_told_by_its_name() -> None:
    """And a month is no minute."""
    for theirs, ours in (("1M", Interval.MO1), ("1m", Interval.M1), ("8h", "8h"), ("1s", "1s")):
        update = only(FEED, changed(KLINE, ("k", "i"), theirs), Update)
        assert update.topic.interval == ours
    assert only(FEED, '{"result":["btcusdt@kline_1M"],"id":3}', Subscribed).topics == (
        Topic("kline", "BTCUSDT", Interval.MO1),
    )


def test_what_is_not_known_is_told() -> None:
    """By the name of its kind, or of its stream."""
    assert read(FEED, '{"e":"depthUpdate","E":1,"u":5}') == (Unknown("depthUpdate"),)
    partial = '{"stream":"btcusdt@depth5","data":{"lastUpdateId":1}}'
    assert read(FEED, partial) == (Unknown("btcusdt@depth5"),)


@pytest.mark.parametrize(
    "message",
    [
        *("", "x", "[]", "{}", "null", '{"data":null}', '{"result":3}', "<html></html>"),
        *(KLINE[:-1], AGGREGATE[:40], KLINE.replace('"n": 42', '"n": NaN')),
        changed(KLINE, ("k", "o"), "NaN"),
        changed(KLINE, ("k", "o"), None),
        changed(KLINE, ("k", "v"), "1e999"),
        changed(KLINE, ("k", "x"), "false"),
        changed(KLINE, ("k", "t"), 1_699_999_980_001),
        changed(KLINE, ("k", "n"), 10**30),
        changed(AGGREGATE, ("data", "T"), 10**40),
        changed(AGGREGATE, ("data", "p"), "1,5"),
        changed(AGGREGATE, ("data", "m"), None),
        changed(BOOK, ("a",), "Infinity"),
    ],
)
def test_what_cannot_be_read_is_malformed(message: str) -> None:
    """Never half a value, and never a 0 in its place."""
    with pytest.raises(MalformedPayload, match="binance sent an unreadable message"):
        read(FEED, message)
