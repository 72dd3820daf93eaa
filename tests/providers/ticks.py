"""Trades of a recording beside what somebody else's parser made of them."""

import json
from pathlib import Path

import msgspec

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.provider import TicksEndpoint
from domain.instrument import Instrument
from domain.ticks import Quote, TicksAsk, Trade

BTC = Instrument.pair("BTC", "USDT")
RECEIVED = 1_800_000_000.25
RECEIVED_NS = 1_800_000_000_250_000_000


def ask(**fields: int | bool) -> TicksAsk:
    """A question for the newest, unless told otherwise."""
    return msgspec.structs.replace(TicksAsk(instrument=BTC, limit=1000), **fields)


def reply(body: bytes) -> Reply:
    """HTTP 200."""
    return Reply(200, body, asked_at=RECEIVED - 0.5, received_at=RECEIVED)


def read_trades(endpoint: TicksEndpoint | None, body: bytes) -> list[Trade]:
    """What the provider file reads."""
    assert endpoint is not None
    ticks = endpoint.read(reply(body), ask()).ticks
    return [tick for tick in ticks if isinstance(tick, Trade)]


def read_quote(endpoint: TicksEndpoint | None, body: bytes) -> Quote:
    """Likewise the one quote."""
    assert endpoint is not None
    (quote,) = endpoint.read(reply(body), ask()).ticks
    assert isinstance(quote, Quote)
    return quote


def expected_trades(path: Path) -> list[dict[str, object]]:
    """The values that can be compared: milliseconds, price, size and side."""
    said = json.loads(path.read_text())
    rows = said if isinstance(said, list) else said["trades"]
    return [
        {"ms": r["timestamp"], "price": r["price"], "size": r["amount"], "side": r["side"]}
        for r in rows
    ]


def as_expected(trades: list[Trade]) -> list[dict[str, object]]:
    """The same of ours."""
    return [
        {
            "ms": t.ts_ns // 1_000_000,
            "price": t.price,
            "size": t.size,
            "side": t.side.value if t.side else None,
        }
        for t in trades
    ]
