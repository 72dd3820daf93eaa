"""Rows of a body: read fast, read one by one, or named as unreadable; the same either way."""

import json
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from adapters_out.provider_kit.cells import Unreadable, epoch_unit, number, whole
from adapters_out.provider_kit.rows import sheet_of_columns, sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet

LAYOUT = Layout(ts=0, open=1, high=2, low=3, close=4, volume=5, trades=6, unit=1000)
GOOD = [1700000040000, "2.0", "3.0", "1.0", "2.5", "7.0", 9]

SHORT = Layout(ts=0, open=1, high=2, low=3, close=4)

decimals = st.decimals("1e-8", "1e9", places=8).map(lambda d: f"{d.normalize():f}")
cents = st.integers(1, 10**9).map(lambda n: f"{n / 100:.2f}")


def read(*rows: object, layout: Layout = LAYOUT) -> Sheet:
    """A compact body with these rows, read."""
    return sheet_of_rows(json.dumps(rows, separators=(",", ":")).encode(), layout)


def columns(sheet: Sheet) -> list[np.ndarray]:
    """Every column of a sheet."""
    names = ("ts", "open", "high", "low", "close", "volume", "vwap", "trades")
    return [getattr(sheet, name) for name in names]


@given(st.lists(st.tuples(st.integers(1, 10**9), cents, cents, st.integers(0, 99)), min_size=1))
def test_blanks_change_nothing(values: list[tuple[int, str, str, int]]) -> None:
    """A compact body and the same body with blanks hold the same sheet, to the last bit."""
    rows = [[ts * 1000, a, b, a, b, a, n] for ts, a, b, n in values]
    compact = sheet_of_rows(json.dumps(rows, separators=(",", ":")).encode(), LAYOUT)
    pretty = sheet_of_rows(json.dumps(rows, indent=1).encode(), LAYOUT)
    assert all(
        np.array_equal(x, y, equal_nan=True)
        for x, y in zip(columns(compact), columns(pretty), strict=True)
    )
    assert compact.unread == pretty.unread == {}


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        (0, None, "ts"),
        (0, "soon", "ts"),
        (0, 1700000040500, "ts: not a whole second"),
        (1, "NaN", "open"),
        (2, None, "high"),
        (3, "inf", "low"),
        (4, "", "close"),
        (4, True, "close"),
        (4, "1_0", "close"),
        (4, "1 2", "close"),
        (4, ".5", "close"),
        (4, "٣", "close"),
        (4, [1], "close"),
        (5, "NaN", "volume"),
        (6, "many", "trades"),
        (6, 1.5, "trades"),
    ],
)
def test_an_unreadable_cell_costs_its_row_only(column: int, cell: object, reason: str) -> None:
    """The row is named with the column and its text; its neighbours are read."""
    bad = [cell if k == column else value for k, value in enumerate(GOOD)]
    sheet = read(GOOD, bad, GOOD)
    assert list(sheet.unread) == [1]
    assert sheet.unread[1].startswith(reason)
    assert json.loads(sheet.text(1)) == bad
    assert sheet.close[[0, 2]].tolist() == [2.5, 2.5]


@given(st.lists(st.tuples(st.integers(1, 10**11), decimals, decimals), min_size=1))
def test_numbers_may_be_of_any_length(values: list[tuple[int, str, str]]) -> None:
    """Texts with and without a fraction, time included, are the numbers that they say."""
    sheet = read(*([str(ts), a, b, a, b] for ts, a, b in values), layout=SHORT)
    assert sheet.ts.tolist() == [ts for ts, _, _ in values]
    assert sheet.open.tolist() == [float(a) for _, a, _ in values]
    assert sheet.high.tolist() == [float(b) for _, _, b in values]
    assert sheet.unread == {}
    assert [json.loads(sheet.text(k))[1] for k in range(len(values))] == [a for _, a, _ in values]


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_a_bare_token_that_is_no_json_costs_its_row_only(token: str) -> None:
    """Some write what JSON has no word for; the text of the row is that token in quotes."""
    bad = [*GOOD[:4], float(token.replace("Infinity", "inf")), *GOOD[5:]]
    sheet = read(GOOD, bad, GOOD)
    assert list(sheet.unread) == [1]
    assert sheet.unread[1].startswith("close")
    assert json.loads(sheet.text(1))[4] == token
    assert sheet.close[[0, 2]].tolist() == [2.5, 2.5]


odd_cells: st.SearchStrategy[object] = st.sampled_from(
    ["1.5e-7", "-1.5", " 1", "NaN", "", None, True, [1], {}, 1e-7, "2"]
)


@given(st.data(), st.sampled_from([0, 1000]), st.integers(0, 3))
def test_odd_rows_among_many_are_read_as_alone(data: st.DataObject, unit: int, many: int) -> None:
    """A few rows with anything in them, anywhere: each row is what it is by itself, in place."""
    rows = [[(1_700_000_040 + 60 * k) * 1000, *GOOD[1:]] for k in range(30)]
    for _ in range(many):
        row = data.draw(st.sampled_from(rows))
        row[data.draw(st.integers(1, 6))] = data.draw(odd_cells)
    whole = read(*rows, layout=structs.replace(LAYOUT, unit=unit))
    alone = [read(row) for row in rows]
    assert whole.unread == {k: sheet.unread[0] for k, sheet in enumerate(alone) if sheet.unread}
    for found, parts in zip(columns(whole), zip(*map(columns, alone), strict=True), strict=True):
        assert np.array_equal(found, np.concatenate(parts), equal_nan=True)
    assert [json.loads(whole.text(k)) for k in range(30)] == rows


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("null", "nul"),
        ("null],", "null]"),
        ("null],", 'null]"'),
        ("null],", "null]],"),
        ("[[", "7[["),
    ],
)
def test_a_broken_row_breaks_the_body(here: str, there: str) -> None:
    """What is no JSON in or beside one of many rows is not read around."""
    rows = [[*GOOD[:6], None if k == 10 else 9] for k in range(30)]
    body = json.dumps(rows, separators=(",", ":"))
    assert here in body
    with pytest.raises(msgspec.DecodeError):
        sheet_of_rows(body.replace(here, there).encode(), LAYOUT)


