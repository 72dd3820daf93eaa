"""Moments: to the nanosecond, or unreadable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.moments import (
    ns_of_iso,
    ns_of_seconds,
    ns_of_stamp,
    seconds_of_iso,
    utc_text,
)


@given(st.integers(10**17, 9 * 10**18))
def test_every_unit_is_told_by_its_magnitude(ns: int) -> None:
    """A stamp in s, ms, µs or ns is the same moment, cut to its unit."""
    assert ns_of_stamp(ns) == ns
    assert ns_of_stamp(str(ns // 10**3)) == ns // 10**3 * 10**3
    assert ns_of_stamp(ns // 10**6) == ns // 10**6 * 10**6
    assert ns_of_stamp(ns // 10**9) == ns // 10**9 * 10**9


@given(st.integers(0, 10**12 - 1), st.integers(0, 10**9 - 1))
def test_decimal_seconds_lose_nothing(seconds: int, ns: int) -> None:
    """Nine decimals survive; no float could hold them."""
    assert ns_of_seconds(f"{seconds}.{ns:09d}") == seconds * 10**9 + ns


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2024-03-13T11:00:17.710679Z", 1_710_327_617_710_679_000),
        ("2024-03-13T11:00:17.710679123456Z", 1_710_327_617_710_679_123),
        ("2024-03-13T13:00:17+02:00", 1_710_327_617_000_000_000),
        ("2024-03-13 11:00:17.5Z", 1_710_327_617_500_000_000),
    ],
)
def test_iso_moments(text: str, ns: int) -> None:
    """Up to nine decimals, in any zone."""
    assert ns_of_iso(text) == ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2024-03-13T11:00:17",
        "2024-13-13T11:00:17Z",
        "2024-03-13",
        "١٠٢٤-03-13T11:00:17Z",
    ],
)
def test_what_is_no_moment_is_unreadable(text: str) -> None:
    """Without a zone nobody knows when it was."""
    with pytest.raises(Unreadable):
        ns_of_iso(text)


@pytest.mark.parametrize("text", ["", "1e9", "-1", "1.", ".5", "nan", "1_0", "\u0661"])
def test_what_is_no_time_in_seconds_is_unreadable(text: str) -> None:
    """Plain decimals only."""
    with pytest.raises(Unreadable):
        ns_of_seconds(text)


@given(st.integers(0, 4 * 10**9))
def test_seconds_and_their_text_are_inverse(ts: int) -> None:
    """Fractions are dropped, and no zone is UTC."""
    text = utc_text(ts)
    assert seconds_of_iso(text) == ts
    assert seconds_of_iso(text.replace("Z", ".999Z")) == ts
    assert seconds_of_iso(text.removesuffix("Z")) == ts


@pytest.mark.parametrize("text", [None, "", "soon", "2025-13-01T00:00:00Z"])
def test_what_is_no_time_is_none(text: str | None) -> None:
    """It is not known when."""
    assert seconds_of_iso(text) is None
