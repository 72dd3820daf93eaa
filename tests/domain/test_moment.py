"""Moments as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidRequest
from domain.moment import LATEST, iso, parse_micros, parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("1732646400", 1_732_646_400),
        ("2024-11-26T18:40:00Z", 1_732_646_400),
        ("2024-11-26t18:40:00z", 1_732_646_400),
        ("2024-11-26 18:40", 1_732_646_400),
        ("2024-11-26T19:40:00+01:00", 1_732_646_400),
        ("2024-11-26", 1_732_579_200),
    ],
)
def test_reads_seconds_and_iso(text: str, seconds: int) -> None:
    """Unix seconds, ISO 8601 with or without zone and bare dates mean what people expect."""
    assert parse_seconds(text, "start") == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "-5", "1e3", "nan", "inf", "1732646400000", "9" * 24, "1.5", "٣", "0x10"),
        *(
            "2024-13-01",
            "2024-02-30T00:00:00Z",
            "24-01-01",
            "yesterday",
            "1969-12-31",
            "2100-01-01",
        ),
        *("2024-11-26T25:00:00Z", "2024-11-26T18:40:00.5Z", "\x00", " 1732646400"),
    ],
)
def test_refuses_what_is_no_whole_second(text: str) -> None:
    """Anything else is refused and the parameter named."""
    with pytest.raises(InvalidRequest) as refused:
        parse_seconds(text, "start")
    assert refused.value.parameter == "start"


def test_says_that_a_number_looks_like_milliseconds() -> None:
    """A time in milliseconds gets the hint that seconds are meant."""
    with pytest.raises(InvalidRequest, match="milliseconds"):
        parse_seconds("1732646400000", "start")


def test_keeps_fractions_where_they_are_allowed() -> None:
    """Microseconds of an ISO time survive."""
    assert parse_micros("2024-11-26T18:40:00.000001Z", "as_of") == 1_732_646_400_000_001


@given(st.integers(min_value=0, max_value=LATEST - 1))
def test_iso_and_seconds_agree(seconds: int) -> None:
    """What is written as ISO reads back as the same second."""
    assert parse_seconds(iso(seconds), "t") == parse_seconds(str(seconds), "t") == seconds
