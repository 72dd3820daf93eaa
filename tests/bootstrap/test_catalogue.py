"""The catalogue: every provider that is found, in the order of preference."""

from collections.abc import Mapping

from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.clock import FixedChance, ManualClock
from adapters_out.memory.health_board import MemoryHealthBoard
from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.provider_kit.discovery import discover
from adapters_out.provider_kit.pacer import SharedPacer
from bootstrap.catalogue import PREFERENCE, KitCatalogue
from bootstrap.settings import read_settings
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import Capability
from domain.routing import Candidate, Ranking, rank
from ports.market_data import MarketDataProvider
from tests.runner import Run

NOW = 1_763_208_000.0
BTC = Instrument.pair("BTC", "USDT")

EXCHANGES = ("binance", "kraken", "coinbase", "kucoin")


def providers(run: Run, **environment: str) -> Mapping[str, MarketDataProvider]:
    """What the catalogue of such an environment offers."""
    clock, telemetry = ManualClock(NOW), RecordingTelemetry()
    catalogue = KitCatalogue(
        read_settings(environment, tuple(discover())),
        SharedPacer(MemoryBudgetBook(clock), clock, telemetry),
        MemoryHealthBoard(clock),
        clock,
        FixedChance(),
        telemetry,
    )
    run(catalogue.aclose())
    return catalogue.all()


def test_the_preferred_come_first(run: Run) -> None:
    """Everybody who is found, the four exchanges in our order before the others."""
    names = list(providers(run))
    assert tuple(names[: len(EXCHANGES)]) == EXCHANGES
    assert names == sorted(names, key=[*PREFERENCE, *names].index)
    assert sorted(names) == sorted(discover())


def test_the_operator_decides(run: Run) -> None:
    """FKS_PROVIDERS says which, in which order; a variable changes one provider."""
    found = providers(run, FKS_PROVIDERS="kucoin,coinbase", FKS_COINBASE_RPS="3")
    assert list(found) == ["kucoin", "coinbase"]
    assert found["coinbase"].policy.rps == 3.0


def ranked(run: Run, interval: Interval, age_s: float) -> Ranking:
    """Who would be asked for bars of that age."""
    candidates = [
        Candidate(name=name, capabilities=provider.capabilities)
        for name, provider in providers(run).items()
        if name in EXCHANGES
    ]
    start = interval.floor(int(NOW - age_s))
    return rank(candidates, Capability.BARS, BTC, interval, start, NOW, PREFERENCE)


def test_four_exchanges_are_ranked_by_what_they_can(run: Run) -> None:
    """All for fresh minutes, three for those of last year; what one lacks it rolls up."""
    year = 365 * 86_400.0
    assert ranked(run, Interval.M1, 3600).chosen == EXCHANGES
    assert ranked(run, Interval.M1, year).chosen == ("binance", "coinbase", "kucoin")
    assert ranked(run, Interval.H4, 86_400).chosen == EXCHANGES
    assert ranked(run, Interval.W1, year).chosen == EXCHANGES
    assert ranked(run, Interval.W1, 3 * year).chosen == ("binance", "coinbase", "kucoin")


def test_the_kind_of_key_decides_about_the_rate(run: Run) -> None:
    """CoinGecko without a key, with one of the demo plan, and with a paid one."""

    def minute(**environment: str) -> float:
        policy = providers(run, **environment)["coingecko"].policy
        return next(window.limit for window in policy.windows if window.seconds == 60)

    assert minute() == 5
    assert minute(COINGECKO_API_KEY="CG-x") == 100
    assert minute(COINGECKO_API_KEY="CG-x", COINGECKO_PLAN="pro") == 300
