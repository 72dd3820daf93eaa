"""Bars of Coinbase, called candles there."""

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.moments import utc_text
from adapters_out.provider_kit.provider import BarsEndpoint, first_bars
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from adapters_out.providers.coinbase.products import product_of
from domain.interval import Interval
from domain.provider import BarsAsk

PAGE = 300
# No four hours and no weeks: any other granularity is refused.
INTERVALS = (Interval.M1, Interval.M5, Interval.M15, Interval.H1, Interval.H6, Interval.D1)
# A row is time, LOW, HIGH, open, close, volume; newest first.
_CANDLE = Layout(ts=0, low=1, high=2, open=3, close=4, volume=5)


def _ask_bars(ask: BarsAsk) -> Call:
    last = ask.interval.shift(ask.range.end, -1)
    params: dict[str, str | int] = {
        "granularity": ask.interval.seconds,
        "start": utc_text(ask.range.start),  # both ends are inclusive on the open time
        "end": utc_text(last),
    }
    return Call(f"/products/{product_of(ask.instrument)}/candles", params)


def _read_bars(reply: Reply, ask: BarsAsk) -> Sheet:
    """Rows before the start may come as well, says Coinbase; one after the end is no answer."""
    sheet = sheet_of_rows(reply.body, _CANDLE)
    if len(sheet) and int(sheet.ts.max()) >= ask.range.end:
        raise Unreadable("its rows go on after the end that was asked")
    return sheet


BARS = BarsEndpoint(
    ask=_ask_bars,
    read=_read_bars,
    page=first_bars(PAGE),  # it refuses to answer for more
    rules=PageRules(bounded=False),
)