@pytest.mark.parametrize("bad", [5, None, {}, [1700000040000, "2.0"], "row"])
def test_a_row_of_another_shape_is_named(bad: object) -> None:
    """What is no row, or too short a row, is unreadable; the others survive."""
    sheet = read(GOOD, bad)
    assert sheet.unread == {1: "not a row of the expected length"}
    assert sheet.ts[0] == 1700000040


def test_a_missing_volume_is_not_zero() -> None:
    """A null volume or trade count means "not sent"."""
    sheet = read([*GOOD[:5], None, None])
    assert sheet.unread == {}
    assert math.isnan(sheet.volume[0])
    assert sheet.trades[0] == -1


@pytest.mark.parametrize("unit", [1, 1000, 1_000_000, 1_000_000_000])
def test_the_unit_of_time_is_told_from_the_magnitude(unit: int) -> None:
    """Seconds, milli-, micro- and nanoseconds are recognised when the layout leaves it open."""
    layout = Layout(ts=0, open=1, high=2, low=3, close=4, unit=0)
    sheet = read([1_735_689_600 * unit, *GOOD[1:5]], layout=layout)
    assert sheet.ts.tolist() == [1_735_689_600]
    assert epoch_unit(1_735_689_600 * unit) == unit


def test_no_rows_are_a_sheet_too() -> None:
    """An empty array is an answer."""
    assert len(read()) == 0


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[[1,2", b"[NaN]", b"<html>"])
def test_what_is_no_array_is_an_error(body: bytes) -> None:
    """A body that is no JSON array is never an empty answer."""
    with pytest.raises(msgspec.DecodeError):
        sheet_of_rows(body, LAYOUT)


def test_columns_need_one_length() -> None:
    """Parallel arrays of different lengths are unreadable as a whole."""
    one = {name: [1.0] for name in ("open", "high", "low", "close")}
    with pytest.raises(Unreadable, match="length"):
        sheet_of_columns({"ts": [1, 2], **one})


def test_columns_of_floats_are_taken_as_they_are() -> None:
    """Decoded floats pass untouched; a null price makes its row unreadable."""
    good = {name: [1.25, 2.5] for name in ("high", "low", "close")}
    sheet = sheet_of_columns({"ts": [60, 120], "open": [None, 1.1], **good, "volume": [None, 3.0]})
    assert list(sheet.unread) == [0]
    assert sheet.open[1] == 1.1
    assert math.isnan(sheet.volume[0])
    assert sheet.text(1) == "[120,1.1,2.5,2.5,2.5,3.0]"


@pytest.mark.parametrize("cell", ["NaN", "", " 1", "0x1", "1e999", None, True, 10**400, "\u0661"])
def test_what_is_no_number_is_refused(cell: object) -> None:
    """Only JSON numbers and plain decimals in strings are numbers."""
    with pytest.raises(Unreadable):
        number(cell)


@pytest.mark.parametrize("cell", [1.5, "1.5", 2**63, "nan", None, 1e300])
def test_what_is_no_whole_number_is_refused(cell: object) -> None:
    """Nothing is rounded or cut to fit."""
    with pytest.raises(Unreadable):
        whole(cell)


@pytest.mark.parametrize(
    ("cell", "value"), [("17", 17), (17.0, 17), ("1e3", 1000), (2**62 + 1, 2**62 + 1)]
)
def test_whole_numbers_keep_every_digit(cell: object, value: int) -> None:
    """Beyond 2**53 too."""
    assert whole(cell) == value


bare_numbers = st.one_of(
    st.integers(0, 10**15), st.floats(0, 1e12), st.sampled_from(["1.5e+06", "0.1e-3", "-2.5"])
)


@given(st.lists(st.lists(bare_numbers, min_size=5, max_size=5), min_size=1, max_size=5))
def test_bare_numbers_are_those_that_the_same_texts_are(cells: list[list[object]]) -> None:
    """Of any length, with a sign or an exponent: the same to the last bit."""
    rows = [[str(60 * k), *map(str, row)] for k, row in enumerate(cells)]
    lines = [f"[{','.join(row)}]" for row in rows]
    bare = f"[{','.join(lines)}]".encode()
    layout = Layout(ts=0, open=1, high=2, low=3, close=4, volume=5)
    found, texts = sheet_of_rows(bare, layout), read(*rows, layout=layout)
    assert all(
        np.array_equal(x, y, equal_nan=True)
        for x, y in zip(columns(found), columns(texts), strict=True)
    )
    assert found.unread == texts.unread == {}
    assert found.text(0) == lines[0]


@pytest.mark.parametrize(
    "cell", ["true", "null", '"7"', "1e999", "[1]", "-", "1.", ".5", "9" * 400, "60.5"]
)
def test_among_bare_numbers_another_cell_is_looked_at(cell: str) -> None:
    """What is no number is none here either, and a time is a whole number of its unit."""
    body = f"[[0,1,2,1,2],[{cell},1,2,1,2],[120,1,2,1,2]]".encode()
    try:
        sheet = sheet_of_rows(body, SHORT)
    except msgspec.DecodeError:
        return  # no JSON
    assert sheet.unread.keys() <= {1}
    assert (cell == '"7"') == (1 not in sheet.unread)
    assert sheet.close[[0, 2]].tolist() == [2.0, 2.0]
