"""Random batches against a dictionary that is copied after every write."""

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct, field, structs

from adapters_out.system.clock import SystemClock
from domain.bars import Bar
from domain.coverage import Coverage, GapReason
from domain.instrument import SeriesKey
from domain.ledger import BarSlice, Batch
from ports.bar_store import BarStore
from tests.contracts.bar_stores import (
    KEY,
    STEP,
    T0,
    bar,
    batch,
    memory_store,
    postgres_store,
    slots,
)
from tests.runner import Run

SLOTS = 10
EVER = slots(-1, SLOTS + 1)
REASONS = (GapReason.NO_TRADES, GapReason.PROVIDER_OUTAGE)
values = st.tuples(st.sampled_from((1.0, 2.0)), st.sampled_from((None, 0.0, 1.0)))
# An answer: where it begins, then for each slot a bar, a reason or nothing; when it was fetched.
answers = st.tuples(
    st.integers(0, SLOTS - 1),
    st.lists(st.one_of(values, st.sampled_from(REASONS), st.none()), min_size=1, max_size=SLOTS),
    st.integers(0, 100),
)
histories = st.lists(answers, min_size=1, max_size=7)
Answer = tuple[int, list[tuple[float, float | None] | GapReason | None], int]


class Model(Struct):
    """What a store should say, by slot."""

    bars: dict[int, Bar] = field(default_factory=dict)
    empty: dict[int, GapReason] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    changes: int = 0

    def take(self, told: Batch) -> None:
        """Write a batch, one bar at a time."""
        self.asked |= _slots(told.asked.start, told.asked.end)
        for each in told.series:
            slot = (each.ts - T0) // STEP
            self.changes += slot in self.bars and self.bars[slot] != each
            self.bars[slot] = each
        for gap in told.empty:
            self.empty |= dict.fromkeys(_slots(gap.start, gap.end), gap.reason)
        self.empty = {k: v for k, v in self.empty.items() if k not in self.bars}

    def copy(self) -> "Model":
        """As it is now."""
        return structs.replace(
            self, bars=dict(self.bars), empty=dict(self.empty), asked=set(self.asked)
        )


def _slots(start: int, end: int) -> set[int]:
    return set(range((start - T0) // STEP, (end - T0) // STEP))


def _batch(key: SeriesKey, answer: Answer) -> Batch:
    first, told, fetched_at = answer
    told = told[: SLOTS - first]
    return batch(
        slots(first, first + len(told)),
        [bar(first + k, *said) for k, said in enumerate(told) if isinstance(said, tuple)],
        key=key,
        empty=[
            (first + k, first + k + 1, said)
            for k, said in enumerate(told)
            if isinstance(said, GapReason)
        ],
        fetched_at=T0 + fetched_at,
    )


def _check_coverage(found: Coverage, expected: Model) -> None:
    assert {s for r in found.held for s in _slots(r.start, r.end)} == set(expected.bars)
    assert {s for r in found.asked for s in _slots(r.start, r.end)} == expected.asked
    told = [(s, e.gap.reason) for e in found.empty for s in _slots(e.gap.start, e.gap.end)]
    assert dict(told) == expected.empty
    assert len(told) == len(expected.empty)


def _play(run: Run, store: BarStore, key: SeriesKey, history: list[Answer]) -> None:
    model = Model()
    then: dict[int, Model] = {}
    for answer in history:
        told = _batch(key, answer)
        before = model.copy()
        model.take(told)
        receipt = run(store.write(told))
        assert receipt.inserted == len(model.bars) - len(before.bars)
        assert receipt.changed == model.changes - before.changes
        assert (receipt.known_at is None) == (model.bars == before.bars)
        then[int(SystemClock().now() * 1e6)] = model.copy()
    stored = run(store.read(key, BarSlice(EVER)))
    assert list(stored.series) == [b for _, b in sorted(model.bars.items())]
    _check_coverage(run(store.coverage(key, EVER)), model)
    assert len(run(store.revisions({key: EVER}, 10_000))) == model.changes
    for as_of, expected in then.items():
        past = run(store.read(key, BarSlice(EVER), as_of))
        assert list(past.series) == [b for _, b in sorted(expected.bars.items())]
        _check_coverage(run(store.coverage(key, EVER, as_of)), expected)


@pytest.mark.parametrize(
    "kind", ["memory", "postgres", pytest.param("timescale", marks=pytest.mark.timescale)]
)
def test_a_store_behaves_like_a_dictionary_with_a_memory(
    kind: str, run: Run, request: pytest.FixtureRequest
) -> None:
    """Now and as of every moment, bars, emptiness and asked ranges are those of the model."""
    numbers = count()
    fixture = {"postgres": "database_url", "timescale": "timescale_url"}.get(kind)
    context = postgres_store(request.getfixturevalue(fixture), run) if fixture else memory_store()

    @settings(
        deadline=None,
        max_examples=40 if fixture else 150,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(histories)
    def play(history: list[Answer]) -> None:
        key = structs.replace(KEY, provider=f"provider-{next(numbers)}")
        _play(run, under_test.store, key, history)

    with context as under_test:
        play()
