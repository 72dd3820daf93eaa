"""When a synthetic market is open.

Crypto always, but for outages. Stocks in the regular sessions of New York, holidays and early
closes included. Futures around the clock on weekdays that are no fixed-date holiday but for the
hour after 16:00 Chicago time (moving holidays are left out: the data is synthetic).
"""

import datetime as dt
from functools import lru_cache

import numpy as np

from adapters_in.simulator.assets import Asset, Hours
from adapters_in.simulator.noise import Floats, Ints
from domain.sessions import calendar_named

DAY = 86_400
WEEK = 7 * DAY
_HOUR = 3600
# Binance wrote no bars in this hour: every crypto pair here has the same hole.
_GREAT_OUTAGE = (1_606_716_000, 1_606_719_600)  # 2020-11-30 06:00 to 07:00
_SUNDAY_OUTAGE = 3 * DAY + 3 * _HOUR  # 1970-01-04 03:00, the first Sunday after the epoch
_OUTAGE_S = 2 * _HOUR
_HOLIDAYS = ((1, 1), (7, 4), (12, 25))


def open_share(asset: Asset, start: Ints, length: int) -> Floats:
    """The share (0..1) of each ``[start, start + length)`` in which the asset can trade.

    ``length`` is at most a day and no range may cross midnight UTC.
    """
    end = start + length
    if asset.hours is Hours.ALWAYS:
        seconds = float(length) - _outage_seconds(asset, start, end)
    elif asset.hours is Hours.NEW_YORK:
        seconds = _new_york_seconds(start, end)
    else:
        seconds = _globex_seconds(start, end)
    listed = end > asset.listed
    if np.any(start < asset.listed):
        seconds = np.where(listed, np.minimum(seconds, end - asset.listed), 0.0)
    if asset.expires is not None and np.any(end > asset.expires):
        left = np.maximum(asset.expires - start, 0)
        seconds = np.minimum(seconds, left.astype(np.float64))
    share: Floats = np.asarray(seconds, dtype=np.float64) / length
    return share


def new_york_midnight(day: Ints) -> Ints:
    """Unix seconds of 00:00 in New York on days given by their 00:00 UTC."""
    midnight: Ints = day + np.where(_is_summer(day // DAY), 4, 5) * _HOUR
    return midnight


def _overlap(start: Ints, end: Ints, opened: Ints | int, closed: Ints | int) -> Floats:
    shared = np.minimum(end, closed) - np.maximum(start, opened)
    seconds: Floats = np.maximum(shared, 0).astype(np.float64)
    return seconds


def _outage_seconds(asset: Asset, start: Ints, end: Ints) -> Floats:
    lost = _overlap(start, end, *_GREAT_OUTAGE)
    if asset.outages:
        opened = start - (start - _SUNDAY_OUTAGE) % WEEK  # of the week that start lies in
        lost += _overlap(start, end, opened, opened + _OUTAGE_S)
        lost += _overlap(start, end, opened + WEEK, opened + WEEK + _OUTAGE_S)
    return lost


def _new_york_seconds(start: Ints, end: Ints) -> Floats:
    """Of the regular session, which lies within one day of UTC; none after 2035."""
    calendar = calendar_named("XNYS")
    nearest = np.searchsorted(calendar.closes, start, side="right")
    at = np.minimum(nearest, len(calendar.closes) - 1)
    return _overlap(start, end, calendar.opens[at], calendar.closes[at])


def _globex_seconds(start: Ints, end: Ints) -> Floats:
    day = start // DAY
    four_pm = day * DAY + np.where(_is_summer(day), 21, 22) * _HOUR  # 16:00 in Chicago
    seconds = (end - start) - _overlap(start, end, four_pm, four_pm + _HOUR)
    return np.where(_is_business_day(day), seconds, 0.0)


def _is_business_day(day: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
    dates = day.astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    month_of_year = month.astype(np.int64) % 12 + 1
    day_of_month = (dates - month).astype(np.int64) + 1
    holiday = np.zeros(len(day), dtype=np.bool_)
    for m, d in _HOLIDAYS:
        holiday |= (month_of_year == m) & (day_of_month == d)
    return (weekday < 5) & ~holiday  # noqa: PLR2004  # Saturday is 5


def _is_summer(day: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Daylight saving time by the rule in force since 2007."""
    years = day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    summer = np.zeros(len(day), dtype=np.bool_)
    for year in range(int(years.min()), int(years.max()) + 1) if len(day) else ():
        opened, closed = _summer_of(year)
        summer |= (day >= opened) & (day < closed)
    return summer


@lru_cache(maxsize=128)
def _summer_of(year: int) -> tuple[int, int]:
    """Second Sunday of March to first Sunday of November, as days since the epoch."""
    march, november = dt.date(year, 3, 8), dt.date(year, 11, 1)
    epoch = dt.date(1970, 1, 1).toordinal()
    return (
        march.toordinal() + (6 - march.weekday()) % 7 - epoch,
        november.toordinal() + (6 - november.weekday()) % 7 - epoch,
    )
