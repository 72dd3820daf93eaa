"""Our indicators agree with those that Alpha Vantage computes over the same bars."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.indicators import rsi

PERIOD = 10


@pytest.mark.parametrize(
    ("first", "last"),
    [(date(2025, 12, 22), date(2026, 2, 9)), (date(2026, 2, 16), date(2026, 5, 4))],
)
def test_the_recorded_weekly_rsi_follows_from_the_recorded_days(
    recordings: Path, first: date, last: date
) -> None:
    """IBM's weekly opens and Wilder's smoothing give the same index, week after week.

    The recordings hold twenty weeks of days and the index since 1999, so the smoothed gains and
    losses before a stretch of weeks are known but for their common scale. Its first move gives
    that; all later weeks must then come out to the rounding of the recorded index. Alpha Vantage
    takes prices adjusted for dividends, so the stretches lie between the ex-days of February and
    May.
    """
    opens = _weekly_opens(recordings / "alpha_vantage" / "daily__1.csv")
    told = _told(recordings / "alpha_vantage" / "rsi__1.csv")
    weeks = sorted(week for week in set(opens) & set(told) if first <= week <= last)
    assert len(weeks) >= 8
    prices = [opens[week] for week in weeks]
    gain, loss = _scaled(told[weeks[0]], told[weeks[1]], prices[1] - prices[0])
    ours = rsi(np.array([*_history(gain, loss, prices[0]), *prices[1:]]), PERIOD)
    assert ours[PERIOD:].tolist() == pytest.approx([told[week] for week in weeks], abs=0.01)


def _history(gain: float, loss: float, price: float) -> list[float]:
    """Eleven prices that end at this one and whose ten moves have these mean gains and losses."""
    low = price - PERIOD * (gain - loss)
    return [low, low + PERIOD * gain, *[price] * (PERIOD - 1)]


def _scaled(before: float, after: float, move: float) -> tuple[float, float]:
    """The averages before a move, from the index before and after it.

    With s their sum and r, q the two shares: (9 s r + up) / (9 s + |move|) = q.
    """
    share, then = before / 100, after / 100
    up = max(move, 0.0)
    total = (up - then * abs(move)) / ((PERIOD - 1) * (then - share))
    return total * share, total * (1 - share)


def _week(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _weekly_opens(path: Path) -> dict[date, float]:
    """The open of the first day of each week, by its Monday; the first may have begun before."""
    found: dict[date, float] = {}
    with path.open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["timestamp"])
    for row in rows:
        day = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC).date()
        found.setdefault(_week(day), float(row["open"]))
    return found


def _told(path: Path) -> dict[date, float]:
    with path.open(newline="") as file:
        return {
            _week(datetime.fromisoformat(row["time"]).replace(tzinfo=UTC).date()): float(row["RSI"])
            for row in csv.DictReader(file)
        }
