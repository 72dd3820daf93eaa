"""Keys and passwords are in no log, answer, metric, table, Redis value or process listing."""

import base64
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from adapters_in.simulator.faults import FaultKind
from tests.acceptance.service.calls import Answer
from tests.acceptance.service.echo import EchoServer, tricks
from tests.acceptance.service.engines import PASSWORD, FragilePostgres, fragile_postgres
from tests.acceptance.service.stage import Service, Stage
from tests.servers import free_port, redis_binary, wait_until

pytestmark = pytest.mark.slow
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
REDIS_PASSWORD = "redis-canary-90ab"
SECRETS = (KEY, PASSWORD, REDIS_PASSWORD)
HOUR = 3600
START = 1732646400
LOGGED = {"FKS_LOG_LEVEL": "debug", "FKS_JSON_LOGS": "1", "FKS_BINANCE_API_KEY": KEY}
HURRIED = {"FKS_REQUEST_DEADLINE_S": "1.2", "FKS_BINANCE_TIMEOUT_S": "0.5"}
PAGES = (
    *("/health", "/ready", "/info", "/status", "/metrics", "/openapi.json", "/api/v1/jobs"),
    *("/api/v1/data/providers", "/api/v1/data/coverage", "/api/v1/data/gaps"),
    *("/api/v1/data/quality", "/api/v1/data/symbols?q=BTC"),
)
COMMANDS = (("doctor",), ("providers",), ("gaps",), ("quality",), ("jobs",))


class LockedRedis:
    """A Redis with a password, which it learns from its standard input."""

    def __init__(self) -> None:
        self.port = free_port()
        self._server = subprocess.Popen(
            [redis_binary(), "-"], cwd="/", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert self._server.stdin is not None
        lines = (f"port {self.port}", "bind 127.0.0.1", 'save ""', f"requirepass {REDIS_PASSWORD}")
        with self._server.stdin as config:
            config.write("\n".join(lines).encode())
        wait_until(lambda: "PONG" in self.tell("PING"), "Redis")

    def url(self, password: str = REDIS_PASSWORD) -> str:
        """Its address with a password."""
        return f"redis://:{password}@127.0.0.1:{self.port}/0"

    def tell(self, *words: str) -> str:
        """What redis-cli prints."""
        command = ["redis-cli", "-p", str(self.port), *words]
        environment = {"REDISCLI_AUTH": REDIS_PASSWORD, "PATH": "/usr/bin:/bin:/usr/local/bin"}
        done = subprocess.run(command, capture_output=True, env=environment, check=False)
        return done.stdout.decode(errors="replace")

    def everything(self) -> Iterator[tuple[str, str]]:
        """Every key with its value, as text; without those that expire while they are read."""
        read = {"string": ("GET",), "hash": ("HGETALL",), "zset": ("ZRANGE", "0", "-1")}
        read |= {"list": ("LRANGE", "0", "-1"), "set": ("SMEMBERS",)}
        for key in self.tell("--scan").splitlines():
            kind = self.tell("TYPE", key).strip()
            if kind != "none":
                verb, *rest = read[kind]
                yield f"redis {key}", key + self.tell(verb, key, *rest)

    def close(self) -> None:
        """End it."""
        self._server.kill()
        self._server.wait()


@contextmanager
def locked_redis() -> Iterator[LockedRedis]:
    """One that is gone at the end."""
    server = LockedRedis()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[FragilePostgres]:
    """A PostgreSQL with a password."""
    with fragile_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[LockedRedis]:
    """A Redis with a password."""
    with locked_redis() as server:
        yield server


def spellings(secret: str) -> set[str]:
    """How a secret may be written; base64 at each of the three alignments."""
    coded = {base64.b64encode(b"x" * shift + secret.encode()).decode()[4:-4] for shift in range(3)}
    return {secret, quote(secret, safe=""), secret[::-1], *coded}


def assert_silent(evidence: Iterator[tuple[str, str]]) -> None:
    """No secret in anything; the assertion does not print one either."""
    looked_at = 0
    for place, text in evidence:
        looked_at += 1
        for number, secret in enumerate(SECRETS):
            found = [text.find(spelling) for spelling in spellings(secret) if spelling in text]
            around = text[max(0, min(found) - 120) : min(found)] if found else ""
            assert not found, f"secret {number} in {place} after {around!r}"
    assert looked_at > 10


def tables(url: str) -> Iterator[tuple[str, str]]:
    """Every row of every table, as text."""
    with closing(psycopg.connect(url)) as connection:
        names = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, name in names:
            rows = connection.execute(
                sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(schema, name))
            )
            yield f"table {name}", "\n".join(row[0] for row in rows)


