"""What the messages of Polygon's stream mean."""

import json
from pathlib import Path

import pytest

from adapters_out.provider_kit.feed import (
    Authorized,
    Connected,
    Subscribed,
    Topic,
    Unknown,
    Unsubscribed,
    Update,
)
from adapters_out.providers.polygon import PROVIDER
from domain.bars import Bar
from domain.errors import (
    AccessDenied,
    CallRefused,
    MalformedPayload,
    NotEntitled,
    ProviderError,
    ProviderUnavailable,
    QuotaExhausted,
)
from domain.interval import Interval
from domain.ticks import Quote, Side, Trade
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
AT = 1_700_000_000_123
AT_NS = AT * 1_000_000
TRADE = json.dumps(
    [{"ev": "T", "sym": "BRK.B", "x": 4, "i": "77", "p": 1.5, "s": 2, "c": [12], "t": AT, "q": 9}]
)
QUOTE = json.dumps(
    [{"ev": "Q", "sym": "BRK.B", "bp": 1.25, "bs": 1, "ap": 1.75, "as": 3, "t": AT, "q": 10}]
)
MINUTE = json.dumps(
    [
        {
            "ev": "AM",
            "sym": "BRK.B",
            "v": 4110,
            "av": 9470157,
            "op": 9,
            "vw": 1.625,
            "o": 1.5,
            "c": 1.75,
            "h": 2.5,
            "l": 1.25,
            "a": 9,
            "z": 685,
            "s": 1_699_999_980_000,
            "e": 1_700_000_040_000,
        }
    ]
)
REFUSED = '[{"ev":"status","status":"auth_failed","message":"authentication failed"}]'
ON = '[{"ev":"status","status":"success","message":"subscribed to: AM.BRK.B"}]'
MESSAGES = (TRADE, QUOTE, MINUTE, REFUSED, ON, f"[{TRADE[1:-1]},{ON[1:-1]}]")


def status(word: str, message: str = "") -> str:
    """What is said about the stream."""
    return json.dumps([{"ev": "status", "status": word, "message": message}])


@pytest.mark.recordings
def test_recorded_data_are_read_right(recordings: Path) -> None:
    """Trades under ids that are unique, a quote, and bars of a second and of a minute."""
    events = [
        event for line in recorded(recordings, "polygon/ws_data") for event in read(FEED, line)
    ]
    spce = Bar(
        ts=1_610_144_868, open=25.39, high=25.39, low=25.39, close=25.39, volume=200.0, vwap=25.3981
    )
    gte = Bar(
        ts=1_610_144_640,
        open=0.4488,
        high=0.4489,
        low=0.4486,
        close=0.4486,
        volume=4110.0,
        vwap=0.4488,
    )
    quote = Quote(
        ts_ns=1_536_036_818_784_000_000,
        bid_price=114.125,
        bid_size=100.0,
        ask_price=114.128,
        ask_size=160.0,
    )
    assert events == [
        traded("MSFT", 1_536_036_818_784, 114.125, 100, "4:12345", 3681328),
        Update(topic=Topic("Q", "MSFT"), value=quote, sequence=50385480),
        Update(topic=Topic("A", "SPCE", "second"), value=spce),
        Update(topic=Topic("AM", "GTE", Interval.M1), value=gte),
        traded("AAPL", 1_651_684_192_462, 161.87, 300, "10:5096", 4009402),
        traded("AMZN", 1_651_684_192_536, 161.87, 1, "12:72815", 4009408),
        traded("AMZN", 1_651_684_192_717, 161.87, 100, "4:799", 4009434),
    ]


def traded(symbol: str, ms: int, price: float, size: int, id_: str, sequence: int) -> Update:
    """What a trade means; of a stock's, nobody tells the side."""
    trade = Trade(ts_ns=ms * 1_000_000, price=price, size=float(size), id=id_)
    return Update(topic=Topic("T", symbol), value=trade, sequence=sequence)


@pytest.mark.recordings
def test_the_recorded_handshake_is_understood(recordings: Path) -> None:
    """Ready, let in, and three topics, one after the other."""
    lines = recorded(recordings, "polygon/ws_handshake")
    assert [event for line in lines for event in read(FEED, line)] == [
        Connected(),
        Authorized(),
        Subscribed(topics=(Topic("T", "*"),)),
        Subscribed(topics=(Topic("Q", "*"),)),
        Subscribed(topics=(Topic("AM", "*", Interval.M1),)),
    ]


@pytest.mark.recordings
def test_recorded_refusals_mean_what_they_say(recordings: Path) -> None:
    """A plan without streams has the status of a wrong key; only its text tells."""
    lines = recorded(recordings, "polygon/ws_errors")
    key, late, crowd, connected, plan = lines
    assert type(refusal_of(FEED, key)) is AccessDenied
    assert type(refusal_of(FEED, late)) is ProviderUnavailable
    assert type(refusal_of(FEED, crowd)) is QuotaExhausted
    assert refusal_of(FEED, crowd).retry_at == RECEIVED_NS / 10**9 + 60
    assert read(FEED, connected) == (Connected(),)
    assert type(refusal_of(FEED, plan)) is NotEntitled


@pytest.mark.parametrize(
    ("word", "message", "expected"),
    [
        ("error", "not authorized", NotEntitled),
        ("not authorized", "T.AAPL", NotEntitled),
        ("error", "invalid params", CallRefused),
    ],
)
def test_a_topic_may_be_refused_alone(
    word: str, message: str, expected: type[ProviderError]
) -> None:
    """The key was accepted before."""
    assert type(refusal_of(FEED, status(word, message))) is expected


