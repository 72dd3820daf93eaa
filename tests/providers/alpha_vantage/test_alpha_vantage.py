"""Alpha Vantage: what is asked, and what is read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.provider_kit.judge import judge
from adapters_out.provider_kit.kit_provider import ProviderSettings
from adapters_out.providers.alpha_vantage import PROVIDER
from domain.bars import Bar
from domain.errors import NotListed, RangeUnavailable
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.secret import Secret
from domain.timerange import TimeRange
from tests.adapters_out.provider_kit.scripted import Bench, Script, in_virtual_time, ok
from tests.providers.reading import page_of

IBM, BTC = Instrument.stock("IBM"), Instrument.pair("BTC", "USD")
DAY = 86_400
assert PROVIDER.bars is not None
BARS = PROVIDER.bars


def at(text: str) -> int:
    """Unix seconds of a moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def asked(interval: Interval, start: str, end: str, instrument: Instrument = IBM) -> BarsAsk:
    """A question of 2026-05-17, a Sunday."""
    return BarsAsk(
        instrument, interval, TimeRange(at(start), at(end)), asked_at=at("2026-05-17 18:00")
    )


def page(body: bytes, ask: BarsAsk, now: float | None = None) -> BarsPage:
    """What a body says about a range."""
    looked = float(ask.asked_at) if now is None else now
    found = page_of(PROVIDER, body, ask, looked)
    assert found.rejected == ()
    return found


def params(ask: BarsAsk) -> Mapping[str, str | int]:
    """The parameters of the question."""
    call = BARS.ask(ask)
    assert isinstance(call, Call)
    return call.params


def keyed() -> ProviderSettings:
    """With a key."""
    return ProviderSettings(api_key=Secret("some-key"))


def csv(*rows: str) -> bytes:
    """A table as it is on the wire."""
    return "".join(f"{r}\r\n" for r in ("timestamp,open,high,low,close,volume", *rows)).encode()


@pytest.mark.recordings
def test_recorded_days_are_read(recordings: Path) -> None:
    """A hundred days, newest first; they begin at 2025-12-22 and so does what is answered for."""
    body = (recordings / "alpha_vantage/daily__1.csv").read_bytes()
    found = page(body, asked(Interval.D1, "2025-12-01", "2026-05-17"))
    assert len(found.series) == 100
    newest = Bar(
        ts=at("2026-05-15"), open=218.2, high=220.91, low=217.615, close=219.3, volume=6154450.0
    )
    assert found.series.bar(99) == newest
    assert found.covers == TimeRange(at("2025-12-22"), at("2026-05-17"))


@pytest.mark.recordings
def test_recorded_minutes_are_new_york_wall_clock(recordings: Path) -> None:
    """19:55 in May is 23:55 UTC; wire bytes end lines with CR LF."""
    body = (recordings / "alpha_vantage/intraday__1.csv").read_bytes()
    ask = asked(Interval.M5, "2026-05-01", "2026-05-16")
    for content in (body, body.replace(b"\n", b"\r\n")):
        series = page(content, ask).series
        assert (len(series), int(series.ts[-1])) == (100, at("2026-05-15 23:55"))
        assert (series.close[-1], series.volume[-1]) == (219.0, 158.0)


@pytest.mark.recordings
def test_recorded_json_is_the_same_language(recordings: Path) -> None:
    """Minutes of 2017 in winter time, and days whose volume stands at the sixth place."""
    folder = recordings / "alpha_vantage"
    minutes = page(
        (folder / "intraday__3.json").read_bytes(),
        asked(Interval.M1, "2017-12-18", "2017-12-19"),
    ).series
    assert (len(minutes), int(minutes.ts[-1])) == (100, at("2017-12-18 19:56"))
    assert (minutes.open[-1], minutes.volume[-1]) == (86.49, 10494.0)
    days = page(
        (folder / "daily_adjusted__2.json").read_bytes(),
        asked(Interval.D1, "2018-03-01", "2018-08-21"),
    ).series
    assert (len(days), days.close[-1], days.volume[-1]) == (100, 106.87, 17326964.0)


