"""All simulated exchanges in a thread of the test, with their faults, corrections and log."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.columns import BarColumns
from adapters_in.simulator.faults import Fault, FaultKind
from adapters_in.simulator.market import SyntheticMarket
from adapters_in.simulator.server import SimulatorServer
from adapters_in.simulator.simulator import Arrival
from adapters_in.simulator.wire import Correction
from adapters_out.provider_kit.discovery import discover
from adapters_out.system.clock import SystemClock
from bootstrap.catalogue import PREFERENCE
from bootstrap.settings import PREFIXES
from domain.instrument import AssetClass
from domain.provider import Capability
from tests.servers import free_port

T = TypeVar("T")
KLINES = "/api/v3/klines"
# Every provider that a service may ask, and how its variables begin.
PREFIX = {name: f"FKS_{PREFIXES.get(name, name.upper())}" for name in discover()}
# Those that may have the bars of a coin: all are asked before the service says that nobody has.
COINS = {
    name
    for name, provider in discover().items()
    if provider.capabilities.can(Capability.BARS, AssetClass.CRYPTO)
}
BY_PREFERENCE = (
    *(name for name in PREFERENCE if name in PREFIX),
    *sorted(PREFIX.keys() - set(PREFERENCE)),
)
_SEED = 7


class Exchange:
    """One port that plays every provider; every method may be called from any thread."""

    def __init__(self) -> None:
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._server = SimulatorServer("127.0.0.1", self.port, SystemClock(), seed=_SEED)
        self._thread = threading.Thread(target=self._loop.run_forever, name="exchange")
        self._opened = False

    @property
    def environment(self) -> dict[str, str]:
        """What points the service at it, with every provider that it might ask."""
        url = f"http://127.0.0.1:{self.port}"
        return {f"{prefix}_BASE_URL": f"{url}/{name}" for name, prefix in PREFIX.items()}

    def open(self) -> None:
        """Listen, again after :meth:`shut` too."""
        if not self._thread.is_alive():
            self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.__aenter__(), self._loop).result(10)
        self._opened = True

    def shut(self) -> None:
        """Refuse every connection, as if the exchanges were gone."""
        if self._opened:
            ending = self._server.__aexit__(None, None, None)
            asyncio.run_coroutine_threadsafe(ending, self._loop).result(10)
        self._opened = False

    def close(self) -> None:
        """The end."""
        self.shut()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        self._loop.close()

    def fault(self, kind: FaultKind, provider: str = "", **parameters: object) -> int:
        """Set a fault (the parameters of :class:`Fault`); its number."""
        fault = Fault(kind, provider, **parameters)  # type: ignore[arg-type]  # as Fault names them
        now = SystemClock().monotonic()
        return self._do(lambda: self._server.simulator.faults.add(fault, now))

    def heal(self, number: int | None = None, provider: str | None = None) -> None:
        """Lift one fault, those of one provider, or all."""
        self._do(lambda: self._server.simulator.faults.clear(number, provider))

    def struck(self) -> dict[int, int]:
        """How often each fault in force struck."""
        view = self._server.simulator.faults.view
        return self._do(lambda: {number: struck for number, _, struck in view()})

    def correct(
        self,
        ts: int,
        *,
        provider: str = "binance",
        instrument: str = "BTC-USDT",
        interval: str = "1m",
        removed: bool = False,
        **values: float,
    ) -> None:
        """Let a provider change (or remove) one final bar from now on."""
        correction = Correction(values, removed)
        self._do(
            lambda: self._server.simulator.correct(provider, instrument, interval, ts, correction)
        )

    def arrivals(self, provider: str | None = None, path: str = "") -> list[Arrival]:
        """The calls that arrived, oldest first; ``at`` is time.monotonic()."""
        everything = self._do(lambda: list(self._server.simulator.arrivals()))
        return [a for a in everything if provider in {None, a.provider} and a.path.startswith(path)]

    def forget(self) -> None:
        """Start a new log of arrivals."""
        self._do(self._server.simulator.forget_arrivals)

    def _do(self, action: Callable[[], T]) -> T:
        """On the loop of the exchange, where everything else happens too."""

        async def act() -> T:
            return action()

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(10)


def truth(instrument: str, start: int, end: int, step: int = 60, *, now: float) -> BarColumns:
    """What the simulated market really did in ``[start, end)``, without faults or corrections."""
    edges = np.arange(start, end + step, step, dtype=np.int64)
    return SyntheticMarket(_SEED).bars(ASSETS[instrument], edges, now)


def query_of(arrival: Arrival) -> dict[str, str]:
    """The parameters of a call that arrived."""
    return dict(pair.split("=", 1) for pair in arrival.query.split("&") if pair)
