"""All synthetic providers without a socket: a call goes in, a delivery comes out."""

import importlib
import math
import pkgutil
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import entry_points

from msgspec import Struct

from adapters_in.simulator import dialects, distortions
from adapters_in.simulator.delivery import Delivery, deliver
from adapters_in.simulator.faults import Fault, FaultBoard, FaultKind
from adapters_in.simulator.market import SyntheticMarket
from adapters_in.simulator.ratelimit import Refusal
from adapters_in.simulator.wire import Correction, Dialect, Reply, Request, World
from ports.clock import Clock

GROUP = "fks_data.dialects"
MARK = ("X-Fks-Simulator", "1")
_LOG_LENGTH = 200_000


class Arrival(Struct, frozen=True):
    """One call as the provider saw it: monotonic and wall seconds, and what it was answered."""

    at: float
    time: float
    provider: str
    path: str
    query: str
    status: int
    port: int
    weight: int


class UnknownProvider(LookupError):
    """No dialect has that name."""


def discover() -> Mapping[str, Dialect]:
    """Every dialect by the name of its module, or of the entry point that names it.

    The group is ``fks_data.dialects``, beside the providers of ``fks_data.providers``.
    """
    found: dict[str, Dialect] = {}
    for point in entry_points(group=GROUP):
        found[point.name] = point.load()
    for module in pkgutil.iter_modules(dialects.__path__):
        dialect = importlib.import_module(f"{dialects.__name__}.{module.name}").DIALECT
        if not isinstance(dialect, Dialect):
            raise TypeError(f"{module.name}.DIALECT is no Dialect")
        found[module.name] = dialect
    return found


class Simulator:
    """Synthetic providers over one market.

    ``faults`` is the board on which tests set faults; ``corrections`` what providers changed
    their minds about, by provider, then as :class:`World` wants it. The wall time is the
    clock's plus ``offset_s``.
    """

    def __init__(
        self, clock: Clock, *, seed: int = 7, spoken: Mapping[str, Dialect] | None = None
    ) -> None:
        """Speak these dialects, or every one that is installed."""
        self.clock = clock
        self.origin = "http://127.0.0.1"
        self.offset_s = 0.0
        self.dialects = discover() if spoken is None else spoken
        self.faults = FaultBoard(seed)
        self.corrections: dict[str, dict[tuple[str, str], dict[int, Correction]]] = {}
        self._market = SyntheticMarket(seed)
        self._log: deque[Arrival] = deque(maxlen=_LOG_LENGTH)
        self._arrived = 0
        self._used: dict[str, tuple[int, int]] = {}

    def now(self) -> float:
        """The wall time of the synthetic world, Unix s."""
        return self.clock.now() + self.offset_s

    def arrive(self, provider: str, request: Request, port: int = 0) -> Delivery:
        """Answer one call, log it.

        Raises:
            UnknownProvider: no dialect has that name.
        """
        dialect = self.dialects.get(provider)
        if dialect is None:
            raise UnknownProvider(provider)
        now = self.clock.monotonic()
        weight = dialect.weigh(request)
        used = self._count(provider, weight)
        refusal = self.faults.refusal(provider, request.path, weight, now)
        faults = self.faults.strike(provider, request.path, now)
        if refusal is not None:
            reply = _limited(dialect, refusal, self.now())
        else:
            reply = self._reply(provider, dialect, request, faults, used)
        delivery = deliver(reply.with_headers(MARK), faults)
        self._log.append(
            Arrival(
                at=now,
                time=self.now(),
                provider=provider,
                path=request.path,
                query="&".join(f"{name}={value}" for name, value in request.query),
                status=delivery.reply.status,
                port=port,
                weight=weight,
            )
        )
        self._arrived += 1
        return delivery

    def arrivals(self) -> Iterator[Arrival]:
        """The log, oldest first; the oldest entries are dropped beyond 200,000."""
        return iter(tuple(self._log))

    @property
    def dropped(self) -> int:
        """How many arrivals the log no longer holds."""
        return self._arrived - len(self._log)

    def forget_arrivals(self) -> None:
        """Empty the log."""
        self._log.clear()
        self._arrived = 0

    def correct(
        self, provider: str, instrument: str, label: str, ts: int, correction: Correction
    ) -> None:
        """Let a provider change or remove one final bar from now on."""
        series = self.corrections.setdefault(provider, {}).setdefault((instrument, label), {})
        series[ts] = correction

    def _count(self, provider: str, weight: int) -> int:
        """The weight used in the running minute of the wall clock."""
        minute = math.floor(self.now() / 60)
        counted, used = self._used.get(provider, (minute, 0))
        used = used + weight if counted == minute else weight
        self._used[provider] = (minute, used)
        return used

    def _reply(
        self,
        provider: str,
        dialect: Dialect,
        request: Request,
        faults: Sequence[Fault],
        used: int,
    ) -> Reply:
        now = self.now()
        for fault in faults:
            replaced = _replacement(dialect, fault, now)
            if replaced is not None:
                return replaced
        if any(fault.kind is FaultKind.IGNORED_PAGING for fault in faults):
            request = request.without(dialect.paging)
        foreign = (f.location for f in faults if f.kind is FaultKind.FOREIGN_NEXT_URL)
        world = World(
            market=self._market,
            now=now,
            origin=next(foreign, f"{self.origin}/{provider}"),
            used_weight=used,
            corrections=self.corrections.get(provider, {}),
            bend_rows=partial(distortions.bend_rows, faults),
            bend_price=partial(distortions.bend_price, faults),
        )
        reply = dialect.answer(request, world)
        body = distortions.write_tokens(faults, reply.body)
        return Reply(body, reply.status, reply.content_type, reply.headers)


def _replacement(dialect: Dialect, fault: Fault, now: float) -> Reply | None:
    """The reply that a fault puts in the place of the answer, None if it leaves it."""
    if fault.kind is FaultKind.STATUS:
        status = fault.status or 500
        reply = dialect.refuse(status, fault.code, now, fault.retry_after_s)
        return _patient(reply, fault.retry_after_s)
    if fault.kind is FaultKind.REDIRECT:
        return Reply(b"", fault.status or 302, headers=(("Location", fault.location),))
    if fault.kind is FaultKind.HTML:
        return Reply.html("We will be back soon", fault.status or 200, "Maintenance.")
    return None


def _limited(dialect: Dialect, refusal: Refusal, now: float) -> Reply:
    # Whole seconds on the wire: rounding down would invite the next call too early.
    wait = float(math.ceil(refusal.retry_after_s))
    return _patient(dialect.limit(refusal.banned, now, wait), wait)


def _patient(reply: Reply, retry_after_s: float | None) -> Reply:
    if retry_after_s is None:
        return reply
    return reply.with_headers(("Retry-After", f"{retry_after_s:g}"))
