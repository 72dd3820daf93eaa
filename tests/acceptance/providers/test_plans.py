"""A provider as the holders of other plans see it, against its simulator."""

from collections.abc import Iterator

import pytest

from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage
from domain.timerange import TimeRange
from ports.market_data import CallContext
from tests.acceptance.providers.stage import PROVIDERS, RINGS, Stage

BTC = Instrument.pair("BTC", "USD")


@pytest.fixture(params=RINGS)
def paid(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """CoinGecko with a key of a paid plan, in both rings."""
    provider = PROVIDERS["coingecko"].on_plan("pro", has_key=True)
    stage = Stage("coingecko", request.param, provider, below="/pro")
    yield stage
    stage.close()


async def _price(stage: Stage) -> float:
    return (await stage.source.price(BTC, CallContext())).price


async def _pages(stage: Stage, ask: BarsAsk) -> list[BarsPage]:
    return [page async for page in stage.source.bars(ask, CallContext())]


@pytest.mark.parametrize(("interval", "pages"), [(Interval.H1, 4), (Interval.D1, 4)])
def test_a_paid_plan_has_hours_and_days_of_long_ago(
    paid: Stage, interval: Interval, pages: int
) -> None:
    """Every one of them, page by page, as the market has them."""
    paid.allow(rps=1000.0)
    end = interval.floor(int(paid.now()) - 90 * 86_400)
    per_page = {Interval.H1: 743, Interval.D1: 179}[interval]
    start = interval.shift(end, -(pages - 1) * per_page - 10)
    found = paid.run(_pages(paid, BarsAsk(BTC, interval, TimeRange(start, end))))
    opens = [int(ts) for page in found for ts in page.series.ts]
    assert opens == list(range(start, end, interval.seconds))
    assert [call.path for call in paid.arrivals()] == ["/pro/coins/bitcoin/ohlc/range"] * pages
    edges = interval.seconds * 3 + start
    close = paid.market.price(paid.asset("BTC-USD"), edges)
    assert found[0].series.close[2] == pytest.approx(close, rel=1e-3)


def test_a_paid_plan_still_has_prices_and_half_hours(paid: Stage) -> None:
    """From the same host, with the same key."""
    paid.allow(rps=1000.0)
    price = paid.run(_price(paid))
    end = Interval.M30.floor(int(paid.now()) - 3600)
    ask = BarsAsk(BTC, Interval.M30, TimeRange(end - 10 * 1800, end))
    (page,) = paid.run(_pages(paid, ask))
    assert price > 0
    assert len(page.series) == 10
