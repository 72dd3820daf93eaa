"""The image and the compose file speak the public interface and keep the promises of both."""

import re
import shutil
import subprocess
from typing import Any

import msgspec
import pytest

from tests.architecture.tree import ROOT

COMPOSE = msgspec.yaml.decode((ROOT / "deploy/compose.yaml").read_bytes(), type=dict[str, Any])
OURS = ("api", "worker", "scheduler")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
FINAL_STAGE = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]

# The public interface: its processes, its environment.
PROCESSES = {"serve", "worker", "scheduler"}
ENVIRONMENT = {
    *("SERVICE_NAME", "SERVICE_PORT", "DATABASE_URL", "REDIS_URL"),
    *("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_PASSWORD_FILE"),
    *("FKS_DATA_HOST", "FKS_DATA_DIR", "FKS_JSON_LOGS", "FKS_LOG_LEVEL", "FKS_PROVIDERS"),
    *("FKS_DEFAULT_RPS", "FKS_MAX_LIMIT", "FKS_REQUEST_DEADLINE_S", "FKS_SHUTDOWN_GRACE_S"),
    *("FKS_DRAIN_DELAY_S", "FKS_WS_QUEUE_BYTES", "FKS_AUTH", "FKS_CORS_ORIGINS"),
}
NOT_OURS = {"PATH", "HOME"}


def services() -> dict[str, dict[str, Any]]:
    """The compose file's services by name."""
    found: dict[str, dict[str, Any]] = COMPOSE["services"]
    return found


def image_environment() -> dict[str, str]:
    """The variables that the image sets."""
    block = re.search(r"^ENV ((?:.*\\\n)*.*)$", FINAL_STAGE, re.MULTILINE)
    assert block
    return dict(pair.split("=", 1) for pair in block[1].replace("\\\n", " ").split())


def test_the_five_services_are_there() -> None:
    """TimescaleDB, Redis and the three processes: no more, no less."""
    assert sorted(services()) == sorted(["timescaledb", "redis", *OURS])


def test_each_process_is_a_command_of_the_interface() -> None:
    """The three services run the three processes, and the image serves by default."""
    assert {services()[name]["command"][0] for name in OURS} == PROCESSES
    assert 'ENTRYPOINT ["fks-data"]\nCMD ["serve"]' in FINAL_STAGE


def test_only_documented_variables_are_set() -> None:
    """Image and compose set no variable that the interface does not name."""
    for name in OURS:
        assert set(services()[name]["environment"]) <= ENVIRONMENT
    unknown = {name for name in image_environment() if not name.startswith("PYTHON")}
    assert unknown <= ENVIRONMENT | NOT_OURS


def test_authentication_is_the_deployments_decision() -> None:
    """The image listens on every address and leaves FKS_AUTH unset; compose decides it."""
    assert image_environment()["FKS_DATA_HOST"] == "0.0.0.0"
    assert "FKS_AUTH" not in image_environment()
    assert {services()[name]["environment"]["FKS_AUTH"] for name in OURS} == {"off"}
    assert services()["api"]["ports"] == ["127.0.0.1:8003:8003"]


def test_no_secret_is_written_down() -> None:
    """Passwords and keys come from files that are mounted, and each file is declared."""
    for service in services().values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|KEY", name):
                assert name.endswith("_FILE")
                assert value.removeprefix("/run/secrets/") in service["secrets"]
            assert not re.search(r"://[^/]*:[^/]*@", value)
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


@pytest.mark.parametrize("name", ["timescaledb", "redis", *OURS])
def test_every_container_is_read_only(name: str) -> None:
    """The root file system is read-only; what has to be written is tmpfs or a volume."""
    assert services()[name]["read_only"] is True
    assert any(mount.split(":")[0] == "/tmp" for mount in services()[name]["tmpfs"])


@pytest.mark.parametrize("name", OURS)
def test_a_process_starts_after_what_it_needs(name: str) -> None:
    """Each process waits for a store and a Redis that answer their health checks."""
    waits = services()[name]["depends_on"]
    assert {need: how["condition"] for need, how in waits.items()} == {
        "timescaledb": "service_healthy",
        "redis": "service_healthy",
    }
    assert all("test" in services()[need]["healthcheck"] for need in waits)


@pytest.mark.parametrize("name", OURS)
def test_a_container_is_given_time_to_stop(name: str) -> None:
    """Docker kills later than the service's own grace of 20 s and 2 s ends."""
    assert int(services()[name]["stop_grace_period"].removesuffix("s")) > 20 + 2


def test_the_image_is_pinned_and_unprivileged() -> None:
    """Both stages stand on the same Python, dependencies are hashed, nobody is root."""
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["python:3.12-slim"] * 2
    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"^USER 1000:1000$", FINAL_STAGE, re.MULTILINE)
    assert FINAL_STAGE.index("\nUSER ") < FINAL_STAGE.index("\nENTRYPOINT ")
    assert re.search(r"^VOLUME /data$", FINAL_STAGE, re.MULTILINE)


def test_the_health_check_is_python_that_asks_health() -> None:
    """The image's health check compiles and asks /health on the service's own port."""
    command = re.search(r'CMD \["python", "-c", "(.+)"\]', FINAL_STAGE)
    assert command
    compile(command[1], "HEALTHCHECK", "exec")
    assert "'/health'" in command[1]
    assert "SERVICE_PORT" in command[1]
    assert image_environment()["FKS_DATA_DIR"] == "/data"


def test_the_image_gets_what_it_copies() -> None:
    """Every path let through .dockerignore exists, and every package is let through."""
    passed = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().split("\n") if line[:1] == "!"
    ]
    assert [path for path in passed if not (ROOT / path).exists()] == []
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= set(passed)


def test_compose_itself_accepts_the_file() -> None:
    """Where the compose client is installed, it finds no fault in the file."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], check=False).returncode:
        pytest.skip("docker compose is not installed; the file was checked as YAML")
    command = [docker, "compose", "-f", str(ROOT / "deploy/compose.yaml"), "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