def test_a_bar_is_final_because_it_is_over() -> None:
    """One that ends ahead of our clock would not be."""
    assert value_of(FEED, MINUTE, Bar).final
    assert value_of(FEED, changed(MINUTE, (0, "e"), RECEIVED_NS // 10**6), Bar).final
    ahead = changed(MINUTE, (0, "e"), RECEIVED_NS // 10**6 + 1)
    assert not value_of(FEED, ahead, Bar).final


def test_the_average_is_that_of_the_bar() -> None:
    """Neither the day's nor the size of a trade; without an eligible trade there is none."""
    assert value_of(FEED, MINUTE, Bar) == Bar(
        ts=1_699_999_980, open=1.5, high=2.5, low=1.25, close=1.75, volume=4110.0, vwap=1.625
    )
    assert value_of(FEED, changed(MINUTE, (0, "vw"), None), Bar).vwap is None


def test_pairs_go_by_another_name_and_tell_the_side() -> None:
    """In a condition, which means something else for a stock."""
    for condition, side in ((1, Side.SELL), (2, Side.BUY), (3, None)):
        event = {"ev": "XT", "pair": "BTC-USD", "p": 1.5, "s": 2, "t": AT, "x": 1, "i": "7"}
        body = json.dumps([event | {"c": [condition]}])
        update = only(FEED, body, Update)
        trade = Trade(ts_ns=AT_NS, price=1.5, size=2.0, id="1:7", side=side)
        assert update == Update(topic=Topic("XT", "BTC-USD"), value=trade)
    for kind, length in (("XA", Interval.M1), ("XAS", "second")):
        bar = json.loads(MINUTE)[0] | {"ev": kind, "pair": "BTC-USD"}
        del bar["sym"]
        update = only(FEED, json.dumps([bar]), Update)
        assert update.topic == Topic(kind, "BTC-USD", length)
    book = {"ev": "XQ", "pair": "BTC-USD", "bp": 1.25, "bs": 2, "ap": 1.75, "as": 3, "t": AT}
    update = only(FEED, json.dumps([book]), Update)
    assert update.topic == Topic("XQ", "BTC-USD")
    assert isinstance(update.value, Quote)
    assert (update.value.bid_price, update.value.ask_size) == (1.25, 3.0)
    assert value_of(FEED, changed(TRADE, (0, "c"), [1]), Trade).side is None


def test_parts_of_a_share_and_reports_of_a_facility_are_told_apart() -> None:
    """As they are where trades are asked for."""
    body = changed(changed(TRADE, (0, "ds"), "0.125"), (0, "trfi"), 202)
    trade = value_of(FEED, body, Trade)
    assert (trade.size, trade.id) == (0.125, "4:202:77")


def test_an_empty_side_has_no_price() -> None:
    """Neither as 0 nor as nothing."""
    for nothing in (0, None):
        quote = value_of(FEED, changed(QUOTE, (0, "bp"), nothing), Quote)
        assert (quote.bid_price, quote.bid_size, quote.ask_price) == (None, None, 1.75)


def test_a_message_may_hold_events_of_several_kinds() -> None:
    """Each is told, in its order; an empty one says nothing."""
    both = f"[{TRADE[1:-1]},{status('success', 'unsubscribed to: T.A,AM.B')[1:-1]}]"
    trade, off = read(FEED, both)
    assert isinstance(trade, Update)
    assert off == Unsubscribed(topics=(Topic("T", "A"), Topic("AM", "B", Interval.M1)))
    assert read(FEED, "[]") == ()


def test_numbers_may_be_texts_and_unknown_keys_do_not_matter() -> None:
    """Exponents included, in which large volumes come."""
    texts = changed(changed(MINUTE, (0, "v"), "4.11e3"), (0, "o"), "1.5")
    assert read(FEED, texts) == read(FEED, MINUTE)
    assert read(FEED, changed(MINUTE, (0, "dv"), {"a": [None]})) == read(FEED, MINUTE)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ('[{"ev":"LULD","T":"AAPL","t":1}]', "LULD"),
        (status("odd", "news"), "status odd: news"),
        (status("success", "well done"), "status success: well done"),
    ],
)
def test_what_is_not_known_is_told(message: str, kind: str) -> None:
    """By its kind, or by what it says."""
    assert read(FEED, message) == (Unknown(kind),)


@pytest.mark.parametrize(
    "message",
    [
        *("", "{}", "null", "[1]", "[{}]", TRADE[:-1], '[{"ev":"T"}]', TRADE[1:-1]),
        TRADE.replace("1.5", "NaN"),
        changed(TRADE, (0, "p"), "NaN"),
        changed(TRADE, (0, "s"), None),
        changed(TRADE, (0, "sym"), ""),
        changed(TRADE, (0, "t"), 10**30),
        changed(QUOTE, (0, "ap"), "x"),
        changed(MINUTE, (0, "s"), 1_699_999_980_001),
        changed(MINUTE, (0, "h"), None),
        changed(MINUTE, (0, "v"), "1e999"),
        f"[{TRADE[1:-1]},{changed(TRADE, (0, 'p'), None)[1:-1]}]",
    ],
)
def test_what_cannot_be_read_is_malformed(message: str) -> None:
    """Never half a message, and never a 0 in place of a value."""
    with pytest.raises(MalformedPayload, match="polygon sent an unreadable message"):
        read(FEED, message)
