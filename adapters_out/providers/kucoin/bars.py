"""Bars of KuCoin, called candles there."""

import msgspec
from msgspec import Raw

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.envelope import read_rows
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.provider import BarsEndpoint, first_bars
from adapters_out.provider_kit.rows import Rows, sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from adapters_out.providers.kucoin.answers import ANSWER, Answer, symbol_of
from domain.interval import Interval
from domain.provider import BarsAsk

PAGE = 1500
# Weeks open on Thursday (Kucoin/kucoin-api-docs#350), months are unchecked: none of them here.
_UNITS = {"m": "min", "h": "hour", "d": "day"}
SPELLING = {i: i.value[:-1] + _UNITS[i.value[-1]] for i in Interval if i.value[-1] in _UNITS}
INTERVALS = {theirs: ours for ours, theirs in SPELLING.items()}
# A row is time, open, CLOSE, HIGH, LOW, base volume, turnover, all strings; newest first.
_CANDLE = Layout(ts=0, open=1, close=2, high=3, low=4, volume=5)


def _ask_bars(ask: BarsAsk) -> Call:
    symbol, end = symbol_of(ask.instrument), ask.range.end - 1  # right, whether inclusive or not
    params: dict[str, str | int] = {"symbol": symbol, "type": SPELLING[ask.interval]}
    params |= {"startAt": ask.range.start, "endAt": end}
    return Call("/api/v1/market/candles", params, weight=3)


def _read_bars(reply: Reply, _: BarsAsk) -> Sheet:
    return read_rows(reply.body, ANSWER, "data", _sheet)


def _sheet(_: Answer, data: Rows) -> Sheet:
    rows = bytes(data)
    if rows.startswith(b"{"):  # the newer family of calls wraps the same rows
        rows = bytes(msgspec.json.decode(rows, type=dict[str, Raw])["list"])
    return sheet_of_rows(rows, _CANDLE)


# A range of more bars than a page loses its oldest silently.
BARS = BarsEndpoint(ask=_ask_bars, read=_read_bars, page=first_bars(PAGE), rules=PageRules())
