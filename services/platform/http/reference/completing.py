"""Completes an OpenAPI document: descriptions of fields and parameters, examples of bodies, servers and tags."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.platform.http.reference.descriptions import FIELDS, PARAMETERS
from services.platform.http.reference.examples import example_for
from services.platform.http.reference.operations import TAGS

# Any: an OpenAPI document is JSON that is built piece by piece.
Document = dict[str, Any]
METHODS = ("get", "put", "post", "delete", "patch")
SERVERS = [
    {"url": "/", "description": "The server of this document"},
    {"url": "http://127.0.0.1:8800", "description": "`pasokh up` on this machine"},
]
ABOUT = {
    "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    "contact": {"name": "The operator of this installation"},
}


def complete(document: Document) -> None:
    """Add what the document lacks. Descriptions that a model has are not replaced."""
    document["info"].update(ABOUT)
    document["servers"] = SERVERS
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        _describe_fields(name, schema)
        schema.setdefault("description", _schema_description(name))
        _name_items(schema)
    for operation in iterate_operations(document):
        operation.setdefault("description", f"{operation.get('summary', 'See the operation id')}.")
        for parameter in operation.get("parameters", ()):
            _describe_parameter(parameter)
        for content in _contents(operation):
            _exemplify(content, schemas)
    for path in document["paths"].values():
        for parameter in path.get("parameters", ()):
            _describe_parameter(parameter)
    used = {tag for operation in iterate_operations(document) for tag in operation.get("tags", ())}
    document["tags"] = [{"name": tag, "description": TAGS.get(tag, tag)} for tag in [*TAGS, *sorted(used - set(TAGS))]]


def iterate_operations(document: Document) -> Iterator[Document]:
    """Every operation of every path."""
    for path in document["paths"].values():
        yield from (path[method] for method in METHODS if method in path)


def _describe_fields(name: str, schema: Document) -> None:
    for field, one in schema.get("properties", {}).items():
        words = FIELDS.get(f"{name}.{field}") or FIELDS.get(field)
        if "description" not in one and words is not None:
            one["description"] = words


def _schema_description(name: str) -> str:
    return "One page of a list." if name.endswith("Page") else name


def _name_items(value: Any) -> None:
    """Add `items` to arrays of a fixed length: some client generators require it beside `prefixItems`."""
    if isinstance(value, dict):
        if value.get("type") == "array" and "prefixItems" in value:
            value.setdefault("items", {"type": "string"})
        for one in value.values():
            _name_items(one)
    elif isinstance(value, list):
        for one in value:
            _name_items(one)


def _describe_parameter(parameter: Document) -> None:
    words = PARAMETERS.get(f"{parameter['in']}/{parameter['name'].lower()}")
    if "description" not in parameter:
        parameter["description"] = parameter["schema"].pop("description", None) or words or parameter["name"]


def _contents(operation: Document) -> Iterator[Document]:
    bodies: Sequence[Mapping[str, Any]] = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        yield from (one for media, one in body.get("content", {}).items() if media.endswith("json"))


def _exemplify(content: Document, schemas: Mapping[str, Any]) -> None:
    schema = content.get("schema", {})
    if schema and "example" not in content and "examples" not in content:
        content["example"] = example_for(schema, schemas)
