"""What is exported, held to what others published about such documents: AsyncAPI 3, OpenAPI 3.1, JSON Schema 2020-12."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from services.cli.export import ASYNCAPI, FOLDER, OPENAPI

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI_3 = json.loads((Path(__file__).parent / "asyncapi-3.0.0.json").read_text())
SCHEMAS = sorted(FOLDER.glob("*.schema.json"))


@cache
def _asyncapi() -> Any:
    return yaml.safe_load((FOLDER / ASYNCAPI).read_text())


def asyncapi() -> Any:
    """A copy of the AsyncAPI document; reading its YAML takes long."""
    return copy.deepcopy(_asyncapi())


def openapi() -> Any:
    return json.loads((FOLDER / OPENAPI).read_text())


def validate_openapi(document: Any) -> None:
    """Raises for what is no OpenAPI document. schemathesis takes long to import: only the worker that validates does."""
    import schemathesis

    schemathesis.openapi.from_dict(document).validate()


def wrong(document: Any) -> list[str]:
    """Where a document is no AsyncAPI 3.0.0."""
    return [str(error) for error in jsonschema_rs.validator_for(ASYNCAPI_3).iter_errors(document)]


def test_the_topics_are_described_as_asyncapi_says() -> None:
    assert wrong(asyncapi()) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("asyncapi",), "2.6.0"),
        (("info",), {}),
        (("channels", "inbound", "address"), 7),
        (("operations", "send_inbound", "action"), "publish"),
        (("operations", "send_inbound", "channel"), None),
        (("components", "messages", "pasokh.inbound.message", "payloads"), {}),
    ],
)
def test_what_asyncapi_does_not_allow_would_be_found(path: tuple[str, ...], value: Any) -> None:
    document = asyncapi()
    place = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert wrong(document) != []


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_each_contract_is_a_schema_of_the_dialect_that_it_names(path: Path) -> None:
    schema = json.loads(path.read_text())
    assert schema["$schema"] == DIALECT
    jsonschema_rs.meta.validate(schema)


def test_every_schema_inside_the_documents_is_one() -> None:
    for document in (asyncapi(), openapi()):
        schemas = document["components"]["schemas"]
        assert len(schemas) > 10
        for name, schema in schemas.items():
            assert jsonschema_rs.meta.is_valid({"$schema": DIALECT, **schema}), name


def test_the_routes_are_described_as_openapi_says() -> None:
    validate_openapi(openapi())


def test_what_openapi_does_not_allow_would_be_found() -> None:
    broken = copy.deepcopy(openapi())
    del broken["paths"]["/livez"]["get"]["responses"]["200"]["description"]
    with pytest.raises(jsonschema_rs.ValidationError):
        validate_openapi(broken)
