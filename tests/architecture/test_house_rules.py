"""Rules of the house that no linter knows, each with a proof that the check can fail."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.architecture.tree import ROOMS, imported_names, modules, shown

LINES = 300
EVERYWHERE = (*ROOMS, "tests")
EMPTY_WORDS = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
NOWHERE = ("unittest.mock", "mock", "typing.TYPE_CHECKING", "__future__.annotations")
SILENCED = re.compile(r"#\s*(noqa|type:\s*ignore|ruff:\s*noqa)")
EXPLAINED = re.compile(
    r"#\s*(noqa:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|type:\s*ignore\[[a-z0-9, -]+\])\W+\w"
)


def undocumented_tests(source: str) -> list[str]:
    """Names of the test functions that say nothing."""
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]


def never_awaited_tests(source: str) -> list[str]:
    """Names of `async def` tests: without a plug-in nobody awaits them, and they pass."""
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]


def unexplained_silences(source: str) -> Iterator[str]:
    """`noqa` and `type: ignore` comments without a code or without a reason on their line."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or not SILENCED.search(token.string):
            continue
        if not EXPLAINED.search(token.string):
            yield f"{token.start[0]}: {token.string}"


def banned_everywhere(source: str) -> list[str]:
    """Imports that no room may make, the rooms exempt from ruff's banned-api included."""
    return [
        f"{line}: {name}"
        for line, name in imported_names(source)
        if any(name == banned or name.startswith(f"{banned}.") for banned in NOWHERE)
    ]


def test_modules_fit_in_a_head() -> None:
    """No module of the six packages is longer than 300 lines."""
    lengths = {shown(path): path.read_text().count("\n") for path in modules(*ROOMS)}
    assert {path: lines for path, lines in lengths.items() if lines > LINES} == {}


def test_modules_are_named_for_what_they_do() -> None:
    """No module or package carries one of the words that mean nothing."""
    named = {shown(path): path.with_suffix("").parts for path in modules(*EVERYWHERE)}
    words = {path: set("_".join(parts[-2:]).split("_")) for path, parts in named.items()}
    assert {path: word & EMPTY_WORDS for path, word in words.items() if word & EMPTY_WORDS} == {}


def test_every_test_says_what_it_shows() -> None:
    """Every test function has a docstring."""
    found = {shown(path): undocumented_tests(path.read_text()) for path in modules("tests")}
    assert {path: names for path, names in found.items() if names} == {}


def test_no_test_is_a_coroutine() -> None:
    """No test is `async def`: nobody would await it."""
    found = {shown(path): never_awaited_tests(path.read_text()) for path in modules("tests")}
    assert {path: names for path, names in found.items() if names} == {}


def test_every_silence_is_explained() -> None:
    """Every `noqa` and `type: ignore` carries its code and its reason."""
    found = {
        shown(path): list(unexplained_silences(path.read_text())) for path in modules(*EVERYWHERE)
    }
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_no_mock_and_no_hidden_type() -> None:
    """Nobody imports a mock, TYPE_CHECKING or postponed annotations."""
    found = {shown(path): banned_everywhere(path.read_text()) for path in modules(*EVERYWHERE)}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("check", "source"),
    [
        (undocumented_tests, "def test_silent(): ..."),
        (undocumented_tests, "class TestGroup:\n    def test_silent(self): ..."),
        (never_awaited_tests, "async def test_forgotten():\n    '''Says so.'''"),
        (unexplained_silences, "x = 1  # noqa\n"),
        (unexplained_silences, "x = 1  # noqa: E501\n"),
        (unexplained_silences, "# ruff: noqa: E501 - the whole file\n"),
        (unexplained_silences, "x = 1  # type: ignore\n"),
        (unexplained_silences, "x = 1  # type: ignore[misc]\n"),
        (banned_everywhere, "from unittest import mock"),
        (banned_everywhere, "from unittest.mock import Mock"),
        (banned_everywhere, "from typing import TYPE_CHECKING"),
        (banned_everywhere, "from __future__ import annotations"),
    ],
)
def test_a_broken_rule_is_noticed(check: object, source: str) -> None:
    """Each check finds the one fault that is put before it."""
    assert callable(check)
    assert len(list(check(source))) == 1


def test_an_explained_silence_is_accepted() -> None:
    """A code and a reason are all that a silence needs."""
    source = "x = 1  # noqa: E501 - a table\ny = 1  # type: ignore[misc]  # the library lies\n"
    assert list(unexplained_silences(source)) == []