@pytest.mark.recordings
def test_recorded_coins_are_in_utc(recordings: Path) -> None:
    """Days in one market, the running one among them; minutes, of which it keeps only so many."""
    folder = recordings / "alpha_vantage"
    ask = asked(Interval.D1, "2025-01-01", "2026-05-17", BTC)
    days = page((folder / "digital_currency_daily__1.csv").read_bytes(), ask)
    assert days.covers == TimeRange(at("2025-06-02"), at("2026-05-17"))
    assert (len(days.series), days.series.volume[-1]) == (349, 122.63361384)
    assert days.forming is not None
    assert (days.forming.ts, days.forming.close) == (at("2026-05-17"), 67310.48)
    ask = asked(Interval.M5, "2026-05-17", "2026-05-17 17:15", Instrument.pair("ETH", "USD"))
    minutes = page((folder / "crypto_intraday__1.csv").read_bytes(), ask)
    assert (len(minutes.series), minutes.covers.start) == (100, at("2026-05-17 08:55"))


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("2026-03-06 09:30:00", "2026-03-06 14:30"),
        ("2026-03-09 09:30:00", "2026-03-09 13:30"),
        ("2025-10-31 15:59:00", "2025-10-31 19:59"),
        ("2025-11-03 15:59:00", "2025-11-03 20:59"),
    ],
)
def test_clocks_change(wall: str, utc: str) -> None:
    """Before and after the Sundays on which New York changes its clocks."""
    ask = asked(Interval.M1, utc[:10], f"{utc[:10]} 23:00")
    series = page(csv(f"{wall},1.5,2,1,1.75,100"), ask).series
    assert series.ts.tolist() == [at(utc)]


def test_weeks_and_months_are_dated_at_their_end() -> None:
    """Ours are stamped at their first day; the running one is not final."""
    rows = csv("2026-05-15,1,2,1,2,9", "2026-05-08,1,2,1,2,9", "2026-05-01,1,2,1,2,9")
    weeks = page(rows, asked(Interval.W1, "2026-04-27", "2026-05-11"))
    assert weeks.series.ts.tolist() == [at("2026-04-27"), at("2026-05-04")]
    assert weeks.forming is not None
    assert weeks.forming.ts == at("2026-05-11")
    months = page(
        csv("2026-05-15,1,2,1,2,9", "2026-04-30,1,2,1,2,9"),
        asked(Interval.MO1, "2026-04-01", "2026-05-01"),
    )
    assert months.series.ts.tolist() == [at("2026-04-01")]


def test_what_may_only_be_late_is_not_empty() -> None:
    """On Tuesday noon Monday is missing, and said to be late; on Sunday nothing is missing."""
    rows = csv("2026-05-15,1,2,1,2,9")
    late = asked(Interval.D1, "2026-05-15", "2026-05-19")
    found = page(rows, late, at("2026-05-19 12:00"))
    assert (found.covers.end, found.published) == (at("2026-05-19"), at("2026-05-18"))
    assert page(rows, late, at("2026-05-22 12:00")).published is None
    sunday = asked(Interval.D1, "2026-05-15", "2026-05-17")
    assert page(rows, sunday).published is None


@pytest.mark.parametrize(
    ("rows", "moment", "published"),
    [
        # The evening after the close, in which a new day of UTC begins, is no day of trading.
        (("2026-05-18 15:59:00,1,2,1,2,9",), "2026-05-19 00:30", None),
        (("2026-05-18 15:59:00,1,2,1,2,9",), "2026-05-19 06:00", None),
        (("2026-05-18 15:59:00,1,2,1,2,9",), "2026-05-19 15:00", "2026-05-19 08:00"),
        # Memorial Day is none, after a weekend.
        (("2026-05-22 15:59:00,1,2,1,2,9",), "2026-05-25 23:00", None),
        (("2026-05-22 15:59:00,1,2,1,2,9",), "2026-05-26 15:00", "2026-05-26 08:00"),
        # A month begins without a row, on a Sunday this one.
        ((), "2026-11-01 12:00", None),
        ((), "2026-11-02 15:00", "2026-11-02 09:00"),
        ((), "2026-11-06 15:00", None),
    ],
)
def test_minutes_are_late_from_when_trading_begins(
    rows: tuple[str, ...], moment: str, published: str | None
) -> None:
    """Not from midnight on: nights, weekends and holidays are answered for, and empty."""
    ask = asked(Interval.M1, f"{moment[:8]}01", moment)
    found = page(csv(*rows), ask, at(moment))
    assert found.covers == ask.range
    assert found.published == (None if published is None else at(published))


def test_intraday_bars_are_asked_for_by_the_month() -> None:
    """Raw ones of the regular session, in CSV."""
    ask = asked(Interval.M5, "2026-01-20", "2026-04-02")
    part = BARS.page(ask)
    assert part == TimeRange(at("2026-01-20"), at("2026-02-01"))
    assert params(ask) == {
        "function": "TIME_SERIES_INTRADAY",
        "symbol": "IBM",
        "interval": "5min",
        "adjusted": "false",
        "extended_hours": "false",
        "month": "2026-01",
        "outputsize": "full",
        "datatype": "csv",
    }


