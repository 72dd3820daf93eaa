"""The project's files as the architecture tests see them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("domain", "ports", "application", "adapters_in", "adapters_out", "bootstrap")


def modules(*folders: str) -> list[Path]:
    """Every Python file below the folders, in a stable order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def shown(path: Path) -> str:
    """The path as a person would name it."""
    return path.relative_to(ROOT).as_posix()


def imported_names(source: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that the source imports, at any depth of nesting."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            prefix = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{prefix}.{alias.name}") for alias in node.names)
