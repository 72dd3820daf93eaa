"""Everything the HTTP way in needs from outside, handed over in one value."""

from collections.abc import Callable
from dataclasses import dataclass, field

from application.adjust_bars import AdjustBars
from application.cancel_job import CancelJob
from application.compute_indicators import ComputeIndicators
from application.get_aggregates import GetAggregates
from application.get_asset import GetAsset
from application.get_futures import GetFutures
from application.get_price import GetPrice
from application.inspect_series import InspectSeries
from application.list_jobs import ListJobs
from application.list_markets import ListMarkets
from application.list_providers import ListProviders
from application.name_contract import NameContract
from application.read_ticks import ReadTicks
from application.report_status import ReportStatus
from application.resolve_symbol import ResolveSymbol
from application.search_symbols import SearchSymbols
from application.submit_backfill import SubmitBackfill
from application.tell_budgets import TellBudgets
from domain.ticks import Quote, Trade
from ports.clock import Clock, Ids
from ports.telemetry import Telemetry


class Gate:
    """Whether new work is still let in.

    Whoever shuts the service down turns readiness off first (``ReportStatus.drain``), waits the
    drain delay and then closes the gate: from then on every request but the health group is
    answered 503 with ``Connection: close``.
    """

    def __init__(self) -> None:
        """Start open."""
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether new work is refused."""
        return self._closed

    def close(self) -> None:
        """Refuse new work from now on, for good."""
        self._closed = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases behind the routes and the facts they show.

    ``providers`` are the configured names, most preferred first; ``deadline_s`` bounds every
    answer; ``max_limit`` every ``limit``; ``metrics`` renders the text for Prometheus;
    ``cache_bytes`` bounds the encoded answers that are kept in the process (0 keeps none).
    """

    adjust_bars: AdjustBars
    compute_indicators: ComputeIndicators
    get_price: GetPrice
    read_trades: ReadTicks[Trade]
    read_quotes: ReadTicks[Quote]
    get_futures: GetFutures
    get_aggregates: GetAggregates
    name_contract: NameContract
    list_markets: ListMarkets
    get_asset: GetAsset
    list_providers: ListProviders
    report_status: ReportStatus
    resolve_symbol: ResolveSymbol
    search_symbols: SearchSymbols
    inspect_series: InspectSeries
    submit_backfill: SubmitBackfill
    list_jobs: ListJobs
    cancel_job: CancelJob
    tell_budgets: TellBudgets
    clock: Clock
    ids: Ids
    telemetry: Telemetry
    metrics: Callable[[], bytes]
    name: str
    version: str
    providers: tuple[str, ...]
    demo: bool = False
    max_limit: int = 5000
    deadline_s: float = 10.0
    cors_origins: tuple[str, ...] = ()
    cache_bytes: int = 64 * 1024 * 1024
    gate: Gate = field(default_factory=Gate)
