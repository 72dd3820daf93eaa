"""Steps of ``ticks.feature``."""

from dataclasses import dataclass, field

import pytest
from pytest_bdd import parsers, scenarios, then, when

from adapters_in.simulator.columns import Grid
from adapters_in.simulator.tape import Printed, Tape
from domain.errors import MarketDataError
from domain.instrument import resolve_symbol
from domain.interval import Interval
from domain.ticks import Quote, Side, Stamp, TicksAsk, TicksPage, Trade
from ports.market_data import CallContext
from tests.acceptance.providers.asking import Answer
from tests.acceptance.providers.stage import Stage

pytestmark = pytest.mark.usefixtures("provider")
scenarios("providers/ticks.feature")

_NS = 10**9
# The unit of the venues' times; KuCoin's nanoseconds are those of the simulator, which has µs.
_UNIT_NS = {"binance": 1_000_000}


@dataclass
class Ticks:
    """The question and what came of it."""

    symbol: str = ""
    began: float = 0.0
    trades: list[TicksPage[Trade]] = field(default_factory=list)
    quotes: list[TicksPage[Quote]] = field(default_factory=list)


@pytest.fixture
def ticks() -> Ticks:
    """Of this scenario."""
    return Ticks()


async def _trades(stage: Stage, ask: TicksAsk) -> TicksPage[Trade]:
    return await stage.source.trades(ask, CallContext())


async def _quotes(stage: Stage, ask: TicksAsk) -> TicksPage[Quote]:
    return await stage.source.quotes(ask, CallContext())


def _ask(stage: Stage, answers: list[Answer], ticks: Ticks, symbol: str, **asked: int) -> None:
    """Trades; an error goes where the shared steps look for it."""
    ticks.symbol, ticks.began = symbol, stage.now()
    newest = asked.pop("newest", 1) == 1
    ask = TicksAsk(instrument=resolve_symbol(symbol), newest=newest, **asked)
    answer = Answer(symbol)
    answers.append(answer)
    try:
        ticks.trades.append(stage.run(_trades(stage, ask)))
    except MarketDataError as error:
        answer.errors.append(error)


def _minutes_ago(stage: Stage, count: int) -> int:
    return (Interval.M1.floor(int(stage.now())) - 60 * count) * _NS


@when(parsers.parse("the newest {count:d} trades of {symbol} are asked for"))
def _the_newest(stage: Stage, answers: list[Answer], ticks: Ticks, count: int, symbol: str) -> None:
    _ask(stage, answers, ticks, symbol, limit=count)


@when(
    parsers.parse(
        "the first {count:d} trades of {symbol} since {minutes:d} minutes ago are asked for"
    )
)
def _the_first(  # the sentence has so many words
    stage: Stage, answers: list[Answer], ticks: Ticks, count: int, symbol: str, minutes: int
) -> None:
    start = _minutes_ago(stage, minutes)
    _ask(stage, answers, ticks, symbol, limit=count, start_ns=start, newest=0)


@when(
    parsers.parse(
        "the last {count:d} trades of {symbol} before {minutes:d} minutes ago are asked for"
    )
)
def _the_last(  # the sentence has so many words
    stage: Stage, answers: list[Answer], ticks: Ticks, count: int, symbol: str, minutes: int
) -> None:
    _ask(stage, answers, ticks, symbol, limit=count, end_ns=_minutes_ago(stage, minutes))


@when(parsers.parse("all trades of {symbol} of the minute {minutes:d} minutes ago are asked for"))
def _a_minute(stage: Stage, answers: list[Answer], ticks: Ticks, symbol: str, minutes: int) -> None:
    start = _minutes_ago(stage, minutes)
    span = {"start_ns": start, "end_ns": start + 60 * _NS}
    _ask(stage, answers, ticks, symbol, limit=100_000, newest=0, **span)


@when(parsers.parse("the newest quote of {symbol} is asked for"))
def _the_quote(stage: Stage, ticks: Ticks, symbol: str) -> None:
    stage.allow(rps=100.0)  # some take several calls, which must not take their time
    ticks.symbol, ticks.began = stage.cast(symbol), stage.now()
    ask = TicksAsk(instrument=resolve_symbol(ticks.symbol), limit=1)
    ticks.quotes.append(stage.run(_quotes(stage, ask)))


