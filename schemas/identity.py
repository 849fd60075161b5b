"""The key of a person in the whole installation, and the content of a hand-off token."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, PlainSerializer


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person of a workspace. Two workspaces may have equal persons (`webchat:main:user-u1`), never equal keys.

    `person` is `channel:account:external_id`. As a text the key is `workspace/person`: the partition key of every event
    about the person, and the id of the person's document.
    """

    workspace: str
    person: str

    def __str__(self) -> str:
        return f"{self.workspace}/{self.person}"


def person_key(text: str) -> PersonKey:
    """Parse the text of a person key. Raises ValueError for a person without a workspace."""
    workspace, slash, person = text.partition("/")
    # No workspace has a colon in its name, and a channel always has one behind it: an external id may hold slashes.
    if not slash or ":" in workspace:
        raise ValueError("a person key is workspace/channel:account:external_id")
    return PersonKey(workspace, person)


def _read(value: object) -> object:
    return person_key(value) if isinstance(value, str) else value


PersonKeyText = Annotated[PersonKey, BeforeValidator(_read), PlainSerializer(str, return_type=str)]
"""A person key as a field of a contract; in JSON its text."""


class HandoffToken(NamedTuple):
    """The content of a hand-off token whose signature is valid.

    `is_bound` is False for a token of an older version, which names no workspace: then the workspace of the
    conversation decides where it may be used.
    """

    conversation: str
    is_bound: bool
