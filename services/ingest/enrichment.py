"""Enriches an activity before it is published: redaction, then language, intent and sentiment of the redacted text. Pure."""

import re
from collections.abc import Sequence

from schemas.activity import Activity, Attachment
from schemas.values import EncryptedText, Json
from schemas.visible import is_blank
from services.platform.core.identifiers import hashed_id
from services.text.intents import detect_intent
from services.text.language import detect
from services.text.normalise import MAX_READ
from services.text.own import NO_OWN_IDENTIFIERS, OwnIdentifierMatcher
from services.text.sensitive import redact
from services.text.sentiment import detect_sentiment

AUTHORED_KINDS = frozenset({"message", "edit", "postback", "survey_answer"})
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""The shape of a hand-off token. A random token may contain many digits, but never a whole card number."""
CARD_NUMBER_THRESHOLD = 10**12
"""Numbers in JSON above this may be card numbers. No count or measure that is stored is as large."""


class _Redactor:
    """Redacts the texts of one activity and collects the kinds found."""

    def __init__(self, own_identifiers: OwnIdentifierMatcher, *, public: bool) -> None:
        self._own, self._public = own_identifiers, public
        self.kinds: set[str] = set()

    def text(self, text: str) -> str:
        masked = redact(text, public=self._public, own_identifiers=self._own)
        self.kinds.update(masked.kinds)
        return masked.text

    def redact_optional(self, text: str | None) -> str | None:
        return None if text is None else self.text(text)

    def link(self, url: str | None) -> str | None:
        """The URL of a file without secrets."""
        if url is None:
            return None
        # Also in public only secrets are replaced: a path that looks like a phone number is needed to fetch the file.
        masked = redact(url, public=False, own_identifiers=self._own)
        self.kinds.update(masked.kinds)
        return masked.text

    def value(self, value: Json) -> Json:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int | float):
            return self.number(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self.fields(value) if isinstance(value, dict) else value

    def number(self, value: float) -> Json:
        # A JSON number is a number to us but may be a card to its sender. Only a redacted one changes its type to text.
        masked = self.text(str(value)) if abs(value) >= CARD_NUMBER_THRESHOLD else None
        return value if masked in (None, str(value)) else masked

    def fields(self, fields: dict[str, Json]) -> dict[str, Json]:
        return {name: value if _is_identifier(name, value) else self.value(value) for name, value in fields.items()}

    def attachment(self, attachment: Attachment) -> Attachment:
        # The sender chooses file name and MIME type, so they may hold secrets like any text.
        redacted = {
            "name": self.redact_optional(attachment.name),
            "media_type": self.redact_optional(attachment.media_type),
            "url": self.link(attachment.url),
        }
        return attachment.model_copy(update={**redacted, "details": self.fields(attachment.details)})


def enrich(
    activity: Activity, expected: Sequence[str] = (), own_identifiers: OwnIdentifierMatcher = NO_OWN_IDENTIFIERS
) -> Activity:
    """The activity without secrets, and with language, intent and sentiment.

    `expected` are the account's languages, the likeliest first; `own_identifiers` are the shop's, and no secrets. A
    redacted value makes the activity `sensitive`; in public that includes personal data. The text is sealed with no
    key, that is, plain.
    """
    masking = _Redactor(own_identifiers, public=activity.surface == "public")
    # Every field that a person can fill is redacted, not the text alone: names, buttons, file names and links hold cards too.
    details = masking.fields(activity.details)
    text = masking.redact_optional(activity.text.text if activity.text else None)
    safe: dict[str, object] = {
        "text": EncryptedText(key=None, text=text) if text is not None else None,
        "person_name": masking.redact_optional(_name_view(activity.person_name)),
        "attachments": [masking.attachment(attachment) for attachment in activity.attachments],
        "quote": masking.redact_optional(activity.quote),
        "forwarded_from": masking.redact_optional(activity.forwarded_from),
        "links": [masking.text(link) for link in activity.links],
        "details": details,
    }
    if activity.kind == "edit":
        # Edits within one second differ only by their text, so its hash is part of the id. The hash is of the redacted text:
        # a hash of the original would allow guessing a card number.
        safe["id"] = hashed_id(activity.id, text or "")
    kinds = sorted({*activity.masked, *masking.kinds})
    detected = _detect(details, text, expected) if activity.kind in AUTHORED_KINDS else {}
    return activity.model_copy(
        update=safe | detected | {"masked": kinds, "sensitive": activity.sensitive or bool(kinds)}
    )


def _name_view(name: str | None) -> str | None:
    """The displayable name; None when no character of it is visible."""
    return None if name is None or is_blank(name) else name


def _detect(details: dict[str, Json], text: str | None, expected: Sequence[str]) -> dict[str, Json]:
    # The length is bounded, because the detectors' time grows with it and the event loop waits meanwhile.
    hint = details.get("language_code")
    sample = (text or "")[:MAX_READ]
    return {
        "language": detect(sample, hint=hint if isinstance(hint, str) else None, expected=expected),
        "intent": detect_intent(sample) if sample else None,
        "sentiment": detect_sentiment(sample) if sample else None,
    }


def _is_identifier(name: str, value: Json) -> bool:
    """Whether a field is a platform's id, which redaction leaves alone: it may look like a card number."""
    # A person chooses the parameter of a start link, so it is an id only in the shape of our own hand-off token.
    if name in ("start", "handoff"):
        return isinstance(value, str) and _is_token(value)
    return name == "id" or name.endswith("_id")


def _is_token(value: str) -> bool:
    # 43 characters of base64url are a random token of 256 bits, or 43 characters that somebody chose with a card in them.
    return TOKEN.fullmatch(value) is not None and "card" not in redact(value, public=False).kinds