@when(parsers.parse("the quotes of {symbol} of yesterday are asked for"))
def _yesterday(stage: Stage, answers: list[Answer], symbol: str) -> None:
    today = Interval.D1.floor(int(stage.now())) * _NS
    instrument = resolve_symbol(stage.cast(symbol))
    ask = TicksAsk(instrument=instrument, limit=9, start_ns=today - 86_400 * _NS, end_ns=today)
    answers.append(Answer(symbol))
    with pytest.raises(MarketDataError) as refused:
        stage.run(_quotes(stage, ask))
    answers[-1].errors.append(refused.value)


@then(parsers.parse("at least {count:d} trades come in order"))
def _so_many(answers: list[Answer], ticks: Ticks, count: int) -> None:
    assert answers[-1].errors == []
    moments = [(t.ts_ns, len(t.id), t.id) for t in ticks.trades[-1].ticks]
    assert len(moments) >= count
    assert moments == sorted(set(moments))


@then("every trade is what was traded")
def _as_printed(stage: Stage, ticks: Ticks) -> None:
    found = ticks.trades[-1].ticks
    printed = _printed(stage, ticks, found[0].ts_ns, found[-1].ts_ns)
    assert set(map(_values, found)) <= {_as_sent(stage, trade) for trade in printed}


@then("nothing is missing from what the answer covers")
def _all_of_it(stage: Stage, ticks: Ticks) -> None:
    page = ticks.trades[-1]
    assert page.covers is not None
    start, end = page.covers.start, page.covers.end
    wanted = sorted(
        _as_sent(stage, trade)
        for trade in _printed(stage, ticks, start, end)
        if start <= _as_sent(stage, trade)[0] < end
    )
    assert len(wanted) > 0
    assert sorted(_values(t) for t in page.ticks if start <= t.ts_ns < end) == wanted


@then("they add up to the bar of that minute")
def _adds_up(stage: Stage, ticks: Ticks) -> None:
    found, asset = ticks.trades[-1].ticks, stage.asset(ticks.symbol)
    opened = found[0].ts_ns // _NS // 60 * 60
    bar = stage.market.bars(asset, Grid.of(Interval.M1).edges(opened, 1), opened + 60.0)
    lots = 10**asset.lots
    assert len(found) == bar.trades[0]
    assert sum(round(t.size * lots) for t in found) == round(float(bar.volume[0]) * lots)
    assert all(bar.low[0] <= t.price <= bar.high[0] for t in found)
    assert found[-1].price == bar.close[0]


@then("no trades come and nothing is covered")
def _none(answers: list[Answer], ticks: Ticks) -> None:
    assert answers[-1].errors == []
    assert ticks.trades[-1].ticks == ()
    assert ticks.trades[-1].covers is None


@then("one quote of now comes whose bid is the last price and below its ask")
def _the_top(stage: Stage, ticks: Ticks) -> None:
    (quote,) = ticks.quotes[-1].ticks
    assert quote.bid_price is not None
    assert quote.ask_price is not None
    assert quote.bid_price < quote.ask_price
    moments = range(int(ticks.began) - 1, int(ticks.began) + 4)
    asset = stage.asset(ticks.symbol)
    assert quote.bid_price in {stage.market.price(asset, float(at)) for at in moments}
    assert abs(quote.ts_ns - ticks.began * _NS) < 3 * _NS
    assert ticks.quotes[-1].covers is None
    assert quote.stamp is (Stamp.VENUE if stage.name == "kucoin" else Stamp.RECEIPT)


def _printed(stage: Stage, ticks: Ticks, start_ns: int, end_ns: int) -> list[Printed]:
    """What the tape has of a range, and a little more at both ends."""
    tape = Tape(stage.market, stage.asset(ticks.symbol), end_ns / _NS + 2)
    first, stop = (tape.first_from(at // 1000) for at in (start_ns - _NS, end_ns + _NS))
    return list(tape.between(first, stop))


def _as_sent(stage: Stage, trade: Printed) -> tuple[int, float, float, str]:
    unit = _UNIT_NS.get(stage.name, 1000)
    return trade.ts_ns // unit * unit, trade.price, trade.size, _side(bought=trade.bought)


def _values(trade: Trade) -> tuple[int, float, float, str]:
    return trade.ts_ns, trade.price, trade.size, _side(bought=trade.side is Side.BUY)


def _side(*, bought: bool) -> str:
    return "buy" if bought else "sell"
