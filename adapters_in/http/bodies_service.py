"""The bodies about jobs and about the service itself. Times are Unix seconds."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

StateName = Literal["queued", "running", "done", "failed", "cancelled"]


class JobBody(Struct, frozen=True, kw_only=True):
    """A job; ``progress`` runs 0..1, ``created`` is told by the answer that accepts it."""

    id: str
    kind: Literal["backfill"]
    state: StateName
    progress: float
    rows: int
    eta_s: float | None
    error: str | None
    symbol: str
    interval: str
    start: int
    end: int
    provider: str | None
    attempts: int
    cancel_requested: bool
    created_at: int
    updated_at: int
    started_at: int | None
    finished_at: int | None
    demo: bool
    created: bool | UnsetType = UNSET


class Jobs(Struct, frozen=True):
    """Jobs, newest first."""

    jobs: tuple[JobBody, ...]
    demo: bool


class HealthBody(Struct, frozen=True):
    """The process answers."""

    status: str
    service: str
    timestamp: str
    version: str
    demo: bool


class ReadyBody(Struct, frozen=True):
    """Everything that answers need works."""

    status: str
    service: str
    timestamp: str
    dependencies: dict[str, str]
    demo: bool


class DataHealth(Struct, frozen=True):
    """Providers in a word each: ``available`` or what is wrong."""

    status: str
    service: str
    providers: dict[str, str]
    timestamp: str
    demo: bool


class Info(Struct, frozen=True, kw_only=True):
    """What this is."""

    name: str
    version: str
    description: str
    status: str
    started_at: int
    framework: str
    demo: bool
    providers: tuple[str, ...]
    max_limit: int


class PartView(Struct, frozen=True):
    """One part of the service."""

    name: str
    ok: bool
    detail: str


class Status(Info, frozen=True, kw_only=True):
    """The same with how long it runs, how its parts do and where things are."""

    uptime: str
    uptime_s: int
    ready: bool
    draining: bool
    parts: tuple[PartView, ...]
    endpoints: dict[str, str]