def test_a_long_range_takes_a_call_for_each_month() -> None:
    """Five months, five calls, each for its month, nothing twice."""
    months = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"]
    script = Script(*(ok(csv(f"{m}-05 12:00:00,1,2,1,2,9")) for m in months))

    async def run() -> list[BarsPage]:
        bench = Bench(script, PROVIDER, keyed(), now=at("2026-05-30"))
        ask = BarsAsk(IBM, Interval.M1, TimeRange(at("2026-01-03"), at("2026-05-20")))
        return await bench.pages(ask)

    pages = in_virtual_time(run())
    assert [dict(r.url.params)["month"] for r in script.requests] == months
    assert sum(len(p.series) for p in pages) == 5
    covered = [p.covers for p in pages]
    assert all(a.end == b.start for a, b in pairwise(covered))
    assert (covered[0].start, covered[-1].end) == (at("2026-01-03"), at("2026-05-20"))


def test_another_month_is_never_taken_for_the_one_asked() -> None:
    """Who ignores the month sends the latest days."""
    ask = asked(Interval.M1, "2024-01-02", "2024-01-20")
    with pytest.raises(Unreadable):
        BARS.read(Reply(200, csv("2026-05-15 15:59:00,1,2,1,2,9")), ask)


def test_nothing_is_asked_before_2000() -> None:
    """There are no minutes of then."""
    with pytest.raises(RangeUnavailable):
        BARS.ask(asked(Interval.M1, "1999-12-01", "1999-12-31"))


@pytest.mark.parametrize(
    ("interval", "start", "instrument", "expected"),
    [
        (Interval.D1, "2026-01-10", IBM, ("TIME_SERIES_DAILY", "compact")),
        (Interval.D1, "2025-11-01", IBM, ("TIME_SERIES_DAILY", "full")),
        (Interval.W1, "2001-01-01", IBM, ("TIME_SERIES_WEEKLY", None)),
        (Interval.MO1, "2001-01-01", IBM, ("TIME_SERIES_MONTHLY", None)),
        (Interval.D1, "2026-01-10", BTC, ("DIGITAL_CURRENCY_DAILY", None)),
        (Interval.W1, "2026-01-05", BTC, ("DIGITAL_CURRENCY_WEEKLY", None)),
        (Interval.M1, "2026-05-16", BTC, ("CRYPTO_INTRADAY", "full")),
    ],
)
def test_what_is_asked_for(
    interval: Interval, start: str, instrument: Instrument, expected: tuple[str, str | None]
) -> None:
    """The hundred days of the free plan where they reach, all days where they do not."""
    told = params(asked(interval, start, "2026-05-17", instrument))
    assert (told["function"], told.get("outputsize")) == expected
    if instrument is BTC:
        assert (told["symbol"], told["market"]) == ("BTC", "USD")


def test_a_coin_against_usdt_costs_no_call() -> None:
    """USDT is not USD, and there are 25 calls a day."""
    usdt = Instrument.pair("BTC", "USDT")
    assert PROVIDER.price is not None
    with pytest.raises(NotListed):
        BARS.ask(asked(Interval.D1, "2026-01-10", "2026-05-17", usdt))
    with pytest.raises(NotListed):
        PROVIDER.price.ask(usdt)


def test_a_bad_cell_costs_its_row() -> None:
    """The others are read; a minus is not lost on the way."""
    ask = asked(Interval.D1, "2026-05-11", "2026-05-17")
    body = csv(
        "2026-05-15,1,2,1,2,9",
        "2026-05-14,1,2,1,NaN,9",
        "2026-05-13,1,2,1,2,-9",
        "2026-02-30,1,2,1,2,9",
        "2026-05-12,1,2,1,,9",
    )
    sheet = BARS.read(Reply(200, body, received_at=ask.asked_at), ask)
    now = float(ask.asked_at)
    found = judge(sheet, ask, BARS.rules, looked_at=now, fetched_at=now).page
    assert found is not None
    assert found.series.ts.tolist() == [at("2026-05-15")]
    assert len(found.rejected) == 4


def test_a_header_alone_is_an_empty_range() -> None:
    """A month without a bar is answered for."""
    ask = asked(Interval.M1, "2026-04-01", "2026-05-01")
    found = page(csv(), ask)
    assert (len(found.series), found.covers) == (0, ask.range)


@pytest.mark.parametrize(
    "body",
    [
        b"timestamp,open,high,low,close,volume\r\n2026-05-15,1,2,1,2,9",
        b"timestamp,open,high,low,close\r\n2026-05-15,1,2,1,2\r\n",
        b"timestamp,open,high,low,close,volume\r\n2026-05-15,1,2,1\r\n",
        b"date,open\r\n2026-05-15,1\r\n",
        b'{"Meta Data":{}}',
        b'{"Meta Data":{},"Time Series (Daily)":[]}',
        b'{"Global Quote":{"05. price":"1"}}',
        b"[]",
        b"null",
    ],
)
def test_another_shape_is_never_an_empty_answer(body: bytes) -> None:
    """Nor is a table whose last line breaks off: its last number may have lost digits."""
    with pytest.raises(UNREADABLE):
        BARS.read(Reply(200, body), asked(Interval.D1, "2026-05-11", "2026-05-17"))
