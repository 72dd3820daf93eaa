"""Tickers that changed hands."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.renames import TENURES, has_changed, holder, ticker_at, tickers_in
from domain.timerange import TimeRange


def at(day: str) -> int:
    """The beginning of a day."""
    return int(datetime.fromisoformat(f"{day}T00:00Z").timestamp())


def test_meta_was_a_fund_before_it_was_the_company() -> None:
    """On 2022-01-03 and 2022-07-01 it means different instruments."""
    assert holder("META", at("2022-01-03")) == "METV"
    assert holder("META", at("2022-07-01")) == "META"
    assert holder("META", at("2022-06-08")) == "METV"
    assert holder("META", at("2022-06-09")) == "META"
    assert holder("META", at("2015-01-02")) == "META"
    assert holder("FB", at("2022-01-03")) == holder("FB", at("2024-01-03")) == "META"


@pytest.mark.parametrize(
    ("instrument", "day", "ticker"),
    [
        ("META", "2022-06-08", "FB"),
        ("META", "2022-06-09", "META"),
        ("META", "2000-01-01", "FB"),
        ("METV", "2022-01-03", "META"),
        ("METV", "2022-01-31", "METV"),
        ("XYZ", "2025-01-20", "SQ"),
        ("XYZ", "2025-01-21", "XYZ"),
        ("LUMN", "2020-09-17", "CTL"),
        ("LUMN", "2020-09-18", "LUMN"),
        ("ELV", "2004-12-01", "WLP"),
        ("ELV", "2014-12-02", "WLP"),
        ("ELV", "2014-12-03", "ANTM"),
        ("ELV", "2022-06-27", "ANTM"),
        ("ELV", "2022-06-28", "ELV"),
        ("RVTY", "2023-05-15", "PKI"),
        ("RVTY", "2023-05-16", "RVTY"),
        ("COR", "2023-08-29", "ABC"),
        ("COR", "2023-08-30", "COR"),
        ("AAPL", "2020-01-01", "AAPL"),
    ],
)
def test_an_instrument_had_one_ticker_at_a_time(instrument: str, day: str, ticker: str) -> None:
    """The one under which its trades of that day are found."""
    assert ticker_at(instrument, at(day)) == ticker


def test_a_range_is_cut_where_the_ticker_changes() -> None:
    """Each part has the ticker of its days; nothing is cut without a change."""
    span = TimeRange(at("2022-01-03"), at("2022-07-01"))
    edge = at("2022-06-09")
    assert tickers_in("META", span) == [
        ("FB", TimeRange(span.start, edge)),
        ("META", TimeRange(edge, span.end)),
    ]
    assert tickers_in("AAPL", span) == [("AAPL", span)]
    assert tickers_in("META", TimeRange(edge, span.end)) == [("META", TimeRange(edge, span.end))]


@given(st.integers(0, 2_000_000_000))
def test_no_ticker_means_two_instruments_at_once(moment: int) -> None:
    """The table does not contradict itself, and who had a ticker held it."""
    for ticker in {tenure.ticker for tenure in TENURES}:
        assert has_changed(ticker)
        held = [
            t
            for t in TENURES
            if t.ticker == ticker
            and t.valid_from <= moment
            and (t.valid_to is None or moment < t.valid_to)
        ]
        assert len(held) <= 1
        for tenure in held:
            assert holder(ticker, moment) == tenure.instrument
            assert ticker_at(tenure.instrument, moment) == ticker
