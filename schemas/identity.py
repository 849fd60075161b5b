"""Who a person is to the whole installation, and what the token of a hand-off link opens."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, PlainSerializer


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person of a workspace. Two workspaces may have equal persons (`webchat:main:user-u1`), never equal keys.

    `person` is `channel:account:external_id`. The text is `workspace/person`: it orders everything about the person on
    the bus, and names their document.
    """

    workspace: str
    person: str

    def __str__(self) -> str:
        return f"{self.workspace}/{self.person}"


def person_key(text: str) -> PersonKey:
    """The key that `text` is. Raises ValueError for a person without a workspace."""
    workspace, slash, person = text.partition("/")
    # No workspace has a colon in its name, and a channel always has one behind it: an external id may hold slashes.
    if not slash or ":" in workspace:
        raise ValueError("a person key is workspace/channel:account:external_id")
    return PersonKey(workspace, person)


def _read(value: object) -> object:
    return person_key(value) if isinstance(value, str) else value


PersonKeyText = Annotated[PersonKey, BeforeValidator(_read), PlainSerializer(str, return_type=str)]
"""A person key as a field: a text in JSON."""


class HandoffToken(NamedTuple):
    """A token that this installation made. One without `is_bound` is of an older version: it names no workspace, so
    that the conversation alone says where it may be used.
    """

    conversation: str
    is_bound: bool
