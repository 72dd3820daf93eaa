"""Rows that are JSON objects, and several ways to one answer."""

import math

import msgspec
import pytest
from msgspec import Struct, field

from adapters_out.memory.clock import ManualClock
from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.entitled import Entitled
from adapters_out.provider_kit.faults import Faults, find_fault
from adapters_out.provider_kit.objects import decoded, sheet_of_objects
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
