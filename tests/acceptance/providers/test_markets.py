"""Steps of ``markets.feature``."""

from collections.abc import Awaitable, Callable, Sequence

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from adapters_in.simulator.coins import Coin, coins
from adapters_in.simulator.wire import World
from domain.assets import AssetSnapshot
from domain.errors import MarketDataError
from ports.market_data import CallContext
from tests.acceptance.providers.asking import Answer
from tests.acceptance.providers.stage import Stage

pytestmark = pytest.mark.usefixtures("provider")
scenarios("providers/markets.feature")

_NONSENSE = {"NaN": "nan", "infinity": "infinity", "a negative number": "impossible"}
_DESCRIPTIONS = {"coinmarketcap": "/v2/cryptocurrency/info", "coingecko": "/coins/bitcoin"}


@pytest.fixture
def told() -> list[AssetSnapshot]:
    """What the provider said of assets."""
    return []


def _ask(
    stage: Stage,
    answers: list[Answer],
    told: list[AssetSnapshot],
    question: Callable[[], Awaitable[Sequence[AssetSnapshot]]],
) -> None:
    answer = Answer()

    async def ask() -> None:
        answer.began = stage.clock.now()
        try:
            told.extend(await question())
        except MarketDataError as error:
            answer.errors.append(error)
        answer.ended = stage.clock.now()

    stage.run(ask())
    answers.append(answer)


@given(parsers.parse("the provider answers the next call with status {status:d}"))
def _refuse_the_next(stage: Stage, status: int) -> None:
    stage.trouble("status", status=status, count=1)


@given(parsers.parse("the provider says {nonsense} for every price"))
def _say_nonsense(stage: Stage, nonsense: str) -> None:
    stage.trouble(_NONSENSE[nonsense])


@given("the provider describes nothing")
def _describe_nothing(stage: Stage) -> None:
    stage.trouble("status", status=403, path=_DESCRIPTIONS[stage.name])


@when(parsers.parse("the first {count:d} assets are asked for"))
def _ask_for_the_first(
    stage: Stage, answers: list[Answer], told: list[AssetSnapshot], count: int
) -> None:
    _ask(stage, answers, told, lambda: stage.source.markets(count, 0, CallContext()))


@when(parsers.parse("the next {count:d} assets behind {offset:d} are asked for"))
def _ask_for_more(  # the sentence has so many words
    stage: Stage, answers: list[Answer], told: list[AssetSnapshot], count: int, offset: int
) -> None:
    _ask(stage, answers, told, lambda: stage.source.markets(count, offset, CallContext()))


@when(parsers.parse("the asset {code} is asked for"))
def _ask_for_one(stage: Stage, answers: list[Answer], told: list[AssetSnapshot], code: str) -> None:
    async def ask() -> Sequence[AssetSnapshot]:
        return [await stage.source.asset(code, CallContext())]

    _ask(stage, answers, told, ask)


@then(parsers.parse("the assets of rank {first:d} to {last:d} come"))
def _by_rank(answers: list[Answer], told: list[AssetSnapshot], first: int, last: int) -> None:
    assert answers[-1].errors == []
    assert [asset.rank for asset in told] == list(range(first, last + 1))


@then("no assets come")
def _none(answers: list[Answer], told: list[AssetSnapshot]) -> None:
    assert answers[-1].errors == []
    assert told == []


@then("every figure is that of the synthetic world")
def _right(stage: Stage, answers: list[Answer], told: list[AssetSnapshot]) -> None:
    world = World(stage.market, answers[-1].ended)
    known = {coin.code: coin for coin in coins(world)}
    assert told
    for asset in told:
        _assert_told(stage, answers[-1], asset, known[asset.asset])


def _assert_told(stage: Stage, answer: Answer, asset: AssetSnapshot, coin: Coin) -> None:
    """By the price of one of the seconds in which the question was under way."""
    moments = range(int(answer.began), int(answer.ended) + 2)
    prices = {stage.market.price(coin.traded, float(at)) for at in moments}
    assert asset.price in prices
    assert asset.market_cap == asset.price * coin.supply
    whole = None if coin.most is None else asset.price * coin.most
    assert (asset.fully_diluted_market_cap, asset.max_supply) == (whole, coin.most)
    assert (asset.circulating_supply, asset.rank) == (coin.supply, coin.rank)
    assert (asset.name, asset.currency, asset.provider) == (coin.name, "USD", stage.name)
    assert asset.volume_24h is not None
    assert asset.volume_24h > 0
    assert answer.began - 2 <= asset.ts <= answer.ended + 1


@then(parsers.parse("it is {code} and described"))
def _described(answers: list[Answer], told: list[AssetSnapshot], code: str) -> None:
    assert answers[-1].errors == []
    (asset,) = told
    assert asset.asset == code
    assert "synthetic market" in asset.metadata["description"]


@then(parsers.parse("it is {code} without a description"))
def _bare(answers: list[Answer], told: list[AssetSnapshot], code: str) -> None:
    assert answers[-1].errors == []
    (asset,) = told
    assert (asset.asset, asset.metadata) == (code, {})


@then("its greatest supply is absent")
def _endless(told: list[AssetSnapshot]) -> None:
    (asset,) = told
    assert (asset.max_supply, asset.fully_diluted_market_cap) == (None, None)
