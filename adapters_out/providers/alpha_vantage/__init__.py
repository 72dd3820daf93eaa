"""Alpha Vantage, REST (documentation and captures up to 2026-05).

Every answer has status 200, errors too: their words decide. A free key has 25 calls a day and one
a second. There are no ranges: intraday bars come by the month, days as the newest hundred or all.
Stocks tell the time of New York, whatever their exchange, coins UTC.
"""

from datetime import UTC, datetime

import numpy as np
from msgspec.structs import replace

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import BeyondPlan
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.provider import (
    ActionsEndpoint,
    Auth,
    BarsEndpoint,
    PriceEndpoint,
    Provider,
)
from adapters_out.provider_kit.sheet import Sheet
from adapters_out.provider_kit.wall_clock import DAY, unix_of
from adapters_out.providers.alpha_vantage.facts import (
    NAME,
    ask_actions,
    ask_price,
    pair,
    read_actions,
    read_price,
)
from adapters_out.providers.alpha_vantage.faults import FAULTS
from adapters_out.providers.alpha_vantage.tables import NEW_YORK, read_bars
from domain.bars import Ints
from domain.coverage import GapReason
from domain.errors import NotEntitled, RangeUnavailable
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, Basis, Capabilities, Capability, ProviderPolicy, Window
from domain.sessions import calendar_of
from domain.timerange import TimeRange

# Hours open at half past nine: they are not ours, but half hours are, and cost as little.
_SPELLING = {
    Interval.M1: "1min",
    Interval.M5: "5min",
    Interval.M15: "15min",
    Interval.M30: "30min",
}
_PERIODS = {Interval.D1: "DAILY", Interval.W1: "WEEKLY", Interval.MO1: "MONTHLY"}
_FIRST_MONTH = 946_684_800  # 2000-01: no intraday bars before
_COMPACT = 100
# A hundred rows reach back at least so far, even if there were no holidays.
_COMPACT_S = 137 * DAY
_LATE_S = 3 * DAY
_MONDAY_TO_FRIDAY = 5
_MOST_ROWS = 44_640  # minutes of a month


def _is_coin(instrument: Instrument) -> bool:
    return instrument.asset_class is AssetClass.CRYPTO


def _by_month(ask: BarsAsk) -> TimeRange:
    """Intraday bars of stocks by the month, which is the same in New York while it trades."""
    span = ask.range
    if ask.interval in _PERIODS or _is_coin(ask.instrument):
        return span
    return TimeRange(span.start, min(span.end, _months(span.start)[1]))


def _months(ts: int) -> tuple[int, int]:
    """The month of a time: its first second and that of the next."""
    first = Interval.MO1.floor(ts)
    return first, Interval.MO1.shift(first, 1)


def _ask_bars(ask: BarsAsk) -> Call:
    coin, period = _is_coin(ask.instrument), _PERIODS.get(ask.interval)
    params: dict[str, str | int] = {"datatype": "csv"}
    if coin:
        params |= pair(ask.instrument, "symbol", "market")
    else:
        params["symbol"] = ask.instrument.base
    if period is None:
        params |= _intraday(ask, coin)
    else:
        params["function"] = f"{'DIGITAL_CURRENCY' if coin else 'TIME_SERIES'}_{period}"
    if period == "DAILY" and not coin:
        params["outputsize"] = "compact" if _is_young(ask) else "full"
    return Call("/query", params)


def _ask_compact(ask: BarsAsk) -> Call:
    """The newest hundred days of a stock, which are for everybody.

    Raises:
        NotEntitled: it is not about days, or about older ones.
    """
    if ask.interval is not Interval.D1 or _is_coin(ask.instrument):
        raise NotEntitled(f"{NAME} offers that to paying users only.", provider=NAME)
    since = TimeRange(ask.range.end, max(ask.asked_at, ask.range.end + DAY))
    if calendar_of(ask.instrument.id).count(Interval.D1, since) >= _COMPACT:
        message = f"{NAME} tells days before the newest hundred to paying users only."
        raise BeyondPlan(message, provider=NAME)
    params = {"function": "TIME_SERIES_DAILY", "symbol": ask.instrument.base}
    return Call("/query", {"datatype": "csv", **params, "outputsize": "compact"})


def _is_young(ask: BarsAsk) -> bool:
    """Whether a hundred days reach back to the start; all of them are for those who pay."""
    return ask.range.start >= ask.asked_at - _COMPACT_S > 0


