"""Who plays in the scenarios, and that the simulator and the providers understand each other."""

from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters_in.simulator.actions import ACTIONS
from adapters_in.simulator.assets import ASSETS, Asset
from adapters_in.simulator.columns import Grid
from adapters_in.simulator.market import SyntheticMarket
from adapters_in.simulator.simulator import Simulator, discover
from adapters_in.simulator.wire import Reply as Sent
from adapters_in.simulator.wire import Request
from adapters_out.memory.clock import ManualClock
from adapters_out.provider_kit.calls import Call, Question, Reply, rerooted
from domain.bars import PRICES
from domain.coverage import GapReason
from domain.instrument import AssetClass
from domain.interval import Interval
from domain.provider import BarsAsk, Capability
from domain.timerange import TimeRange
from tests.acceptance.providers.casting import STOCK_PLAYERS
from tests.acceptance.providers.roles import role_of
from tests.acceptance.providers.stage import KEY, PROVIDERS

NOW = 1_763_208_030.5
CAST = sorted(PROVIDERS.keys() & discover().keys())
PAIRS = [a for a in ASSETS.values() if a.instrument.asset_class is AssetClass.CRYPTO]
SHARED = [a for a in PAIRS if a.instrument.quote == "USDT" and a.listed < NOW - 10 * 86_400]
# Those with actions have scenarios of their own: raw or adjusted is a matter of the provider.
STOCKS = [
    a
    for a in ASSETS.values()
    if a.instrument.asset_class is AssetClass.STOCK and a.id not in ACTIONS
]

FUTURES = [
    a
    for a in ASSETS.values()
    if a.instrument.asset_class is AssetClass.FUTURE and a.listed < NOW - 10 * 86_400
]


def cast_of(name: str, interval: Interval | None = None) -> list[Asset]:
    """What a provider trades here; weeks of stocks only where there are any.

    The weeks of a coin differ by the day on which a provider opens them, those of a stock do not.
    """
    classes = PROVIDERS[name].capabilities.asset_classes
    stocks = STOCKS if AssetClass.STOCK in classes else []
    if stocks and (interval is Interval.W1 or name in STOCK_PLAYERS):
        return stocks
    futures = FUTURES if AssetClass.FUTURE in classes else []
    return [*(SHARED if AssetClass.CRYPTO in classes else []), *stocks, *futures]


def asked(simulator: Simulator, name: str, question: Question) -> Reply:
    """The reply to the call of a provider file, as the kit would hand it over."""
    if isinstance(question, Call):
        return called(simulator, name, question)
    call = next(question)
    while True:
        reply = called(simulator, name, call)
        try:
            call = question.send(reply)
        except StopIteration as end:
            return called(simulator, name, end.value)


def called(simulator: Simulator, name: str, call: Call) -> Reply:
    """The reply to one call, with the key where it belongs."""
    pairs = [(key, str(value)) for key, value in call.params.items()]
    headers = {"user-agent": "fks-data", **call.headers}
    auth = PROVIDERS[name].auth
    if auth is not None and auth.header:
        headers[auth.header.lower()] = auth.prefix + KEY.reveal()
    if auth is not None and auth.query:
        pairs.append((auth.query, KEY.reveal()))
    request = Request(unquote(call.path), tuple(pairs), call.method, headers)
    sent: Sent = simulator.arrive(name, request).reply
    told = {key.lower(): value for key, value in sent.headers}
    told["content-type"] = sent.content_type
    return Reply(sent.status, sent.body, told, NOW, NOW)


def test_every_provider_has_a_dialect() -> None:
    """No provider is left out of the scenarios for want of a simulator."""
    assert CAST
    assert sorted(PROVIDERS) == sorted(discover())


