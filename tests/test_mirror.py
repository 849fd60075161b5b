"""Where tests are: a folder of `tests` is a room of `services`, and what decides is tested in its own room."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.sources import ROOT, parse_source

SERVICES, TESTS = ROOT / "services", ROOT / "tests"
ACROSS = {
    "browser": "the pages in a Chromium",
    "contracts": "the promises of the ports, for every adapter",
    "deploy": "the files of `deploy`",
    "fakes": "the stand-ins that tests use",
    "fixtures": "files that an earlier version wrote",
    "live": "whole installations",
    "live_servers": "Kafka and MongoDB for tests",
    "schemas": "the contracts",
    "simulator": "processors under faults",
}
"""Folders of tests that belong to no room, and what is tested there."""


def rooms() -> list[Path]:
    """The folders that hold tests of one room of the services, from `tests` on."""
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    return sorted(folder for folder in folders if folder.parts and folder.parts[0] not in ACROSS)


@cache
def pure_modules() -> list[Path]:
    """The modules of every package `domain`, from `services` on."""
    found = (path.relative_to(SERVICES) for path in SERVICES.rglob("*.py") if path.name != "__init__.py")
    return sorted(path for path in found if "domain" in path.parts[:-1])


@cache
def imports(path: Path) -> set[str]:
    """The modules that a file imports, as dotted names, and the names that it imports from them."""
    nodes = [node for node in ast.walk(parse_source(path.relative_to(ROOT))) if isinstance(node, ast.ImportFrom)]
    names = {f"{node.module}.{name.name}" for node in nodes for name in node.names}
    return names | {node.module for node in nodes if node.module is not None}


@cache
def covered_in(room: Path) -> frozenset[str]:
    """The pure modules of a room that its tests import, and the pure ones that these stand on."""
    pure = {dotted(path): SERVICES / path for path in pure_modules() if path.is_relative_to(room)}
    found = {name for path in (TESTS / room).rglob("*.py") for name in imports(path)} & pure.keys()
    while more := {name for one in found for name in imports(pure[one])} & pure.keys() - found:
        found |= more
    return frozenset(found)


def dotted(module: Path) -> str:
    return ".".join(("services", *module.with_suffix("").parts))


@pytest.mark.parametrize("room", rooms(), ids=str)
def test_a_folder_of_tests_is_a_room_of_the_services(room: Path) -> None:
    package = SERVICES / room
    assert package.is_dir() or package.with_suffix(".py").is_file()


@pytest.mark.parametrize("module", pure_modules(), ids=str)
def test_what_decides_is_covered_in_its_own_room(module: Path) -> None:
    room = Path(*module.parts[: module.parts.index("domain")])
    assert dotted(module) in covered_in(room)
