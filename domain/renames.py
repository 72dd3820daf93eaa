"""Tickers that changed hands: which instrument a ticker meant when.

An instrument is the company or fund and keeps one id through every change of name: the ticker
that it has now. Providers differ: some name a history by the ticker of today (Yahoo, EODHD), some
every day by the ticker of that day (Polygon). A ticker without an entry here means itself at all
times, unless a provider's stored list knows better.
"""

import calendar
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from domain.timerange import TimeRange


class Tenure(Struct, frozen=True):
    """``ticker`` meant ``instrument`` in ``[valid_from, valid_to)`` (Unix s; None: until now)."""

    ticker: str
    instrument: str
    valid_from: int
    valid_to: int | None
    name: str


def _day(text: str) -> int:
    year, month, day = map(int, text.split("-"))
    return calendar.timegm((year, month, day, 0, 0, 0))


def _changed(old: str, new: str, name: str, listed: str, changed: str) -> tuple[Tenure, Tenure]:
    """One instrument under two tickers; days in New York, whose markets open later in UTC."""
    day = _day(changed)
    return (
        Tenure(old, new, _day(listed), day, name),
        Tenure(new, new, day, None, name),
    )


# From the announcements of the companies, the fund and their exchanges.
TENURES: tuple[Tenure, ...] = (
    # Roundhill Investments, January 2022: the fund gives up META on the 31st.
    *_changed("META", "METV", "Roundhill Ball Metaverse ETF", "2021-06-30", "2022-01-31"),
    # Meta Platforms, 31 May 2022: trades as META from 9 June.
    *_changed("FB", "META", "Meta Platforms", "2012-05-18", "2022-06-09"),
    # CenturyLink, September 2020; Anthem, June 2022; PerkinElmer, May 2023;
    # AmerisourceBergen, August 2023; Block, January 2025.
    *_changed("CTL", "LUMN", "Lumen Technologies", "1978-10-24", "2020-09-18"),
    *_changed("ANTM", "ELV", "Elevance Health", "2014-12-03", "2022-06-28"),
    *_changed("PKI", "RVTY", "Revvity", "1999-10-26", "2023-05-16"),
    *_changed("ABC", "COR", "Cencora", "2001-08-30", "2023-08-30"),
    *_changed("SQ", "XYZ", "Block", "2015-11-19", "2025-01-21"),
)


def has_changed(ticker: str) -> bool:
    """Whether the ticker has changed hands or name."""
    return any(tenure.ticker == ticker for tenure in TENURES)


def holder(ticker: str, at: float) -> str:
    """The instrument that the ticker meant at ``at`` (Unix s): who held it then, or held it last.

    Before anybody held it, the instrument that has it now: its history is older than its name.
    """
    held = sorted((t for t in TENURES if t.ticker == ticker), key=lambda t: t.valid_from)
    begun = [tenure for tenure in held if tenure.valid_from <= at]
    if begun:
        return begun[-1].instrument
    return held[-1].instrument if held else ticker


def ticker_at(instrument: str, at: float) -> str:
    """Under which ticker the instrument traded at ``at`` (Unix s)."""
    names = [t for t in TENURES if t.instrument == instrument and t.valid_from <= at]
    return max(names, key=lambda t: t.valid_from).ticker if names else _first(instrument)


def tickers_in(instrument: str, span: TimeRange) -> Sequence[tuple[str, TimeRange]]:
    """The tickers of the instrument through the span, each with its part, ascending."""
    # The first ticker has no predecessor: before it began there was nothing, under its name.
    tenures = sorted(t.valid_from for t in TENURES if t.instrument == instrument)
    changes = tenures[1:]
    inner = sorted({t for t in changes if span.start < t < span.end})
    return [
        (ticker_at(instrument, start), TimeRange(start, end))
        for start, end in pairwise((span.start, *inner, span.end))
    ]


def _first(instrument: str) -> str:
    """The name before every change that we know of."""
    names = [t for t in TENURES if t.instrument == instrument]
    return min(names, key=lambda t: t.valid_from).ticker if names else instrument
