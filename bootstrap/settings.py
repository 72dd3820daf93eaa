"""The environment, read once and checked whole: one error lists every bad value."""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

from adapters_in.cli.runtime import SettingsRefused
from bootstrap import values
from domain.provider import PROVIDER_ALIASES
from domain.secret import Secret

T = TypeVar("T")

# Where a provider's name in the API and its prefix in the environment differ.
PREFIXES = {"coinmarketcap": "CMC", "massive_futures": "MASSIVE"}
# What an operator may say about the plan of a key, where keys of plans look alike, or about the
# version of an API, and by which word.
PLANS: Mapping[str, tuple[str, ...]] = {
    "coingecko": ("demo", "pro"),
    "massive_futures": ("v1", "vx"),
}
_WORDS = {"massive_futures": "VERSION"}
_LEVELS = ("debug", "info", "warning", "error")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class ProviderEnvironment:
    """What the operator says about one provider; None keeps the provider's own value.

    ``rpm`` and ``rpd`` of 0 mean no such window.
    """

    base_url: str | None = None
    ws_url: str | None = None
    api_key: Secret | None = None
    rps: float | None = None
    rpm: float | None = None
    rpd: float | None = None
    timeout_s: float | None = None
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the environment decides."""

    service_name: str = "fks_data"
    host: str = "127.0.0.1"
    port: int = 8003
    data_dir: Path = field(default_factory=Path)
    database_url: Secret | None = None
    redis_url: Secret | None = None
    json_logs: bool = False
    log_level: str = "info"
    providers: tuple[str, ...] | None = None
    default_rps: float = 5.0
    max_limit: int = 5000
    deadline_s: float = 10.0
    shutdown_grace_s: float = 20.0
    drain_delay_s: float = 0.0
    default_quote: str = "USDT"
    retention_days: int | None = None
    jobs_retention_days: int = 30
    auth: str | None = None
    cors_origins: tuple[str, ...] = ()
    provider_environment: Mapping[str, ProviderEnvironment] = field(default_factory=dict)


class _Reader:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[str] = []

    def text(self, name: str) -> str | None:
        """The stripped value, None when unset or empty."""
        return self._environment.get(name, "").strip() or None

    def secret(self, *names: str) -> Secret | None:
        """The first of the names that is set, directly or through its ``*_FILE`` twin."""
        for name in names:
            direct, path = self.text(name), self.text(f"{name}_FILE")
            if direct and path:
                self.faults.append(f"{name} and {name}_FILE are both set: keep one.")
            if direct:
                return Secret(direct)
            if path:
                return self._from_file(name, path)
        return None

    def _from_file(self, name: str, path: str) -> Secret | None:
        try:
            content = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            self.faults.append(f"{name}_FILE cannot be read: check that {path} exists.")
            return None
        if not content:
            self.faults.append(f"{name}_FILE is empty: put the value into {path}.")
        return Secret(content) if content else None

    def parsed(self, name: str, default: T, parse: Callable[[str], T], hint: str) -> T:
        """The parsed value, or ``default``; a failure is noted with the hint."""
        text = self.text(name)
        if text is None:
            return default
        try:
            return parse(text)
        except ValueError:
            self.faults.append(f"{name} must be {hint}.")
            return default


def read_settings(
    environment: Mapping[str, str] | None = None, known: tuple[str, ...] = ()
) -> Settings:
    """Read the environment; ``known`` are the providers of this installation.

    Raises:
        SettingsRefused: one sentence per bad value.
    """
    reader = _Reader(os.environ if environment is None else environment)
    settings = Settings(
        service_name=reader.text("SERVICE_NAME") or "fks_data",
        host=reader.text("FKS_DATA_HOST") or "127.0.0.1",
        port=reader.parsed("SERVICE_PORT", 8003, values.port, "a port number from 0 to 65535"),
        data_dir=Path(reader.text("FKS_DATA_DIR") or _default_data_dir()).expanduser(),
        database_url=_database_url(reader),
        redis_url=_redis_url(reader),
        json_logs=reader.parsed("FKS_JSON_LOGS", False, values.flag, "0 or 1"),
        log_level=reader.parsed(
            "FKS_LOG_LEVEL", "info", values.one_of(_LEVELS), f"one of {', '.join(_LEVELS)}"
        ),
        providers=_providers(reader, known),
        default_rps=reader.parsed("FKS_DEFAULT_RPS", 5.0, values.positive, "a number above 0"),
        max_limit=reader.parsed(
            "FKS_MAX_LIMIT", 5000, values.between(1, 50_000), "a whole number from 1 to 50000"
        ),
        deadline_s=reader.parsed(
            "FKS_REQUEST_DEADLINE_S", 10.0, values.positive, "seconds above 0"
        ),
        shutdown_grace_s=reader.parsed(
            "FKS_SHUTDOWN_GRACE_S", 20.0, values.positive, "seconds above 0"
        ),
        drain_delay_s=reader.parsed(
            "FKS_DRAIN_DELAY_S", 0.0, values.not_negative, "seconds from 0"
        ),
        default_quote=reader.parsed(
            "FKS_DEFAULT_QUOTE", "USDT", values.asset_code, "an asset code such as USDT or USD"
        ),
        retention_days=reader.parsed(
            "FKS_RETENTION_DAYS", None, values.between(1, 36_500), "a whole number of days"
        ),
        jobs_retention_days=reader.parsed(
            "FKS_JOBS_RETENTION_DAYS",
            30,
            values.between(0, 36_500),
            "a whole number of days, 0 to keep all",
        ),
        auth=reader.parsed(
            "FKS_AUTH", None, values.auth, "off (keys are not part of this version)"
        ),
        cors_origins=reader.parsed(
            "FKS_CORS_ORIGINS", (), values.origins, "origins such as https://app.example.com, or *"
        ),
        provider_environment={name: _provider(reader, name) for name in known},
    )
    if reader.faults:
        raise SettingsRefused("\n".join(dict.fromkeys(reader.faults)))
    return settings


def refuse_open_host(host: str, auth: str | None) -> None:
    """Refuse to listen beyond this machine unless somebody has decided about access.

    Raises:
        SettingsRefused: the host is not a loopback address and FKS_AUTH is unset.
    """
    if auth is not None or _is_loopback(host):
        return
    message = (
        f"Listening on {host} would serve everybody who can reach it: set FKS_AUTH=off to say "
        "that the network protects it, or use FKS_DATA_HOST=127.0.0.1."
    )
    raise SettingsRefused(message)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def key_name(name: str) -> str:
    """The variable that holds a provider's key."""
    return f"{PREFIXES.get(name, name.upper())}_API_KEY"


