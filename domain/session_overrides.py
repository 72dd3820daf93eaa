"""Where the session table is wrong, and who says so.

Authorities disagree, and the library behind the table has one calendar for all that trades on
Globex. An override replaces the table's word about one trading date.
"""

from msgspec import Struct


class Override(Struct, frozen=True):
    """The session of ``day`` (ISO date of the trading date) ends at ``closes`` (local HHMM).

    Empty means at the usual time, None that there is no session at all.
    """

    calendar: str
    day: str
    closes: str | None
    source: str


_JOBS = "CME Group holiday hours: on a Good Friday with a US employment report Globex opens, \
equity indices until 08:15 and interest rates and currencies until 10:15 Chicago time"
_MOURNING = "CME Group notice: national day of mourning, only equity indices and interest rates \
close early, the other products trade as usual"

OVERRIDES: tuple[Override, ...] = (
    Override("GLOBEX", "2004-06-11", "", _MOURNING),
    Override("GLOBEX", "2007-01-02", "", _MOURNING),
    Override("GLOBEX", "2018-12-05", "", _MOURNING),
    Override("GLOBEX", "2025-01-09", "", _MOURNING),
    Override("GLOBEX", "2007-04-06", "1015", _JOBS),
    Override("GLOBEX", "2010-04-02", "1015", _JOBS),
    Override("GLOBEX", "2012-04-06", "1015", _JOBS),
    Override("GLOBEX", "2015-04-03", "1015", _JOBS),
    Override("GLOBEX", "2021-04-02", "1015", _JOBS),
    Override("GLOBEX", "2023-04-07", "1015", _JOBS),
    Override("GLOBEX", "2026-04-03", "1015", _JOBS),
)
