"""Names one slip of the keyboard apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alike import closest, distance, hints, hints_of, plain
from domain.instrument import Instrument, Listing

WORDS = st.text("ABCDE", min_size=3, max_size=9)


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [
        *(("", "", 0), ("AAPL", "", 4), ("AAPL", "APPL", 1), ("MSTF", "MSFT", 1), ("AB", "BA", 1)),
        *(("BTCUSTD", "BTCUSDT", 1), ("ABC", "CBA", 2), ("CA", "ABC", 3), ("SAME", "SAME", 0)),
    ],
)
def test_distances(one: str, other: str, far: int) -> None:
    """Letters changed, left out, added, or swapped with their neighbour."""
    assert distance(one, other) == distance(other, one) == far


@given(WORDS, st.data())
def test_one_slip_leaves_a_hint(word: str, data: st.DataObject) -> None:
    """Wrong, missing, added or swapped letters are found through the hints."""
    place = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("ABCXYZ"))
    slips = [
        word[:place] + letter + word[place + 1 :],
        word[:place] + word[place + 1 :],
        word[:place] + letter + word[place:],
        word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :] if place else word,
    ]
    for slip in slips:
        assert not hints(word).isdisjoint(hints(slip)), slip
        assert distance(word, slip) <= 1


@given(WORDS, WORDS)
def test_a_hint_in_common_means_two_slips_at_most(one: str, other: str) -> None:
    """Nothing far away is suggested."""
    if not hints(one).isdisjoint(hints(other)):
        assert distance(one, other) <= 2


def test_the_closest_come_first() -> None:
    """By letters, then the traded ones, then by name; names of companies count."""
    apple = Listing("s", "AAPL", Instrument.stock("AAPL"), name="Apple Inc.")
    other = Listing("s", "APLE", Instrument.stock("APLE"), name="Apple Hospitality")
    gone = Listing("s", "APPL", Instrument.stock("APPL"), active=False)
    far = Listing("s", "BPL", Instrument.stock("BPL"))
    assert closest("AAPLX", [far, gone, other, apple])[0] is apple
    assert closest("appel", [far, other, apple, gone])[:2] == [apple, other]
    assert closest("APPL", [far, other, apple, gone])[0] is gone
    assert "APPE" in hints_of(apple)


def test_signs_do_not_count() -> None:
    """A pair is its letters, and very short words have no hints but themselves."""
    assert plain("btc-usdt/") == "BTCUSDT"
    assert hints("F") == {"F"}
    assert hints("GE") == {"GE"}
    assert hints("%") == frozenset()
    assert len(plain("A" * 60)) == 16