def _provider(reader: _Reader, name: str) -> ProviderEnvironment:
    prefix = PREFIXES.get(name, name.upper())
    keys = [f"FKS_{prefix}_API_KEY", f"{prefix}_API_KEY"]
    if name == "massive_futures":
        keys.append("POLYGON_API_KEY")
    url = "a URL such as https://api.example.com"
    above, from_zero = "a number above 0", "a number from 0 (0 means no such limit)"
    return ProviderEnvironment(
        base_url=reader.parsed(f"FKS_{prefix}_BASE_URL", None, values.url("http", "https"), url),
        ws_url=reader.parsed(f"FKS_{prefix}_WS_URL", None, values.url("ws", "wss"), "a ws(s) URL"),
        api_key=reader.secret(*keys),
        rps=reader.parsed(f"FKS_{prefix}_RPS", None, values.positive, above),
        rpm=reader.parsed(f"FKS_{prefix}_RPM", None, values.not_negative, from_zero),
        rpd=reader.parsed(f"FKS_{prefix}_RPD", None, values.not_negative, from_zero),
        timeout_s=reader.parsed(
            f"FKS_{prefix}_TIMEOUT_S", None, values.positive, "seconds above 0"
        ),
        plan=_plan(reader, f"{prefix}_{_WORDS.get(name, 'PLAN')}", PLANS.get(name, ())),
    )


def _plan(reader: _Reader, name: str, plans: tuple[str, ...]) -> str | None:
    """Under either name, where there are plans to choose from."""
    names = (f"FKS_{name}", name) if plans else ()
    parse, hint = values.one_of(plans), f"one of {', '.join(plans)}"
    said = [reader.parsed(name, None, parse, hint) for name in names]
    return next((plan for plan in said if plan is not None), None)


def _providers(reader: _Reader, known: tuple[str, ...]) -> tuple[str, ...] | None:
    names = values.comma_list(reader.text("FKS_PROVIDERS"))
    chosen = tuple(dict.fromkeys(PROVIDER_ALIASES.get(n.lower(), n.lower()) for n in names))
    strangers = [n if _NAME.fullmatch(n) else repr(n) for n in chosen if n not in known]
    if strangers:
        reader.faults.append(
            f"FKS_PROVIDERS names {', '.join(strangers)}: this version has {', '.join(known)}."
        )
    return chosen or None


def _database_url(reader: _Reader) -> Secret | None:
    """``DATABASE_URL``, or the ``DB_*`` parts when at least the host is given."""
    url = reader.secret("DATABASE_URL")
    if url is not None:
        if urlsplit(url.reveal()).scheme not in {"postgres", "postgresql"}:
            reader.faults.append("DATABASE_URL must begin with postgresql://.")
        return url
    host = reader.text("DB_HOST")
    if host is None:
        _refuse_parts(reader)
        return None
    user = quote(reader.text("DB_USER") or "fks_user", safe="")
    password = reader.secret("DB_PASSWORD")
    port = reader.parsed("DB_PORT", 5432, values.port, "a port number")
    name = quote(reader.text("DB_NAME") or "fks_data", safe="")
    login = f"{user}:{quote(password.reveal(), safe='')}" if password else user
    host = f"[{host}]" if ":" in host else quote(host, safe="")  # an address, a name or a socket
    return Secret(f"postgresql://{login}@{host}:{port}/{name}")


def _refuse_parts(reader: _Reader) -> None:
    """Whoever names a part of a database does not mean the embedded one."""
    parts = ("DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_PASSWORD_FILE")
    given = next((name for name in parts if reader.text(name)), None)
    if given is not None:
        reader.faults.append(
            f"{given} is set without DB_HOST: add DB_HOST, or leave all DB_ variables out for the "
            "embedded database."
        )


def _redis_url(reader: _Reader) -> Secret | None:
    url = reader.secret("REDIS_URL")
    try:
        if url is not None:
            values.redis_url(url.reveal())
    except ValueError:
        reader.faults.append("REDIS_URL must be like redis://host:6379/0 (or rediss:, unix:).")
    return url


def _default_data_dir() -> str:
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return f"{base}/fks-data"
