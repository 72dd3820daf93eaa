"""Trading dates, hours and closed slots, against what the exchanges did."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import session_table
from domain.interval import Interval
from domain.session_overrides import OVERRIDES, Override
from domain.sessions import ALWAYS, Calendar, Session, calendar_named, calendar_of
from domain.timerange import RangeSet, TimeRange

HOUR, DAY = 3600, 86_400
XNYS, GLOBEX = calendar_named("XNYS"), calendar_named("GLOBEX")
CLOSING = tuple(i for i in Interval if i.seconds <= DAY)
calendars = st.sampled_from((XNYS, GLOBEX, ALWAYS))
intervals = st.sampled_from(tuple(Interval))


def at(text: str) -> int:
    """Unix seconds of an ISO time in UTC."""
    return int(dt.datetime.fromisoformat(f"{text}+00:00").timestamp())


def day(text: str, calendar: Calendar = XNYS) -> Session:
    """The session of a trading date."""
    session = calendar.on(dt.date.fromisoformat(text))
    assert session is not None
    return session


@st.composite
def spans(draw: st.DrawFn, interval: Interval) -> TimeRange:
    """Aligned, up to 3000 slots, around and beyond the years of the tables."""
    start = interval.ceil(draw(st.integers(0, at("2037-06-01T00:00"))))
    return TimeRange(start, interval.shift(start, draw(st.integers(1, 3000))))


def test_new_york_in_2023() -> None:
    """250 sessions and 97,140 minutes of trading."""
    sessions = [s for s in XNYS.all() if s.date.year == 2023]
    assert len(sessions) == 250
    assert sum(s.close - s.open for s in sessions) == 97_140 * 60


def test_new_york_opens_an_hour_earlier_in_utc_after_the_clocks_change() -> None:
    """Friday in winter, Monday in summer."""
    assert day("2023-03-10").open == at("2023-03-10T14:30")
    assert day("2023-03-13").open == at("2023-03-13T13:30")
    assert day("2023-03-13").close == at("2023-03-13T20:00")


@pytest.mark.parametrize(
    ("date", "close"),
    [
        ("2018-12-24", "2018-12-24T18:00"),
        ("2023-07-03", "2023-07-03T17:00"),
        ("2024-11-29", "2024-11-29T18:00"),
    ],
)
def test_new_york_closes_early(date: str, close: str) -> None:
    """At one in the afternoon; the tape runs for four hours more, from four in the morning."""
    session = day(date)
    assert session.close == at(close)
    assert session.last == session.close + 4 * HOUR
    assert session.first == session.open - 11 * HOUR // 2


@pytest.mark.parametrize(
    "date",
    [
        *("2025-01-09", "2018-12-05", "2012-10-29", "2012-10-30", "2001-09-11", "2001-09-14"),
        *("2021-06-20", "2022-06-20", "2024-03-29", "1985-09-27", "1970-01-01", "2023-03-11"),
    ],
)
def test_new_york_stays_closed(date: str) -> None:
    """Mourning, storms, attacks, holidays, weekends."""
    assert XNYS.on(dt.date.fromisoformat(date)) is None


@pytest.mark.parametrize("date", ["2021-06-18", "2008-12-26", "2021-12-31", "2024-12-24"])
def test_new_york_trades_where_one_might_doubt_it(date: str) -> None:
    """Juneteenth was no holiday yet; no session is moved before a New Year on a Saturday."""
    assert XNYS.on(dt.date.fromisoformat(date)) is not None


def test_dates_outside_of_the_table_have_no_session() -> None:
    """A date before the first and one after the last."""
    assert XNYS.on(dt.date(1969, 12, 31)) is None
    assert XNYS.on(dt.date(2036, 1, 2)) is None


def test_globex_trades_for_23_hours_from_the_evening_before() -> None:
    """Monday begins on Sunday at 17:00 in Chicago and ends at 16:00."""
    monday = day("2024-02-05", GLOBEX)
    assert (monday.open, monday.close) == (at("2024-02-04T23:00"), at("2024-02-05T22:00"))
    assert (monday.first, monday.last) == (monday.open, monday.close)


def test_globex_rests_for_an_hour_a_day_and_from_friday_to_sunday() -> None:
    """The hour after 16:00 in Chicago, and forty-nine hours."""
    week = TimeRange(at("2024-02-08T00:00"), at("2024-02-12T00:00"))
    assert GLOBEX.closed(Interval.M1, week) == RangeSet(
        (
            TimeRange(at("2024-02-08T22:00"), at("2024-02-08T23:00")),
            TimeRange(at("2024-02-09T22:00"), at("2024-02-11T23:00")),
        )
    )


def test_globex_had_no_common_daily_break_before_september_2015() -> None:
    """What was closed then differed between products: nothing is claimed."""
    night = TimeRange(at("2015-06-10T20:00"), at("2015-06-11T00:00"))
    assert not GLOBEX.closed(Interval.M1, night)


def test_globex_closes_before_a_holiday_later_than_the_table_says() -> None:
    """Thanksgiving: noon for equity indices, an hour and three quarters later for the last."""
    thanksgiving = day("2023-11-23", GLOBEX)
    assert thanksgiving.close == at("2023-11-23T18:00")
    assert thanksgiving.last == at("2023-11-23T19:45")


@pytest.mark.parametrize("override", OVERRIDES, ids=lambda o: f"{o.calendar}-{o.day}")
def test_an_override_replaces_the_table_and_names_its_source(override: Override) -> None:
    """What the table has as a holiday is a session here, or the other way round."""
    table = {"XNYS": session_table.XNYS, "GLOBEX": session_table.GLOBEX}[override.calendar]
    year = next(line for line in table if line.startswith(override.day[:4]))
    listed = override.day[5:].replace("-", "") in year.split()
    session = calendar_named(override.calendar).on(dt.date.fromisoformat(override.day))
    assert listed == (session is not None) == (override.closes is not None)
    assert "CME" in override.source


def test_globex_traded_on_good_friday_2023() -> None:
    """The jobs report came out: currencies and rates traded until 10:15 in Chicago."""
    assert day("2023-04-07", GLOBEX).close == at("2023-04-07T15:15")
    assert GLOBEX.on(dt.date(2024, 3, 29)) is None


@pytest.mark.parametrize(
    ("instrument", "name"),
    [
        *(("AAPL", "XNYS"), ("BRK.B", "XNYS"), ("F", "XNYS"), ("ESZ2025", "GLOBEX")),
        *(("CLF2027", "GLOBEX"), ("BTC-USDT", "ALWAYS"), ("BTCZ2026", "ALWAYS")),
        *(("VOD.L", "ALWAYS"), ("SAP.DE", "ALWAYS"), ("7203.T", "ALWAYS")),
    ],
)
def test_every_instrument_has_the_calendar_of_its_market(instrument: str, name: str) -> None:
    """Shares of other countries and what trades on coins is never known to be closed."""
    assert calendar_of(instrument).name == name


def test_a_weekend_of_minutes_is_closed_from_evening_to_early_morning() -> None:
    """From 20:00 on Friday to 04:00 on Monday in New York, over the change of clocks."""
    span = TimeRange(at("2023-03-10T15:00"), at("2023-03-13T15:00"))
    assert XNYS.closed(Interval.M1, span) == RangeSet(
        (TimeRange(at("2023-03-11T01:00"), at("2023-03-13T08:00")),)
    )


def test_a_slot_that_touches_the_hours_is_open() -> None:
    """Four hours from 00:00 UTC in winter hold the last hour of the evening in New York."""
    span = TimeRange(at("2023-03-11T00:00"), at("2023-03-12T00:00"))
    assert XNYS.closed(Interval.H4, span).ranges[0].start == at("2023-03-11T04:00")


def test_days_are_closed_by_their_date() -> None:
    """The mourning of 9 January 2025 and the weekend behind it."""
    span = TimeRange(at("2025-01-08T00:00"), at("2025-01-14T00:00"))
    assert XNYS.closed(Interval.D1, span) == RangeSet(
        (
            TimeRange(at("2025-01-09T00:00"), at("2025-01-10T00:00")),
            TimeRange(at("2025-01-11T00:00"), at("2025-01-13T00:00")),
        )
    )


@pytest.mark.parametrize("interval", [Interval.W1, Interval.MO1])
def test_weeks_and_months_are_never_closed(interval: Interval) -> None:
    """Not even the week of September 2001 with four days without trading."""
    span = TimeRange(at("2001-08-01T00:00"), at("2001-11-01T00:00"))
    assert not XNYS.closed(interval, span)
    assert XNYS.shift(interval, interval.ceil(span.start), 2) == interval.shift(
        interval.ceil(span.start), 2
    )


def test_500_minutes_before_monday_noon_reach_back_to_friday() -> None:
    """Eight hours of this morning, and twenty minutes of Friday evening."""
    noon = at("2024-02-05T17:00")
    assert XNYS.shift(Interval.M1, noon, -500) == at("2024-02-03T00:40")


@given(calendars, intervals, st.data())
def test_closed_slots_are_the_complement_of_the_open_ones(
    calendar: Calendar, interval: Interval, data: st.DataObject
) -> None:
    """They are whole slots within the range, and with the open ones they fill it."""
    span = data.draw(spans(interval))
    closed = calendar.closed(interval, span)
    assert RangeSet.of(closed) == closed
    assert not closed.subtract(RangeSet((span,)))
    assert all(interval.is_aligned(r.start) and interval.is_aligned(r.end) for r in closed)
    shut = sum(interval.count(r.start, r.end) for r in closed)
    assert shut + calendar.count(interval, span) == interval.count(span.start, span.end)
    assert calendar.is_closed(interval, span) == (closed.ranges == (span,))


@given(st.sampled_from((XNYS, GLOBEX)), st.sampled_from(CLOSING), st.data())
def test_a_slot_is_closed_if_and_only_if_no_session_touches_it(
    calendar: Calendar, interval: Interval, data: st.DataObject
) -> None:
    """Looked at slot by slot in the years that the calendar knows."""
    start = interval.ceil(data.draw(st.integers(at("2000-01-03T00:00"), at("2035-11-01T00:00"))))
    span = TimeRange(start, interval.shift(start, data.draw(st.integers(1, 50))))
    closed = calendar.closed(interval, span)
    near = [s for s in calendar.all() if abs(s.open - start) < 90 * DAY]
    for opened in interval.grid(span.start, span.end).tolist():
        slot = TimeRange(opened, interval.close(opened))
        if interval is Interval.D1:
            touched = any(at(f"{s.date}T00:00") == opened for s in near)
        else:
            touched = any(TimeRange(s.first, s.last).overlaps(slot) for s in near)
        assert touched != bool(closed.intersect(RangeSet((slot,))))


@given(
    calendar=calendars,
    interval=intervals,
    data=st.data(),
    slots=st.integers(1, 2000),
    back=st.booleans(),
    regular=st.booleans(),
)
def test_a_shift_passes_so_many_open_slots_and_no_more(
    calendar: Calendar,
    interval: Interval,
    data: st.DataObject,
    slots: int,
    *,
    back: bool,
    regular: bool,
) -> None:
    """Forwards or backwards: the count between is exact, and without the farthest one less."""
    ts = interval.ceil(data.draw(st.integers(at("1990-01-01T00:00"), at("2036-06-01T00:00"))))
    there = calendar.shift(interval, ts, -slots if back else slots, regular=regular)
    if there <= 0:
        return
    span = TimeRange(there, ts) if back else TimeRange(ts, there)
    assert calendar.count(interval, span, regular=regular) == slots
    inner = (interval.shift(there, 1), ts) if back else (ts, interval.shift(there, -1))
    if inner[0] < inner[1]:
        assert calendar.count(interval, TimeRange(*inner), regular=regular) == slots - 1


@pytest.mark.parametrize("calendar", [XNYS, GLOBEX], ids=lambda c: c.name)
def test_sessions_ascend_without_touching_and_regular_ones_lie_within_the_widest(
    calendar: Calendar,
) -> None:
    """For every trading date of the table."""
    assert (calendar.last[:-1] <= calendar.first[1:]).all()
    assert (calendar.first <= calendar.opens).all()
    assert (calendar.opens < calendar.closes).all()
    assert (calendar.closes <= calendar.last).all()
    assert (calendar.days[:-1] < calendar.days[1:]).all()


def test_what_the_table_does_not_reach_may_be_open() -> None:
    """A Sunday of 2040, and one of 1999 for futures."""
    for calendar, sunday in ((XNYS, "2040-01-01"), (GLOBEX, "1999-01-03")):
        start = at(f"{sunday}T00:00")
        assert not calendar.closed(Interval.M5, TimeRange(start, start + DAY))


def test_the_eve_is_the_last_session_that_was_over() -> None:
    """On Monday morning that is Friday's, in whole slots; before all sessions there is none."""
    monday = at("2024-02-05T14:30")
    friday = TimeRange(at("2024-02-02T09:00"), at("2024-02-03T01:00"))
    assert XNYS.eve(Interval.M1, monday) == friday
    assert XNYS.eve(Interval.D1, at("2024-02-05T00:00")) == TimeRange(
        at("2024-02-02T00:00"), at("2024-02-03T00:00")
    )
    assert XNYS.eve(Interval.M1, at("1970-01-01T00:00")) is None
    assert ALWAYS.eve(Interval.M1, monday) is None
