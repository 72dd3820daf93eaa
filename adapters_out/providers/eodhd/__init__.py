"""EODHD: days, minutes and quotes of US stocks and of coins in dollars (docs of 2026).

Errors are plain texts labelled as HTML. The allowance of a day is counted in the cost of calls,
not in calls: an intraday stretch costs five, whatever its length.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults, retry_after
from adapters_out.provider_kit.provider import Auth, Provider, Usage
from adapters_out.providers.eodhd.bars import BARS, PAGE, SPANS
from adapters_out.providers.eodhd.feed import FEED
from adapters_out.providers.eodhd.reference import ACTIONS, LISTINGS, PRICE
from adapters_out.providers.eodhd.spelling import NAME, symbol_of
from domain.coverage import GapReason
from domain.errors import NotEntitled, NotListed
from domain.instrument import AssetClass
from domain.provider import Basis, Capabilities, Capability, ProviderPolicy, Window

_MINUTE, _DAY = 60, 86_400
_A_MINUTE, _A_DAY = 1000, 100_000
_OK, _PAYMENT_REQUIRED = 200, 402
_LONGEST_ERROR, _DIGITS = 4096, 12


class _Error(Struct):
    """The newer form of errors; ``code`` of data is a text."""

    error: str | None = None
    message: str | None = None
    code: str | int | None = None


def _complaint(reply: Reply) -> Complaint | None:
    """A plain text, or an object with an ``error``; a text with status 200 is no answer at all."""
    if len(reply.body) > _LONGEST_ERROR:
        return None
    if reply.body.lstrip()[:1] not in {b"{", b"["}:
        text = reply.body.decode(errors="replace").strip()
        return None if reply.status == _OK else Complaint(text=text)
    if not reply.body.lstrip().startswith(b"{"):
        return None
    said = msgspec.json.decode(reply.body, type=_Error)
    if said.error is None and said.message is None:
        return None
    return Complaint(str(said.code or ""), said.error or said.message or "")


def _retry_at(reply: Reply) -> float | None:
    """The allowance starts over at midnight GMT."""
    if reply.status == _PAYMENT_REQUIRED:
        return (reply.received_at // _DAY + 1) * _DAY
    return retry_after(reply)


def _told(reply: Reply, name: str) -> int | None:
    text = reply.header(f"x-ratelimit-{name}")
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else None


def _usage(reply: Reply) -> Sequence[Usage]:
    """What is left of the minute."""
    left, limit = _told(reply, "remaining"), _told(reply, "limit") or _A_MINUTE
    return () if left is None else (Usage(_MINUTE, float(max(0, limit - left))),)


def _limits(reply: Reply) -> Sequence[Window]:
    """Some accounts have more than a thousand calls a minute."""
    limit = _told(reply, "limit")
    return () if limit is None else (Window(limit, _MINUTE),)


_FAULTS = Faults(
    complaint=_complaint,
    retry_at=_retry_at,
    mislabels=True,
    rules=(
        FaultRule(NotListed, "does not know the symbol", statuses=(404,), text="not found"),
        FaultRule(NotEntitled, "does not include this in the plan", statuses=(403,), html=False),
        FaultRule(NotEntitled, "does not include this in the plan", codes=("403",)),
    ),
)

PROVIDER = Provider(
    name=NAME,
    base_url="https://eodhd.com/api",
    hosts=frozenset({"eodhistoricaldata.com"}),
    policy=ProviderPolicy(
        rps=16.0,
        windows=(Window(_A_MINUTE, _MINUTE), Window(_A_DAY, _DAY, calendar=True)),
        freeze_s=float(_MINUTE),
        timeout_s=20.0,
        max_body_bytes=2 * MIB,
    ),
    capabilities=Capabilities(
        offers=frozenset(
            {Capability.BARS, Capability.PRICE, Capability.INSTRUMENTS, Capability.ACTIONS}
        ),
        asset_classes=frozenset({AssetClass.STOCK, AssetClass.CRYPTO}),
        intervals=SPANS,
        holes=GapReason.NO_TRADES,
        page_bars=PAGE,
        basis=Basis.CONSOLIDATED,
        volume_adjusted=True,
    ),
    auth=Auth(query="api_token"),
    faults=_FAULTS,
    usage=_usage,
    limits=_limits,
    spell=symbol_of,
    bars=BARS,
    price=PRICE,
    listings=LISTINGS,
    actions=ACTIONS,
    feed=FEED,
    ping=Call("/internal-user"),
)
