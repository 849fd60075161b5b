"""Redacts every text of an activity that a person may have written. Pure.

Two tables name every field of `Activity`, and of the contracts in it, that holds text: `TREATMENTS` says how it is redacted,
`NOT_WRITTEN_BY_PERSONS` why it is not. A test compares them with the contracts, so that no new field is left out.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schemas.activity import (
    Activity,
    Address,
    Attachment,
    Call,
    Participant,
    PersonIdentity,
    PostContext,
    Reaction,
    Review,
    SurveyAnswer,
)
from schemas.values import Contract, EncryptedText, Failure, Json
from schemas.visible import is_blank
from services.text.own import NO_OWN_IDENTIFIERS, OwnIdentifierMatcher
from services.text.sensitive import redact

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""The shape of a hand-off token. A random token may contain many digits, but never a whole card number."""
CARD_NUMBER_THRESHOLD = 10**12
"""Numbers in JSON above this may be card numbers. No count or measure that is stored is as large."""


class Redactor:
    """Redacts the texts of one activity and collects the kinds found in `kinds`.

    The shop's `own_identifiers` stay. With `public`, personal data is redacted as well as secrets.
    """

    def __init__(self, own_identifiers: OwnIdentifierMatcher = NO_OWN_IDENTIFIERS, *, public: bool) -> None:
        self._own, self._public = own_identifiers, public
        self.kinds: set[str] = set()

    def changes(self, model: Contract) -> dict[str, object]:
        """The redacted values of a contract's fields that hold text, by name."""
        # `__dict__` has the fields of a pydantic model; reading them there takes half the time of `getattr`.
        values = model.__dict__
        return {
            name: treat(self, values[name])
            for name, treat in TREATMENTS[type(model)].items()
            if values[name] is not None
        }

    def text(self, text: str) -> str:
        return self._redacted(text, public=self._public)

    def secrets(self, text: str) -> str:
        """The text without secrets; personal data stays, also in public."""
        return self._redacted(text, public=False)

    def value(self, value: Json) -> Json:
        """Any JSON value with its texts redacted, at every depth."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int | float):
            return self._number(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self.details(value) if isinstance(value, dict) else value

    def details(self, details: dict[str, Json]) -> dict[str, Json]:
        """An object with its texts redacted. Ids of the platform stay: they may look like card numbers."""
        return {name: value if _is_identifier(name, value) else self.value(value) for name, value in details.items()}

    def identity(self, identity: PersonIdentity) -> PersonIdentity | None:
        """The identity; None when it was redacted, because the rest of it identifies nobody."""
        # The platform's own ids may look like card numbers. What it vouches for was not written in public by anybody.
        if identity.kind == "platform" and identity.proven:
            return identity
        value = self.secrets(identity.value) if identity.proven else self.text(identity.value)
        return identity if value == identity.value else None

    def _number(self, value: float) -> Json:
        # A JSON number is a number to us but may be a card to its sender. Only a redacted one changes its type to text.
        masked = self.text(str(value)) if abs(value) >= CARD_NUMBER_THRESHOLD else None
        return value if masked in (None, str(value)) else masked

    def _redacted(self, text: str, *, public: bool) -> str:
        masked = redact(text, public=public, own_identifiers=self._own)
        self.kinds.update(masked.kinds)
        return masked.text


# -- how a field is redacted -------------------------------------------------------------------------------------------

Treatment = Callable[[Redactor, Any], object]  # Any: the value of the field, whose type the contract says


def _nested(redactor: Redactor, model: Contract) -> Contract:
    return model.model_copy(update=redactor.changes(model))


def _each(redactor: Redactor, models: Sequence[Contract]) -> list[Contract]:
    return [_nested(redactor, model) for model in models]


def _texts(redactor: Redactor, texts: Sequence[str]) -> list[str]:
    return [redactor.text(text) for text in texts]


def _visible_name(redactor: Redactor, name: str) -> str | None:
    """The name; None when no character of it is visible."""
    return None if is_blank(name) else redactor.text(name)


def _identities(redactor: Redactor, identities: Sequence[PersonIdentity]) -> list[PersonIdentity]:
    return [known for identity in identities if (known := redactor.identity(identity)) is not None]


TREATMENTS: Mapping[type[Contract], Mapping[str, Treatment]] = {
    Activity: {
        "person_name": _visible_name,
        "author_name": _visible_name,
        "text": _nested,
        "attachments": _each,
        "quote": Redactor.text,
        "forwarded_from": Redactor.text,
        "links": _texts,
        # A language tag may have subtags of digits.
        "locale": Redactor.secrets,
        "failure": _nested,
        "identities": _identities,
        "subject": Redactor.text,
        "participants": _each,
        "context": _nested,
        "review": _nested,
        "call": _nested,
        "answers": _each,
        "reaction": _nested,
        "details": Redactor.details,
    },
    EncryptedText: {"text": Redactor.text},
    # The sender chooses the file's name and media type, so they may hold secrets like any text. A path that looks like a phone
    # number is needed to fetch the file.
    Attachment: {
        "name": Redactor.text,
        "media_type": Redactor.text,
        "url": Redactor.secrets,
        "details": Redactor.details,
    },
    # A platform quotes the number or the text that it refuses.
    Failure: {"detail": Redactor.text, "params": Redactor.details},
    # The address is needed to answer; it may hold a card, as all that somebody can choose.
    Participant: {"address": Redactor.secrets, "name": Redactor.text},
    PostContext: {"permalink": Redactor.secrets},
    Review: {"title": Redactor.text},
    Call: {"recording": _nested},
    SurveyAnswer: {"question": Redactor.text, "value": Redactor.value},
    Reaction: {"emoji": Redactor.text},
}
"""Contract → field → how it is redacted."""

_PLATFORM_ID = "an id by which the platform names it; it may look like a card number"
_OUR_ID = "an id that we made of the platform's, or a name in our configuration"
_DETECTED = "ingest sets it from a list of its own"
NOT_WRITTEN_BY_PERSONS: Mapping[type[Contract], Mapping[str, str]] = {
    Activity: {
        "id": _OUR_ID,
        "workspace": _OUR_ID,
        "channel": _OUR_ID,
        "account": _OUR_ID,
        "person": "channel, account and the platform's id of the person, by which they are answered",
        "thread": "the platform's id of the place, by which its conversation is found",
        "message": _OUR_ID,
        "former": _OUR_ID,
        "aliases": _OUR_ID,
        "reply_to": _OUR_ID,
        "replies_to": _OUR_ID,
        "conversation": _OUR_ID,
        "successor": "as person",
        "missing_content": "a sentence of the channel's own, for operators",
        "platform_id": _PLATFORM_ID,
        "album": _PLATFORM_ID,
        "masked": _DETECTED,
        "language": _DETECTED,
        "intent": _DETECTED,
        "address": "the platform's ids of a place: an answer goes there",
    },
    EncryptedText: {"key": _OUR_ID},
    Attachment: {
        "platform_id": _PLATFORM_ID,
        "digest": "a hash of the file's bytes",
        "blob": _OUR_ID,
    },
    Failure: {"code": "a name from the channel's table", "reason": "the name of a sentence of ours"},
    PersonIdentity: {"value": "`Redactor.identity` drops the whole identity where the value has to be redacted"},
    PostContext: {"post": _PLATFORM_ID, "parent": _PLATFORM_ID},
    Call: {"id": _PLATFORM_ID, "agent": "an agent of the shop, whom the account names"},
    SurveyAnswer: {"ref": "the id of a question, which the shop chose"},
    Address: dict.fromkeys(
        ("chat", "thread", "reply_to", "via", "direct_topic", "channel", "account"),
        "the platform's id of a place: an answer goes there",
    ),
}
"""Contract → field of text → why it is published as the channel gave it."""


def _is_identifier(name: str, value: Json) -> bool:
    """Whether a field is a platform's id, which redaction leaves alone: it may look like a card number."""
    # A person chooses the parameter of a start link, so it is an id only in the shape of our own hand-off token.
    if name in ("start", "handoff"):
        return isinstance(value, str) and _is_token(value)
    return name == "id" or name.endswith("_id")


def _is_token(value: str) -> bool:
    # 43 characters of base64url are a random token of 256 bits, or 43 characters that somebody chose with a card in them.
    return TOKEN.fullmatch(value) is not None and "card" not in redact(value, public=False).kinds
