"""The conformance kit: what every provider must do, as checks that fail with a reason.

The features tell the same to people; these are for machines: a check takes a stage with the
provider before its synthetic twin, and any provider file can be put there, a broken one too.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.wire import Request
from adapters_out.provider_kit.calls import Call
from domain.coverage import GapReason
from domain.errors import NotListed, RangeUnavailable
from domain.instrument import AssetClass, Listing, resolve_symbol
from domain.interval import Interval
from domain.provider import BarsAsk, Capability
from domain.timerange import TimeRange
from ports.market_data import CallContext
from tests.acceptance.providers.asking import Answer, ask_bars, assert_traded, price, traded
from tests.acceptance.providers.stage import KEY, Stage

_YEAR = 365 * 86_400


def _symbols(stage: Stage) -> tuple[str, ...]:
    """A well-known instrument, a cheap one with many decimals, and a quiet one, if listed."""
    can = stage.provider.capabilities
    kinds = {AssetClass.STOCK} if stage.plays_stocks else can.asset_classes
    wanted = next(names for kind, names in _WANTED.items() if kind in kinds)
    if Capability.INSTRUMENTS not in can.offers:
        return wanted
    listed = {each.instrument.id for each in stage.run(_listings(stage))}
    known = tuple(name for name in wanted if stage.role.listed(name).id in listed)
    assert known, "the instrument list has nothing of what is traded"
    return known


async def _listings(stage: Stage) -> Sequence[Listing]:
    return await stage.source.listings(CallContext())


_WANTED = {
    AssetClass.CRYPTO: ("BTC-USDT", "SHIB-USDT", "KAS-USDT"),
    AssetClass.STOCK: ("AAPL", "KO"),
    AssetClass.FUTURE: ("ESZ2026", "CLZ2026"),
}


def check_bars(stage: Stage) -> None:
    """The last bars of several instruments are what was traded, and nothing is set aside."""
    for symbol in _symbols(stage):
        for interval in _natural(stage):
            answer = _last(stage, symbol, interval, 150)
            _assert_right(stage, answer)


def _natural(stage: Stage) -> list[Interval]:
    """Some intervals of the provider, short and long ones."""
    offered = stage.provider.capabilities.intervals
    usual = (Interval.M1, Interval.M5, Interval.H1, Interval.D1)
    return [interval for interval in usual if interval in offered] or list(offered)


def _last(stage: Stage, symbol: str, interval: Interval, count: int) -> Answer:
    end = interval.floor(int(stage.now()))
    count = min(count, stage.role.reach.get(interval, count))
    start = max(interval.shift(end, -count), interval.ceil(stage.asset(stage.cast(symbol)).listed))
    return ask_bars(stage, symbol, interval, (start, end))


def _assert_right(stage: Stage, answer: Answer) -> None:
    """Every bar that was traded, none else, none refused, and the whole range answered for."""
    assert answer.errors == [], answer.errors
    assert [row for page in answer.pages for row in page.rejected] == []
    assert_traded(stage, answer)
    assert answer.range is not None
    market = traded(stage, answer.symbol, answer.interval, (answer.range.start, answer.range.end))
    sparse = stage.provider.capabilities.holes is GapReason.NO_TRADES
    due = market.ts[market.trades > 0] if sparse else market.ts
    assert np.setdiff1d(due, answer.series.ts).tolist() == []
    assert [(r.start, r.end) for r in answer.covered] == [(answer.range.start, answer.range.end)]


def check_pages(stage: Stage) -> None:
    """A stretch of several pages comes whole and in as many calls as it has pages."""
    can, interval = stage.provider.capabilities, _natural(stage)[0]
    count = 2 * can.page_bars + 50
    if can.history_bars is not None:
        count = min(count, can.history_bars - 50)
    before = len(stage.arrivals())
    # Where quiet bars are left out the quiet one comes in as many pages, of fewer rows.
    symbol = _symbols(stage)[-1 if can.holes is GapReason.NO_TRADES else 0]
    answer = _last(stage, symbol, interval, count)
    _assert_right(stage, answer)
    assert len(stage.arrivals()) - before <= count // can.page_bars + 3


def check_running_bar(stage: Stage) -> None:
    """The running bar is none of the past, and belongs to the moment."""
    interval = _natural(stage)[0]
    opened = interval.floor(int(stage.now()))
    span = (interval.shift(opened, -5), interval.shift(opened, 1))
    answer = ask_bars(stage, _symbols(stage)[0], interval, span)
    assert answer.errors == []
    assert all(interval.close(ts) <= answer.began for ts in answer.series.ts.tolist())
    assert all(bar.ts == opened and not bar.final for bar in answer.forming)


def check_absent_values(stage: Stage) -> None:
    """What is not sent is absent in every bar; a quiet bar has no average price."""
    answer = _last(stage, _symbols(stage)[-1], _natural(stage)[0], 300)
    series = answer.series
    quiet = series.volume == 0
    assert np.isnan(series.vwap[quiet]).all()
    assert not ((series.trades == 0) & ~quiet).any()
    _assert_right(stage, answer)


def check_unknown_instrument(stage: Stage) -> None:
    """What nobody lists is not listed: no bars, no other instrument's, and no empty range."""
    crypto = AssetClass.CRYPTO in stage.provider.capabilities.asset_classes
    symbol = stage.cast("NOPE-USDT") if crypto or stage.troupe else "NOPE"
    interval = _natural(stage)[0]
    end = interval.floor(int(stage.now()))
    answer = ask_bars(stage, symbol, interval, (interval.shift(end, -5), end))
    assert answer.pages == []
    assert isinstance(answer.error, NotListed)


