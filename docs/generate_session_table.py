"""Write domain/session_table.py from exchange-calendars, and check what we make of it.

Run it once a year, and when an authority announces a closure:

    python -m venv /tmp/calendars && /tmp/calendars/bin/pip install exchange-calendars numpy msgspec
    PYTHONPATH=. /tmp/calendars/bin/python docs/generate_session_table.py

Exchange-calendars costs 1.8 s and 120 MB at import, so it is neither needed to run nor to test
the service. What it has wrong is put right in domain/session_overrides.py, not here.
"""

# ruff: noqa: INP001, T201 - a script is no package and talks to whoever runs it
import datetime as dt
import importlib
from collections.abc import Iterator
from pathlib import Path

import exchange_calendars
import numpy as np

from domain import session_table
from domain.session_overrides import OVERRIDES

Hours = tuple[dt.datetime, dt.datetime]

LAST_YEAR = 2035
SATURDAY = 5
BREAK_SINCE = dt.date(2015, 9, 21)  # of Globex, at 16:00: exchange-calendars knows of none
# our name, theirs, first year, usual open and close (local)
CALENDARS = (
    ("XNYS", "XNYS", 1970, "0930", "1600"),
    ("GLOBEX", "CMES", 2000, "1700", "1700"),
)
HEAD = '''"""Days on which markets are closed or close early: generated, do not edit.

Written by docs/generate_session_table.py from exchange-calendars {version}. One line a year:
weekdays without a session as MMDD, early closes as MMDD-HH or MMDD-HHMM, local to the exchange.
All other weekdays have the usual hours. Corrections belong into domain/session_overrides.py.
"""
'''


def schedule(theirs: str, first: int) -> dict[dt.date, Hours]:
    """Their sessions, with opens and closes in local time."""
    calendar = exchange_calendars.get_calendar(
        theirs, start=f"{first}-01-01", end=f"{LAST_YEAR}-12-31"
    )
    return {
        day.date(): (row.open.tz_convert(calendar.tz), row.close.tz_convert(calendar.tz))
        for day, row in calendar.schedule[["open", "close"]].iterrows()
    }


def line(year: int, known: dict[dt.date, Hours], closes: str) -> str:
    """The exceptions of a year."""
    words = [str(year)]
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    for day in days[np.is_busday(days)].tolist():
        if day not in known:
            words.append(f"{day:%m%d}")
        elif f"{known[day][1]:%H%M}" != closes:
            words.append(f"{day:%m%d}-{known[day][1]:%H%M}".removesuffix("00"))
    return " ".join(words)


def lines(theirs: str, first: int, opens: str, closes: str) -> Iterator[str]:
    """The exceptions of every year.

    Raises:
        ValueError: there is one that the table has no words for.
    """
    known = schedule(theirs, first)
    for day, (opened, _) in known.items():
        if day.weekday() >= SATURDAY or f"{opened:%H%M}" != opens:
            raise ValueError(f"{theirs} opens unusually on {day}: the table cannot say so.")
    return (line(year, known, closes) for year in range(first, LAST_YEAR + 1))


def written() -> str:
    """The module as text."""
    parts = [HEAD.format(version=exchange_calendars.__version__)]
    for ours, theirs, first, opens, closes in CALENDARS:
        body = "".join(f'    "{text}",\n' for text in lines(theirs, first, opens, closes))
        parts.append(f"\n{ours} = (\n{body})\n")
    return "".join(parts)


def check(ours: str, theirs: dict[dt.date, Hours]) -> int:
    """Compare our sessions with theirs to the second, but for the overrides.

    Raises:
        ValueError: they differ.
    """
    calendar = importlib.import_module("domain.sessions").calendar_named(ours)
    put_right = {o.day for o in OVERRIDES if o.calendar == ours}
    mine = {s.date: (s.open, s.close) for s in calendar.all() if str(s.date) not in put_right}
    expected = {
        day: (int(hours[0].timestamp()), int(hours[1].timestamp()) - shortened(ours, day, hours[1]))
        for day, hours in theirs.items()
        if str(day) not in put_right
    }
    if mine != expected:
        days = sorted(day for day, _ in mine.items() ^ expected.items())
        raise ValueError(f"{ours} and they differ, first on {days[0]}.")
    return len(mine)


def shortened(ours: str, day: dt.date, closed: dt.datetime) -> int:
    """By how many seconds the daily break shortens their session."""
    usual = closed.time() == dt.time(17)
    return 3600 if ours == "GLOBEX" and usual and day >= BREAK_SINCE else 0


if __name__ == "__main__":
    Path(session_table.__file__).write_text(written())
    importlib.reload(session_table)
    for name, source, since, _, _ in CALENDARS:
        print(f"{name}: {check(name, schedule(source, since))} sessions agree")
