"""Bars of Binance, called klines there."""

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.provider import BarsEndpoint
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from adapters_out.providers.binance.symbols import symbol_of
from domain.interval import Interval
from domain.provider import BarsAsk

PAGE = 1000
# Case matters: 1m is a minute, 1M a month.
_SPELLING = {i: i.value for i in Interval} | {Interval.MO1: "1M"}
INTERVALS = {theirs: ours for ours, theirs in _SPELLING.items()}
# A row is open time, o, h, l, c, base volume, close time, quote volume, trades and more. Times
# are milliseconds; microseconds if a header asks for them, and in the bulk files since 2025.
_KLINE = Layout(ts=0, open=1, high=2, low=3, close=4, volume=5, trades=8, unit=0)


def _ask_bars(ask: BarsAsk) -> Call:
    params: dict[str, str | int] = {
        "symbol": symbol_of(ask.instrument),
        "interval": _SPELLING[ask.interval],
        "startTime": ask.range.start * 1000,
        "endTime": ask.range.end * 1000 - 1,  # both ends are inclusive on the open time
        "limit": PAGE,
    }
    return Call("/api/v3/klines", params, weight=2)


def _read_bars(reply: Reply, _: BarsAsk) -> Sheet:
    return sheet_of_rows(reply.body, _KLINE)


BARS = BarsEndpoint(ask=_ask_bars, read=_read_bars, rules=PageRules(full_rows=PAGE))