def _intraday(ask: BarsAsk, coin: bool) -> dict[str, str | int]:  # noqa: FBT001  # of two kinds
    params: dict[str, str | int] = {"interval": _SPELLING[ask.interval], "outputsize": "full"}
    if coin:
        return params | {"function": "CRYPTO_INTRADAY"}
    if ask.range.start < _FIRST_MONTH:
        message = f"{NAME} keeps no {ask.interval.value} bars before 2000-01."
        raise RangeUnavailable(message, provider=NAME)
    month = f"{datetime.fromtimestamp(ask.range.start, UTC):%Y-%m}"
    raw: dict[str, str | int] = {"adjusted": "false", "extended_hours": "false", "month": month}
    return params | raw | {"function": "TIME_SERIES_INTRADAY"}


def _read_bars(reply: Reply, ask: BarsAsk) -> Sheet:
    sheet = read_bars(reply.body, lambda local: _opens(local, ask))
    known = np.delete(sheet.ts, list(sheet.unread))
    if not len(known):
        return _of_no_rows(sheet, reply, ask)
    oldest, newest = int(known.min()), int(known.max())
    if _is_coin(ask.instrument):
        return replace(sheet, kept_from=oldest)
    if ask.interval not in _PERIODS:
        first, following = _months(ask.range.start)
        if oldest < first or newest >= following:
            raise Unreadable("it holds bars of another month")
    elif ask.interval is Interval.D1 and (len(sheet) == _COMPACT or oldest < _FIRST_MONTH):
        sheet = replace(sheet, kept_from=oldest)
    return _published_until(_unpublished(newest, reply, ask), sheet)


def _of_no_rows(sheet: Sheet, reply: Reply, ask: BarsAsk) -> Sheet:
    """A month has none as long as its first day of trading may be late."""
    if len(sheet) or ask.interval in _PERIODS or _is_coin(ask.instrument):
        return sheet
    before = _months(ask.range.start)[0] - DAY
    return _published_until(_unpublished(before, reply, ask), sheet)


def _published_until(opened: int | None, sheet: Sheet) -> Sheet:
    return replace(sheet, final_before=opened, published=opened)


def _opens(local: Ints, ask: BarsAsk) -> Ints:
    """Unix seconds: days as they are, weeks and months (dated at their end) at their first day."""
    if ask.interval in {Interval.W1, Interval.MO1}:
        return np.array([ask.interval.floor(ts) for ts in local.tolist()], dtype=np.int64)
    if ask.interval is Interval.D1 or _is_coin(ask.instrument):
        return local
    return unix_of(NEW_YORK, local)


def _unpublished(newest: int, reply: Reply, ask: BarsAsk) -> int | None:
    """When trading began on the day after the newest row, if it may only be late.

    A free key gets a day in the night after it: until then it is not empty.
    """
    if ask.interval in {Interval.W1, Interval.MO1}:
        return None
    opened = _next_opening(newest, ask)
    is_late = opened < ask.range.end and opened < reply.received_at < opened + _LATE_S
    return opened if is_late else None


def _next_opening(newest: int, ask: BarsAsk) -> int:
    """When the next day of trading begins, at the earliest; days begin at 00:00 UTC."""
    calendar, day = calendar_of(ask.instrument.id), (newest // DAY + 1) * DAY
    while datetime.fromtimestamp(day, UTC).weekday() >= _MONDAY_TO_FRIDAY:
        day += DAY
    day = calendar.shift(Interval.D1, day, 1) - DAY
    session = calendar.on(datetime.fromtimestamp(day, UTC).date())
    if session is None or ask.interval is Interval.D1:
        return day
    return ask.interval.floor(session.first)


PROVIDER = Provider(
    name=NAME,
    base_url="https://www.alphavantage.co",
    # When its day begins is not documented: what fits into any 24 hours fits into every day.
    policy=ProviderPolicy(
        rps=1.0,
        windows=(Window(25, DAY),),
        timeout_s=20.0,
        attempts=2,
        freeze_s=60.0,
        concurrency=2,
        max_body_bytes=8 * MIB,  # a month of minutes has 3
    ),
    capabilities=Capabilities(
        offers=frozenset({Capability.BARS, Capability.PRICE, Capability.ACTIONS}),
        asset_classes=frozenset({AssetClass.STOCK, AssetClass.CRYPTO}),
        intervals=(*_SPELLING, *_PERIODS),
        holes=GapReason.NO_TRADES,
        page_bars=_MOST_ROWS,
        basis=Basis.CONSOLIDATED,
    ),
    auth=Auth(query="apikey"),
    faults=FAULTS,
    bars=BarsEndpoint(
        ask=_ask_bars,
        read=_read_bars,
        page=_by_month,
        rules=PageRules(bounded=False),
        instead=BarsEndpoint(ask=_ask_compact, read=_read_bars, rules=PageRules(bounded=False)),
    ),
    price=PriceEndpoint(ask=ask_price, read=read_price),
    actions=ActionsEndpoint(questions=ask_actions, read=read_actions),
    ping=Call("/query", {"function": "MARKET_STATUS"}),
)
