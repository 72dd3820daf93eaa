"""The HTTP way in, wired with the adapters in memory and a paper exchange."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapters_in.http.app import build_app
from adapters_in.http.services import Services
from adapters_out.memory.action_store import MemoryActionStore
from adapters_out.memory.asset_store import MemoryAssetStore
from adapters_out.memory.bar_store import MemoryBarStore
from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.cache import MemoryCache
from adapters_out.memory.clock import CountingIds, ManualClock
from adapters_out.memory.futures_store import MemoryFuturesStore
from adapters_out.memory.health_board import MemoryHealthBoard
from adapters_out.memory.instrument_store import MemoryInstrumentStore
from adapters_out.memory.job_ledger import MemoryJobLedger
from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.memory.tick_store import MemoryTickStore
from adapters_out.memory.turnstile import MemoryTurnstile
from adapters_out.provider_kit.pacer import SharedPacer
from application.adjust_bars import AdjustBars
from application.ask_providers import AskProviders
from application.bars_as_of import BarsAsOf
from application.cancel_job import CancelJob
from application.collect_ticks import QUOTES, TRADES, CollectTicks
from application.complete_series import CompleteSeries
from application.compute_indicators import ComputeIndicators
from application.contract_lives import ContractLives
from application.fetch_bars import FetchBars
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
from application.refresh_listings import RefreshListings
from application.report_status import ReportStatus
from application.resolve_symbol import ResolveSymbol
from application.rolled_bars import RolledBars
from application.search_symbols import SearchSymbols
from application.stored_answer import ReadStored
from application.submit_backfill import SubmitBackfill
from application.survey_assets import SurveyAssets
from application.tell_budgets import TellBudgets
from ports.actions import ActionCatalogue, ActionSource
from ports.assets import AssetCatalogue, AssetSource
from ports.futures import FuturesCatalogue, FuturesSource
from ports.jobs import JobQueue
from ports.market_data import MarketDataProvider, ProviderCatalogue
from ports.ticks import TickCatalogue, TickSource
from tests.adapters_in.http.paper_exchange import PaperExchange
from tests.runner import Run

NOW = 1_732_700_000.0  # 2024-11-27 09:33:20 UTC


class Everything(ActionSource, AssetSource, FuturesSource, TickSource, Protocol):
    """What a provider may be asked besides bars."""


class Sources(
    ProviderCatalogue,
    ActionCatalogue,
    AssetCatalogue,
    FuturesCatalogue,
    TickCatalogue,
    Protocol,
):
    """Providers of everything."""

    @abstractmethod
    def source(self, name: str) -> Everything:
        """The provider of that name."""


class Shelf(Sources):
    """The paper exchanges, most preferred first."""

    def __init__(self, *exchanges: PaperExchange) -> None:
        self._exchanges = exchanges

    def all(self) -> Mapping[str, MarketDataProvider]:
        return {exchange.name: exchange for exchange in self._exchanges}

    def source(self, name: str) -> PaperExchange:
        return next(exchange for exchange in self._exchanges if exchange.name == name)


class Pile(JobQueue):
    """Job ids that nobody takes."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    async def send(self, job_id: str) -> None:
        self.ids.append(job_id)

    async def backlog(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  # JSON is any value
        return json.loads(self.body)


@dataclass
class House:
    """A service in one process on a clock that stands still, and a caller of it."""

    run: Run
    demo: bool = False
    cors_origins: tuple[str, ...] = ()
    deadline_s: float = 5.0
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    sources: Sources | None = None

    def __post_init__(self) -> None:
        clock = self.clock
        self.telemetry = RecordingTelemetry()
        self.first, self.second = PaperExchange(clock), PaperExchange(clock, "spare")
        self.store = MemoryBarStore(clock)
        self.services = self._services(self.sources or Shelf(self.first, self.second))
        self.app = build_app(self.services)

    def _services(self, catalogue: Sources) -> Services:
        clock, telemetry, store = self.clock, self.telemetry, self.store
        pacer = SharedPacer(MemoryBudgetBook(clock), clock, telemetry)
        health, lists, cache = MemoryHealthBoard(clock), MemoryInstrumentStore(), MemoryCache(clock)
        ledger, ids = MemoryJobLedger(clock), CountingIds()
        read, resolve = ReadStored(RolledBars(store, catalogue)), ResolveSymbol(lists, clock)
        candidates = RankCandidates(catalogue, health, pacer, lists, clock)
        complete = CompleteSeries(read, FetchBars(store, clock, telemetry), clock)
        futures = MemoryFuturesStore()
        get_futures = GetFutures(catalogue, catalogue, futures, clock)
        get_bars = GetBars(
            lives=ContractLives(futures, get_futures, clock),
            candidates=candidates,
            read=read,
            ask=AskProviders(candidates, complete, read, clock),
            as_of=BarsAsOf(candidates, read, clock),
            cache=cache,
            turnstile=MemoryTurnstile(clock, ids),
            clock=clock,
            telemetry=telemetry,
        )
        ticks = MemoryTickStore()
        survey = SurveyAssets(candidates, catalogue, MemoryAssetStore(clock), cache, clock)
        find = FindActions(candidates, catalogue, MemoryActionStore(clock), clock)
        adjust_bars = AdjustBars(get_bars, find, candidates, clock)
        return Services(
            adjust_bars=adjust_bars,
            compute_indicators=ComputeIndicators(adjust_bars),
            get_futures=get_futures,
            get_aggregates=GetAggregates(get_bars, get_futures, catalogue, store, clock),
            name_contract=NameContract(resolve, get_futures, clock),
            get_price=GetPrice(candidates, cache, clock),
            read_trades=ReadTicks(candidates, CollectTicks(TRADES, ticks, catalogue), clock),
            read_quotes=ReadTicks(candidates, CollectTicks(QUOTES, ticks, catalogue), clock),
            list_markets=ListMarkets(survey),
            get_asset=GetAsset(survey),
            list_providers=ListProviders(catalogue, health, pacer),
            report_status=ReportStatus(store, catalogue, pacer, clock),
            resolve_symbol=resolve,
            search_symbols=SearchSymbols(
                catalogue, lists, RefreshListings(catalogue, lists, clock, telemetry), clock
            ),
            inspect_series=InspectSeries(store, clock),
            submit_backfill=SubmitBackfill(ledger, Pile(), resolve, catalogue, clock, ids),
            list_jobs=ListJobs(ledger, clock),
            cancel_job=CancelJob(ledger),
            tell_budgets=TellBudgets(catalogue, pacer, telemetry),
            clock=clock,
            ids=ids,
            telemetry=telemetry,
            metrics=lambda: b"# HELP fks_up Up.\n",
            name="fks_data",
            version="9.9.9",
            providers=tuple(catalogue.all()),
            demo=self.demo,
            deadline_s=self.deadline_s,
            cors_origins=self.cors_origins,
        )

    def ask(
        self,
        target: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Send exactly this target (path and raw query), as a server would pass it on."""
        return self.run(self.asked(target, method, headers, body))

    async def asked(
        self,
        target: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """The same for callers on the loop."""
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode("latin-1"),
            "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8003),
        }
        sent: list[Any] = []
        given = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:  # noqa: ANN401  # an ASGI message
            return given.pop() if given else {"type": "http.disconnect"}

        async def send(message: Any) -> None:  # noqa: ANN401  # an ASGI message
            sent.append(message)

        await self.app(scope, receive, send)
        fields = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], fields, content)

    def post(self, target: str, body: object) -> Answer:
        """Send JSON."""
        content = json.dumps(body).encode()
        return self.ask(target, "POST", {"content-type": "application/json"}, content)
