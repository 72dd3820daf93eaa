"""How a reply travels: whole and at once, or in one of the many ways in which it does not."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import lru_cache

import msgspec
from msgspec import Struct

from adapters_in.simulator.faults import Fault, FaultKind
from adapters_in.simulator.wire import Reply

MIB = 1024 * 1024
SPACES = b" " * MIB
_BOMB_MIB, _HUGE_MIB = 300, 64
_DEPTH = 100_000


class Ending(Enum):
    """What becomes of the connection after the last byte."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"


class Delivery(Struct, frozen=True):
    """A reply and how to send it.

    ``delay_s`` passes before the first byte; with ``hang`` there never is one; the body goes at
    ``bytes_per_s`` (None: at once), followed by ``padding`` spaces; only ``sent`` of its bytes
    go (None: all); ``declared`` is the Content-Length if it is not the true one.
    """

    reply: Reply
    delay_s: float = 0.0
    hang: bool = False
    bytes_per_s: float | None = None
    padding: int = 0
    sent: int | None = None
    declared: int | None = None
    ending: Ending = Ending.KEEP

    @property
    def length(self) -> int:
        """What the header says about the body's length."""
        return len(self.reply.body) + self.padding if self.declared is None else self.declared


def deliver(reply: Reply, faults: Sequence[Fault]) -> Delivery:
    """Apply the faults of the way to a finished reply, in their order."""
    delivery = Delivery(reply)
    for fault in faults:
        if fault.kind in _WAYS:
            delivery = _WAYS[fault.kind](delivery, fault)
    return delivery


def _delay(delivery: Delivery, fault: Fault) -> Delivery:
    return msgspec.structs.replace(delivery, delay_s=delivery.delay_s + fault.seconds)


def _hang(delivery: Delivery, _: Fault) -> Delivery:
    return msgspec.structs.replace(delivery, hang=True)


def _drip(delivery: Delivery, fault: Fault) -> Delivery:
    return msgspec.structs.replace(delivery, bytes_per_s=fault.bytes_per_s)


def _reset(delivery: Delivery, _: Fault) -> Delivery:
    half = len(delivery.reply.body) // 2
    return msgspec.structs.replace(delivery, sent=half, ending=Ending.RESET)


def _half(delivery: Delivery, _: Fault) -> Delivery:
    half = len(delivery.reply.body) // 2
    return msgspec.structs.replace(delivery, sent=half, ending=Ending.CLOSE)


def _wrong_length(delivery: Delivery, _: Fault) -> Delivery:
    half = len(delivery.reply.body) // 2
    return msgspec.structs.replace(delivery, declared=half, ending=Ending.CLOSE)


def _truncated(delivery: Delivery, _: Fault) -> Delivery:
    return _with_body(delivery, delivery.reply.body[: len(delivery.reply.body) // 2])


def _empty(delivery: Delivery, _: Fault) -> Delivery:
    return _with_body(delivery, b"")


def _nested(delivery: Delivery, _: Fault) -> Delivery:
    return _with_body(delivery, b"[" * _DEPTH + b"]" * _DEPTH)


def _mislabelled(delivery: Delivery, _: Fault) -> Delivery:
    reply = delivery.reply
    wrong = Reply(reply.body, reply.status, "application/octet-stream", reply.headers)
    return msgspec.structs.replace(delivery, reply=wrong)


def _huge(delivery: Delivery, fault: Fault) -> Delivery:
    return msgspec.structs.replace(delivery, padding=(fault.mib or _HUGE_MIB) * MIB)


def _bomb(delivery: Delivery, fault: Fault) -> Delivery:
    reply = delivery.reply
    packed = Reply(bomb(fault.mib or _BOMB_MIB), reply.status, reply.content_type, reply.headers)
    return msgspec.structs.replace(
        delivery, reply=packed.with_headers(("Content-Encoding", "gzip"))
    )


def _with_body(delivery: Delivery, body: bytes) -> Delivery:
    old = delivery.reply
    reply = Reply(body, old.status, old.content_type, old.headers)
    return msgspec.structs.replace(delivery, reply=reply)


@lru_cache(maxsize=4)
def bomb(mib: int) -> bytes:
    """A gzip member (RFC 1952) of ``mib`` MiB of spaces: about a thousandth of that.

    A deflate block that ends with a full flush depends on nothing before it, so one compressed
    MiB is repeated instead of compressing all of them.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(SPACES) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(mib):
        checksum = zlib.crc32(SPACES, checksum)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    tail = packer.flush() + checksum.to_bytes(4, "little")
    return head + block * mib + tail + (mib * MIB % 2**32).to_bytes(4, "little")


_WAYS: Mapping[FaultKind, Callable[[Delivery, Fault], Delivery]] = {
    FaultKind.DELAY: _delay,
    FaultKind.HANG: _hang,
    FaultKind.DRIP: _drip,
    FaultKind.RESET: _reset,
    FaultKind.HALF_BODY: _half,
    FaultKind.WRONG_LENGTH: _wrong_length,
    FaultKind.TRUNCATED_JSON: _truncated,
    FaultKind.EMPTY_BODY: _empty,
    FaultKind.DEEP_NESTING: _nested,
    FaultKind.WRONG_CONTENT_TYPE: _mislabelled,
    FaultKind.HUGE_BODY: _huge,
    FaultKind.GZIP_BOMB: _bomb,
}
