"""What counts as breaking: each rule by example, and that a document never breaks itself."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.compatibility import breaking, breaking_api
from schemas.exports import json_schemas

SCHEMAS = json_schemas()
BEFORE: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "maxLength": 64},
        "count": {"type": "number"},
        "state": {"enum": ["on", "off"], "type": "string"},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
        "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "$defs": {
        "Part": {"type": "object", "properties": {"size": {"type": "integer"}, "more": {"$ref": "#/$defs/Part"}}}
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The document with one place changed; None: without it."""
    after = deepcopy(BEFORE)
    *way, last = path.split("/")
    place = after
    for part in way:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return after


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("properties/count", None, "/count: removed"),
        ("$defs/Part/properties/size", None, "/parts[]/size: removed"),
        ("required", ["id", "count"], "/count: newly required"),
        ("properties/count", {"type": "integer"}, "/count: no longer number"),
        ("properties/count", {"type": "string"}, "/count: no longer integer or number"),
        ("properties/name", {"type": "string"}, "/name: no longer null"),
        ("properties/state/enum", ["on"], "/state: 'off' no longer a value"),
        ("properties/id/maxLength", 32, "/id: maxLength lowered to 32"),
        ("properties/id/minLength", 1, "/id: minLength raised to 1"),
        ("properties/id/pattern", "^a", "/id: pattern is '^a' now"),
        ("additionalProperties", False, ": other fields are refused now"),
    ],
)
def test_what_takes_a_promise_back_is_breaking(path: str, value: Any, told: str) -> None:
    assert breaking(BEFORE, changed(path, value)) == [told]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties/fresh", {"type": "string"}),
        ("required", []),
        ("properties/state/enum", ["on", "off", "unknown"]),
        ("properties/id/maxLength", 128),
        ("properties/id/description", "words"),
        ("properties/name", {"anyOf": [{"type": "null"}, {"type": "string"}, {"type": "integer"}]}),
        ("properties/count", {"anyOf": [{"type": "number"}, {"type": "null"}]}),
    ],
)
def test_what_adds_to_it_is_not(path: str, value: Any) -> None:
    assert breaking(BEFORE, changed(path, value)) == []


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_no_contract_breaks_itself(name: str) -> None:
    schema = SCHEMAS[name]
    assert breaking(schema, deepcopy(schema)) == []


@given(st.sampled_from(sorted(name for name in SCHEMAS if SCHEMAS[name].get("properties"))), st.data())
def test_any_field_that_is_taken_out_of_any_contract_is_found(name: str, data: st.DataObject) -> None:
    schema = SCHEMAS[name]
    gone = data.draw(st.sampled_from(sorted(schema["properties"])))
    after = deepcopy(schema)
    del after["properties"][gone]
    assert f"/{gone}: removed" in breaking(schema, after)


API: dict[str, Any] = {
    "paths": {"/a": {"get": {"parameters": []}, "put": {"parameters": [{"name": "x", "required": False}]}}},
    "components": {"schemas": {"A": {"type": "object", "properties": {"id": {"type": "string"}}}}},
}


def test_an_api_keeps_its_paths_methods_parameters_and_shapes() -> None:
    assert breaking_api(API, deepcopy(API)) == []
    for after, told in [
        ({**API, "paths": {}}, "/a: removed"),
        ({**API, "paths": {"/a": {"put": API["paths"]["/a"]["put"]}}}, "/a: get removed"),
        (
            {**API, "paths": {"/a": {**API["paths"]["/a"], "put": {"parameters": [{"name": "x", "required": True}]}}}},
            "/a: put newly requires x",
        ),
        ({**API, "components": {"schemas": {}}}, "A: removed"),
        ({**API, "components": {"schemas": {"A": {"type": "object", "properties": {}}}}}, "A/id: removed"),
    ]:
        assert breaking_api(API, after) == [told]


def test_a_parameter_of_the_path_is_no_new_demand_and_an_empty_shape_no_promise() -> None:
    described = deepcopy(API)
    described["paths"]["/a"]["get"]["parameters"] = [{"name": "a", "in": "path", "required": True}]
    assert breaking_api(API, described) == []
    assert breaking_api({**API, "components": {"schemas": {"Any": {}}}}, {**API, "components": {"schemas": {}}}) == []
