"""One question for an instrument as questions for the tickers that it had in the range.

For providers that file every day under the ticker of that day: META before June 2022 is there
another fund's history, and the company's is under FB.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from domain.instrument import AssetClass, Instrument
from domain.provider import BarsAsk, Capabilities
from domain.renames import tickers_in
from domain.timerange import TimeRange


def ticker_parts(ask: BarsAsk, can: Capabilities) -> Iterator[BarsAsk | TimeRange]:
    """The ask cut where the ticker changes, ascending; the ask itself where it never does.

    A bar in which the ticker changes is a mere range: neither name has all of it.
    """
    if not can.tickers_of_the_day or ask.instrument.asset_class is not AssetClass.STOCK:
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
