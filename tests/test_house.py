"""The rules of the house that no linter knows, over every file of the services and the contracts."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLATFORM = ("bus", "core", "host", "http", "processing", "sqlite", "store")


@cache
def modules(*folders: str) -> dict[Path, ast.Module]:
    """Every module below these folders, by its path from the top of the repository."""
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return {path.relative_to(ROOT): ast.parse(path.read_text()) for path in found}


def classes(module: ast.Module) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(module) if isinstance(node, ast.ClassDef))


def test_a_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path, module in modules("services", "schemas").items():
        for node in classes(module):
            places[node.name].append(f"{path}:{node.lineno}")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_every_module_of_the_platform_is_in_one_of_its_packages() -> None:
    platform = ROOT / "services" / "platform"
    assert sorted(path.name for path in platform.iterdir() if path.is_dir() and path.name != "__pycache__") == sorted(
        PLATFORM
    )
    assert [path.name for path in platform.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("package", sorted({path.parent for path in modules("services")}), ids=str)
def test_a_package_says_in_a_sentence_what_belongs_there(package: Path) -> None:
    assert ast.get_docstring(modules("services")[package / "__init__.py"])


def test_tests_replace_nothing_of_the_code_for_all_of_them() -> None:
    """What every test patches is proven in no test: the code itself must be what runs."""
    conftest = modules("tests")[Path("tests/conftest.py")]
    names = {node.id for node in ast.walk(conftest) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(conftest) if isinstance(node, ast.Attribute)}
    assert not {"monkeypatch", "MonkeyPatch", "setattr", "patch"} & (names | attributes)
    imported = [node.module or "" for node in ast.walk(conftest) if isinstance(node, ast.ImportFrom)]
    assert [name for name in imported if name.split(".")[0] in ("services", "schemas")] == []
