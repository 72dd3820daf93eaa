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


# Each with where its day of change was read. The day on which a first ticker was listed decides
# nothing: before it, there is no other name that is known.
TENURES: tuple[Tenure, ...] = (
    # etf.com/METV (FactSet): began on 30 June 2021, "prior to Jan. 31, 2022 [...] traded under the
    # ticker META".
    *_changed("META", "METV", "Roundhill Ball Metaverse ETF", "2021-06-30", "2022-01-31"),
    # Meta Platforms, 31 May 2022 (by Reuters): as META "prior to market open on June 9", as FB
    # since the IPO of 2012.
    *_changed("FB", "META", "Meta Platforms", "2012-05-18", "2022-06-09"),
    # Form 8-K of 27 November 2020 (0001193125-20-304586): "effective September 18, 2020, its
    # stock began trading under the ticker symbol LUMN". Public since 1978.
    *_changed("CTL", "LUMN", "Lumen Technologies", "1978-10-24", "2020-09-18"),
    # WellPoint's symbol since 1 December 2004 (another company's before) became ANTM on 3 December
    # 2014 (mcolblog.com, that day: "effective today").
    Tenure("WLP", "ELV", _day("2004-12-01"), _day("2014-12-03"), "Elevance Health"),
    # Form 10-K of 2022, note "Organization": "trading under our new ticker symbol ELV on June 28".
    *_changed("ANTM", "ELV", "Elevance Health", "2014-12-03", "2022-06-28"),
    # Lists of the members of the S&P 500 name 16 May 2023; Form 10-Q of 10 May is still of PKI,
    # that of August of RVTY.
    *_changed("PKI", "RVTY", "Revvity", "1999-10-26", "2023-05-16"),
    # investor.cencora.com, Investor FAQs: Cencora and COR since 30 August 2023.
    *_changed("ABC", "COR", "Cencora", "2001-08-30", "2023-08-30"),
    # investors.block.xyz, "Block Announces Ticker Symbol Change to XYZ": effective 21 January 2025.
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
