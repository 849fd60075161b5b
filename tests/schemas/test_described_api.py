"""The OpenAPI document says of everything what it is: names for clients, meanings, examples that fit."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from services.platform.http.openapi import exported
from services.platform.http.reference.completing import iterate_operations
from services.platform.http.reference.operations import OPERATION_IDS, TAGS

CAMEL = re.compile(r"[a-z]+([A-Z][a-z0-9]*)*")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return exported()


def test_operations_are_called_by_camel_case_verbs_once_each(document: dict[str, Any]) -> None:
    names = Counter(operation["operationId"] for operation in iterate_operations(document))
    assert [name for name, count in names.items() if count > 1 or not CAMEL.fullmatch(name)] == []
    found = {
        (m.upper(), p): o["operationId"]
        for p, path in document["paths"].items()
        for m, o in path.items()
        if m != "parameters"
    }
    assert found == {key: OPERATION_IDS.get(key) for key in found}
    assert found["POST", "/v1/workspaces/{workspace}/conversations/{conversation}/transfer"] == "transferConversation"


def test_every_operation_stands_under_declared_tags_and_is_described(document: dict[str, Any]) -> None:
    declared = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert {name: words for name, words in declared.items() if name not in TAGS or words == name} == {}
    for operation in iterate_operations(document):
        assert operation["tags"]
        assert set(operation["tags"]) <= set(declared)
        assert operation["description"]
        assert operation["summary"]


def test_every_field_and_every_parameter_is_described(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    bare = [
        f"{n}.{f}"
        for n, s in schemas.items()
        for f, one in s.get("properties", {}).items()
        if not one.get("description")
    ]
    assert bare == []
    assert [name for name, schema in schemas.items() if not schema.get("description")] == []
    given = [p for operation in iterate_operations(document) for p in operation.get("parameters", [])]
    assert {p["name"] for p in given if not p.get("description") or p["description"] == p["name"]} == set()


def test_every_body_has_an_example_that_fits_it(document: dict[str, Any]) -> None:
    # Most bodies share a schema, the one of a problem before all, and a validator takes longer to make than to use.
    by_schema: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for name, content in _bodies(document):
        if content["schema"]:
            by_schema[json.dumps(content["schema"])] += [(name, example) for example in _examples(content)]
    wrong = []
    for written, examples in by_schema.items():
        validator = jsonschema_rs.validator_for({**json.loads(written), "components": document["components"]})
        wrong += [f"{name}: {error.message}" for name, one in examples for error in validator.iter_errors(one)]
    assert wrong == []


def _examples(content: dict[str, Any]) -> list[Any]:
    return [one["value"] for one in content["examples"].values()] if "examples" in content else [content["example"]]


def _bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operation in iterate_operations(document):
        for body in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media, content in body.get("content", {}).items():
                if media.endswith("json"):
                    yield operation["operationId"], content


def test_the_document_names_servers_a_license_and_a_contact(document: dict[str, Any]) -> None:
    assert [server["url"] for server in document["servers"]] == ["/", "http://127.0.0.1:8800"]
    assert document["info"]["license"]["name"] == "Apache-2.0"
    assert document["info"]["contact"]["name"]
