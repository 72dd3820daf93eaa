"""Bars of CoinGecko, which are candles of its averages."""

import numpy as np
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Question, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.provider import BarsEndpoint
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from adapters_out.providers.coingecko.coins import with_id
from domain.bars import Ints
from domain.interval import Interval
from domain.provider import BarsAsk

# How many days to ask for decides how long the candles are; 31 and more are of 4 days.
DAYS = {Interval.M30: 1, Interval.H4: 30}
KEPT = 180
# A row is the time of its CLOSE, open, high, low, close.
_CANDLE = Layout(ts=0, open=1, high=2, low=3, close=4, unit=1000)


def _ask_bars(ask: BarsAsk) -> Question:
    params: dict[str, str | int] = {
        "vs_currency": ask.instrument.quote.lower(),
        "days": DAYS[ask.interval],
        "precision": "full",
    }
    return with_id(ask.instrument, "/coins/{id}/ohlc", params)


def candles_of(reply: Reply, interval: Interval) -> Sheet:
    """Candles by their opens.

    Raises:
        Unreadable: they are of another length.
    """
    sheet, length = sheet_of_rows(reply.body, _CANDLE), interval.seconds
    if not _are_of(sheet.ts, length):
        raise Unreadable(f"its candles are not of {interval.value}")
    return replace(sheet, ts=sheet.ts - length)


def _are_of(ts: Ints, length: int) -> bool:
    """Whether candles follow each other at this length, most of them at least."""
    if (ts[1:] - ts[:-1] == length).all():
        return True
    steps = np.diff(np.unique(ts))
    return not len(steps) or int(np.median(steps)) == length


def _read_bars(reply: Reply, ask: BarsAsk) -> Sheet:
    """The newest candle ran when the answer was made, which may be a while ago: it is kept."""
    sheet = candles_of(reply, ask.interval)
    if not len(sheet):
        return sheet
    return replace(
        sheet,
        final_before=ask.interval.floor(int(sheet.ts.max())),
        kept_from=ask.interval.floor(int(sheet.ts.min())),
    )


BARS = BarsEndpoint(ask=_ask_bars, read=_read_bars, rules=PageRules(bounded=False))
