"""The first call of a process leaves as quickly as every other."""

import asyncio
import subprocess
import sys
from pathlib import Path

from adapters_in.simulator.server import SimulatorServer
from adapters_out.provider_kit.calls import Call
from adapters_out.provider_kit.http import HttpChannel
from adapters_out.system.clock import SystemClock
from tests.adapters_out.provider_kit.scripted import POLICY, SOME

ROOT = Path(__file__).parents[3]


async def first_call() -> None:
    """Print the modules that the first exchange of this process loads."""
    clock = SystemClock()
    async with SimulatorServer("127.0.0.1", 0, clock) as simulator:
        channel = HttpChannel(SOME, POLICY, simulator.base_url("binance"), None, clock)
        before = set(sys.modules)
        reply = await channel.send(Call("/api/v3/ping"), 5.0)
        print(reply.status, sorted(set(sys.modules) - before))  # noqa: T201  # for the test
        await channel.close()


def test_it_loads_nothing() -> None:
    """An import between the grant and the call would make it arrive late at the provider."""
    command = (sys.executable, "-m", f"{__spec__.name}")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "200 []"


if __name__ == "__main__":
    asyncio.run(first_call())
