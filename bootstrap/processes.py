"""The long-running processes: serve, worker, scheduler, simulate."""

import asyncio
import os
import socket
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import cast

import msgspec
import uvloop
from uvicorn._types import ASGIApplication

from adapters_in.cli.runtime import ServeOptions, SettingsRefused
from adapters_in.http.app import build_app
from adapters_in.http.services import Gate, Services
from adapters_in.jobs.job_watch import JobWatch
from adapters_in.simulator.server import SimulatorServer
from adapters_out.postgres.retention import keep_bars_for
from adapters_out.system.clock import SystemClock
from adapters_out.system.telemetry import EventLog
from bootstrap.background import (
    IMPATIENT_S,
    SLACK_S,
    end_at_the_latest,
    running,
    until_signal,
)
from bootstrap.demo import demo_settings
from bootstrap.lifespan import Opened, open_application
from bootstrap.server import GracefulServer
from bootstrap.settings import Settings, refuse_open_host
from bootstrap.summary import summary
from bootstrap.version import VERSION

CLOCKWORK = "clockwork"
LISTS = "instrument lists"
_BACKLOG = 2048
_TICK_S = 3.0
_LAST_WISHES_S = 1.0  # what draining may add after the requests have ended


def run_loop(main: Coroutine[object, object, int]) -> int:
    """Run a process on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def serve(settings: Settings, options: ServeOptions, log: EventLog) -> int:
    """Run the API until a signal; without Redis also the worker and the scheduler.

    Raises:
        SettingsRefused: the host is open or the port is taken.
        StoreUnavailable: the store cannot be opened.
    """
    settings = replace(
        settings,
        host=options.host or settings.host,
        port=settings.port if options.port is None else options.port,
        data_dir=options.data_dir or settings.data_dir,
    )
    refuse_open_host(settings.host, settings.auth)
    listener = _listen(settings.host, settings.port)
    async with AsyncExitStack() as stack:
        stack.callback(listener.close)
        if options.demo:
            simulator = await stack.enter_async_context(
                SimulatorServer("127.0.0.1", 0, SystemClock())
            )
            names = settings.provider_environment
            settings = demo_settings(settings, {n: simulator.base_url(n) for n in names})
        opened = await stack.enter_async_context(open_application(settings, log))
        await keep_bars_for(opened.ring.pool(), settings.retention_days)
        return await _serve(settings, opened, listener, log, demo=options.demo)


async def worker(settings: Settings, log: EventLog) -> int:
    """Run jobs from Redis until a signal.

    Raises:
        SettingsRefused: there is no Redis.
    """
    if settings.redis_url is None:
        message = (
            "A worker takes its jobs from Redis: set REDIS_URL, or run `fks-data serve` alone, "
            "which works them itself."
        )
        raise SettingsRefused(message)
    async with open_application(settings, log) as opened:
        watch = opened.application.job_watch()
        async with _Working(opened, settings), running(log, watch.run()):
            log.info("worker_ready", store=opened.store)
            await until_signal(settings.shutdown_grace_s)
    return 0


async def scheduler(settings: Settings, log: EventLog) -> int:
    """Keep the clockwork while leading: jobs that a broker lost, circuits to be probed."""
    async with open_application(settings, log) as opened, running(log, _lead(opened, log)):
        await keep_bars_for(opened.ring.pool(), settings.retention_days)
        log.info("scheduler_ready", store=opened.store)
        await until_signal(settings.shutdown_grace_s)
    return 0


async def simulate(host: str, port: int, *, json: bool) -> int:
    """Run the provider simulator alone until a signal."""
    try:
        async with SimulatorServer(host, port, SystemClock()) as simulator:
            text = f"Provider simulator on {simulator.url} (synthetic data)"
            facts = {"url": simulator.url, "providers": simulator.providers, "synthetic": True}
            print(msgspec.json.encode(facts).decode() if json else text, flush=True)  # noqa: T201  # the command's answer
            await until_signal(SLACK_S)
    except OSError as fault:
        message = f"Cannot listen on {host}:{port} ({_reason(fault)}): choose another --port."
        raise SettingsRefused(message) from None
    return 0


def services_of(settings: Settings, opened: Opened, *, demo: bool) -> Services:
    """What the HTTP way in needs."""
    use, ring = opened.application, opened.ring
    return Services(
        adjust_bars=use.adjust_bars(),
        compute_indicators=use.compute_indicators(),
        get_price=use.get_price(),
        read_trades=use.read_trades(),
        read_quotes=use.read_quotes(),
        get_futures=use.get_futures(),
        get_aggregates=use.get_aggregates(),
        name_contract=use.name_contract(),
        list_markets=use.list_markets(),
        get_asset=use.get_asset(),
        list_providers=use.list_providers(),
        report_status=use.report_status(),
        resolve_symbol=use.resolve(),
        search_symbols=use.search_symbols(),
        inspect_series=use.inspect(),
        submit_backfill=use.submit_backfill(),
        list_jobs=use.list_jobs(),
        cancel_job=use.cancel_job(),
        tell_budgets=use.tell_budgets(),
        clock=ring.clock(),
        ids=ring.ids(),
        telemetry=ring.telemetry(),
        metrics=ring.telemetry().render,
        name=settings.service_name,
        version=VERSION,
        providers=tuple(ring.catalogue().all()),
        demo=demo,
        max_limit=settings.max_limit,
        deadline_s=settings.deadline_s,
        cors_origins=settings.cors_origins,
        gate=Gate(),
    )


async def _serve(
    settings: Settings, opened: Opened, listener: socket.socket, log: EventLog, *, demo: bool
) -> int:
    services = services_of(settings, opened, demo=demo)
    status = opened.application.report_status()

    def drain() -> None:
        status.drain()
        end_at_the_latest(settings.shutdown_grace_s + SLACK_S)

    server = GracefulServer(
        cast("ASGIApplication", build_app(services)),  # the same protocol, spelled loosely
        clock=opened.ring.clock(),
        grace_s=settings.shutdown_grace_s,
        drain_delay_s=settings.drain_delay_s,
        on_drain=drain,
        on_refuse=services.gate.close,
        on_second=lambda: end_at_the_latest(IMPATIENT_S),
        on_ready=lambda: print(summary(settings, opened, listener, demo=demo), flush=True),  # noqa: T201  # for people
    )
    watch = opened.application.watch_health()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(log, watch.forever(), _lists(opened)))
        if settings.redis_url is None:
            await stack.enter_async_context(_Working(opened, settings))
            jobs = opened.application.job_watch()
            await stack.enter_async_context(running(log, jobs.run()))
        await server.serve(sockets=[listener])
        await _land(opened)
    return 0


class _Working:
    """The job worker for as long as its block lasts."""

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._runner = opened.application.job_runner()
        self._worker = opened.application.job_worker()
        self._grace_s = min(settings.shutdown_grace_s, _LAST_WISHES_S)

    async def __aenter__(self) -> None:
        self._runner.open()
        self._worker.start()

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(
            self._worker.stop(self._grace_s), self._runner.drain(0.0), return_exceptions=True
        )


async def _land(opened: Opened) -> None:
    """Give what was begun for callers who have gone a moment to reach the store."""
    flights = asyncio.gather(
        opened.application.get_bars().drain(),
        opened.application.get_price().drain(),
        opened.application.read_trades().drain(),
        opened.application.read_quotes().drain(),
        opened.application.list_markets().drain(),
        opened.application.get_asset().drain(),
    )
    try:
        async with asyncio.timeout(_LAST_WISHES_S):
            await flights
    except TimeoutError:
        return


async def _lists(opened: Opened) -> None:
    """Keep the instrument lists young; of several services one does."""
    leadership = opened.ring.leadership()
    await opened.application.refresh_listings().forever(lambda: leadership.is_leader(LISTS))


async def _lead(opened: Opened, log: EventLog) -> None:
    leadership, clock = opened.ring.leadership(), opened.ring.clock()
    reconcile, probe = opened.application.reconcile_jobs(), opened.application.watch_health()
    watch = JobWatch(reconcile, clock, opened.ring.telemetry())
    led = False
    while True:
        leads = await leadership.is_leader(CLOCKWORK)
        if leads != led:
            log.info("leadership_changed", leads=leads)
        led = leads
        if leads:
            await watch.once()
            await probe()
        await clock.sleep(_TICK_S)


def _listen(host: str, port: int) -> socket.socket:
    """The listening socket, bound before anything slow happens.

    Raises:
        SettingsRefused: the address is taken or not ours.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as fault:
        message = (
            f"Cannot listen on {host}:{port} ({_reason(fault)}): free the port, or choose "
            "another with --port or SERVICE_PORT, or another address with --host or FKS_DATA_HOST."
        )
        raise SettingsRefused(message) from None


def _reason(fault: OSError) -> str:
    """The system's words, without those that asyncio and uvloop wrap around them."""
    if isinstance(fault, socket.gaierror) or fault.errno is None:
        return str(fault.strerror)
    return os.strerror(fault.errno).lower()
