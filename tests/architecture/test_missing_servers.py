"""What a test needs and this machine lacks: skipped at home, a failure in CI."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import modules, shown
from tests.servers import redis_binary


def lookups(source: str) -> Iterator[int]:
    """Lines that look for Redis by themselves, or skip because there is none."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        words = [a.value for a in node.args if isinstance(a, ast.Constant)]
        if node.func.attr in {"which", "skip"} and any("redis-server" in str(w) for w in words):
            yield node.lineno


def test_without_redis_ci_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where CI is set, a test that needs Redis fails when there is none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="redis-server is not installed"):
        redis_binary()


def test_without_redis_a_developer_skips(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Elsewhere it is skipped."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="redis-server is not installed"):
        redis_binary()


def test_nobody_else_looks_for_redis() -> None:
    """All tests ask the one place that knows about CI."""
    found = {shown(path): list(lookups(path.read_text())) for path in modules("tests")}
    assert {path for path, lines in found.items() if lines} == {"tests/servers.py"}


@pytest.mark.parametrize(
    "source", ["shutil.which('redis-server')", "pytest.skip('redis-server is not installed')"]
)
def test_a_lookup_is_noticed(source: str) -> None:
    """The check finds the fault that is put before it."""
    assert list(lookups(source)) == [1]
