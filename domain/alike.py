"""Names that resemble one another: how a misspelt symbol is understood.

Two words that are one slip of the keyboard apart (a letter wrong, missing, too many, or two of
them swapped) have a *hint* in common: the word itself or the word without one of its letters.
Hints can be looked up, so a search needs no look at every name (the symmetric deletes of
W. Garbe's SymSpell, 2012).
"""

import re
from collections.abc import Iterable, Sequence

from domain.instrument import Listing

_PLAIN = re.compile(r"[^A-Z0-9]")
_LONGEST = 16  # of a longer word only the beginning counts
_SHORTEST_NAME = 4


def plain(text: str) -> str:
    """Upper-case letters and digits only: ``BTC-USDT`` is ``BTCUSDT``."""
    return _PLAIN.sub("", text.upper())[:_LONGEST]


def hints(word: str) -> frozenset[str]:
    """The plain word, and what is left of it without one letter (of at least two)."""
    whole = plain(word)
    if len(whole) <= 2:  # noqa: PLR2004  # what is left of two letters resembles everything
        return frozenset({whole} - {""})
    return frozenset((whole, *(whole[:n] + whole[n + 1 :] for n in range(len(whole)))))


def hints_of(listing: Listing) -> tuple[str, ...]:
    """Of everything by which somebody may look for the listing, ascending."""
    return tuple(sorted(frozenset().union(*(hints(word) for word in _words(listing)))))


def distance(one: str, other: str) -> int:
    """How many letters must be changed, left out, added or swapped with their neighbour.

    The optimal string alignment distance, over two rows of its table.
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def closest(text: str, listings: Iterable[Listing]) -> Sequence[Listing]:
    """The listings, most alike first; of equals the traded ones, then in order of their names."""
    word = plain(text)

    def order(listing: Listing) -> tuple[int, bool, str, str, str]:
        far = min(distance(word, plain(each)) for each in _words(listing))
        where = (listing.instrument.id, listing.provider, listing.symbol)
        return (far, not listing.active, *where)

    return sorted(listings, key=order)


def _words(listing: Listing) -> tuple[str, ...]:
    """The canonical id, the provider's symbol, and the first word of the name."""
    first = listing.name.split(maxsplit=1)[:1]
    named = tuple(word for word in first if len(plain(word)) >= _SHORTEST_NAME)
    return (listing.instrument.id, listing.symbol, *named)
