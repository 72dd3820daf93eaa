"""What the commands need from the composition root."""

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from application.adjust_bars import AdjustBars
from application.cancel_job import CancelJob
from application.fill_gaps import FillGaps
from application.inspect_series import InspectSeries
from application.list_jobs import ListJobs
from application.list_providers import ListProviders
from application.resolve_symbol import ResolveSymbol
from ports.clock import Clock, Ids


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The use cases of the short-lived commands, over an open store."""

    adjust_bars: AdjustBars
    fill_gaps: FillGaps
    inspect: InspectSeries
    list_providers: ListProviders
    list_jobs: ListJobs
    cancel_job: CancelJob
    resolve: ResolveSymbol
    clock: Clock
    ids: Ids
    max_limit: int
    deadline_s: float


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Flags of ``serve``; None leaves the environment's value."""

    demo: bool = False
    host: str | None = None
    port: int | None = None
    data_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that ``doctor`` looked at; ``remedy`` says what to do, if there is anything."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


class Runtime(Protocol):
    """The composition root as the commands see it.

    Every method raises ``MarketDataError`` or ``SettingsRefused`` with one sentence.
    """

    @property
    @abstractmethod
    def version(self) -> str:
        """Of this installation."""

    @abstractmethod
    def serve(self, options: ServeOptions) -> int:
        """Run the API until a signal; the exit code."""

    @abstractmethod
    def worker(self) -> int:
        """Run jobs from the queue until a signal; the exit code."""

    @abstractmethod
    def scheduler(self) -> int:
        """Keep the clockwork while leading, until a signal; the exit code."""

    @abstractmethod
    def simulate(self, host: str, port: int, *, json: bool) -> int:
        """Say where (in a line of JSON if asked), run the simulator until a signal; exit code."""

    @abstractmethod
    async def migrate(self) -> Sequence[str]:
        """Apply the schema migrations; the names of those applied now."""

    @abstractmethod
    async def diagnose(self) -> Sequence[Diagnosis]:
        """Look at settings, store, Redis, budgets and providers; never raises."""

    @abstractmethod
    def openapi(self) -> bytes:
        """The OpenAPI document as JSON."""

    @abstractmethod
    def toolbox(self) -> AbstractAsyncContextManager[Toolbox]:
        """The use cases, with the store open and migrated."""


class SettingsRefused(Exception):
    """The environment is not usable; the message lists every bad value."""
