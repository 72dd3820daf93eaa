"""The three containers: a ring of adapters in two editions, and the application inside it.

Singletons are created when first asked for and opened, in order, by
:mod:`bootstrap.lifespan`; the containers themselves open nothing.
"""

from dependency_injector import containers, providers

from adapters_in.jobs.job_runner import JobRunner
from adapters_in.jobs.job_watch import JobWatch
from adapters_out.dramatiq import (
    DramatiqJobQueue,
    DramatiqWorker,
    close_broker,
    process_broker,
    redis_broker,
)
from adapters_out.memory.cache import MemoryCache
from adapters_out.postgres.action_store import PostgresActionStore
from adapters_out.postgres.asset_store import PostgresAssetStore
from adapters_out.postgres.bar_store import PostgresBarStore
from adapters_out.postgres.budget_book import PostgresBudgetBook
from adapters_out.postgres.futures_store import PostgresFuturesStore
from adapters_out.postgres.health_ledger import PostgresHealthLedger
from adapters_out.postgres.instrument_store import PostgresInstrumentStore
from adapters_out.postgres.job_ledger import PostgresJobLedger
from adapters_out.postgres.leadership import PostgresLeadership
from adapters_out.postgres.pool import PostgresPool
from adapters_out.postgres.tick_store import PostgresTickStore
from adapters_out.postgres.turnstile import PostgresTurnstile
from adapters_out.provider_kit.health_board import SharedHealthBoard
from adapters_out.provider_kit.pacer import SharedPacer
from adapters_out.redis.budget_book import RedisBudgetBook
from adapters_out.redis.cache import RedisCache
from adapters_out.redis.client import open_client
from adapters_out.redis.health_ledger import RedisHealthLedger
from adapters_out.redis.layered_budget_book import LayeredBudgetBook
from adapters_out.redis.outage import Outage
from adapters_out.redis.turnstile import RedisTurnstile
from adapters_out.system.clock import SystemChance, SystemClock, SystemIds
from adapters_out.system.telemetry import EventLog, PrometheusTelemetry
from application.adjust_bars import AdjustBars
from application.ask_providers import AskProviders
from application.bars_as_of import BarsAsOf
from application.cancel_job import CancelJob
from application.collect_ticks import QUOTES, TRADES, CollectTicks
from application.complete_series import CompleteSeries
from application.compute_indicators import ComputeIndicators
from application.contract_lives import ContractLives
from application.fetch_bars import FetchBars
from application.fill_gaps import FillGaps
from application.fill_task import FillTask
from application.find_actions import FindActions
from application.get_aggregates import GetAggregates
from application.get_asset import GetAsset
from application.get_bars import GetBars
from application.get_futures import GetFutures
from application.get_price import GetPrice
from application.inspect_series import InspectSeries
from application.list_jobs import ListJobs
from application.list_markets import ListMarkets
from application.list_providers import ListProviders
from application.name_contract import NameContract
from application.rank_candidates import RankCandidates
from application.read_ticks import ReadTicks
from application.reconcile_jobs import ReconcileJobs
from application.refresh_listings import RefreshListings
from application.report_status import ReportStatus
from application.resolve_symbol import ResolveSymbol
from application.rolled_bars import RolledBars
from application.run_job import RunJob
from application.search_symbols import SearchSymbols
from application.stored_answer import ReadStored
from application.submit_backfill import SubmitBackfill
from application.survey_assets import SurveyAssets
from application.tell_budgets import TellBudgets
from application.watch_health import WatchHealth
from bootstrap.catalogue import KitCatalogue
from bootstrap.settings import Settings
from ports.cache import Cache, Turnstile
from ports.health_board import HealthLedger
from ports.pacing import BudgetBook


