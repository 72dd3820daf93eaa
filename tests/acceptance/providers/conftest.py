"""The cast and the steps that features share.

Every scenario runs for every provider that can do what it is about, in both rings.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest
from pytest_bdd import parsers, then, when

from adapters_out.provider_kit.provider import Provider
from bootstrap.catalogue import PREFERENCE
from domain.coverage import GapReason
from domain.errors import (
    AccessDenied,
    Banned,
    CallRefused,
    DeadlineExceeded,
    MalformedPayload,
    MarketDataError,
    NotListed,
    ProviderUnavailable,
    RangeUnavailable,
    RateLimited,
)
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, Capability
from domain.timerange import TimeRange
from tests.acceptance.providers.asking import Answer, ask_bars, assert_traded, traded
from tests.acceptance.providers.casting import STOCK_PLAYERS, TROUPES, unit_of
from tests.acceptance.providers.roles import role_of
from tests.acceptance.providers.stage import DIALECTS, INTERVALS, PROVIDERS, RINGS, Stage


def _is_shallow(provider: Provider) -> bool:
    """Whether there are bars that it no longer keeps."""
    can = provider.capabilities
    return can.history_bars is not None or bool(can.history_s)


_TELL_THE_LAST_ONLY = {"kucoin"}  # of trades
# They list coins, contracts and funds of which there is no price, and say so with null.
_UNPRICED = {"coingecko", "massive_futures", "yahoo"}

_LONG = 700
_MANY_HOURS = 3200  # as the scenario asks for


def _asks_in_windows(provider: Provider) -> bool:
    """Whether many hours take more than one question."""
    if provider.bars is None:
        return False
    stock = provider.name in STOCK_PLAYERS
    instrument = Instrument.stock("AAPL") if stock else Instrument.pair("BTC", "USDT")
    interval = unit_of("hours") if stock else INTERVALS["hours"]
    start = 1_699_920_000
    span = TimeRange(start, interval.shift(start, _MANY_HOURS))
    return provider.bars.page(BarsAsk(instrument, interval, span)).end < span.end


# What a tag of a feature or scenario demands of a provider.
DEMANDS: Mapping[str, Callable[[Provider], bool]] = {
    "bars": lambda p: Capability.BARS in p.capabilities.offers,
    "price": lambda p: Capability.PRICE in p.capabilities.offers,
    "priced": lambda p: Capability.PRICE in p.capabilities.offers and p.name not in _UNPRICED,
    "unpriced": lambda p: p.name in _UNPRICED,
    "trades": lambda p: Capability.TRADES in p.capabilities.offers,
    "futures": lambda p: Capability.FUTURES in p.capabilities.offers,
    "quotes": lambda p: Capability.QUOTES in p.capabilities.offers,
    "pairs": lambda p: AssetClass.CRYPTO in p.capabilities.asset_classes,
    "live": lambda p: p.quotes is not None and p.quotes.live,
    "stocks": lambda p: AssetClass.STOCK in p.capabilities.asset_classes,
    "weekly": lambda p: Interval.W1 in p.capabilities.intervals,
    "monthly": lambda p: Interval.MO1 in p.capabilities.intervals,
    "raw": lambda p: not p.capabilities.adjusted,
    "actions": lambda p: Capability.ACTIONS in p.capabilities.offers,
    "lately": lambda p: p.name in _TELL_THE_LAST_ONLY,
    "past": lambda p: p.name not in _TELL_THE_LAST_ONLY,
    "days": lambda p: p.capabilities.oldest(Interval.D1, 2e9) is None,
    "deep": lambda p: not _is_shallow(p),
    "shallow": _is_shallow,
    "coins": lambda p: p.name not in TROUPES,
    "positive": lambda p: AssetClass.FUTURE not in p.capabilities.asset_classes,
    "flat": lambda p: p.capabilities.holes is not GapReason.NO_TRADES,
    "sparse": lambda p: p.capabilities.holes is GapReason.NO_TRADES,
    "unpaged": lambda p: (
        p.bars is not None and not _asks_in_windows(p) and not p.capabilities.history_s
    ),
    "windowed": _asks_in_windows,
    "hours": lambda p: p.name in STOCK_PLAYERS or Interval.H1 in p.capabilities.intervals,
    "markets": lambda p: Capability.MARKETS in p.capabilities.offers,
    "volumes": lambda p: p.capabilities.has_volume(
        AssetClass.STOCK if p.name in STOCK_PLAYERS else AssetClass.CRYPTO
    ),
    "long": lambda p: max(role_of(p.name).reach.values(), default=_LONG) >= _LONG,
}


def pytest_bdd_apply_tag(tag: str, function: Callable[..., object]) -> bool | None:
    """Keep the tags on the scenario instead of making markers of them."""
    if tag not in DEMANDS and tag != _TRANSPORT:
        return None
    function.__dict__.setdefault("demands", set()).add(tag)
    return True


def _shape(provider: Provider) -> tuple[bool, bool]:
    """What a provider's file changes about the transport: where its key goes."""
    auth = provider.auth
    return auth is not None and bool(auth.header), auth is not None and bool(auth.query)


