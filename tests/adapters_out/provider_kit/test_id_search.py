"""The search for a moment by ids alone."""

import json
from collections.abc import Generator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.id_search import Places, search_id

SIZE = 10


def _page(before: int | None) -> Call:
    return Call("/trades", {} if before is None else {"before": before})


def _read(reply: Reply) -> Places:
    return [(name, at) for name, at in json.loads(reply.body)]


def searched(times: list[int], target: int) -> tuple[int, int]:
    """The id that is found, and after how many calls."""
    steps: Generator[Call, Reply, int] = search_id(target, _page, _read, SIZE)
    calls = 0
    call = next(steps)
    while True:
        calls += 1
        stop = min(int(call.params.get("before", len(times) + 1)), len(times) + 1)
        names = range(max(1, stop - SIZE), max(1, stop))
        body = json.dumps([(name, times[name - 1]) for name in names]).encode()
        try:
            call = steps.send(Reply(200, body))
        except StopIteration as end:
            return int(end.value), calls


@settings(max_examples=300)
@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=300), st.integers(0, 10**6 + 1))
def test_the_first_at_or_after_is_found(times: list[int], target: int) -> None:
    """However the trades are spread, twins in time included."""
    times = sorted(times)
    found, _ = searched(times, target)
    wanted = next((k for k, at in enumerate(times, 1) if at >= target), len(times) + 1)
    assert found == wanted


def test_an_even_flow_takes_few_calls() -> None:
    """Ids that grow evenly with time are found by their density."""
    found, calls = searched([1000 + k * 7 for k in range(100_000)], 1000 + 7 * 5_000)
    assert found == 5_001
    assert calls <= 3


def test_no_trades_at_all() -> None:
    """Then the first one will be the first after any moment."""
    assert searched([], 5)[0] == 1


def test_ids_that_do_not_grow_with_time_are_given_up() -> None:
    """The search has an end."""
    steps = search_id(50, _page, _read, SIZE)
    next(steps)
    pages = ([(1000 - k, 90), (1001 - k, 95 + k)] for k in range(100))
    replies = [Reply(200, json.dumps(page).encode()) for page in pages]
    with pytest.raises(Unreadable, match="do not grow"):
        list(map(steps.send, replies))
