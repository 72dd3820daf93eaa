"""Timing side by side: subject and yardsticks take turns, so that a slow minute hits them all."""

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some numbers with what lies around it (first and last tenth cut off)."""

    median: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one value."""
        ordered = sorted(values)
        cut = len(ordered) // 10
        return cls(statistics.median(ordered), ordered[cut], ordered[-1 - cut], len(ordered))


class Timings:
    """Seconds per round of each subject; the same round of two subjects is one pair."""

    def __init__(self, seconds: Mapping[str, Sequence[float]]) -> None:
        """Equally many rounds of each."""
        self._seconds = seconds

    def of(self, name: str) -> Spread:
        """How long it took (s)."""
        return Spread.of(self._seconds[name])

    def ratio(self, above: str, below: str) -> Spread:
        """Time of one over time of the other, pair by pair."""
        pairs = zip(self._seconds[above], self._seconds[below], strict=True)
        return Spread.of([a / b for a, b in pairs])


def side_by_side(
    subjects: Mapping[str, Callable[[], object]], rounds: int, stretch_s: float = 0.02
) -> Timings:
    """CPU time of every subject in every round, each round beginning with another one.

    It is what the calling thread used: other work on the machine costs caches, but no waiting.

    What takes less than ``stretch_s`` is repeated that long within its turn, and the turn's mean
    counts: otherwise each would run in caches that the others have filled. The first round
    warms up and does not count.
    """
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    for number, order in enumerate(_orders(tuple(subjects), rounds + 1)):
        gc.collect()
        for name in order:
            took = _mean_of_turn(subjects[name], stretch_s)
            if number:
                seconds[name].append(took)
    return Timings(seconds)


def _mean_of_turn(subject: Callable[[], object], stretch_s: float) -> float:
    began, runs = time.thread_time(), 0
    while True:
        subject()
        runs += 1
        took = time.thread_time() - began
        if took >= stretch_s:
            return took / runs


@dataclass(frozen=True, slots=True)
class Trial:
    """Something to time on the event loop, and what must be done before it without being timed."""

    run: Callable[[], Awaitable[object]]
    prepare: Callable[[], Awaitable[object]]


async def side_by_side_async(trials: Mapping[str, Trial], rounds: int) -> Timings:
    """As :func:`side_by_side`, awaited and by the wall clock: a server works on it, too."""
    seconds: dict[str, list[float]] = {name: [] for name in trials}
    for number, order in enumerate(_orders(tuple(trials), rounds + 1)):
        gc.collect()
        for name in order:
            await trials[name].prepare()
            began = time.perf_counter()
            await trials[name].run()
            took = time.perf_counter() - began
            if number:
                seconds[name].append(took)
    return Timings(seconds)


async def nothing() -> None:
    """The preparation of a trial that needs none."""
    await asyncio.sleep(0)


def _orders(names: tuple[str, ...], rounds: int) -> list[tuple[str, ...]]:
    turns = (k % len(names) for k in range(rounds))
    return [names[k:] + names[:k] for k in turns]
