"""The environment: read once, checked whole."""

from pathlib import Path

import pytest

from adapters_in.cli.runtime import SettingsRefused
from adapters_out.provider_kit.discovery import discover
from bootstrap.settings import PLANS, read_settings, refuse_open_host
from domain.secret import Secret

KNOWN = ("binance", "kraken", "coinmarketcap", "massive_futures")


def test_an_empty_environment_is_enough() -> None:
    """Without any variable the service listens on loopback, with its own store and no Redis."""
    settings = read_settings({}, KNOWN)
    assert (settings.host, settings.port) == ("127.0.0.1", 8003)
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.providers is None


def test_one_error_lists_every_bad_value() -> None:
    """All faults are said at once, each with its variable."""
    bad = {
        "SERVICE_PORT": "eighty",
        "FKS_MAX_LIMIT": "0",
        "FKS_JOBS_RETENTION_DAYS": "-1",
        "FKS_REQUEST_DEADLINE_S": "nan",
        "FKS_JSON_LOGS": "maybe",
        "FKS_PROVIDERS": "binance,nosuch",
        "FKS_BINANCE_RPS": "-1",
        "FKS_KRAKEN_BASE_URL": "ftp://kraken",
        "FKS_AUTH": "on",
        "DATABASE_URL": "mysql://db",
        "REDIS_URL": "memcached://x",
        "FKS_CORS_ORIGINS": "app.example.com",
        "BINANCE_API_KEY_FILE": "/no/such/file",
    }
    with pytest.raises(SettingsRefused) as refused:
        read_settings(bad, KNOWN)
    lines = str(refused.value).splitlines()
    for name in bad:
        assert any(line.startswith(name.removesuffix("_FILE")) for line in lines), name
    assert len(lines) == len(bad)


@pytest.mark.parametrize(("text", "days"), [(None, 30), ("0", 0), ("365", 365)])
def test_how_long_finished_jobs_are_kept(text: str | None, days: int) -> None:
    """A month unless somebody says otherwise; 0 is for ever."""
    given = {} if text is None else {"FKS_JOBS_RETENTION_DAYS": text}
    assert read_settings(given, KNOWN).jobs_retention_days == days


def test_an_error_never_shows_a_secret() -> None:
    """A database URL that is refused is not repeated."""
    with pytest.raises(SettingsRefused) as refused:
        read_settings({"DATABASE_URL": "mysql://user:hunter2@db"}, KNOWN)
    assert "hunter2" not in str(refused.value)


def test_secrets_come_from_variables_or_files(tmp_path: Path) -> None:
    """A key may be given directly or as a file, in either spelling of its name."""
    file = tmp_path / "key"
    file.write_text("from-file\n", encoding="utf-8")
    environment = {
        "FKS_BINANCE_API_KEY": "direct",
        "KRAKEN_API_KEY_FILE": str(file),
        "CMC_API_KEY": "cmc",
        "POLYGON_API_KEY": "polygon",
    }
    found = read_settings(environment, KNOWN).provider_environment
    assert found["binance"].api_key == Secret("direct")
    assert found["kraken"].api_key == Secret("from-file")
    assert found["coinmarketcap"].api_key == Secret("cmc")
    assert found["massive_futures"].api_key == Secret("polygon")


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    """A variable and its file twin at once are ambiguous."""
    file = tmp_path / "key"
    file.write_text("x", encoding="utf-8")
    with pytest.raises(SettingsRefused, match="keep one"):
        read_settings({"REDIS_URL": "redis://a", "REDIS_URL_FILE": str(file)}, KNOWN)


def test_the_parts_of_a_database_make_a_url() -> None:
    """DB_* variables are joined, with special characters escaped."""
    parts = {"DB_HOST": "db", "DB_USER": "me", "DB_PASSWORD": "p@ss/word", "DB_NAME": "market"}
    url = read_settings(parts, KNOWN).database_url
    assert url is not None
    assert url.reveal() == "postgresql://me:p%40ss%2Fword@db:5432/market"


def test_providers_keep_their_order_and_aliases() -> None:
    """FKS_PROVIDERS is an order of preference; cmc is coinmarketcap; repetitions count once."""
    text = "kraken, CMC,binance,kraken"
    assert read_settings({"FKS_PROVIDERS": text}, KNOWN).providers == (
        "kraken",
        "coinmarketcap",
        "binance",
    )


def test_a_provider_is_configured_by_its_prefix() -> None:
    """Base URL, rates and time-out of one provider; zero switches a window off."""
    environment = {
        "FKS_BINANCE_BASE_URL": "http://127.0.0.1:9/binance/",
        "FKS_BINANCE_RPS": "10",
        "FKS_BINANCE_RPM": "0",
        "FKS_BINANCE_TIMEOUT_S": "2.5",
    }
    binance = read_settings(environment, KNOWN).provider_environment["binance"]
    assert binance.base_url == "http://127.0.0.1:9/binance"
    assert (binance.rps, binance.rpm, binance.rpd, binance.timeout_s) == (10.0, 0.0, None, 2.5)


