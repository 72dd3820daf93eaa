"""Messages of streams: recorded ones, and whatever else may come over a wire."""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from hypothesis import strategies as st
from msgspec import Struct, structs

from adapters_out.provider_kit.feed import Event, Feed, Refused, Update
from domain.errors import MalformedPayload, ProviderError

RECEIVED_NS = 1_800_000_000_250_000_000
T = TypeVar("T", bound=Struct)
# What a field may hold by mistake; the second is no JSON, though some languages write it.
_STRANGE = (
    *("null", "NaN", "-Infinity", "true", "[]", "{}", '""', '"x"', '"NaN"', '"1e999"', "1e400"),
    *("9" * 40, '"' + "9" * 40 + '"', "9" * 5000, "-1", "0.5", "[[]]", '{"a": 1}', '"\\ud800"'),
)
_MARK = '"the strange one"'


def recorded(recordings: Path, name: str) -> list[bytes]:
    """The messages of all recordings of a kind, such as ``binance/ws_kline``."""
    paths = sorted(recordings.glob(f"{name}__*.jsonl"))
    assert paths, name
    return [line for path in paths for line in path.read_bytes().splitlines()]


def read(feed: Feed | None, message: bytes | str) -> tuple[Event, ...]:
    """What a message says."""
    assert feed is not None
    return feed.read(message.encode() if isinstance(message, str) else message, RECEIVED_NS)


def only(feed: Feed | None, message: bytes | str, kind: type[T]) -> T:
    """The one thing that it says."""
    (event,) = read(feed, message)
    assert isinstance(event, kind)
    return event


def value_of(feed: Feed | None, message: bytes | str, kind: type[T]) -> T:
    """The one piece of market data that it brings."""
    value = only(feed, message, Update).value
    assert isinstance(value, kind)
    return value


def refusal_of(feed: Feed | None, message: bytes | str) -> ProviderError:
    """The error that its refusal is."""
    return only(feed, message, Refused).error


def changed(message: str, path: Sequence[str | int], cell: object) -> str:
    """The message with another cell there."""
    whole = json.loads(message)
    inner = whole
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = cell
    return json.dumps(whole)


def spoiled(messages: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Messages cut off, with a strange cell or another letter somewhere, and mere noise."""
    whole = st.sampled_from([message.encode() for message in messages])
    cut = whole.flatmap(lambda body: st.integers(0, len(body) - 1).map(lambda end: body[:end]))
    strange = st.sampled_from([body for message in messages for body in _with_strange(message)])
    letters = whole.flatmap(
        lambda body: st.tuples(st.integers(0, len(body) - 1), st.binary(max_size=2)).map(
            lambda change: body[: change[0]] + change[1] + body[change[0] + 1 :]
        )
    )
    return st.one_of(cut, strange, letters, st.binary(max_size=200), st.text().map(str.encode))


def _with_strange(message: str) -> Iterator[bytes]:
    for path in _leaves(json.loads(message), ()):
        for cell in _STRANGE:
            yield changed(message, path, _MARK[1:-1]).replace(_MARK, cell).encode()
    for cell in _STRANGE:
        yield cell.encode()


def _leaves(node: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(node, list):
        for place, inner in enumerate(node):
            yield from _leaves(inner, (*path, place))


def assert_read_or_refused(feed: Feed | None, message: bytes) -> None:
    """It means something whose numbers are numbers, or it is unreadable; nothing else happens."""
    assert feed is not None
    refused: MalformedPayload | None = None
    events: tuple[Event, ...] = ()
    try:
        events = feed.read(message, RECEIVED_NS)
    except MalformedPayload as error:
        refused = error
    assert refused is None or refused.message.startswith(f"{feed.name} sent an unreadable message:")
    for event in events:
        if isinstance(event, Update):
            cells = structs.astuple(event.value)
            assert all(math.isfinite(cell) for cell in cells if isinstance(cell, int | float))
