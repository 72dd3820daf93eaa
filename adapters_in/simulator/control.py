"""The control API below ``/_control``: faults, corrections, the log of arrivals, the clock.

=======================================  =====================================================
``POST /_control/faults``                a :class:`Fault` or a list of them → ``{"ids": […]}``
``GET /_control/faults``                 those in force, with ``id`` and ``struck``
``DELETE /_control/faults?id&provider``  lifts one, a provider's, or all
``POST /_control/corrections``           ``{provider, symbol, interval, ts, fields}``;
                                         ``"removed": true`` instead of fields takes the bar away
``DELETE /_control/corrections``         the old values again
``GET /_control/log?provider&path&after&limit``  arrivals, oldest first; ``after`` is monotonic
``DELETE /_control/log``                 starts a new log
``GET|POST /_control/clock``             ``{"now": s}`` or ``{"offset_s": s}`` moves the wall time
=======================================  =====================================================
"""

from collections.abc import Callable, Mapping
from itertools import islice

import msgspec
from msgspec import Struct

from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.faults import Fault
from adapters_in.simulator.simulator import Simulator
from adapters_in.simulator.wire import Correction, Reply, Request
from domain.errors import InvalidRequest
from domain.instrument import resolve_symbol
from domain.interval import Interval

_FIELDS = frozenset({"open", "high", "low", "close", "volume", "turnover", "trades"})


class _CorrectionAsk(Struct, frozen=True, forbid_unknown_fields=True):
    provider: str
    symbol: str
    interval: str
    ts: int
    fields: dict[str, float] = {}
    removed: bool = False


class _ClockAsk(Struct, frozen=True, forbid_unknown_fields=True):
    now: float | None = None
    offset_s: float | None = None


class Control:
    """Answers the control calls of one simulator."""

    def __init__(self, simulator: Simulator) -> None:
        """Steer this simulator."""
        self._simulator = simulator
        self._routes: Mapping[tuple[str, str], Callable[[Request], object]] = {
            ("POST", "/faults"): self._add_faults,
            ("GET", "/faults"): self._show_faults,
            ("DELETE", "/faults"): self._clear_faults,
            ("POST", "/corrections"): self._correct,
            ("DELETE", "/corrections"): self._uncorrect,
            ("GET", "/log"): self._show_log,
            ("DELETE", "/log"): self._clear_log,
            ("GET", "/clock"): self._show_clock,
            ("POST", "/clock"): self._turn_clock,
        }

    def answer(self, request: Request) -> Reply:
        """The reply to a call below ``/_control``: 400 says what is wrong with it."""
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            return Reply.json({"error": f"there is no {request.method} {request.path}"}, 404)
        try:
            return Reply.json(handler(request))
        except (msgspec.MsgspecError, InvalidRequest, ValueError) as fault:
            return Reply.json({"error": str(fault)}, 400)

    def _add_faults(self, request: Request) -> object:
        asked = msgspec.json.decode(request.body, type=Fault | list[Fault])
        faults = asked if isinstance(asked, list) else [asked]
        for fault in faults:
            if fault.provider and fault.provider not in self._simulator.dialects:
                raise ValueError(f"no provider is called {fault.provider}")
        now = self._simulator.clock.monotonic()
        return {"ids": [self._simulator.faults.add(fault, now) for fault in faults]}

    def _show_faults(self, _: Request) -> object:
        return {
            "faults": [
                {"id": number, "struck": struck, **msgspec.to_builtins(fault)}
                for number, fault, struck in self._simulator.faults.view()
            ]
        }

    def _clear_faults(self, request: Request) -> object:
        number = request.one("id")
        provider = request.one("provider")
        lifted = self._simulator.faults.clear(int(number) if number else None, provider)
        return {"lifted": lifted}

    def _correct(self, request: Request) -> object:
        ask = msgspec.json.decode(request.body, type=_CorrectionAsk)
        if ask.provider not in self._simulator.dialects:
            raise ValueError(f"no provider is called {ask.provider}")
        instrument = resolve_symbol(ask.symbol).id
        if instrument not in ASSETS:
            raise ValueError(f"nothing synthetic is called {ask.symbol}")
        if unknown := ask.fields.keys() - _FIELDS:
            raise ValueError(f"a bar has no {', '.join(sorted(unknown))}")
        label = Interval.parse(ask.interval).value
        correction = Correction(ask.fields, ask.removed)
        self._simulator.correct(ask.provider, instrument, label, ask.ts, correction)
        return {"instrument": instrument, "interval": label, "ts": ask.ts}

    def _uncorrect(self, _: Request) -> object:
        self._simulator.corrections.clear()
        return {}

    def _show_log(self, request: Request) -> object:
        provider, path = request.one("provider"), request.one("path") or ""
        after, limit = float(request.one("after") or "-inf"), request.one("limit")
        chosen = (
            arrival
            for arrival in self._simulator.arrivals()
            if provider in {None, arrival.provider}
            and arrival.path.startswith(path)
            and arrival.at > after
        )
        kept = list(islice(chosen, int(limit) if limit else None))
        return {"arrivals": kept, "dropped": self._simulator.dropped}

    def _clear_log(self, _: Request) -> object:
        self._simulator.forget_arrivals()
        return {}

    def _show_clock(self, _: Request) -> object:
        simulator = self._simulator
        return {
            "now": simulator.now(),
            "offset_s": simulator.offset_s,
            "monotonic": simulator.clock.monotonic(),
        }

    def _turn_clock(self, request: Request) -> object:
        ask = msgspec.json.decode(request.body, type=_ClockAsk)
        if ask.now is not None:
            self._simulator.offset_s = ask.now - self._simulator.clock.now()
        elif ask.offset_s is not None:
            self._simulator.offset_s = ask.offset_s
        return self._show_clock(request)