@pytest.mark.parametrize("name", ["COINGECKO_PLAN", "FKS_COINGECKO_PLAN"])
def test_the_plan_of_a_key_can_be_said(name: str) -> None:
    """Under either name, where there are plans; another word is refused."""
    settings = read_settings({name: "Pro", "KRAKEN_PLAN": "x"}, ("coingecko", "kraken"))
    assert settings.provider_environment["coingecko"].plan == "pro"
    assert settings.provider_environment["kraken"].plan is None
    with pytest.raises(SettingsRefused, match=f"{name} must be one of demo, pro"):
        read_settings({name: "paid"}, ("coingecko",))


def test_every_plan_that_can_be_said_is_known() -> None:
    """The provider itself has each of them."""
    found = discover()
    assert {name: set(plans) <= set(found[name].plans) for name, plans in PLANS.items()} == {
        "coingecko": True,
        "massive_futures": True,
    }


def test_the_version_of_an_api_can_be_said() -> None:
    """The older paths of Massive's futures, for whoever still has them."""
    settings = read_settings({"FKS_MASSIVE_VERSION": "vX"}, ("massive_futures",))
    plan = settings.provider_environment["massive_futures"].plan
    paths = {
        name: discover()["massive_futures"].on_plan(name, has_key=True).ping.path
        for name in (plan, "v1", None)
    }
    assert paths == {
        "vx": "/futures/vX/exchanges",
        "v1": "/futures/v1/exchanges",
        None: "/futures/v1/exchanges",
    }


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "localhost", "::1", "[::1]"])
def test_loopback_needs_no_decision(host: str) -> None:
    """Hosts of this machine are served without asking about access."""
    refuse_open_host(host, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com"])  # refused here
def test_an_open_host_needs_a_decision(host: str) -> None:
    """Beyond this machine FKS_AUTH must have been set on purpose."""
    with pytest.raises(SettingsRefused, match="FKS_AUTH"):
        refuse_open_host(host, None)
    refuse_open_host(host, "off")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("REDIS_URL", "redis://:hunter2@localhost:port/0"),
        ("REDIS_URL", "redis://localhost:6379/first"),
        ("FKS_BINANCE_BASE_URL", "https://me:hunter2@api.example.com"),
        ("FKS_BINANCE_BASE_URL", "https://api.example.com:99999"),
        ("FKS_BINANCE_BASE_URL", "https://api.example.com/a b"),
        ("FKS_CORS_ORIGINS", "https://app.example.com/page"),
        ("FKS_CORS_ORIGINS", "https://app.example.com,null"),
        ("FKS_MAX_LIMIT", "1_000"),
        ("FKS_MAX_LIMIT", "\u0661\u0662"),
        ("FKS_DEFAULT_RPS", "1_0"),
        ("DB_NAME", "trading"),
        ("DB_PASSWORD", "hunter2"),
    ],
)
def test_what_only_seems_right_is_refused(name: str, text: str) -> None:
    """One sentence that names the variable and never repeats its value."""
    with pytest.raises(SettingsRefused) as refused:
        read_settings({name: text}, KNOWN)
    assert str(refused.value).startswith(f"{name} ")
    assert "\n" not in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("REDIS_URL", "redis://:word@localhost/3"),
        ("REDIS_URL", "rediss://me:word@redis.example.com:6380"),
        ("REDIS_URL", "unix:///run/redis.sock"),
        ("FKS_BINANCE_BASE_URL", "http://127.0.0.1:8013/binance/"),
        ("FKS_CORS_ORIGINS", "https://app.example.com, http://localhost:3000/"),
        ("FKS_CORS_ORIGINS", "*"),
    ],
)
def test_what_is_right_in_another_way_is_taken(name: str, text: str) -> None:
    """A database number may be missing, a slash may end an address."""
    read_settings({name: text}, KNOWN)


@pytest.mark.parametrize(
    ("host", "written"),
    [("::1", "[::1]"), ("/run/postgresql", "%2Frun%2Fpostgresql"), ("db.example.com",) * 2],
)
def test_the_host_of_a_database_may_be_an_address_or_a_socket(host: str, written: str) -> None:
    """As PostgreSQL writes them in a URL."""
    settings = read_settings({"DB_HOST": host, "DB_USER": "me", "DB_NAME": "x"}, KNOWN)
    assert settings.database_url == Secret(f"postgresql://me@{written}:5432/x")