class Adapters(containers.DeclarativeContainer):
    """What both editions share; what they do not is abstract here."""

    settings = providers.Dependency(instance_of=Settings)
    database_url = providers.Dependency(instance_of=str)
    log: providers.Dependency[EventLog] = providers.Dependency()
    version = providers.Dependency(instance_of=str)

    clock = providers.Singleton(SystemClock)
    chance = providers.Singleton(SystemChance)
    ids = providers.Singleton(SystemIds)
    telemetry = providers.Singleton(
        PrometheusTelemetry, log, settings.provided.service_name, version
    )

    pool = providers.Singleton(PostgresPool, database_url)
    store = providers.Singleton(PostgresBarStore, pool)
    ticks = providers.Singleton(PostgresTickStore, pool)
    assets = providers.Singleton(PostgresAssetStore, pool)
    actions = providers.Singleton(PostgresActionStore, pool)
    instruments = providers.Singleton(PostgresInstrumentStore, pool)
    futures = providers.Singleton(PostgresFuturesStore, pool)
    ledger = providers.Singleton(PostgresJobLedger, pool)
    leadership = providers.Singleton(PostgresLeadership, pool)

    book = providers.AbstractSingleton(BudgetBook)
    healths = providers.AbstractSingleton(HealthLedger)
    cache = providers.AbstractSingleton(Cache)
    turnstile = providers.AbstractSingleton(Turnstile)
    broker: providers.Dependency[object] = providers.Dependency()  # no port: the room's own

    close_broker = providers.Callable(close_broker, broker)
    queue = providers.Singleton(DramatiqJobQueue, broker)
    pacer = providers.Singleton(SharedPacer, book, clock, telemetry)
    health = providers.Singleton(SharedHealthBoard, healths, clock)
    catalogue = providers.Singleton(KitCatalogue, settings, pacer, health, clock, chance, telemetry)


class Embedded(containers.DeclarativeContainer):
    """Without Redis: PostgreSQL carries what processes share, the process carries the rest."""

    ring = providers.DependenciesContainer()

    book = providers.Singleton(PostgresBudgetBook, ring.pool)
    healths = providers.Singleton(PostgresHealthLedger, ring.pool)
    cache = providers.Singleton(MemoryCache, ring.clock)
    turnstile = providers.Singleton(PostgresTurnstile, ring.pool, ring.ids)
    broker = providers.Singleton(process_broker)


class Production(containers.DeclarativeContainer):
    """With Redis for everything that is fast and shared; PostgreSQL remembers what must last."""

    ring = providers.DependenciesContainer()
    redis_url = providers.Dependency(instance_of=str)

    redis = providers.Singleton(open_client, redis_url)
    record = providers.Singleton(PostgresBudgetBook, ring.pool)
    outage = providers.Factory(Outage, ring.clock)
    fast_book = providers.Singleton(RedisBudgetBook, redis, outage)
    book = providers.Singleton(LayeredBudgetBook, fast_book, record, ring.clock)
    healths = providers.Singleton(RedisHealthLedger, redis, ring.clock)
    cache = providers.Singleton(RedisCache, redis, ring.clock)
    turnstile = providers.Singleton(RedisTurnstile, redis, ring.clock, ring.ids)
    broker = providers.Singleton(redis_broker, redis_url)


def complete(ring: Adapters, edition: Embedded | Production) -> None:
    """Fill the abstract places of a ring from an edition of it."""
    ring.override_providers(
        **{
            name: getattr(edition, name)
            for name in ("book", "healths", "cache", "turnstile", "broker")
        }
    )


