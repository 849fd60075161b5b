"""What an account of a channel must say: the base of every channel's `account_model`, and types that say what a field is.

REST validates an account with the model, OpenAPI shows its JSON Schema, and forms can be drawn from it. A field's description is
the sentence that a caller reads when the field is missing or wrong, so it says what to write. No error quotes a value.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import orjson
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from schemas.business_calendar import Calendar
from schemas.configuration import AccountBody, Language, Name
from schemas.values import Json, RequestModel

T = TypeVar("T")
MAX_LIVE_VALUES = 8
"""Values of one credential that may be live while it rotates."""
STORED_VALUE = "set"
"""What stands for a stored value of a credential: every read shows it, and a write that has it keeps the value."""


@dataclass(frozen=True, slots=True)
class SecretValue:
    """Marks a credential that is never shown. `is_chosen`: a person chooses it and callers prove themselves by it, so that a
    short one could be guessed.
    """

    is_chosen: bool = False

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Forms draw a password field, and generated clients never expect the value in a response."""
        return {**handler(schema), "format": "password", "writeOnly": True}


@dataclass(frozen=True, slots=True)
class CalledUrl:
    """Marks an address that we call: REST refuses a private one, and the guard judges each connection (SSRF)."""

    schemes: tuple[str, ...] = ("https", "http")
    has_query: bool = True

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in self.schemes and bool(parts.hostname) and parts.port != 0 and url.isprintable()
            plain = self.has_query or not (parts.query or parts.fragment)
        except ValueError:
            usable = plain = False
        if not (usable and plain):
            raise ValueError("this is no address that can be called")
        return url


@dataclass(frozen=True, slots=True)
class OwnUrl:
    """Marks an address of ours that the platform calls. We never call it, so it may be private."""


@dataclass(frozen=True, slots=True)
class ValueOrList:
    """Marks a list that may be written as its one value alone."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Both forms, each with what the types of the values demand."""
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Secret = Annotated[str, StringConstraints(min_length=1, max_length=4096), SecretValue()]
"""A credential that the platform gave."""
PrintableSecret = Annotated[Secret, StringConstraints(pattern=r"^[\x21-\x7e]{1,4096}$")]
"""One of printable ASCII without spaces, as platforms show them; a copied space or line would only be refused later."""
ChosenSecret = Annotated[str, StringConstraints(min_length=1, max_length=512), SecretValue(is_chosen=True)]
"""A credential that a person chooses, by which callers prove themselves."""
Rotating = Annotated[list[T], Field(min_length=1, max_length=MAX_LIVE_VALUES), ValueOrList()]
"""A value, or a list of the values that are live while it rotates, newest first."""
ApiBase = Annotated[str, CalledUrl(has_query=False)]
"""Replaces the platform's own address, for every call to it."""


def api_base_field(usual: str) -> Any:  # Any: as `Field` itself
    """The field `api_base` of an account, which need not have one; `usual` is the platform's own address."""
    return Field(None, description=f"an address like {usual}, without query or fragment")


HandoffSeconds = Annotated[float, Field(gt=0, le=604_800)]


class HandoffSettings(RequestModel):
    """The settings that every channel with conversations has."""

    handoff_seconds: HandoffSeconds | None = Field(None, description="a number of seconds, over 0 and at most 604800")


class AccountCredentials(RequestModel):
    """The base of every channel's `credentials`. In the JSON Schema each field also takes `"set"`, as a list does inside.

    The model itself never meets `"set"`: REST replaces it by the stored value before it validates an account.
    """

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core_schema)
        fields = handler.resolve_ref_schema(schema).get("properties", {})
        fields.update({name: _or_stored(field) for name, field in fields.items()})
        return schema


def _or_stored(field: Mapping[str, Any]) -> JsonSchemaValue:
    """The schema of a credential as REST takes it: also `"set"`, and no null, which REST refuses."""
    annotations = {name: field[name] for name in ("title", "description") if name in field}
    plain = {name: value for name, value in field.items() if name not in (*annotations, "default")}
    forms = [form for form in plain.get("anyOf", [plain]) if form not in ({"type": "null"}, _STORED_SCHEMA)]
    return {**annotations, "anyOf": [_STORED_SCHEMA, *map(_with_stored_items, forms)]}


def _with_stored_items(form: JsonSchemaValue) -> JsonSchemaValue:
    return {**form, "items": _or_stored(form["items"])} if form.get("type") == "array" else form


_STORED_SCHEMA = {"const": STORED_VALUE, "type": "string", "description": "Keeps the stored value."}


class AccountSettings(RequestModel):
    """The base of every channel's account model. A model narrows `credentials`, `settings` and `api_base`.

    `model_config` of a model has an example of an account, with invented values (`account_example`).
    """

    name: Name | None = Field(None, description="what your team calls the account, up to 200 characters")
    language: Language | None = Field(None, description="the language of customers whose own is not known, like fa")
    calendar: Calendar | None = Field(None, description="its opening hours in reports, if the workspace's do not apply")

    @classmethod
    def conflicts(cls, body: AccountBody) -> list[tuple[str, str]]:
        """What is wrong between fields: (JSON pointer, sentence). Here nothing is."""
        return []


