"""Calls and replies as values: a provider file says what to ask, the kit does the asking."""

import re
from collections.abc import Generator, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct, field

MIB = 1024 * 1024
_MARKUP = re.compile(rb"\s*<")
_ROW_BYTES = 512  # the longest rows of any provider have 300


class Call(Struct, frozen=True):
    """One HTTP request, without host, key or transport.

    ``path`` begins with ``/`` and lies below the provider's base URL; an absolute address that
    the provider itself named (a ``next_url``) is put below the base URL or refused.
    ``weight`` is what the call costs in the provider's own unit; ``max_bytes`` allows a larger
    (or smaller) body than the policy; a reply to a call with ``keep_s`` > 0 answers the same
    call for that many seconds (look-up tables, crumbs). ``any_status``: whatever comes back is an
    answer, for only its headers are wanted.
    """

    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    weight: float = 1.0
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    max_bytes: int | None = None
    keep_s: float = 0.0
    any_status: bool = False


def most_bytes(rows: int) -> int:
    """A cap for a body of so many rows: beyond doubt more than they take."""
    return MIB + _ROW_BYTES * rows


class Reply(Struct, frozen=True):
    """What came back: header names in lower case, the body inflated.

    ``asked_at`` and ``received_at`` are Unix seconds by our clock, before sending and after the
    last byte.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    asked_at: float = 0.0
    received_at: float = 0.0

    @property
    def received_ns(self) -> int:
        """``received_at`` in Unix ns, no finer than the microseconds that a float holds."""
        return round(self.received_at * 1_000_000) * 1000

    def header(self, name: str) -> str:
        """The value of a header (its name in lower case), empty when absent."""
        return self.headers.get(name, "")

    @property
    def is_html(self) -> bool:
        """Whether this is a page for people: no provider sends data as HTML."""
        return "html" in self.header("content-type") or _MARKUP.match(self.body) is not None

    @property
    def true_at(self) -> float:
        """A moment (Unix s) at or before which the provider looked at its data.

        A bar that forms while the answer travels must not become final on the way, so this is
        the time of asking; a provider whose own clock (``Date``) runs behind ours lowers it.
        """
        stamp = http_date(self.header("date"))
        if stamp is None or abs(stamp - self.asked_at) > _CLOCKS_DIFFER_S:
            return self.asked_at
        return min(self.asked_at, stamp)


# A question is one call, or a generator that yields the calls that must come before (a crumb, an
# id, a token), receives each reply and returns the call whose reply is then read.
Steps = Generator[Call, Reply, Call]
Question = Call | Steps

# A `Date` further off than this is a broken clock or a cached page, and says nothing.
_CLOCKS_DIFFER_S = 600.0


def http_date(text: str) -> float | None:
    """Unix seconds of an HTTP date (RFC 9110 §5.6.7), None when it is none."""
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def rerooted(call: Call, base_url: str, hosts: frozenset[str]) -> Call | None:
    """The same call below ``base_url``; None if it names a host that is not the provider's.

    ``hosts`` are the names (``host`` or ``host:port``) under which the provider knows itself:
    an address it hands out is followed on the configured origin, never on the one it names.
    """
    if call.path.startswith("/") and not call.path.startswith("//"):
        return call
    named, base = urlsplit(call.path), urlsplit(base_url)
    known = {base.netloc, base.hostname, *hosts}
    if named.scheme not in {"http", "https"} or not {named.netloc, named.hostname} & known:
        return None
    prefix = base.path.rstrip("/")
    path = named.path
    if prefix and path.startswith(f"{prefix}/"):
        path = path.removeprefix(prefix)
    return Call(
        path or "/",
        {**dict(parse_qsl(named.query, keep_blank_values=True)), **call.params},
        weight=call.weight,
        method=call.method,
        headers=call.headers,
        body=call.body,
        max_bytes=call.max_bytes,
        keep_s=call.keep_s,
        any_status=call.any_status,
    )