def _one_of_each_shape() -> set[str]:
    """The first provider, by our preference, of each shape of transport."""
    found: dict[tuple[bool, bool], str] = {}
    for name in sorted(PROVIDERS, key=_place):
        if PROVIDERS[name].bars is not None and name in DIALECTS:
            found.setdefault(_shape(PROVIDERS[name]), name)
    return set(found.values())


def _place(name: str) -> tuple[int, str]:
    return PREFERENCE.index(name) if name in PREFERENCE else len(PREFERENCE), name


# Such a scenario is about the transport, which is the same code for all: in virtual time everybody
# plays it; on the wire, where most of it would be waiting, one provider of each shape does.
_TRANSPORT = "transport"
_ON_THE_WIRE = _one_of_each_shape()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Providers × rings, without the providers that cannot."""
    if "provider" not in metafunc.fixturenames:
        return
    demands: set[str] = getattr(metafunc.function, "demands", set())
    able = [
        name
        for name, provider in PROVIDERS.items()
        if name in DIALECTS and all(DEMANDS[tag](provider) for tag in demands - {_TRANSPORT})
    ]
    pairs = [
        (name, ring)
        for ring in RINGS
        for name in able
        if ring != "wire" or _TRANSPORT not in demands or name in _ON_THE_WIRE
    ]
    metafunc.parametrize("provider", pairs, ids=["-".join(pair) for pair in pairs])


@pytest.fixture
def stage(provider: tuple[str, str]) -> Iterator[Stage]:
    """The provider in its ring."""
    opened = Stage(*provider)
    yield opened
    opened.close()


@pytest.fixture
def answers() -> list[Answer]:
    """What came of the questions so far, the latest last."""
    return []


# The words of the features for errors. Who gives up waiting may be told either that time is up
# or that the provider is unavailable.
SAYINGS: dict[str, tuple[type[MarketDataError], ...]] = {
    "the instrument is not listed": (NotListed,),
    "the range is not kept": (RangeUnavailable,),
    "the provider is unreadable": (MalformedPayload,),
    "the provider is unavailable": (ProviderUnavailable, DeadlineExceeded),
    "the provider denies access": (AccessDenied,),
    "the provider denies access or is banning": (AccessDenied, Banned),
    "the provider refused the call": (CallRefused,),
    "the provider has no price": (CallRefused,),
    "the provider limits us": (RateLimited,),
    "the provider has banned us": (Banned,),
}


def _last(stage: Stage, symbol: str, count: int, unit: str, patience_s: float | None) -> Answer:
    interval = stage.interval(unit)
    span = stage.past(stage.cast(symbol), interval, count)
    return ask_bars(stage, symbol, interval, span, patience_s)


@when(parsers.re(r"the last (?P<count>\d+) (?P<unit>\w+) of (?P<symbol>[A-Z-]+) are asked for"))
def ask_for_the_last(
    stage: Stage, answers: list[Answer], count: str, unit: str, symbol: str
) -> None:
    """Closed bars up to now."""
    answers.append(_last(stage, symbol, int(count), unit, None))


@when(
    parsers.re(
        r"the last (?P<count>\d+) (?P<unit>\w+) of (?P<symbol>[A-Z-]+) are asked for "
        r"with (?P<patience>\d+) seconds? of patience"
    )
)
def ask_impatiently(  # as many words as the sentence has
    stage: Stage, answers: list[Answer], count: str, unit: str, symbol: str, patience: str
) -> None:
    """The same with a deadline."""
    answers.append(_last(stage, symbol, int(count), unit, float(patience)))


@then(parsers.parse("{count:d} bars come in order without a gap"))
def whole(stage: Stage, answers: list[Answer], count: int) -> None:
    """The series itself refuses disorder; what is left to check is that nothing is missing."""
    answer = answers[-1]
    assert answer.errors == []
    series = answer.series
    assert len(series) == count
    if stage.troupe:  # the nights are no gap
        assert answer.range is not None
        span = (answer.range.start, series.interval.close(int(series.ts[-1])))
        assert np.array_equal(series.ts, traded(stage, answer.symbol, answer.interval, span).ts)
        return
    last = int(series.ts[-1])
    assert series.interval.shift(int(series.ts[0]), count - 1) == last


@then(parsers.parse("{count:d} bars come"))
def so_many(answers: list[Answer], count: int) -> None:
    """A number of bars."""
    assert answers[-1].errors == []
    assert len(answers[-1].series) == count


@then("the provider has answered for the whole stretch")
def all_is_answered_for(answers: list[Answer]) -> None:
    """Nothing of it is left open."""
    covered = answers[-1].covered
    assert covered.ranges == (answers[-1].range,)


@then("every bar is what was traded")
def right(stage: Stage, answers: list[Answer]) -> None:
    """Compared with the synthetic market itself."""
    assert len(answers[-1].series) > 0, answers[-1].errors
    assert_traded(stage, answers[-1])


@then(parsers.re(r"the answer is that (?P<saying>.+)"))
def refused(answers: list[Answer], saying: str) -> None:
    """One error, of the right kind, in one sentence, from a provider that is named."""
    error = answers[-1].error
    assert isinstance(error, SAYINGS[saying])
    if saying == "the provider limits us":
        assert not isinstance(error, Banned)
    assert error.message.endswith(".")
    assert "http://" not in error.message


@then(parsers.re(r"the provider was called (?P<bound>at most )?(?P<count>\d+) times"))
def called(stage: Stage, bound: str | None, count: str) -> None:
    """As the provider counts."""
    arrivals = stage.arrivals()
    assert len(arrivals) <= int(count)
    assert bound or len(arrivals) == int(count)


@then("the provider was called no more often than its pages demand")
def called_seldom(stage: Stage, answers: list[Answer]) -> None:
    """One call for each full page, and one that finds out where it ends."""
    span = answers[-1].range
    assert span is not None
    full = answers[-1].interval.count(span.start, span.end)
    assert len(stage.arrivals()) <= -(-full // stage.provider.capabilities.page_bars) + 1


@then("the provider was called once")
def called_once(stage: Stage) -> None:
    """As the provider counts."""
    assert len(stage.arrivals()) == 1


@then("it is the price of the last trade")
def last_price(stage: Stage, answers: list[Answer]) -> None:
    """A price that was the last one at some second while the question was under way."""
    answer = answers[-1]
    assert answer.errors == []
    moments = range(int(answer.began), int(answer.ended) + 2)
    asset = stage.asset(answer.symbol)
    assert answer.prices[0].price in {stage.market.price(asset, float(at)) for at in moments}
    assert answer.prices[0].provider == stage.name
