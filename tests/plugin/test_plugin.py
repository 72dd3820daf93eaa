"""A provider of somebody else: one file, its dialect, and two entry points."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters_in.simulator import simulator
from adapters_out.provider_kit import discovery
from adapters_out.provider_kit.provider import Provider
from tests.acceptance.providers.conformance import CHECKS
from tests.acceptance.providers.stage import Stage

_HERE = Path(__file__).parent
_ENTRY_POINTS = """
[fks_data.providers]
toy = toy_exchange:PROVIDER
[fks_data.dialects]
toy = toy_dialect:DIALECT
"""
_LONGEST = 180  # lines of a provider file


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """The toy exchange as an installed package."""
    for name in ("toy_exchange.py", "toy_dialect.py"):
        shutil.copy(_HERE / name, tmp_path / name)
    about = tmp_path / "toy_exchange-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-exchange\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(_ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield discovery.discover()["toy"]
    for name in ("toy_exchange", "toy_dialect"):
        sys.modules.pop(name, None)


def test_an_installed_package_brings_a_provider_and_its_dialect(plugin: Provider) -> None:
    """Both are found beside ours, and nothing of ours names them."""
    assert plugin.name == "toy"
    assert {"toy", "binance"} <= set(discovery.discover())
    assert {"toy", "binance"} <= set(simulator.discover())


@pytest.mark.parametrize("check", CHECKS)
def test_the_toy_exchange_conforms(plugin: Provider, check: str) -> None:
    """The kit runs for it as for ours."""
    stage = Stage(plugin.name, "scripted", plugin)
    try:
        CHECKS[check](stage)
    finally:
        stage.close()


def test_a_provider_is_one_small_file() -> None:
    """The smallest one that has bars and a price."""
    lines = (_HERE / "toy_exchange.py").read_text().splitlines()
    assert 60 <= len(lines) <= _LONGEST