def check_long_ago(stage: Stage) -> None:
    """A range before the kept history is refused; one before the listing is empty."""
    interval, can = _natural(stage)[0], stage.provider.capabilities
    symbol = "META" if stage.plays_stocks else _symbols(stage)[0]  # not of the last century
    if can.oldest(interval, stage.now()) is not None:
        start = interval.floor(int(stage.now()) - 3 * _YEAR)
        answer = ask_bars(stage, symbol, interval, (start, interval.shift(start, 60)))
        assert isinstance(answer.error, RangeUnavailable)
        return
    start = interval.ceil(ASSETS[symbol].listed - 90 * 86_400)
    answer = ask_bars(stage, symbol, interval, (start, interval.shift(start, 60)))
    assert answer.errors == []
    assert not len(answer.series)


def check_price(stage: Stage) -> None:
    """The last price of each instrument is its own, and its time is now."""
    if Capability.PRICE not in stage.provider.capabilities.offers:
        return
    for symbol in _symbols(stage):
        before = stage.now()
        found = stage.run(price(stage, symbol))
        after = stage.now()
        (told,) = found.prices
        asset = stage.asset(stage.cast(symbol))
        around = {stage.market.price(asset, t) for t in np.arange(before - 90, after + 1)}
        assert told.price in around, (told, symbol)
        assert before - 90 <= told.ts <= after


def check_weights(stage: Stage) -> None:
    """A call is declared as heavy as the provider counts it."""
    endpoint, weigh = stage.provider.bars, stage.simulator.dialects[stage.name].weigh
    assert endpoint is not None
    interval = _natural(stage)[0]
    end = interval.floor(int(stage.now()))
    span = TimeRange(interval.shift(end, -10), end)
    instrument = resolve_symbol(stage.cast(_symbols(stage)[0]))
    question = endpoint.ask(BarsAsk(instrument, interval, span))
    if isinstance(question, Call):
        pairs = tuple((name, str(value)) for name, value in question.params.items())
        assert question.weight == weigh(Request(question.path, pairs))


def check_key(stage: Stage) -> None:
    """The key goes where it belongs: never into an address if there is a header for it."""
    auth = stage.provider.auth
    _last(stage, _symbols(stage)[0], _natural(stage)[0], 10)
    key = KEY.reveal()
    for arrival in stage.arrivals():
        assert (key in arrival.query) is (auth is not None and bool(auth.query)), arrival.path


def check_list(stage: Stage) -> None:
    """The instrument list names what is traded, by symbols that the provider understands."""
    if Capability.INSTRUMENTS not in stage.provider.capabilities.offers:
        return
    found = stage.run(_listings(stage))
    by_id = {each.instrument.id: each for each in found}
    assert len(by_id) > 1
    for symbol in _symbols(stage):
        instrument = stage.role.listed(symbol)
        assert by_id[instrument.id].active
        assert by_id[instrument.id].instrument == instrument
        assert by_id[instrument.id].provider == stage.name


CHECKS: Mapping[str, Callable[[Stage], None]] = {
    name.removeprefix("check_"): check
    for name, check in globals().copy().items()
    if name.startswith("check_")
}
