"""Ready-made calls to synthetic providers."""

import json
from typing import Any

from adapters_in.simulator.simulator import Simulator
from adapters_in.simulator.wire import Reply, Request
from adapters_out.memory.clock import ManualClock

CALLER = {"user-agent": "tests"}
NOON = 1_763_208_000.0  # Saturday 2025-11-15 12:00 UTC


def simulator_at(now: float = NOON + 30.5) -> Simulator:
    """A simulator whose time stands still."""
    return Simulator(ManualClock(now), seed=3)


def ask(simulator: Simulator, provider: str, path: str, **query: object) -> Reply:
    """One call and its reply."""
    pairs = tuple((name, str(value)) for name, value in query.items())
    return simulator.arrive(provider, Request(path, pairs, headers=CALLER)).reply


def told(reply: Reply) -> Any:  # noqa: ANN401 - JSON
    """The reply's JSON."""
    return json.loads(reply.body)
