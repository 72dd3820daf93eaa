"""The composition root behind the commands."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

from adapters_in.cli.runtime import Diagnosis, Runtime, ServeOptions, Toolbox
from adapters_in.http.app import openapi_json
from adapters_out.provider_kit.discovery import discover
from adapters_out.system.logs import REDACTION, configure_logs
from adapters_out.system.telemetry import EventLog
from bootstrap import processes
from bootstrap.containers import Application
from bootstrap.diagnosis import diagnose
from bootstrap.lifespan import Opened, make_ring, migrate_only, open_application
from bootstrap.settings import Settings, read_settings
from bootstrap.version import VERSION
from domain.secret import Secret


class LocalRuntime(Runtime):
    """Reads the environment when a command needs it, and runs the command in this process."""

    @property
    def version(self) -> str:
        """That of the distribution."""
        return VERSION

    def serve(self, options: ServeOptions) -> int:
        """Run the API until a signal."""
        settings, log = self._prepare("info")
        return processes.run_loop(processes.serve(settings, options, log))

    def worker(self) -> int:
        """Run jobs until a signal."""
        settings, log = self._prepare("info")
        return processes.run_loop(processes.worker(settings, log))

    def scheduler(self) -> int:
        """Keep the clockwork until a signal."""
        settings, log = self._prepare("info")
        return processes.run_loop(processes.scheduler(settings, log))

    def simulate(self, host: str, port: int, *, json: bool) -> int:
        """Run the simulator until a signal."""
        return processes.run_loop(processes.simulate(host, port, json=json))

    async def migrate(self) -> Sequence[str]:
        """Apply the migrations."""
        settings, log = self._prepare("warning")
        return await migrate_only(settings, log)

    async def diagnose(self) -> Sequence[Diagnosis]:
        """Look at everything."""
        return await diagnose(tuple(discover()))

    def openapi(self) -> bytes:
        """The document, without opening anything: nothing is connected before it is used."""
        settings, log = self._prepare("warning")
        ring, _ = make_ring(settings, "postgresql://", log)
        opened = Opened(ring, Application(ring=ring), "", "")
        return openapi_json(processes.services_of(settings, opened, demo=False))

    def toolbox(self) -> AbstractAsyncContextManager[Toolbox]:
        """The use cases over an open store."""
        settings, log = self._prepare("warning")
        return _toolbox(settings, log)

    def _prepare(self, quietest: str) -> tuple[Settings, EventLog]:
        """Settings and a log; short commands log nothing below ``quietest``."""
        settings = read_settings(known=tuple(discover()))
        for secret in secrets_of(settings):
            REDACTION.hide(secret)
        level = settings.log_level if quietest == "info" else quietest
        log = configure_logs(json=settings.json_logs, level=level, service=settings.service_name)
        return settings, log


def secrets_of(settings: Settings) -> list[Secret]:
    """Everything that must never appear in a line of log."""
    found = [e.api_key for e in settings.provider_environment.values() if e.api_key]
    for url in (settings.database_url, settings.redis_url):
        if url is None:
            continue
        found.append(url)
        password = urlsplit(url.reveal()).password
        if password:
            found.append(Secret(password))
    return found


@asynccontextmanager
async def _toolbox(settings: Settings, log: EventLog) -> AsyncIterator[Toolbox]:
    async with open_application(settings, log) as opened:
        use, ring = opened.application, opened.ring
        yield Toolbox(
            adjust_bars=use.adjust_bars(),
            fill_gaps=use.fill_gaps(),
            inspect=use.inspect(),
            list_providers=use.list_providers(),
            list_jobs=use.list_jobs(),
            cancel_job=use.cancel_job(),
            resolve=use.resolve(),
            clock=ring.clock(),
            ids=ring.ids(),
            max_limit=settings.max_limit,
            deadline_s=settings.deadline_s,
        )
