"""The image and the compose file speak the public interface and keep the promises of both."""

import re
import shutil
import subprocess
import sys
from collections import UserDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters_in.cli.runtime import SettingsRefused
from bootstrap.settings import read_settings, refuse_open_host
from tests.architecture.tree import ROOT

COMPOSE = msgspec.yaml.decode((ROOT / "deploy/compose.yaml").read_bytes(), type=dict[str, Any])
OURS = ("api", "worker", "scheduler")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
FINAL_STAGE = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]

# The processes of the public interface.
PROCESSES = {"serve", "worker", "scheduler"}
# Set for the interpreter and the shell, not for the settings.
NOT_OURS = {"PATH", "HOME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


class WatchedEnvironment(UserDict[str, str]):
    """An environment that remembers which of its variables were read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.read: set[str] = set()
        super().__init__(values)

    def __getitem__(self, name: str) -> str:
        """The value, as a mapping gives it."""
        self.read.add(name)
        return super().__getitem__(name)


def services() -> dict[str, dict[str, Any]]:
    """The compose file's services by name."""
    found: dict[str, dict[str, Any]] = COMPOSE["services"]
    return found


def image_environment() -> dict[str, str]:
    """The variables that the image sets."""
    block = re.search(r"^ENV ((?:.*\\\n)*.*)$", FINAL_STAGE, re.MULTILINE)
    assert block
    pairs = dict(pair.split("=", 1) for pair in block[1].replace("\\\n", " ").split())
    return {name: value for name, value in pairs.items() if name not in NOT_OURS}


def process_environment(name: str, mounted: Path) -> dict[str, str]:
    """What a process finds in its container; secrets are mounted with a last line end."""
    environment: dict[str, str] = image_environment() | services()[name]["environment"]
    for variable, path in environment.items():
        if variable.endswith("_FILE"):
            secret = mounted / path.removeprefix("/run/secrets/")
            secret.write_text("a/b+c=\n")
            environment[variable] = str(secret)
    return environment


def test_the_five_services_are_there() -> None:
    """TimescaleDB, Redis and the three processes: no more, no less."""
    assert sorted(services()) == sorted(["timescaledb", "redis", *OURS])


def test_each_process_is_a_command_of_the_interface() -> None:
    """The three services run the three processes, and the image serves by default."""
    assert {services()[name]["command"][0] for name in OURS} == PROCESSES
    assert 'ENTRYPOINT ["fks-data"]\nCMD ["serve"]' in FINAL_STAGE


@pytest.mark.parametrize("process", sorted(PROCESSES))
def test_the_command_line_has_each_process(process: str) -> None:
    """What the services run are commands that exist."""
    command = [sys.executable, "-m", "bootstrap", process, "--help"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, f"fks-data {process}" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("name", OURS)
def test_the_settings_read_every_variable(name: str, tmp_path: Path) -> None:
    """Image and compose set only variables that the settings ask for, with values they accept."""
    environment = process_environment(name, tmp_path)
    watched = WatchedEnvironment(environment)
    settings = read_settings(watched)
    assert set(environment) - watched.read == set()
    assert settings.database_url is not None
    assert (
        settings.database_url.reveal()
        == "postgresql://fks_data:a%2Fb%2Bc%3D@timescaledb:5432/fks_data"
    )
    assert settings.redis_url is not None
    assert settings.redis_url.reveal() == "redis://redis:6379/0"
    assert settings.json_logs
    assert settings.data_dir == Path("/data")


def test_the_image_alone_refuses_to_serve_the_world() -> None:
    """The image listens on every address and decides nothing: it does not start like that."""
    settings = read_settings(image_environment())
    assert settings.host == "0.0.0.0"
    with pytest.raises(SettingsRefused, match="FKS_AUTH"):
        refuse_open_host(settings.host, settings.auth)


def test_compose_decides_who_may_ask(tmp_path: Path) -> None:
    """Compose says `off` for its private network, and publishes the port on loopback only."""
    settings = read_settings(process_environment("api", tmp_path))
    refuse_open_host(settings.host, settings.auth)
    assert settings.auth == "off"
    assert services()["api"]["ports"] == [f"127.0.0.1:{settings.port}:{settings.port}"]


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
