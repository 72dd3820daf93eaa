"""The commands of `fks-data` and how they end: 0 done, 1 failed, 2 usage, 3 incomplete."""

import asyncio
import errno
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import cyclopts
from cyclopts import Parameter, validators

from adapters_in.cli import inspection, jobs
from adapters_in.cli.backfill import INCOMPLETE, BackfillOptions, backfill
from adapters_in.cli.bars import BarsOptions, bars
from adapters_in.cli.runtime import Runtime, ServeOptions, SettingsRefused
from domain.errors import InvalidRequest, MarketDataError

DONE, FAILED, USAGE = 0, 1, 2
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
_KEPT = "everything acknowledged so far is stored."

T = TypeVar("T")

Symbols = Annotated[tuple[str, ...], Parameter(help="Symbols such as BTCUSDT, BTC/USDT or AAPL.")]
Port = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65_535))]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="One JSON document.")]


def run(runtime: Runtime, arguments: Sequence[str]) -> int:
    """Run one command; errors are one sentence on stderr, never a traceback."""
    try:
        return _judge(runtime, arguments)
    except KeyboardInterrupt:
        return _say(f"Interrupted; {_KEPT}", INTERRUPTED)
    except _Terminated:
        return _say(f"Terminated; {_KEPT}", TERMINATED)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        _mute()
        return DONE
    except OSError as fault:
        if fault.errno != errno.ENOSPC:
            raise
        _mute()
        return _say("The output has no space left: make room where it is written to.", FAILED)


def _mute() -> None:
    """Nobody reads, so nothing that is still buffered may fail again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _judge(runtime: Runtime, arguments: Sequence[str]) -> int:
    try:
        return _run(runtime, arguments)
    except cyclopts.CycloptsError as fault:
        return _say(f"{fault} See `fks-data --help`.", USAGE)
    except SettingsRefused as fault:
        return _say(str(fault), USAGE)
    except MarketDataError as fault:
        wrong_usage = isinstance(fault, InvalidRequest)
        return _say(_with_reasons(fault), USAGE if wrong_usage else FAILED)


def _run(runtime: Runtime, arguments: Sequence[str]) -> int:
    result = build(runtime)(
        list(arguments), exit_on_error=False, print_error=False, result_action="return_value"
    )
    return result if isinstance(result, int) else DONE


def build(runtime: Runtime) -> cyclopts.App:
    """The command tree over a runtime."""
    app = cyclopts.App(
        name="fks-data",
        help="The one service of a trading platform that talks to market data providers.",
        version=runtime.version,
        version_flags=["--version"],
        help_flags=["--help", "-h"],
        suppress_keyboard_interrupt=False,
    )
    _add_processes(app, runtime)
    _add_data(app, runtime)
    _add_inspection(app, runtime)
    _add_operations(app, runtime)
    return app


def _add_processes(app: cyclopts.App, runtime: Runtime) -> None:
    @app.command
    def serve(
        *,
        demo: Annotated[bool, Parameter(negative=())] = False,
        host: str | None = None,
        port: Port | None = None,
        data_dir: Path | None = None,
    ) -> int:
        """Run the API; without DATABASE_URL and REDIS_URL everything it needs is inside.

        Args:
            demo: Synthetic prices from a simulator: works offline and without keys.
            host: Address to listen on (FKS_DATA_HOST).
            port: Port to listen on (SERVICE_PORT).
            data_dir: Where the embedded store lives (FKS_DATA_DIR).
        """
        return runtime.serve(ServeOptions(demo=demo, host=host, port=port, data_dir=data_dir))

    @app.command
    def worker() -> int:
        """Run jobs from Redis until a signal."""
        return runtime.worker()

    @app.command
    def scheduler() -> int:
        """Keep the clockwork while leading; two may run, one acts."""
        return runtime.scheduler()

    @app.command
    def simulate(*, host: str = "127.0.0.1", port: Port = 8013, json: AsJson = False) -> int:
        """Run the provider simulator alone (synthetic data in the providers' wire formats)."""
        return runtime.simulate(host, port, json=json)

    @app.command
    def migrate(*, json: AsJson = False) -> int:
        """Apply the schema migrations (serve and worker do it too)."""
        return inspection.show_migrations(_wait(runtime.migrate()), json=json)


def _add_data(app: cyclopts.App, runtime: Runtime) -> None:
    @app.command(name="bars")
    def bars_command(symbol: str, *, options: BarsOptions | None = None) -> int:
        """Print what /api/v1/data/ohlcv answers."""
        return _wait(bars(runtime, symbol, options or BarsOptions()))

    @app.command(name="backfill")
    def backfill_command(symbols: Symbols, /, *, options: BackfillOptions) -> int:
        """Fetch and store what is missing; resumable, exit 3 while a gap has no known cause."""
        try:
            return _wait(backfill(runtime, symbols, options))
        except BrokenPipeError:  # what nobody could be told of is not done
            _mute()
            return INCOMPLETE


def _add_inspection(app: cyclopts.App, runtime: Runtime) -> None:
    @app.command
    def gaps(
        symbol: str | None = None, *, interval: str | None = None, json: AsJson = False
    ) -> int:
        """List what is missing in the stored series, and why."""
        return _wait(inspection.gaps(runtime, symbol, interval, json=json))

    @app.command
    def quality(
        symbol: str | None = None, *, interval: str | None = None, json: AsJson = False
    ) -> int:
        """List the newest quality report of each stored series."""
        return _wait(inspection.quality(runtime, symbol, interval, json=json))

    @app.command
    def providers(*, json: AsJson = False) -> int:
        """List the providers: capabilities, keys, health and budget."""
        return _wait(inspection.providers(runtime, json=json))


def _add_operations(app: cyclopts.App, runtime: Runtime) -> None:
    @app.command(name="jobs")
    def jobs_command(*, state: str | None = None, limit: int = 20, json: AsJson = False) -> int:
        """List jobs, newest first."""
        return _wait(jobs.show_jobs(runtime, state, limit, json=json))

    @app.command
    def cancel(job_id: str) -> int:
        """Cancel a job: a queued one at once, a running one after its batch."""
        return _wait(jobs.cancel_job(runtime, job_id))

    @app.command
    def doctor(*, json: AsJson = False) -> int:
        """Name every fault of this installation with its remedy."""
        return inspection.show_diagnoses(_wait(runtime.diagnose()), json=json)

    @app.command
    def openapi(*, json: AsJson = False) -> int:
        """Print the OpenAPI document, which is JSON in any case."""
        del json
        sys.stdout.write(runtime.openapi().decode() + "\n")
        return DONE


class _Terminated(BaseException):
    """SIGTERM has ended a short-lived command."""


def _wait(work: Coroutine[Any, Any, T]) -> T:
    """Run a short-lived command; SIGTERM unwinds it as Ctrl-C does, so that the store is closed.

    Raises:
        _Terminated: SIGTERM came.
    """

    async def run() -> T:
        task = asyncio.ensure_future(work)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await task

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise _Terminated from None


def _say(sentence: str, code: int) -> int:
    flat = " ".join(part.strip() for part in sentence.splitlines())
    sys.stderr.write(f"fks-data: {flat}\n")
    return code


def _with_reasons(fault: MarketDataError) -> str:
    reasons = [f"{a.provider}: {a.reason}" for a in getattr(fault, "attempts", ())]
    near = getattr(fault, "did_you_mean", ())
    meant = [f"Did you mean {' or '.join(near)}?"] if near else []
    return " ".join([fault.message, *reasons, *meant])