def listings() -> Iterator[tuple[str, str]]:
    """What `ps` shows of every process."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield f"process {entry.name}", (entry / "cmdline").read_bytes().decode()
            except (OSError, UnicodeDecodeError):
                continue


def told(answers: list[Answer]) -> Iterator[tuple[str, str]]:
    """Answers with their headers."""
    for answer in answers:
        yield "an answer", f"{answer.headers}\n{answer.body.decode()}"


def outputs(stage: Stage) -> Iterator[tuple[str, str]]:
    """What the processes have printed."""
    for process in stage.processes:
        yield f"the output of {process.arguments}", process.out + process.err


def interrogate(service: Service, k: int) -> list[Answer]:
    """Questions that make the service ask Binance, all at once."""
    start = START + 2 * k * HOUR
    price = "/api/v1/data/price"
    questions: list[Callable[[], Answer]] = [
        lambda: service.bars(start=start, end=start + HOUR, provider="binance"),
        lambda: service.bars("ETHUSDT", use_cache=False, limit=3),
        lambda: service.get(price, symbol="BTCUSDT", use_cache=False),
        lambda: service.get(price, symbol="NOSUCHUSDT", provider="binance"),
        lambda: service.get("/api/v1/data/symbols", q="BTC"),
    ]
    with ThreadPoolExecutor(len(questions)) as executor:
        return list(executor.map(lambda question: question(), questions))


def work(stage: Stage, service: Service) -> Iterator[Answer]:
    """A job, and every command."""
    body = {"symbol": "BTCUSDT", "interval": "1m", "start": START, "end": START + 9 * HOUR}
    yield service.post("/api/v1/jobs/backfill", {**body, "provider": "binance"})
    for command in COMMANDS:
        stage.cli(*command, "--json")
    stage.cli("bars", "SOLUSDT", "--provider", "binance", "--limit", "2")
    span = ("--start", str(START), "--end", str(START + HOUR))
    stage.cli("backfill", "SOLUSDT", "--interval", "1m", *span, "--provider", "binance", "--json")
    for page in PAGES:
        yield service.get(page)


def thaw(postgres: FragilePostgres, redis: LockedRedis) -> None:
    """Forget freezes and open circuits, so that the next trick is played at all."""
    redis.tell("FLUSHALL")
    with closing(psycopg.connect(postgres.url, autocommit=True)) as connection:
        connection.execute("DELETE FROM provider_state")


def test_a_provider_that_echoes_the_key(postgres: FragilePostgres, redis: LockedRedis) -> None:
    """Whatever the provider does with the key, it is nowhere to be read, and goes to no other."""
    with EchoServer() as echo, EchoServer() as stranger:
        environment = {**LOGGED, **HURRIED, "FKS_BINANCE_BASE_URL": echo.url}
        with Stage(database_url=postgres.url, redis_url=redis.url(), **environment) as stage:
            service = stage.serve()
            stage.worker()
            answers = []
            for k, trick in enumerate(tricks(stranger.url).values()):
                thaw(postgres, redis)
                before = len(echo.seen)
                echo.trick = trick
                answers += interrogate(service, k)
                assert len(echo.seen) > before
            thaw(postgres, redis)
            answers += work(stage, service)
            assert_silent(iter([*told(answers), *outputs(stage), *listings()]))
            kept = dict(tables(postgres.url))
            assert_silent(iter([*kept.items(), *redis.everything()]))
            assert "***" in kept["table quarantine"], "the echoed rows were not kept at all"
        assert {key for _, key in echo.seen} == {KEY}
        assert stranger.seen == []
        assert "vmPU" not in "".join(path for path, _ in echo.seen)
    assert {a.status for a in answers} <= {200, 202, 404, 503, 504}


def test_every_fault_of_the_simulator(postgres: FragilePostgres, redis: LockedRedis) -> None:
    """No fault makes the service say its key or a password."""
    environment = {**LOGGED, **HURRIED}
    with Stage(database_url=postgres.url, redis_url=redis.url(), **environment) as stage:
        service = stage.serve()
        answers = []
        for k, kind in enumerate(FaultKind):
            thaw(postgres, redis)
            stage.exchange.heal()
            stage.exchange.fault(kind, "binance", mib=8)
            answers += interrogate(service, 100 + k)
        stage.exchange.heal()
        thaw(postgres, redis)
        answers += work(stage, service)
        assert_silent(iter([*told(answers), *outputs(stage), *listings()]))
        assert_silent(iter([*tables(postgres.url), *redis.everything()]))
    assert {a.status for a in answers} <= {200, 202, 404, 503, 504}


@pytest.mark.parametrize(
    "command", [("serve", "--port", "0"), ("migrate",), ("worker",), ("bars", "BTCUSDT")]
)
@pytest.mark.parametrize("fault", ["password", "host", "port", "text"])
def test_a_store_that_cannot_be_opened(
    command: tuple[str, ...], fault: str, postgres: FragilePostgres, redis: LockedRedis
) -> None:
    """One sentence with a remedy and exit code 1, without the password."""
    url = {
        "password": postgres.url.replace(PASSWORD, f"{REDIS_PASSWORD}-wrong"),
        "host": postgres.url.replace("127.0.0.1", "no-such-host.invalid"),
        "port": postgres.url.replace(str(postgres.port), str(free_port())),
        "text": postgres.url.replace("/postgres", "/post%gres?nonsense=1"),
    }[fault]
    with Stage(database_url=url, redis_url=redis.url(), **LOGGED) as stage:
        ended = stage.cli(*command, timeout=30)
        assert ended.code == 1, ended
        sentences = [line for line in ended.err.splitlines() if line.strip()]
        assert "DATABASE_URL" in sentences[-1]
        assert "Traceback" not in ended.err
        assert ended.took < 15
        assert not any(s in ended.out + ended.err for s in SECRETS)


def test_a_wrong_redis_password(postgres: FragilePostgres, redis: LockedRedis) -> None:
    """The service says that the budget cannot be asked, and doctor why, without the password."""
    wrong = f"{PASSWORD}-wrong"
    with Stage(database_url=postgres.url, redis_url=redis.url(wrong), **LOGGED) as stage:
        service = stage.serve(wait=False)
        wait_until(lambda: "is ready on" in service.out, "The service")
        ready = service.get("/ready")
        assert ready.status == 503
        cold = service.bars(start=START + 900 * HOUR, end=START + 901 * HOUR)
        assert cold.status == 503
        doctor = stage.cli("doctor")
        assert doctor.code == 1, doctor
        assert "REDIS_URL" in doctor.out + doctor.err
        time.sleep(1.0)
        pages = [service.get(page) for page in PAGES]
        evidence = [*told([ready, cold, *pages]), *outputs(stage), *listings()]
        assert_silent(iter(evidence))
