"""The exported contracts: as the code has them now, whole, and never broken by accident."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import EVENT_TYPES
from schemas.exports import asyncapi, json_schemas
from schemas.topics import TOPICS
from services.cli import export
from services.cli.export import ASYNCAPI, FOLDER, OPENAPI, artifacts, as_yaml, breaking_changes


@pytest.fixture(scope="module")
def now() -> dict[str, str]:
    return dict(artifacts())


def test_the_folder_holds_what_the_code_says(now: dict[str, str]) -> None:
    """`make export` puts it right."""
    held = {path.name: path.read_text() for path in FOLDER.iterdir()}
    assert sorted(held) == sorted(now)
    assert [name for name in now if held[name] != now[name]] == []


def test_nothing_that_is_exported_is_broken(now: dict[str, str]) -> None:
    assert breaking_changes(FOLDER, now) == []


def test_a_breaking_change_is_refused_unless_it_is_meant(
    tmp_path: Path, now: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = dict(now)
    schema = json.loads(before["clock_fact.schema.json"])
    schema["properties"]["older"] = {"type": "string"}
    before["clock_fact.schema.json"] = json.dumps(schema)
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(export, "artifacts", lambda: now)
    assert export.export(tmp_path) == 1
    told = capsys.readouterr()
    assert "clock_fact.schema.json: /older: removed" in told.out + told.err
    assert (tmp_path / "clock_fact.schema.json").read_text() == before["clock_fact.schema.json"]
    assert export.export(tmp_path, even_breaking=True) == 0
    assert (tmp_path / "clock_fact.schema.json").read_text() == now["clock_fact.schema.json"]


def test_asyncapi_is_yaml_that_says_the_same(now: dict[str, str]) -> None:
    document = yaml.safe_load(now[ASYNCAPI])
    assert document == asyncapi(document["info"]["version"])
    assert {f"pasokh.{topic.name}.v1" for topic in TOPICS} < {c["address"] for c in document["channels"].values()}
    carried = {name for channel in document["channels"].values() for name in channel["messages"]}
    assert carried == set(EVENT_TYPES) == set(document["components"]["messages"])


@pytest.mark.parametrize("name", [ASYNCAPI, OPENAPI, *sorted(json_schemas())])
def test_every_reference_leads_somewhere(name: str, now: dict[str, str]) -> None:
    document = yaml.safe_load(now[name]) if name == ASYNCAPI else json.loads(now[name])
    for reference in references(document):
        place = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in place, reference
            place = place[part]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs", "Cc"])), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(documents)
def test_whatever_is_written_as_yaml_reads_as_the_same(document: Any) -> None:
    assert yaml.safe_load("\n".join(as_yaml(document))) == document
