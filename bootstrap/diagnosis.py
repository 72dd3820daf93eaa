"""What `doctor` looks at: every fault with its remedy."""

import shutil
import sys
from collections.abc import Sequence

import structlog

from adapters_in.cli.runtime import Diagnosis, SettingsRefused
from adapters_out.redis.client import ping
from application.list_providers import ProviderFacts
from bootstrap.lifespan import Opened, open_application
from bootstrap.settings import PREFIXES, Settings, read_settings, refuse_open_host
from domain.circuit import CircuitState
from domain.errors import BudgetUnavailable, MarketDataError

_LEAST_FREE = 1024**3
_OLDEST = (3, 11)


async def diagnose(known: tuple[str, ...]) -> Sequence[Diagnosis]:
    """Look at Python, settings, host, disk, Redis, store, budgets and providers; never raises."""
    found = [_python()]
    try:
        settings = read_settings(known=known)
    except SettingsRefused as fault:
        remedy = "Correct the variables named here; the README lists their meaning."
        return [*found, Diagnosis("settings", ok=False, detail=str(fault), remedy=remedy)]
    found.append(Diagnosis("settings", ok=True, detail="every variable is valid"))
    found += [_host(settings), _disk(settings)]
    if settings.redis_url is not None:
        found.append(await _redis(settings))
    try:
        async with open_application(settings, structlog.get_logger("doctor")) as opened:
            found.append(Diagnosis("store", ok=True, detail=opened.store))
            found += await _inside(opened, settings)
    except MarketDataError as fault:
        remedy = "Start the database, or correct DATABASE_URL, or unset it for the embedded one."
        found.append(Diagnosis("store", ok=False, detail=fault.message, remedy=remedy))
    return found


async def _inside(opened: Opened, settings: Settings) -> list[Diagnosis]:
    """What can only be seen with the store open."""
    found = [await _budgets(opened)]
    found += [_provider(facts) for facts in await opened.application.list_providers()()]
    if settings.redis_url is not None:
        found.append(await _queue(opened))
    return found


def _provider(facts: ProviderFacts) -> Diagnosis:
    prefix = PREFIXES.get(facts.name, facts.name.upper())
    if not facts.enabled:  # as most are in most installations: no fault
        detail, remedy = "skipped, it has no API key", f"Set {prefix}_API_KEY to use it."
    elif facts.key_refused:
        detail = "it has refused the API key, and is asked ever more rarely"
        remedy = f"Set another {prefix}_API_KEY and start again: it is tried at once."
    elif facts.health.state is not CircuitState.CLOSED:
        detail = "its circuit is open after repeated faults"
        remedy = f"Check FKS_{prefix}_BASE_URL and the network; it is probed by itself."
    elif facts.budget.frozen_until is not None:
        detail = f"it asked for a pause until {facts.budget.frozen_until:.0f} (Unix s)"
        remedy = f"Wait, or lower FKS_{prefix}_RPS so that it does not happen again."
    else:
        detail, remedy = "usable", ""
    ok = not remedy or not facts.enabled
    return Diagnosis(f"provider {facts.name}", ok, detail, remedy)


async def _budgets(opened: Opened) -> Diagnosis:
    try:
        await opened.ring.pacer().check()
    except BudgetUnavailable as fault:
        remedy = "Without the shared budget nothing is sent: bring Redis back or unset REDIS_URL."
        return Diagnosis("budgets", ok=False, detail=fault.message, remedy=remedy)
    return Diagnosis("budgets", ok=True, detail="the shared budget answers")


async def _queue(opened: Opened) -> Diagnosis:
    try:
        waiting = await opened.ring.queue().backlog()
    except MarketDataError as fault:
        return Diagnosis("queue", ok=False, detail=fault.message, remedy="Bring Redis back.")
    return Diagnosis("queue", ok=True, detail=f"{waiting} jobs wait for a worker")


async def _redis(settings: Settings) -> Diagnosis:
    fault = await ping(settings.redis_url.reveal() if settings.redis_url else "")
    if fault is not None:
        remedy = "Start Redis, correct REDIS_URL, or unset it to work without."
        return Diagnosis("redis", ok=False, detail=fault, remedy=remedy)
    return Diagnosis("redis", ok=True, detail="answers")


def _python() -> Diagnosis:
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    ok = sys.version_info[:2] >= _OLDEST
    return Diagnosis("python", ok, running, "" if ok else "Use Python 3.11 or newer.")


def _host(settings: Settings) -> Diagnosis:
    """Whether `serve` would listen there; commands do not mind."""
    try:
        refuse_open_host(settings.host, settings.auth)
    except SettingsRefused:
        detail = f"nothing says who may use a service on {settings.host}, so serve will not start"
        remedy = "Set FKS_AUTH=off if the network protects it, or FKS_DATA_HOST=127.0.0.1."
        return Diagnosis("host", ok=False, detail=detail, remedy=remedy)
    return Diagnosis("host", ok=True, detail=f"{settings.host}, port {settings.port}")


def _disk(settings: Settings) -> Diagnosis:
    place = settings.data_dir
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    detail = f"{free / 1024**3:.1f} GiB free for {settings.data_dir}"
    if free < _LEAST_FREE:
        remedy = "Free some space, or choose another FKS_DATA_DIR."
        return Diagnosis("disk", ok=False, detail=detail, remedy=remedy)
    return Diagnosis("disk", ok=True, detail=detail)
