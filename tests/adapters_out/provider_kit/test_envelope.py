"""Envelopes without a walk through their rows, and never anything else than with it."""

import msgspec
import pytest
from msgspec import Raw, Struct

from adapters_out.provider_kit.envelope import envelope_of, read_rows
from adapters_out.provider_kit.rows import Rows


class Answer(Struct):
    """With a code that must be there."""

    code: str
    data: Raw = Raw(b"null")
    more: str | None = None


ANSWER = msgspec.json.Decoder(Answer)
ROWS = msgspec.json.Decoder()

BODIES = [
    b'{"code":"0","data":[["a"],["b"]],"more":"x"}',
    b'{"data":[{"a":1},{"b":[[2]]}],"code":"0"}',
    b'{"data":[["a"]],"code":"0","other":[["b"]]}',
    b'{"other":[["b"]],"data":[["a"]],"code":"0"}',
    b'{"other":[{"b":1}],"data":[["a"]],"code":"0","last":[{"c":[]}]}',
    b'{"data":[["a"]],"other":"[[","more":"]]","code":"0"}',
    b'{"more":"[[","data":[["]]"]],"code":"0"}',
    b'{"code":"0","data":[],"other":[["a"]]}',
    b'{"code":"0","data":{"list":[["a"]]}}',
    b'{ "code" : "0" , "data" : [ [ "a" ] ] }',
    b'{"code":"0"}',
]


def _pair(envelope: Answer, rows: Rows) -> tuple[str, str | None, object]:
    return envelope.code, envelope.more, ROWS.decode(rows)


@pytest.mark.parametrize("body", BODIES)
def test_rows_are_cut_out_only_where_they_are(body: bytes) -> None:
    """Whatever else looks like rows: envelope and rows are those of the whole body."""
    whole = ANSWER.decode(body)
    expected = (whole.code, whole.more, ROWS.decode(whole.data))
    assert read_rows(body, ANSWER, "data", _pair) == expected
    assert envelope_of(body, ANSWER).code == whole.code


@pytest.mark.parametrize(
    "body", [b"", b"[[", b'{"data":[["a"]]}', b'{"code":"0","data":[["a"]}', b'[["a"]]']
)
def test_another_shape_stays_unreadable(body: bytes) -> None:
    """With rows or without them."""
    with pytest.raises(msgspec.DecodeError):
        read_rows(body, ANSWER, "data", _pair)
    with pytest.raises(msgspec.DecodeError):
        envelope_of(body, ANSWER)
