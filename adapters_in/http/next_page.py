"""Where the next page is, for who reads headers instead of bodies."""

from urllib.parse import unquote_to_bytes

from adapters_in.http.replies import Call, Headers
from domain.errors import InvalidRequest
from domain.moment import LATEST
from domain.query import decode_cursor

_REPLACED = frozenset((b"start", b"cursor"))


def next_address(path: str, raw_query: bytes, cursor: str) -> str:
    """The same question from a cursor on, which takes the place of its ``start``."""
    pieces = [
        piece
        for piece in raw_query.split(b"&")
        if piece and unquote_to_bytes(piece.partition(b"=")[0]) not in _REPLACED
    ]
    kept = b"&".join((*pieces, f"cursor={cursor}".encode())).decode("latin-1")
    return f"{path}?{kept}"


def page_start(cursor: str) -> int:
    """Where the page of bars behind a cursor starts (Unix s).

    Raises:
        InvalidRequest: it is none of ours.
    """
    first = decode_cursor(cursor)
    if first > LATEST:
        message = "The cursor is not one of ours: pass the value of `next` unchanged."
        raise InvalidRequest(message, "cursor")
    return first


def paging_headers(call: Call, cursor: str | None) -> Headers:
    """For an answer that is not cached; with a ``Link`` to its next page if it has one."""
    fixed = (("cache-control", "no-store"),)
    if cursor is None:
        return fixed
    return (*fixed, ("link", f'<{next_address(call.path, call.raw_query, cursor)}>; rel="next"'))
