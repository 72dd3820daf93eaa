"""CoinGecko's paid plans: hours and days of any range, read by their closes."""

import json
from pathlib import Path

import pytest

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.providers.coingecko import PROVIDER
from domain.errors import NotListed, RangeUnavailable
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage, Window
from domain.timerange import TimeRange
from tests.providers.reading import page_of

PRO = PROVIDER.on_plan("pro", has_key=True)
assert PRO.bars is not None
BARS = PRO.bars
BTC = Instrument.pair("BTC", "USD")
DAY, HOUR = 86_400, 3600
# The example of the documentation of /coins/{id}/ohlc/range: from 2025-12-01, days.
EXAMPLE = (
    b"[[1764547200000,90832.0,91905.0,90406.0,90406.0],"
    b"[1764633600000,90360.0,90360.0,83989.0,86281.0]]"
)
NOVEMBER_30 = 1_764_460_800


def ask(interval: Interval, start: int, end: int, *, forming: bool = False) -> BarsAsk:
    """A question about bitcoin."""
    return BarsAsk(BTC, interval, TimeRange(start, end), forming=forming)


def page(body: bytes, question: BarsAsk, now: float = 2e9) -> BarsPage:
    """The page that a body makes."""
    return page_of(PRO, body, question, now)


def test_what_a_paid_plan_offers() -> None:
    """Hours and days; four hours are put together, half hours are those of a day."""
    assert set(PRO.capabilities.intervals) == {Interval.M30, Interval.H1, Interval.D1}
    assert PRO.capabilities.source(Interval.H4) is Interval.H1
    assert PRO.capabilities.reaches(Interval.D1, 1_600_000_000, 2e9)
    assert not PRO.capabilities.reaches(Interval.M30, 1_600_000_000, 2e9)


def test_the_documented_days_are_those_before_their_stamps() -> None:
    """A candle that closes on the first of December is the thirtieth of November."""
    found = page(EXAMPLE, ask(Interval.D1, NOVEMBER_30, NOVEMBER_30 + 2 * DAY))
    assert [(b.ts, b.open, b.high, b.low, b.close) for b in found.series] == [
        (NOVEMBER_30, 90832.0, 91905.0, 90406.0, 90406.0),
        (NOVEMBER_30 + DAY, 90360.0, 90360.0, 83989.0, 86281.0),
    ]
    assert found.covers == TimeRange(NOVEMBER_30, NOVEMBER_30 + 2 * DAY)
    with pytest.raises(Unreadable, match="not of 1h"):
        page(EXAMPLE, ask(Interval.H1, NOVEMBER_30, NOVEMBER_30 + 2 * DAY))


@pytest.mark.parametrize(
    ("interval", "spelled", "most"), [(Interval.H1, "hourly", 744), (Interval.D1, "daily", 180)]
)
@pytest.mark.parametrize("forming", [True, False])
def test_a_range_is_asked_in_pages_that_are_allowed(
    interval: Interval, spelled: str, most: int, *, forming: bool
) -> None:
    """Told by closes, both ends inclusive: one candle more than bars, and never too many."""
    start = NOVEMBER_30
    whole = ask(interval, start, start + 5000 * interval.seconds, forming=forming)
    span = BARS.page(whole)
    assert (span.end - span.start) // interval.seconds == most - 1 - forming
    call = BARS.ask(ask(interval, start, start + 2 * interval.seconds))
    end = {"hourly": "2025-11-30T02:00", "daily": "2025-12-02T00:00"}[spelled]
    params: dict[str, str | int] = {"vs_currency": "usd", "from": "2025-11-30T00:00", "to": end}
    assert call == Call("/coins/bitcoin/ohlc/range", {**params, "interval": spelled})


def test_half_hours_are_those_of_the_demo_plan() -> None:
    """They are asked and read as there."""
    assert PROVIDER.bars is not None
    question = ask(Interval.M30, NOVEMBER_30, NOVEMBER_30 + HOUR)
    assert BARS.ask(question) == PROVIDER.bars.ask(question)
    assert BARS.page(question) == question.range
    rows = json.dumps([[(NOVEMBER_30 + 1800 * k) * 1000, 2, 2, 1, 1] for k in (1, 2, 3)]).encode()
    assert page(rows, question).series.ts.tolist() == [NOVEMBER_30, NOVEMBER_30 + 1800]


def test_what_closed_a_moment_ago_is_not_final() -> None:
    """It may have been read while it ran: a day is told 35 minutes after its end."""
    question = ask(Interval.D1, NOVEMBER_30, NOVEMBER_30 + 2 * DAY)
    closed = NOVEMBER_30 + 2 * DAY
    early, late = (page(EXAMPLE, question, closed + after) for after in (34 * 60, 35 * 60))
    assert early.series.ts.tolist() == [NOVEMBER_30]
    assert early.published == NOVEMBER_30 + DAY
    assert late.series.ts.tolist() == [NOVEMBER_30, NOVEMBER_30 + DAY]


def test_nothing_is_kept_from_before_february_2018() -> None:
    """No call is wasted on it, and an empty beginning is not told to be empty."""
    first = 1_518_147_224
    with pytest.raises(RangeUnavailable, match="since 9 February 2018"):
        BARS.ask(ask(Interval.D1, 1_500_000_000 // DAY * DAY, first // DAY * DAY))
    start = first // DAY * DAY - 5 * DAY
    found = page(b"[]", ask(Interval.D1, start, start + 10 * DAY))
    assert found.covers == TimeRange(start + 6 * DAY, start + 10 * DAY)


def test_a_stable_coin_is_no_dollar_here_either() -> None:
    """Nothing is asked."""
    pair = Instrument.pair("BTC", "USDT")
    with pytest.raises(NotListed):
        BARS.ask(BarsAsk(pair, Interval.H1, TimeRange(NOVEMBER_30, NOVEMBER_30 + DAY)))


@pytest.mark.recordings
def test_the_key_tells_what_its_plan_grants(recordings: Path) -> None:
    """A thousand a minute and a million a month; there are several paid plans, and one demo."""
    body = (recordings / "coingecko" / "key__1.json").read_bytes()
    month = 31 * DAY
    assert PRO.limits(Reply(200, body)) == (Window(1000, 60), Window(1_000_000, month))
    assert PRO.limits(Reply(200, b"{}")) == ()
    assert PRO.account == Call("/key", weight=0)
    assert PROVIDER.account is None