@st.composite
def _spans(draw: st.DrawFn, interval: Interval, most: int) -> TimeRange:
    """Up to so many closed bars (or five months), not long ago."""
    count = draw(st.integers(1, 5 if interval is Interval.MO1 else most))
    back = draw(st.integers(0, 3 if interval is Interval.MO1 else most))
    end = interval.shift(interval.floor(int(NOW)), -back)
    return TimeRange(interval.shift(end, -count), end)


@pytest.mark.parametrize("name", CAST)
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_what_is_rendered_is_read(name: str, data: st.DataObject) -> None:
    """Bars go through the dialect and the provider's ``read`` unchanged, at every interval."""
    provider = PROVIDERS[name]
    assert provider.bars is not None
    interval = data.draw(st.sampled_from(provider.capabilities.intervals), "interval")
    drawn, role = data.draw(st.sampled_from(cast_of(name, interval)), "asset"), role_of(name)
    instrument = role.instrument(drawn.id)
    span = data.draw(_spans(interval, role.reach.get(interval, 600) // 2), "span")
    ask = BarsAsk(instrument, interval, span, asked_at=int(NOW))
    ask = replace(ask, range=(span := provider.bars.page(ask)))
    simulator = Simulator(ManualClock(NOW), seed=3)
    sheet = provider.bars.read(asked(simulator, name, provider.bars.ask(ask)), ask)
    count = interval.count(span.start, span.end)
    asset = ASSETS.get(instrument.id, drawn)
    rows = SyntheticMarket(3).bars(asset, Grid.of(interval).edges(span.start, count), NOW)
    if provider.capabilities.holes is GapReason.NO_TRADES:
        rows = rows.take(rows.trades > 0)  # the others are left out
    order = np.argsort(sheet.ts)
    order = order[(sheet.ts[order] >= span.start) & (sheet.ts[order] < span.end)]
    assert np.array_equal(sheet.ts[order], rows.ts)
    has_volume = provider.capabilities.has_volume(instrument.asset_class)
    assert has_volume or np.isnan(sheet.volume).all()
    for column in (*PRICES, *(("volume",) if has_volume else ())):
        assert np.array_equal(getattr(sheet, column)[order], getattr(rows, column)), column
    counted = sheet.trades[order] >= 0
    assert np.array_equal(sheet.trades[order][counted], rows.trades[counted])


@pytest.mark.parametrize("name", CAST)
@given(data=st.data())
@settings(deadline=None, max_examples=20)
def test_the_price_is_read(name: str, data: st.DataObject) -> None:
    """The last price goes through unchanged."""
    provider = PROVIDERS[name]
    assert provider.price is not None
    asset = data.draw(st.sampled_from(cast_of(name)), "asset")
    instrument = role_of(name).instrument(asset.id)
    simulator = Simulator(ManualClock(NOW), seed=3)
    reply = asked(simulator, name, provider.price.ask(instrument))
    read = provider.price.read(reply, instrument).price
    assert read == SyntheticMarket(3).price(ASSETS.get(instrument.id, asset), NOW)


@pytest.mark.parametrize("name", [name for name in CAST if PROVIDERS[name].listings])
def test_the_list_is_read(name: str) -> None:
    """Everything that the simulator trades at this provider is listed under a symbol.

    Who names coins and not pairs lists each of them in dollars.
    """
    provider = PROVIDERS[name]
    assert provider.listings is not None
    simulator = Simulator(ManualClock(NOW), seed=3)
    part = provider.listings.read(asked(simulator, name, provider.listings.ask()))
    listings = list(part.listings)
    while part.more is not None:
        following = rerooted(part.more, f"{simulator.origin}/{name}", frozenset())
        assert following is not None
        part = provider.listings.read(asked(simulator, name, following))
        listings += part.listings
    listed = {listing.instrument.id for listing in listings if listing.active}
    if Capability.MARKETS in provider.capabilities.offers:
        assert listed == {f"{asset.instrument.base}-USD" for asset in SHARED}
    else:
        assert {asset.id for asset in cast_of(name)} <= listed <= ASSETS.keys()