def account_example(**body: Json) -> ConfigDict:
    """The `model_config` of an account model: the example that OpenAPI shows of its accounts."""
    return ConfigDict(json_schema_extra={"examples": [body]})


@dataclass(frozen=True, slots=True)
class AccountModelRules:
    """What the accounts of a channel must say, by its model."""

    channel: str
    model: type[AccountSettings]

    def problems(self, body: AccountBody) -> list[tuple[str, str]]:
        """All that is wrong with an account: (JSON pointer within the body, sentence); empty when it is fine."""
        problems: dict[str, str] = {}
        try:
            # As JSON and strict: `true` is no number, and a number is no text.
            self.model.model_validate_json(orjson.dumps(body.model_dump(mode="json", exclude_none=True)), strict=True)
        except ValidationError as error:
            for one in error.errors(include_input=False, include_url=False, include_context=False):
                pointer, sentence = self._problem(body, one["loc"], one["type"])
                problems.setdefault(pointer, sentence)
        for pointer, sentence in self.model.conflicts(body):
            problems.setdefault(pointer, sentence)
        return list(problems.items())

    def _problem(self, body: AccountBody, location: tuple[int | str, ...], kind: str) -> tuple[str, str]:
        name = str(location[-1])
        if kind == "extra_forbidden":
            return _pointer(location), self._unknown_field(location, name)
        known = _known_part(self.model, body, location)
        names = [part for part in known if isinstance(part, str)]
        field = _fields(self.model, tuple(names[:-1]))[names[-1]]
        how = f": {field.description}" if field.description else ""
        return _pointer(known), f"{names[-1]} is {'required' if kind == 'missing' else 'not valid'}{how}"

    def _unknown_field(self, location: tuple[int | str, ...], name: str) -> str:
        if location == ("api_base",):
            return f"{self.channel} has none: leave it out"
        part = {"credentials": "credential", "settings": "setting"}.get(str(location[0]), "field")
        names = ", ".join(_fields(self.model, location[:-1]))
        return f"not a {part} of {self.channel}; " + (f"those are {names}" if names else "it has none")

    def called_urls(self, body: AccountBody) -> list[tuple[str, str]]:
        """The addresses of an account that we call, but `api_base`: (JSON pointer, address)."""
        return list(_marked_credentials(self.model, body, lambda marker: isinstance(marker, CalledUrl)))

    def chosen_secrets(self, body: AccountBody) -> list[tuple[str, str]]:
        """The secrets of an account that people choose: (JSON pointer, secret)."""
        return list(
            _marked_credentials(self.model, body, lambda marker: isinstance(marker, SecretValue) and marker.is_chosen)
        )

    def secrets(self, body: AccountBody) -> list[str]:
        """Where the secrets of an account stand: JSON pointers."""
        marked = _marked_credentials(self.model, body, lambda marker: isinstance(marker, SecretValue))
        return [pointer for pointer, _ in marked]


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{part}" for part in location)


def _known_part(model: type[BaseModel], body: AccountBody, location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A location without what pydantic adds to it: names of the forms of a union, and the index of a value that was
    written alone.
    """
    known: list[int | str] = []
    for part in location:
        if isinstance(part, int) or part not in _fields(model, tuple(known)):
            break
        known.append(part)
    index = location[len(known)] if len(known) < len(location) else None
    is_list = isinstance(_value_at(body, tuple(known)), list)
    return (*known, index) if isinstance(index, int) and is_list else tuple(known)


def _value_at(body: AccountBody, location: tuple[int | str, ...]) -> object:
    value: object = body.model_dump(include={"credentials", "settings"})
    for part in location:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _fields(model: type[BaseModel], location: tuple[int | str, ...]) -> dict[str, FieldInfo]:
    """The fields of the model at a location; empty where no model is."""
    for part in location:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field is not None else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return {}
        model = inner
    return model.model_fields


def _marked_credentials(
    model: type[AccountSettings], body: AccountBody, has: Callable[[object], bool]
) -> Iterator[tuple[str, str]]:
    for name, field in _fields(model, ("credentials",)).items():
        if not any(map(has, _markers(field))):
            continue
        value: object = body.credentials.get(name)
        if isinstance(value, str):
            yield f"/credentials/{name}", value
        elif isinstance(value, list):
            yield from ((f"/credentials/{name}/{index}", str(one)) for index, one in enumerate(value))


def _markers(field: FieldInfo) -> Iterator[object]:
    """What the annotations of a field say, also those inside `Rotating[...]` and `... | None`."""
    yield from field.metadata
    yield from _inner_markers(field.annotation)


def _inner_markers(annotation: object) -> Iterator[object]:
    yield from getattr(annotation, "__metadata__", ())
    for inner in (*getattr(annotation, "__args__", ()), getattr(annotation, "__origin__", None)):
        if inner is not None and inner is not annotation:
            yield from _inner_markers(inner)
