"""One question for an instrument as questions for the tickers that it had in the range.

For providers that file every day under the ticker of that day: META before June 2022 is there
another fund's history, and the company's is under FB.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from domain.instrument import AssetClass, Instrument
from domain.moment import LATEST
from domain.provider import BarsAsk, Capabilities
from domain.renames import tickers_in
from domain.ticks import TicksAsk
from domain.timerange import TimeRange

_NS = 10**9


def ticker_parts(ask: BarsAsk, can: Capabilities) -> Iterator[BarsAsk | TimeRange]:
    """The ask cut where the ticker changes, ascending; the ask itself where it never does.

    A bar in which the ticker changes is a mere range: neither name has all of it.
    """
    if not _is_filed_by_day(ask.instrument, can):
        yield ask
        return
    done = ask.range.start
    for ticker, span in tickers_in(ask.instrument.id, ask.range):
        start, end = ask.interval.ceil(span.start), ask.interval.floor(span.end)
        if start >= end:
            continue
        if done < start:
            yield TimeRange(done, start)
        named = Instrument.stock(ticker)
        forming = ask.forming and end == ask.range.end
        yield replace(ask, instrument=named, range=TimeRange(start, end), forming=forming)
        done = end
    if done < ask.range.end:
        yield TimeRange(done, ask.range.end)


def tick_part(ask: TicksAsk, can: Capabilities) -> TicksAsk:
    """The part of the ask that one ticker answers: the last one, or the first of a walk forward.

    What its page does not cover is asked for again, then under the ticker before or after.
    """
    if not _is_filed_by_day(ask.instrument, can):
        return ask
    first = (ask.start_ns or 0) // _NS
    stop = LATEST if ask.end_ns is None else max(first + 1, -(-ask.end_ns // _NS))
    parts = tickers_in(ask.instrument.id, TimeRange(first, stop))
    ticker, span = parts[-1 if ask.newest else 0]
    named = replace(ask, instrument=Instrument.stock(ticker))
    if len(parts) == 1:
        return named
    if ask.newest:
        return replace(named, start_ns=max(ask.start_ns or 0, span.start * _NS))
    return replace(named, end_ns=span.end * _NS)


def _is_filed_by_day(instrument: Instrument, can: Capabilities) -> bool:
    return can.tickers_of_the_day and instrument.asset_class is AssetClass.STOCK
