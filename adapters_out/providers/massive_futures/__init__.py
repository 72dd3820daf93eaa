"""Massive futures: CME, CBOT, NYMEX and COMEX (massive.com/docs/rest/futures, v1, 2026).

Formerly Polygon. Times are nanoseconds; a minute without trades has no bar; the bar of a session
belongs to its ``session_end_date``, whatever ``window_start`` says. Prices are in points, not yet
multiplied, and may be negative.
"""

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults
from adapters_out.provider_kit.provider import Auth, Provider
from adapters_out.providers.massive_futures.answers import NAME
from adapters_out.providers.massive_futures.bars import PAGE, RESOLUTIONS, bars_of
from adapters_out.providers.massive_futures.feed import FEED
from adapters_out.providers.massive_futures.lists import futures_of, listings_of
from adapters_out.providers.massive_futures.ticks import price_of, quotes_of, trades_of
from domain.coverage import GapReason
from domain.errors import NotEntitled, NotListed, ValueRefused
from domain.instrument import AssetClass
from domain.interval import Interval
from domain.provider import Basis, Capabilities, Capability, ProviderPolicy

_LONGEST_ERROR = 4096


class _Error(Struct):
    """The text is in ``error`` or in ``message``."""

    status: str = "OK"
    error: str | None = None
    message: str | None = None


def _complaint(reply: Reply) -> Complaint | None:
    if len(reply.body) > _LONGEST_ERROR:
        return None
    said = msgspec.json.decode(reply.body, type=_Error)
    if said.status not in {"ERROR", "NOT_AUTHORIZED", "NOT_FOUND"}:
        return None
    return Complaint(said.status, said.error or said.message or "")


_FAULTS = Faults(
    complaint=_complaint,
    rules=(
        FaultRule(NotEntitled, "needs a higher plan for this", codes=("NOT_AUTHORIZED",)),
        FaultRule(NotListed, "does not list the contract", codes=("NOT_FOUND",)),
        FaultRule(ValueRefused, "does not take a value", (400,)),
    ),
)


def massive_futures(version: str = "v1") -> Provider:
    """The provider as it speaks that version of its API: ``v1``, or ``vX`` as it was before.

    A price is read from a snapshot, which the older one does not have.
    """
    prices = frozenset({Capability.PRICE} if version == "v1" else ())
    return Provider(
        name=NAME,
        base_url="https://api.massive.com",
        hosts=frozenset({"api.polygon.io", "api.staging.massive.com"}),
        # The paid plans know no limit; a refusal lasts until the next minute.
        policy=ProviderPolicy(rps=4.0, freeze_s=60.0),
        capabilities=Capabilities(
            offers=frozenset(
                {
                    *(Capability.BARS, Capability.INSTRUMENTS, *prices),
                    *(Capability.TRADES, Capability.QUOTES, Capability.FUTURES),
                }
            ),
            asset_classes=frozenset({AssetClass.FUTURE}),
            intervals=tuple(i for i in Interval if i in RESOLUTIONS),
            holes=GapReason.NO_TRADES,
            page_bars=PAGE,
            basis=Basis.VENUE,
        ),
        auth=Auth(header="authorization", prefix="Bearer "),
        faults=_FAULTS,
        bars=bars_of(version),
        price=price_of(version) if prices else None,
        listings=listings_of(version),
        futures=futures_of(version),
        trades=trades_of(version),
        quotes=quotes_of(version),
        feed=FEED,
        ping=Call(f"/futures/{version}/exchanges", {"limit": 1}),
    )


PROVIDER = replace(
    massive_futures(), plans={"v1": massive_futures("v1"), "vx": massive_futures("vX")}
)
