"""Bars of CoinGecko's paid plans: hours and days of any range since 2018.

From the documentation of ``/coins/{id}/ohlc/range`` (docs.coingecko.com, 2026).
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from adapters_out.provider_kit.calls import Question, Reply
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.provider import BarsEndpoint
from adapters_out.provider_kit.sheet import Sheet
from adapters_out.providers.coingecko.bars import BARS, candles_of
from adapters_out.providers.coingecko.coins import NAME, with_id
from domain.errors import RangeUnavailable
from domain.interval import Interval
from domain.provider import BarsAsk
from domain.timerange import TimeRange

# How they are called, and how many candles of a kind one call may ask for.
SPELLING = {Interval.H1: "hourly", Interval.D1: "daily"}
PAGES = {Interval.H1: 744, Interval.D1: 180}
_FIRST = 1_518_147_224  # 9 February 2018: nothing is kept from before
# A day appears 35 minutes after its end; answers are made anew every 15.
_LATE_S = 35 * 60


def _page(ask: BarsAsk) -> TimeRange:
    """A page has a place for the candle that closes at the start, and for the running one."""
    if ask.interval not in SPELLING:
        return BARS.page(ask)
    span, room = ask.range, PAGES[ask.interval] - 1 - ask.forming
    return TimeRange(span.start, min(span.end, ask.interval.shift(span.start, room)))


def _ask(ask: BarsAsk) -> Question:
    """The range, told by the closes of its candles, of which both ends are inclusive.

    Raises:
        RangeUnavailable: it ends before the first that is kept.
    """
    if ask.interval not in SPELLING:
        return BARS.ask(ask)
    if ask.range.end <= _FIRST:
        message = f"{NAME} keeps {ask.interval.value} bars since 9 February 2018 only."
        raise RangeUnavailable(message, provider=NAME)
    params: dict[str, str | int] = {
        "vs_currency": ask.instrument.quote.lower(),
        "from": _text(ask.range.start),
        "to": _text(ask.range.end),
        "interval": SPELLING[ask.interval],
    }
    return with_id(ask.instrument, "/coins/{id}/ohlc/range", params)


def _text(ts: int) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%dT%H:%M}"


def _read(reply: Reply, ask: BarsAsk) -> Sheet:
    """What closed less than 35 minutes ago may have been read while it ran, or be missing."""
    if ask.interval not in SPELLING:
        return BARS.read(reply, ask)
    sheet = candles_of(reply, ask.interval)
    settled = ask.interval.floor(int(reply.true_at) - _LATE_S)
    kept_from = ask.interval.ceil(_FIRST) if ask.range.start < _FIRST else None
    return replace(sheet, final_before=settled, published=settled, kept_from=kept_from)


RANGES = BarsEndpoint(ask=_ask, read=_read, page=_page, rules=PageRules(bounded=False))
