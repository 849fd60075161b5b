"""Finds breaking changes between two versions of a JSON Schema or of an OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any

# Any: a JSON document has no static shape.
Document = Mapping[str, Any]

FLOORS = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
CEILINGS = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
EXACT = ("pattern", "format", "multipleOf")
EVERY_TYPE = ("array", "boolean", "integer", "null", "number", "object", "string")
METHODS = ("get", "put", "post", "delete", "patch")


def breaking(before: Document, after: Document) -> list[str]:
    """The breaking changes from schema `before` to `after`: fields removed or newly required, types and bounds
    narrowed.
    """
    return list(dict.fromkeys(_Comparison(before, after).schema(before, after, "")))


def breaking_api(before: Document, after: Document) -> list[str]:
    """The breaking changes between OpenAPI documents: in paths, methods, required parameters and named schemas."""
    return [*_paths(before, after), *_components(before, after)]


def _paths(before: Document, after: Document) -> Iterator[str]:
    for path, operations in before["paths"].items():
        now = after["paths"].get(path)
        if now is None:
            yield f"{path}: removed"
            continue
        for method in (verb for verb in METHODS if verb in operations):
            if method not in now:
                yield f"{path}: {method} removed"
                continue
            needed = _required_fields(now[method]) - _required_fields(operations[method])
            yield from (f"{path}: {method} newly requires {name}" for name in sorted(needed))


def _required_fields(operation: Document) -> set[str]:
    """The required parameters, without those of the path: a change of these is a change of the path."""
    return {p["name"] for p in operation.get("parameters", []) if p.get("required") and p.get("in") != "path"}


def _components(before: Document, after: Document) -> Iterator[str]:
    old, new = before["components"]["schemas"], after["components"]["schemas"]
    comparison = _Comparison(before, after)
    for name, schema in old.items():
        if name in new:
            yield from comparison.schema(schema, new[name], name)
        elif schema:  # an empty schema accepts anything, so its removal breaks nothing
            yield f"{name}: removed"


class _Comparison:
    """Compares two documents and follows their references, each pair of references once: schemas may refer to
    themselves.
    """

    def __init__(self, before: Document, after: Document) -> None:
        self._before, self._after = before, after
        self._compared: set[tuple[str, str]] = set()

    def schema(self, before: Document, after: Document, at: str) -> Iterator[str]:
        # A pair that is being compared is not compared again: a schema that contains itself would never end.
        pair = (before.get("$ref", ""), after.get("$ref", ""))
        if all(pair):
            if pair in self._compared:
                return
            self._compared.add(pair)
        before, after = _resolved(before, self._before), _resolved(after, self._after)
        options, choices = _options(before), _options(after)
        if options is not None or choices is not None:
            yield from self._choice(options or [before], choices or [after], at)
            return
        yield from _narrowed_constraints(before, after, at)
        yield from self._object(before, after, at)
        if "items" in before and "items" in after:
            yield from self.schema(before["items"], after["items"], f"{at}[]")

    def _choice(self, before: list[Document], after: list[Document], at: str) -> Iterator[str]:
        """Each old option must be compatible with one new option; else the new option with the fewest changes is
        reported.
        """
        for option in before:
            changes = [list(_Comparison(self._before, self._after).schema(option, choice, at)) for choice in after]
            if all(changes):
                yield from min(changes, key=len)

    def _object(self, before: Document, after: Document, at: str) -> Iterator[str]:
        old, new = before.get("properties", {}), after.get("properties", {})
        for name, schema in old.items():
            if name not in new:
                yield f"{at}/{name}: removed"
            else:
                yield from self.schema(schema, new[name], f"{at}/{name}")
        needed = set(after.get("required", [])) - set(before.get("required", []))
        yield from (f"{at}/{name}: newly required" for name in sorted(needed))
        others, now = before.get("additionalProperties", True), after.get("additionalProperties", True)
        if now is False and others is not False:
            yield f"{at}: other fields are refused now"
        elif isinstance(others, Mapping) and isinstance(now, Mapping):
            yield from self.schema(others, now, f"{at}/*")


def _resolved(schema: Document, root: Document) -> Document:
    seen = 0
    while "$ref" in schema and seen < 20:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema, seen = target, seen + 1
    return schema


def _options(schema: Document) -> list[Document] | None:
    return list(schema["anyOf"]) if "anyOf" in schema else list(schema["oneOf"]) if "oneOf" in schema else None


def _narrowed_constraints(before: Document, after: Document, at: str) -> Iterator[str]:
    if lost := _types(before) - _types(after):
        yield f"{at}: no longer {' or '.join(sorted(lost))}"
    yield from _removed_values(_values(before), _values(after), at)
    yield from _narrowed_bounds(before, after, at)
    for rule in EXACT:
        if rule in after and after[rule] != before.get(rule):
            yield f"{at}: {rule} is {after[rule]!r} now"


def _removed_values(old: set[str] | None, new: set[str] | None, at: str) -> Iterator[str]:
    if new is not None and (old is None or not old <= new):
        yield f"{at}: {', '.join(sorted((old or {'any value'}) - new))} no longer a value"


def _narrowed_bounds(before: Document, after: Document, at: str) -> Iterator[str]:
    for bound in FLOORS:
        if bound in after and after[bound] > before.get(bound, float("-inf")):
            yield f"{at}: {bound} raised to {after[bound]}"
    for bound in CEILINGS:
        if bound in after and after[bound] < before.get(bound, float("inf")):
            yield f"{at}: {bound} lowered to {after[bound]}"


def _types(schema: Document) -> set[str]:
    """The JSON types that a schema accepts; without `type` all of them. `number` includes `integer`."""
    declared = schema.get("type")
    if declared is None:
        return set() if "const" in schema or "enum" in schema else set(EVERY_TYPE)
    types = {declared} if isinstance(declared, str) else set(declared)
    return types | {"integer"} if "number" in types else types


def _values(schema: Document) -> set[str] | None:
    if "const" in schema:
        return {repr(schema["const"])}
    return {repr(value) for value in schema["enum"]} if "enum" in schema else None