class Application(containers.DeclarativeContainer):
    """The use cases over one ring of adapters."""

    ring = providers.DependenciesContainer()

    candidates = providers.Singleton(
        RankCandidates, ring.catalogue, ring.health, ring.pacer, ring.instruments, ring.clock
    )
    rolled = providers.Singleton(RolledBars, ring.store, ring.catalogue)
    read = providers.Singleton(ReadStored, rolled)
    fetch = providers.Singleton(FetchBars, ring.store, ring.clock, ring.telemetry)
    complete = providers.Singleton(CompleteSeries, read, fetch, ring.clock)
    ask = providers.Singleton(AskProviders, candidates, complete, read, ring.clock)
    as_of = providers.Singleton(BarsAsOf, candidates, read, ring.clock)
    resolve = providers.Singleton(
        ResolveSymbol, ring.instruments, ring.clock, ring.settings.provided.default_quote
    )
    get_futures = providers.Singleton(
        GetFutures, ring.catalogue, ring.catalogue, ring.futures, ring.clock
    )
    lives = providers.Singleton(ContractLives, ring.futures, get_futures, ring.clock)
    name_contract = providers.Singleton(NameContract, resolve, get_futures, ring.clock)
    get_bars = providers.Singleton(
        GetBars,
        candidates=candidates,
        read=read,
        ask=ask,
        as_of=as_of,
        cache=ring.cache,
        turnstile=ring.turnstile,
        clock=ring.clock,
        telemetry=ring.telemetry,
        lives=lives,
    )
    get_aggregates = providers.Singleton(
        GetAggregates, get_bars, get_futures, ring.catalogue, ring.store, ring.clock
    )
    find_actions = providers.Singleton(
        FindActions, candidates, ring.catalogue, ring.actions, ring.clock
    )
    adjust_bars = providers.Singleton(AdjustBars, get_bars, find_actions, candidates, ring.clock)
    compute_indicators = providers.Singleton(ComputeIndicators, adjust_bars)
    collect_trades = providers.Singleton(CollectTicks, TRADES, ring.ticks, ring.catalogue)
    collect_quotes = providers.Singleton(CollectTicks, QUOTES, ring.ticks, ring.catalogue)
    read_trades = providers.Singleton(ReadTicks, candidates, collect_trades, ring.clock)
    read_quotes = providers.Singleton(ReadTicks, candidates, collect_quotes, ring.clock)
    survey = providers.Singleton(
        SurveyAssets, candidates, ring.catalogue, ring.assets, ring.cache, ring.clock
    )
    list_markets = providers.Singleton(ListMarkets, survey)
    get_asset = providers.Singleton(GetAsset, survey)
    get_price = providers.Singleton(GetPrice, candidates, ring.cache, ring.clock)
    fill_gaps = providers.Singleton(
        FillGaps,
        candidates=candidates,
        store=ring.store,
        fetch=fetch,
        clock=ring.clock,
        chance=ring.chance,
    )
    inspect = providers.Singleton(InspectSeries, ring.store, ring.clock)
    list_providers = providers.Singleton(ListProviders, ring.catalogue, ring.health, ring.pacer)
    refresh_listings = providers.Singleton(
        RefreshListings, ring.catalogue, ring.instruments, ring.clock, ring.telemetry
    )
    search_symbols = providers.Singleton(
        SearchSymbols, ring.catalogue, ring.instruments, refresh_listings, ring.clock
    )
    report_status = providers.Singleton(
        ReportStatus, ring.store, ring.catalogue, ring.pacer, ring.clock
    )
    tell_budgets = providers.Singleton(TellBudgets, ring.catalogue, ring.pacer, ring.telemetry)
    watch_health = providers.Singleton(
        WatchHealth, ring.catalogue, ring.health, ring.telemetry, ring.clock
    )

    submit_backfill = providers.Singleton(
        SubmitBackfill,
        ring.ledger,
        ring.queue,
        resolve,
        ring.catalogue,
        ring.clock,
        ring.ids,
    )
    list_jobs = providers.Singleton(ListJobs, ring.ledger, ring.clock)
    cancel_job = providers.Singleton(CancelJob, ring.ledger)
    reconcile_jobs = providers.Singleton(
        ReconcileJobs,
        ring.ledger,
        ring.queue,
        ring.telemetry,
        keep_days=ring.settings.provided.jobs_retention_days,
    )
    fill_task = providers.Singleton(FillTask, resolve, fill_gaps, rolled.provided.coverage)
    run_job = providers.Singleton(
        RunJob, ring.ledger, fill_task, ring.clock, ring.chance, ring.ids, ring.telemetry
    )
    job_runner = providers.Singleton(JobRunner, run_job, ring.telemetry)
    job_watch = providers.Singleton(JobWatch, reconcile_jobs, ring.clock, ring.telemetry)
    job_worker = providers.Singleton(DramatiqWorker, ring.broker, job_runner)
