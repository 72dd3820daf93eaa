"""The latest bars of every provider, through the whole service, at awkward moments.

In the night, at the weekend, on holidays, in the first minutes of a month and of a year, and when
clocks have just been changed: what comes is what the synthetic market has, and what is missing is
missing for a reason.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import httpx
import pytest

from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.columns import Grid
from adapters_in.simulator.market import SyntheticMarket
from adapters_in.simulator.simulator import Simulator
from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.clock import FixedChance, ManualClock
from adapters_out.memory.health_board import MemoryHealthBoard
from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.provider_kit.discovery import discover
from adapters_out.provider_kit.kit_provider import KitProvider
from adapters_out.provider_kit.pacer import SharedPacer
from adapters_out.provider_kit.settings import ProviderSettings
from domain.coverage import GapReason
from domain.instrument import AssetClass
from domain.interval import Interval
from domain.provider import Capability
from domain.secret import Secret
from domain.sessions import calendar_of
from domain.timerange import TimeRange
from ports.market_data import MarketDataProvider
from tests.acceptance.providers.transport import scripted
from tests.adapters_in.http.house import House, Sources
from tests.runner import Run

PROVIDERS = discover()
NAMES = sorted(n for n, p in PROVIDERS.items() if Capability.BARS in p.capabilities.offers)
EDGES = ("2026-12-01 00:01", "2027-01-01 00:30", "2028-02-29 21:30")
REST = (
    "2026-11-22 23:05",  # Sunday, Globex has just opened
    "2026-11-26 00:30",  # the evening before Thanksgiving in New York
    "2026-11-26 15:00",  # Thanksgiving
    "2026-11-28 12:00",  # Saturday after a short Friday
    "2027-03-15 13:31",  # the first session of a summer time
)
CASES = [
    (name, moment)
    for name in NAMES
    for moment in (*EDGES, *REST)
    if moment in EDGES or PROVIDERS[name].capabilities.asset_classes != {AssetClass.CRYPTO}
]
SEED, LIMIT, DAY = 3, 20, 86_400
_FOR_DOLLARS = {"coinbase", "coingecko"}
_EXCUSED = {"market_closed", "no_trades", "not_yet_published"}


class Single(Sources):
    """One provider."""

    def __init__(self, kit: KitProvider) -> None:
        self._kit = kit

    def all(self) -> Mapping[str, MarketDataProvider]:
        return {self._kit.name: self._kit}

    def source(self, name: str) -> KitProvider:
        assert name == self._kit.name
        return self._kit


class Scene:
    """The service with one provider and its simulator, on a clock that is set to a moment."""

    def __init__(self, run: Run, name: str, moment: str) -> None:
        self.now = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() + 17.5
        self.clock = ManualClock(self.now)
        self.simulator = Simulator(self.clock, seed=SEED)
        self.simulator.origin = "http://simulator"
        self._provider, telemetry = PROVIDERS[name], RecordingTelemetry()
        kit = KitProvider(
            self._provider,
            ProviderSettings(
                base_url=f"http://simulator/{name}",
                api_key=Secret("a-key-of-ours") if self._provider.auth else None,
                rps=100.0,
                rpm=0.0,
                rpd=0.0,
            ),
            pacer=SharedPacer(MemoryBudgetBook(self.clock), self.clock, telemetry),
            health=MemoryHealthBoard(self.clock),
            clock=self.clock,
            chance=FixedChance(),
            telemetry=telemetry,
            transport=httpx.MockTransport(scripted(self.simulator, self.clock)),
        )
        self.house = House(run, clock=self.clock, sources=Single(kit), deadline_s=600.0)

    @property
    def symbol(self) -> str:
        """Something that it has, and that is traded all the time its market is open."""
        can = self._provider.capabilities.asset_classes
        if AssetClass.FUTURE in can:
            alive = [
                asset
                for asset in ASSETS.values()
                if asset.instrument.asset_class is AssetClass.FUTURE
                and asset.listed < self.now - 100 * DAY
                and (asset.expires or 0) > self.now + DAY
            ]
            return max(alive, key=lambda asset: asset.volume).id
        coin = "BTC-USD" if self._provider.name in _FOR_DOLLARS else "BTC-USDT"
        return "AAPL" if AssetClass.STOCK in can else coin

    @property
    def intervals(self) -> list[Interval]:
        """The shortest one, days, and months."""
        can = self._provider.capabilities.intervals
        shortest = min(can, key=lambda each: each.seconds)
        return [shortest, *(each for each in (Interval.D1, Interval.MO1) if each in can)]

    def market(self, interval: Interval) -> list[tuple[int, float]]:
        """The opens and closes of what was traded in the newest slots that are over."""
        end = interval.floor(int(self.now))
        slots = 3 * LIMIT if interval.seconds >= DAY else LIMIT + 6 * DAY // interval.seconds
        start = interval.shift(end, -slots)
        edges = Grid.of(interval).edges(start, interval.count(start, end))
        rows = SyntheticMarket(SEED).bars(ASSETS[self.symbol], edges, self.now)
        if self._provider.capabilities.holes is GapReason.NO_TRADES:
            rows = rows.take(rows.trades > 0)
        return self.open_only(interval, zip(rows.ts.tolist(), rows.close.tolist(), strict=True))

    def open_only(
        self, interval: Interval, rows: Iterable[tuple[int, float]]
    ) -> list[tuple[int, float]]:
        """Without what the synthetic futures trade on Friday nights."""
        span = TimeRange(int(self.now) - 30 * DAY, int(self.now))
        shut = calendar_of(self.symbol).closed(interval, span) if interval.seconds < DAY else ()
        found = list(rows)
        for part in shut:
            found = [row for row in found if not part.start <= row[0] < part.end]
        return found


@pytest.mark.parametrize(("name", "moment"), CASES)
def test_the_latest_bars(run: Run, name: str, moment: str) -> None:
    """As many as asked for, the newest that are out, and no reason to ask again at once."""
    scene = Scene(run, name, moment)
    for interval in scene.intervals:
        target = f"/api/v1/data/ohlcv?symbol={scene.symbol}&interval={interval.value}&limit={LIMIT}"
        answer = scene.house.ask(target)
        assert answer.status == 200, answer.body
        told = answer.json
        assert (len(told["data"]), told["stale"]) == (LIMIT, False)
        assert {gap["reason"] for gap in told["gaps"]} <= _EXCUSED, told["gaps"]
        late = [gap for gap in told["gaps"] if gap["reason"] == "not_yet_published"]
        yesterday = interval.shift(interval.floor(int(scene.now) - DAY), -1)
        assert all(gap["start"] >= yesterday for gap in late), late
        shown = scene.open_only(interval, ((row["ts"], row["close"]) for row in told["data"]))
        market = [
            (ts, close)
            for ts, close in scene.market(interval)
            if not any(gap["start"] <= ts < gap["end"] for gap in late)
        ]
        real = market[len(market) - len(shown) :]
        assert [ts for ts, _ in shown] == [ts for ts, _ in real]
        assert [close for _, close in shown] == pytest.approx([c for _, c in real], 1e-7)
        calls = len(list(scene.simulator.arrivals()))
        assert scene.house.ask(target).json["data"] == told["data"]
        assert len(list(scene.simulator.arrivals())) == calls
