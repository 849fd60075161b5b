"""A conversation and a person as their owner decides about them: what REST shows, and what it needs besides."""

from typing import Literal

from pydantic import ValidationInfo, field_validator

from schemas.activity import Address
from schemas.conversation import Conversation, FirstResponse
from schemas.identity import PersonKey, PersonKeyText
from schemas.values import Contract, Instant
from services.domain.response_tracking import ResponseTracking

Override = Literal["priority", "team"]
"""What a person or an escalation decided: rules that are applied again leave it as it is."""


class ConversationState(Conversation):
    """A conversation with what its owner needs besides.

    `key` is the person key, `thread` the place in public (None: private). `addresses` per surface is where the
    customer wrote last; `last_surface` which of them was last. `response_tracking` says since when the
    customer waits for an answer. `rule` and `config_version` decided its
    routing; `queued_at` is its place in the queue; `last_agent` had it last; `resolutions` counts its resolves,
    `transfers` its transfers;
    `private_person` is who completed its hand-off. `overrides` are kept when rules are applied again.
    """

    key: str
    thread: str | None = None
    addresses: dict[str, Address] = {}
    last_surface: str = "private"
    response_tracking: ResponseTracking = ResponseTracking()
    first_response: FirstResponse | None = None
    queued_at: Instant | None = None
    rule: str = "default"
    config_version: int = 0
    last_agent: str | None = None
    resolutions: int = 0
    transfers: int = 0
    overrides: list[Override] = []
    private_person: PersonKeyText | None = None

    @field_validator("private_person", mode="before")
    @classmethod
    def _of_this_workspace(cls, given: object, info: ValidationInfo) -> object:
        """Documents of older versions name a person alone: it was, and is, one of the conversation's own workspace."""
        if not isinstance(given, str) or ":" not in given.partition("/")[0]:
            return given
        return PersonKey(info.data["workspace"], given)

    def public_view(self) -> Conversation:
        """As REST and facts show it."""
        return Conversation(**{name: getattr(self, name) for name in Conversation.model_fields})


class Contact(Contract):
    """A customer as one account sees them. Its id is the person key. `open` maps a thread ('' private) to its case.

    `forwarded_to` is the conversation of another person that this one continues (a chat opened by a hand-off link).
    `ours_in` are the groups in which this is our own side: those that a channel is linked to. `greeted_at` is when the
    person was greeted. `email` and `phone` are where they said that they can be reached.
    """

    key: str
    workspace: str
    person: str
    name: str | None = None
    language: str | None = None
    email: str | None = None
    phone: str | None = None
    blocked: bool = False
    open: dict[str, str] = {}
    forwarded_to: str | None = None
    ours_in: list[str] = []
    greeted_at: Instant | None = None
    seen_at: Instant
