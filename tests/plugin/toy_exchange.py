"""A whole provider, as small as one can be: a toy exchange that lists pairs and has bars."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.provider import BarsEndpoint, LastPrice, PriceEndpoint, Provider
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from domain.coverage import GapReason
from domain.errors import NotListed
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, Capabilities, Capability, ProviderPolicy

_PAGE = 500


class _Answer(Struct):
    """Every body: rows of ``[time, open, high, low, close, volume]``, or an error."""

    rows: msgspec.Raw = msgspec.Raw(b"[]")
    last: float = 0.0
    error: str = ""


def _pair(instrument: Instrument) -> str:
    return f"{instrument.base}:{instrument.quote}"


def _ask_bars(ask: BarsAsk) -> Call:
    span = {"from": ask.range.start, "until": ask.range.end}
    return Call(f"/bars/{_pair(ask.instrument)}/{ask.interval.value}", span)


def _read_bars(reply: Reply, _: BarsAsk) -> Sheet:
    rows = msgspec.json.decode(reply.body, type=_Answer).rows
    return sheet_of_rows(rows, Layout(ts=0, open=1, high=2, low=3, close=4, volume=5))


def _read_price(reply: Reply, _: Instrument) -> LastPrice:
    return LastPrice(msgspec.json.decode(reply.body, type=_Answer).last)


def _complaint(reply: Reply) -> Complaint | None:
    error = msgspec.json.decode(reply.body, type=_Answer).error
    return Complaint(error, error) if error else None


INTERVALS: Sequence[Interval] = (Interval.M1, Interval.H1, Interval.D1)
PROVIDER = Provider(
    name="toy",
    base_url="https://api.toy.example",
    policy=ProviderPolicy(rps=20.0),
    capabilities=Capabilities(
        offers=frozenset({Capability.BARS, Capability.PRICE}),
        asset_classes=frozenset({AssetClass.CRYPTO}),
        intervals=tuple(INTERVALS),
        holes=GapReason.PROVIDER_OUTAGE,
        page_bars=_PAGE,
    ),
    faults=Faults(
        complaint=_complaint, rules=(FaultRule(NotListed, "lists no such pair", codes=("pair",)),)
    ),
    bars=BarsEndpoint(ask=_ask_bars, read=_read_bars, rules=PageRules(full_rows=_PAGE)),
    price=PriceEndpoint(ask=lambda pair: Call(f"/last/{_pair(pair)}"), read=_read_price),
    ping=Call("/ping"),
)
