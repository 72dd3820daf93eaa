"""Finds a moment in a list that can only be entered by the id of a trade.

For a provider whose trades are numbered without holes and handed out in pages that end before a
given id, newest first: it has no parameter for time, but its ids grow with it.
"""

from collections.abc import Callable, Generator

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable

# (id, ns) of the trades of a page, ascending.
Places = list[tuple[int, int]]
_MOST_STEPS, _TURNS = 24, 3


def search_id(
    target_ns: int, page: Callable[[int | None], Call], read: Callable[[Reply], Places], size: int
) -> Generator[Call, Reply, int]:
    """The smallest id at or after ``target_ns``; one above the newest if there is none yet.

    ``page(before)`` is the call for the ``size`` trades below an id (None: the newest). The
    guesses follow the density of trades nearby; every third halves what is left.

    Raises:
        Unreadable: the ids do not grow with time.
    """
    places = read((yield page(None)))
    if not places or places[-1][1] < target_ns:
        return places[-1][0] + 1 if places else 1
    low: tuple[int, int] | None = None  # before the target
    high = places[0]
    for step in range(_MOST_STEPS):
        if places[0][1] < target_ns <= places[-1][1]:
            return next(name for name, at in places if at >= target_ns)
        low, high = (low, places[0]) if places[0][1] >= target_ns else (places[-1], high)
        if high[0] <= (low[0] if low else 0) + 1:
            return high[0]
        guess = _guess(low, high, places, target_ns, halve=step % _TURNS == _TURNS - 1)
        # Nothing there is before the first trade of all.
        places = read((yield page(guess + size // 2))) or [(guess, 0)]
    raise Unreadable("its trade ids do not grow with time")


def _guess(
    low: tuple[int, int] | None,
    high: tuple[int, int],
    places: Places,
    target_ns: int,
    *,
    halve: bool,
) -> int:
    floor = low[0] + 1 if low else 1
    if halve:
        return (floor + high[0]) // 2
    first, last = (low, high) if low and low[1] else (places[0], places[-1])
    density = (last[0] - first[0] + 1) / max(1, last[1] - first[1])  # ids per ns
    guess = high[0] - int((high[1] - target_ns) * density)
    return min(max(guess, floor), high[0] - 1)
