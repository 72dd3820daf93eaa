"""What the inner rooms may import and do is a list of what is allowed, not of what is forbidden."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.tree import imported_names, modules, shown

# Standard library that computes and nothing else: no file, socket, clock, process, environment.
PURE = {
    *("abc", "base64", "binascii", "bisect", "calendar", "collections", "contextlib", "copy"),
    *("dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq"),
    *("hmac", "itertools", "math", "numbers", "operator", "re", "statistics", "string", "struct"),
    *("textwrap", "types", "typing", "unicodedata"),
}
VOCABULARY = {"msgspec", "numpy"}
ALLOWED = {
    "domain": PURE | VOCABULARY | {"domain"},
    "ports": PURE | VOCABULARY | {"domain", "ports"},
    # Use cases wait for each other, and say where an unexpected fault arose; what they wait for
    # is behind a port.
    "application": PURE
    | VOCABULARY
    | {"application", "asyncio", "contextvars", "domain", "ports", "traceback", "weakref"},
}
# Doors that need no import.
DOORS = {"__import__", "breakpoint", "compile", "eval", "exec", "input", "open", "print"}
# Packages of the vocabulary have doors too.
FOREIGN_DOORS = {"numpy.random", "numpy.memmap", "numpy.load", "numpy.save", "numpy.fromfile"}


def foreign_imports(source: str, room: str) -> list[str]:
    """Imports that the room's list does not allow, as `line: name`."""
    return [
        f"{line}: {name}"
        for line, name in imported_names(source)
        if name.split(".", maxsplit=1)[0] not in ALLOWED[room]
        or any(name == door or name.startswith(f"{door}.") for door in FOREIGN_DOORS)
    ]


def impure_acts(source: str) -> Iterator[str]:
    """Doors opened and waiting done, as `line: what`; a bar's own `open` is no door."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    own = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    yield from (f"{name.lineno}: {name.id}" for name in names if name.id in DOORS - own)
    waiting = ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith
    yield from (f"{node.lineno}: async" for node in nodes if isinstance(node, waiting))


@pytest.mark.parametrize("room", ALLOWED)
def test_inner_rooms_import_only_what_is_listed(room: str) -> None:
    """Domain, ports and application import the pure library, the vocabulary and rooms below."""
    found = {shown(path): foreign_imports(path.read_text(), room) for path in modules(room)}
    assert {path: names for path, names in found.items() if names} == {}
    assert found


def test_the_domain_neither_waits_nor_opens_doors() -> None:
    """No module of the domain awaits, opens, prints or evaluates anything."""
    found = {shown(path): list(impure_acts(path.read_text())) for path in modules("domain")}
    assert {path: acts for path, acts in found.items() if acts} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import redis",
        "import os.path",
        "from httpx import Client",
        "def late():\n    import socket",
        "from . import bars",
        "try:\n    import orjson\nexcept ImportError:\n    pass",
        "import logging as math",
        "import ports",
        "import numpy.random",
        "from numpy import random",
    ],
)
def test_an_import_off_the_list_is_noticed(source: str) -> None:
    """The check sees foreign imports in every form that Python has for them."""
    assert len(foreign_imports(source, "domain")) == 1


@pytest.mark.parametrize(
    "source", ["open('x')", "__import__('os')", "async def f(): ...", "reader = open"]
)
def test_an_impure_act_is_noticed(source: str) -> None:
    """The check sees doors that need no import."""
    assert len(list(impure_acts(source))) == 1
