"""The agent whom a body names as the one who acts: a caller who is bound to an agent acts as that one only."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args

import orjson
from pydantic import BaseModel, ConfigDict

from schemas.values import Json, RequestModel, Slug
from services.platform.http.problems import Forbidden


class _Acts:
    """Marks the field of the agent who acts."""


_MARK = _Acts()
ActingAgent = Annotated[Slug, _MARK]
"""The agent who acts. A caller who is bound to an agent may leave the field out; another's name is 403."""


def _not_required(schema: dict[str, Any]) -> None:
    """OpenAPI shows the field as optional: it is, for callers who are bound to an agent."""
    schema["required"] = [name for name in schema.get("required", ()) if name != "agent"]
    if not schema["required"]:
        del schema["required"]


class ActingBody(RequestModel):
    """A body that names the agent who acts, unless the caller is bound to one."""

    model_config = ConfigDict(json_schema_extra=_not_required)

    agent: ActingAgent


def acting_field(model: type[BaseModel]) -> str | None:
    """The name of the field of type `ActingAgent`; None: the body names nobody who acts."""
    return next((name for name, field in model.model_fields.items() if _MARK in _marks(field)), None)


def _marks(field: Any) -> Iterator[object]:
    yield from field.metadata
    # In `ActingAgent | None` the mark is inside of the union.
    for part in get_args(field.annotation):
        yield from getattr(part, "__metadata__", ())


def as_bound_agent(body: Json, field: str, agent: str) -> bytes:
    """The body with the bound agent in the field. Raises Forbidden if it names another."""
    if not isinstance(body, dict):
        return orjson.dumps(body)
    if body.get(field) not in (None, agent):
        raise Forbidden(f"This key speaks as {agent!r} only. Leave `{field}` out.", title="Another agent")
    return orjson.dumps({**body, field: agent})
