"""The rules of the house that no linter knows, over every file of the services and the contracts."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import ROOT, parse_source

PLATFORM = ("bus", "core", "host", "http", "processing", "sqlite", "store")


def files(*folders: str) -> list[Path]:
    """Every module below these folders, by its path from the top of the repository."""
    return [path.relative_to(ROOT) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def classes(module: ast.Module) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(module) if isinstance(node, ast.ClassDef))


def test_a_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in files("services", "schemas"):
        for node in classes(parse_source(path)):
            places[node.name].append(f"{path}:{node.lineno}")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def uncommented_caches(path: Path) -> list[str]:
    """The functions of a module that remember results without a comment right above that says what it saves."""
    lines = (ROOT / path).read_text().splitlines()
    cached = [
        (decorator.lineno, node.name)
        for node in ast.walk(parse_source(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in node.decorator_list
        if "cache" in ast.unparse(decorator)
    ]
    return [f"{path}: {name}" for line, name in cached if not lines[line - 2].lstrip().startswith("# ")]


def test_a_cache_says_what_it_saves_and_contracts_have_none() -> None:
    assert [one for path in files("services") for one in uncommented_caches(path)] == []
    assert [path for path in files("schemas") if "cache" in (ROOT / path).read_text()] == []


def test_every_module_of_the_platform_is_in_one_of_its_packages() -> None:
    platform = ROOT / "services" / "platform"
    assert sorted(path.name for path in platform.iterdir() if path.is_dir() and path.name != "__pycache__") == sorted(
        PLATFORM
    )
    assert [path.name for path in platform.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("package", sorted({path.parent for path in files("services")}), ids=str)
def test_a_package_says_in_a_sentence_what_belongs_there(package: Path) -> None:
    assert ast.get_docstring(parse_source(package / "__init__.py"))


def test_tests_replace_nothing_of_the_code_for_all_of_them() -> None:
    """What every test patches is proven in no test: the code itself must be what runs."""
    conftest = parse_source(Path("tests/conftest.py"))
    names = {node.id for node in ast.walk(conftest) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(conftest) if isinstance(node, ast.Attribute)}
    assert not {"monkeypatch", "MonkeyPatch", "setattr", "patch"} & (names | attributes)
    imported = [node.module or "" for node in ast.walk(conftest) if isinstance(node, ast.ImportFrom)]
    assert [name for name in imported if name.split(".")[0] in ("services", "schemas")] == []
