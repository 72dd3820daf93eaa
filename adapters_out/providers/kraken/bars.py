"""Bars of Kraken: the newest 720, with a word on which of them are final."""

import re

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.provider import BarsEndpoint
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from adapters_out.providers.kraken.answers import Answer, pair_of
from domain.interval import Interval
from domain.provider import BarsAsk

KEPT = 720
MINUTES = {
    Interval.M1: 1,
    Interval.M5: 5,
    Interval.M15: 15,
    Interval.M30: 30,
    Interval.H1: 60,
    Interval.H4: 240,
    Interval.D1: 1440,
}
# A row is time, o, h, l, c, VWAP (not volume), volume, trades.
_CANDLE = Layout(ts=0, open=1, high=2, low=3, close=4, vwap=5, volume=6, trades=7)


def _ask_bars(ask: BarsAsk) -> Call:
    params: dict[str, str | int] = {
        "pair": pair_of(ask.instrument),
        "interval": MINUTES[ask.interval],
        "since": max(ask.range.start - ask.interval.seconds, 0),  # exclusive
    }
    return Call("/0/public/OHLC", params)


# What an answer with bars and nothing else begins and ends with.
_HEAD = re.compile(rb'\{"error":\[\],"result":\{"[\w.]+":')
_TAIL = re.compile(rb',"last":(\d{1,18})\}\}')


def _read_bars(reply: Reply, _: BarsAsk) -> Sheet:
    rows, last = _rows(reply.body)
    sheet = sheet_of_rows(rows, _CANDLE)
    after_last = sheet.ts[sheet.ts > last]
    return replace(
        sheet,
        final_before=int(after_last.min()) if len(after_last) else None,
        kept_from=int(sheet.ts.min()) if len(sheet) >= KEPT else None,
    )


def _rows(body: bytes) -> tuple[bytes | Raw, int]:
    """The rows as they came, and ``last``; without a walk through all of them, as a rule."""
    start, end = body.find(b"[["), body.rfind(b"]]") + 2
    tail = _TAIL.fullmatch(body, max(start, end))
    if tail and _HEAD.fullmatch(body, 0, max(start, 0)):
        return body[start:end], int(tail[1])
    result = msgspec.json.decode(body, type=Answer).result
    last = msgspec.json.decode(result.pop("last"), type=int)
    (rows,) = result.values()
    return rows, last


BARS = BarsEndpoint(ask=_ask_bars, read=_read_bars, rules=PageRules(bounded=False))
