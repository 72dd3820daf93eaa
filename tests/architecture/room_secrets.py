"""The import-linter contract that makes every third-party package the secret of one room.

import-linter's own `forbidden` contract is a deny-list: a package that nobody thought of slips
through. This one is an allow-list over the same import graph, and a room that does not exist yet
is no error.
"""

import sys
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class RoomSecretsContract(Contract):
    """Breaks on any import of a third-party package outside the rooms that own it.

    `vocabulary` lists the packages that every room may speak; `secrets` lists
    `package: room[, room]`. The standard library is not judged here.
    """

    type_name = "room_secrets"

    vocabulary = fields.ListField(subfield=fields.StringField())
    secrets = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - import-linter's signature
        """Compare each foreign package's importers with the rooms that own it."""
        owners = owners_by_package(cast("list[str]", self.secrets))
        shared = set(cast("list[str]", self.vocabulary)) | sys.stdlib_module_names
        foreign = {module for module in graph.modules if graph.is_module_squashed(module)}
        leaks = [
            f"{importer} imports {package}, {_says_owner(owners.get(package, ()))}"
            for package in sorted(foreign - shared)
            for importer in sorted(graph.find_modules_that_directly_import(package))
            if not _owns(owners.get(package, ()), importer)
        ]
        return ContractCheck(kept=not leaks, metadata={"leaks": leaks})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line per leak."""
        for leak in check.metadata["leaks"]:
            output.print_error(f"- {leak}", bold=False)
        output.new_line()


def owners_by_package(secrets: list[str]) -> dict[str, tuple[str, ...]]:
    """Read `package: room, room` lines."""
    pairs = (line.partition(":") for line in secrets)
    return {
        package.strip(): tuple(room.strip() for room in rooms.split(","))
        for package, _, rooms in pairs
    }


def _owns(rooms: tuple[str, ...], importer: str) -> bool:
    return any(importer == room or importer.startswith(f"{room}.") for room in rooms)


def _says_owner(rooms: tuple[str, ...]) -> str:
    return f"a secret of {' and '.join(rooms)}" if rooms else "which no room owns"
