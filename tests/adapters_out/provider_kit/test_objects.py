"""Rows that are JSON objects, and several ways to one answer."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, field

from adapters_out.memory.clock import ManualClock
from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.entitled import Entitled
from adapters_out.provider_kit.faults import Faults, find_fault
from adapters_out.provider_kit.objects import (
    decoded,
    sheet_of_alike,
    sheet_of_objects,
)
from adapters_out.provider_kit.sheet import Sheet
from domain.errors import AccessDenied, Banned, NotEntitled
from domain.provider import ProviderPolicy
from tests.runner import Run


class Row(Struct):
    """A row without average and count; ``extra`` is none of ours."""

    ts: object = field(name="t", default=None)
    open: object = field(name="o", default=None)
    high: object = field(name="h", default=None)
    low: object = field(name="l", default=None)
    close: object = field(name="c", default=None)
    volume: object = field(name="v", default=None)
    extra: object = None


ROWS = msgspec.json.Decoder(list[Row])


def read(body: bytes) -> Sheet:
    """A list of rows as a sheet, times in milliseconds."""
    rows = decoded(body, ROWS)
    return sheet_of_objects(rows, 1000)


GOOD = b'{"t":60000,"o":1,"h":"4.5","l":0.5,"c":2,"v":1.12117471e+08,"extra":[]}'


def test_rows_become_columns() -> None:
    """Numbers and texts alike; a column that the rows do not have is absent."""
    sheet = read(b"[" + GOOD + b"]")
    assert (sheet.ts.tolist(), sheet.high.tolist(), sheet.volume.tolist()) == (
        [60],
        [4.5],
        [112117471.0],
    )
    assert math.isnan(sheet.vwap[0])
    assert (sheet.trades.tolist(), dict(sheet.unread)) == ([-1], {})
    assert len(sheet_of_objects([])) == 0


@pytest.mark.parametrize("close", [b"NaN", b"-Infinity", b"null", b"true", b'"x"', b"{}"])
def test_a_bad_cell_costs_its_row(close: bytes) -> None:
    """Even where it is no JSON: the other rows are read."""
    bad = GOOD.replace(b'"c":2', b'"c":' + close)
    sheet = read(b"[" + bad + b"," + GOOD + b"]")
    assert list(sheet.unread) == [0]
    assert sheet.close[1] == 2.0


@pytest.mark.parametrize("body", [b"[NaN]", b"{}", b"[[1]]", b"[" + GOOD])
def test_another_shape_stays_unreadable(body: bytes) -> None:
    """Mending what is no JSON does not make rows of anything."""
    with pytest.raises(msgspec.DecodeError):
        decoded(body, ROWS)


def test_a_mixed_column_is_read_at_once() -> None:
    """Whole numbers among fractions, and counts too long for 64 bits."""
    big = GOOD.replace(b'"t":60000', b'"t":' + b"9" * 25)
    sheet = read(b"[" + GOOD + b"," + big + b"]")
    assert list(sheet.unread) == [1]
    assert sheet.ts[0] == 60


class Plain(Struct):
    """A row of columns only."""

    ts: object = field(name="t", default=None)
    open: object = field(name="o", default=None)
    high: object = field(name="h", default=None)
    low: object = field(name="l", default=None)
    close: object = field(name="c", default=None)
    volume: object = field(name="v", default=None)
    trades: object = field(name="n", default=None)


SIMPLE = b'{"v":112.5,"T":"A1","o":1.25,"c":"2","h":4.5,"l":0.5,"t":%d,"n":7}'
PLAINS = msgspec.json.Decoder(list[Plain])

numbers = st.one_of(
    st.integers(0, 10**9).map(str),
    st.from_regex(r"(0|[1-9]\d{0,6})\.\d{1,9}", fullmatch=True, alphabet="0123456789."),
    st.from_regex(r"-?[1-9](\.\d{1,7})?e[+-][01]\d", fullmatch=True, alphabet="0123456789.e+-"),
)


@given(st.lists(st.lists(numbers, min_size=5, max_size=5), min_size=1, max_size=5))
def test_rows_that_look_alike_are_read_as_one_by_one(cells: list[list[str]]) -> None:
    """Every number is the double that the other way finds, with an exponent or without."""
    rows = [
        f'{{"v":{v},"o":{o},"c":{c},"h":{h},"l":{low},"t":{k}000,"n":{k}}}'
        for k, (v, o, c, h, low) in enumerate(cells, 1)
    ]
    body = f"[{','.join(rows)}]".encode()
    quick = sheet_of_alike(body, Plain, 1000)
    assert quick is not None
    slow = sheet_of_objects(PLAINS.decode(body), 1000)
    for ours, theirs in zip(quick.columns(), slow.columns(), strict=True):
        assert np.array_equal(ours, theirs, equal_nan=True)
    assert quick.text(0) == rows[0]


@given(st.integers(0, 3 * len(SIMPLE)), st.integers(32, 126))
def test_a_changed_byte_is_never_misread(place: int, byte: int) -> None:
    """One changed byte: the row by row reader finds the same columns, or nothing is read."""
    body = bytearray(b"[" + b",".join(SIMPLE % k for k in (1000, 2000, 3000)) + b"]")
    body[min(place, len(body) - 1)] = byte
    quick = sheet_of_alike(bytes(body), Plain, 1000)
    try:
        slow = sheet_of_objects(PLAINS.decode(bytes(body)), 1000)
    except msgspec.DecodeError:
        return  # whether it is JSON is for the envelope to find out
    for ours, theirs in zip(quick.columns() if quick else (), slow.columns(), strict=bool(quick)):
        assert np.array_equal(ours, theirs, equal_nan=True)


@pytest.mark.parametrize(
    "rows",
    [
        [SIMPLE % 1, (SIMPLE % 2).replace(b'"h":4.5', b'"h1":4.5')],
        [SIMPLE % 1, (SIMPLE % 2).replace(b'"h":4.5', b'"h":null')],
        [SIMPLE % 1, (SIMPLE % 2).replace(b'"h":4.5', b'"h":true')],
        [SIMPLE % 1, (SIMPLE % 2).replace(b'"h":4.5', b'"h":"4_5"')],
        [SIMPLE % 1, (SIMPLE % 2).replace(b'"h":4.5', b'"h":"NaN"')],
        [SIMPLE % 1, (SIMPLE % 2).replace(b'"h":4.5', b'"h":NaN')],
        [SIMPLE % 1, (SIMPLE % 2).replace(b'"h":4.5,', b"")],
        [SIMPLE % 1, (SIMPLE % 2).replace(b'"h"', b'"T"')],
        [SIMPLE % 1, (SIMPLE % 2).replace(b'"t":2', b'"t":2.5')],
        [SIMPLE % 1, b"[1,2,3,4,5,6,7,8]"],
        [(SIMPLE % 1).replace(b'"c"', b'"C"')],
    ],
)
def test_rows_without_all_numbers_are_looked_at_one_by_one(rows: list[bytes]) -> None:
    """Another name, nothing, anything else: no cell is taken for one of the others."""
    assert sheet_of_alike(b"[" + b",".join(rows) + b"]", Plain) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"h":4.5,"l":0.5', b'"l":0.5,"h":4.5'),
        (b'"h":4.5', b'"h": 4.50e0'),
        (b'"h":4.5', b'"h":"4.5"'),
        (b'"h":4.5', b'"o":9,"h":4.5,"o":1.25'),
        (b'"T":"A1"', b'"T":{"h":[1,{"h":7}]}'),
        (b'"T":"A1",', b""),
        (b'"v":112.5', b'"v":null'),
        (b'"n":7', b'"m n":7'),
    ],
)
def test_rows_that_look_different_may_say_the_same(old: bytes, new: bytes) -> None:
    """Another order, a blank, a text, something more, nothing where nothing need be."""
    body = b"[" + SIMPLE % 1 + b"," + (SIMPLE % 2).replace(old, new) + b"]"
    quick = sheet_of_alike(body, Plain)
    assert quick is not None
    slow = sheet_of_objects(PLAINS.decode(body))
    for ours, theirs in zip(quick.columns(), slow.columns(), strict=True):
        assert np.array_equal(ours, theirs, equal_nan=True)
    assert quick.open.tolist() == [1.25, 1.25]


def test_a_field_that_is_no_column_has_to_be_looked_at() -> None:
    """Unless it is a fact, told as a number or in words."""
    row = b'{"t":"60","o":1,"h":2,"l":1,"c":2,"day":"1970-01-03","sum":7.5,"v":1}'
    body = b"[" + row + b"," + row + b"]"

    class Told(Plain):
        day: object = None
        sum: object = None

    assert sheet_of_alike(body, Told) is None
    sheet = sheet_of_alike(body, Told, 1, ("sum",), {"day": lambda text: float(text[-2:])})
    assert sheet is not None
    assert {n: v.tolist() for n, v in sheet.facts.items()} == {"sum": [7.5, 7.5], "day": [3.0, 3.0]}


def test_nanoseconds_are_read_if_they_are_whole_seconds() -> None:
    """They have more digits than a column may have."""
    row = b'{"t":%d,"o":1,"h":2,"l":1,"c":2}'
    whole = sheet_of_alike(b"[" + row % 1738627200000000000 + b"]", Plain, 10**9)
    assert whole is not None
    assert whole.ts.tolist() == [1738627200]
    assert sheet_of_alike(b"[" + row % 1738627200000000001 + b"]", Plain, 10**9) is None


def test_thousands_of_rows_are_read() -> None:
    """Wherever their points are, and each can be shown."""
    many = [b'{"t":%d,"o":%.2f,"h":2,"l":1,"c":2}' % (60 * k, k / 4) for k in range(9_000)]
    sheet = sheet_of_alike(b"[" + b",".join(many) + b"]", Plain)
    assert sheet is not None
    assert sheet.open.tolist() == [k / 4 for k in range(9_000)]
    assert sheet.text(8_999) == many[-1].decode()
    odd = b"[" + b",".join(row.replace(b"{", b'{"T":"},{",', 1) for row in many) + b"]"
    assert sheet_of_alike(odd, Plain) is None


def test_what_only_some_of_many_rows_have_is_absent_in_the_others() -> None:
    """But not a fact, which has to be looked at; rows are read some thousand at a time."""
    few = [b'{"t":%d,"o":1,"h":2,"l":1,"c":2}' % (60 * k) for k in range(9_000)]
    more = [row.replace(b"}", b',"v":3,"sum":4}') for row in few]
    body = b"[" + b",".join(few + more) + b"]"

    class Summed(Plain):
        sum: object = None

    sheet = sheet_of_alike(body, Plain)
    assert sheet is not None
    assert np.isnan(sheet.volume[:9_000]).all()
    assert (sheet.volume[9_000:] == 3.0).all()
    assert sheet_of_alike(body, Summed, 1, ("sum",)) is None
    whole = sheet_of_alike(b"[" + b",".join(more) + b"]", Summed, 1, ("sum",))
    assert whole is not None
    assert whole.facts["sum"].tolist() == [4.0] * 9_000


def test_a_plain_text_labelled_as_a_page_is_no_page() -> None:
    """Where a provider mislabels its texts, only a body that begins like a page is one."""
    policy = ProviderPolicy(1.0)
    html = {"content-type": "text/html; charset=UTF-8"}
    text, page = Reply(403, b"Forbidden", html), Reply(403, b"<html>no</html>", html)
    lenient = Faults(mislabels=True)
    assert type(find_fault("x", text, lenient, policy)) is AccessDenied
    assert type(find_fault("x", page, lenient, policy)) is Banned
    assert type(find_fault("x", text, Faults(), policy)) is Banned


def test_a_way_that_the_plan_refuses_is_left_alone_for_an_hour(run: Run) -> None:
    """The next best answers; other kinds of question and a later hour try again."""
    clock = ManualClock(1e9)
    tried: list[str] = []
    ways = Entitled(("trade", "snapshot", "close"), clock)

    async def ask(way: str) -> str:
        tried.append(way)
        if way != "close":
            raise NotEntitled("It is not in the plan.")
        return way

    assert [run(ways.first("stock", ask)) for _ in range(2)] == ["close"] * 2
    assert tried == ["trade", "snapshot", "close", "close"]
    run(ways.first("pair", ask))
    clock.advance(3601)
    run(ways.first("stock", ask))
    assert tried[4:] == ["trade", "snapshot", "close"] * 2


def test_the_last_way_may_refuse_too(run: Run) -> None:
    """Then that is the answer, every time."""
    ways = Entitled(("only",), ManualClock(1e9))

    async def ask(_: str) -> str:
        raise NotEntitled("It is not in the plan.")

    for _ in range(2):
        with pytest.raises(NotEntitled):
            run(ways.first("stock", ask))
