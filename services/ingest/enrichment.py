"""Enriches an activity before it is published: redaction, then language, intent and sentiment of the redacted text. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from schemas.activity import Activity, Review
from schemas.values import EncryptedText, Json
from services.ingest.redaction import Redactor
from services.platform.core.identifiers import hashed_id
from services.text.intents import detect_intent
from services.text.language import detect
from services.text.normalise import MAX_READ
from services.text.own import NO_OWN_IDENTIFIERS, OwnIdentifierMatcher
from services.text.sentiment import detect_sentiment

LARGEST_CLOCK_DIFFERENCE = timedelta(days=1)
"""How far a time that a platform states may be ahead of ours. One beyond it would hold for all that happens until then."""
AUTHORED_KINDS = frozenset({"message", "edit", "postback", "survey_answer"})


def enrich(
    activity: Activity, expected: Sequence[str] = (), own_identifiers: OwnIdentifierMatcher = NO_OWN_IDENTIFIERS
) -> Activity:
    """The activity without secrets and times that cannot be, and with language, intent and sentiment.

    `expected` are the account's languages, the likeliest first; `own_identifiers` are the shop's, and no secrets. A
    redacted value makes the activity `sensitive`; in public that includes personal data. The text is sealed with no
    key, that is, plain.
    """
    redactor = Redactor(own_identifiers, public=activity.surface == "public")
    changes = redactor.changes(activity) | _possible_times(activity)
    redacted = changes.get("text")
    text = redacted.text if isinstance(redacted, EncryptedText) else None
    changes["masked"] = kinds = sorted({*activity.masked, *redactor.kinds})
    changes["sensitive"] = activity.sensitive or bool(kinds)
    if activity.kind == "edit":
        # Edits within one second differ only by their text, so its hash is part of the id. The hash is of the redacted text:
        # a hash of the original would allow guessing a card number.
        changes["id"] = hashed_id(activity.id, text or "")
    if activity.kind in AUTHORED_KINDS:
        changes |= _detect(activity, text, expected)
    return activity.model_copy(update=changes)


def _possible_times(activity: Activity) -> dict[str, datetime | None]:
    """The stated times that lie in the future, as nobody stated them; a watermark reaches to our receipt at most."""
    latest = activity.received_at + LARGEST_CLOCK_DIFFERENCE
    names = ("sent_at", "original_sent_at", "watermark")
    future = [name for name in names if (at := getattr(activity, name)) is not None and at > latest]
    return {name: activity.received_at if name == "watermark" else None for name in future}


def _detect(activity: Activity, text: str | None, expected: Sequence[str]) -> dict[str, Json]:
    """The language, intent and sentiment of a redacted text."""
    # The length is bounded, because the detectors' time grows with it and the event loop waits meanwhile.
    sample = (text or "")[:MAX_READ]
    stated = _sentiment_of(activity.review)
    return {
        "language": detect(sample, hint=activity.locale, expected=expected),
        "intent": detect_intent(sample) if sample else None,
        "sentiment": stated or (detect_sentiment(sample) if sample else None),
    }


RECOMMENDATIONS: Mapping[bool | None, str] = {True: "positive", False: "negative"}


def _sentiment_of(review: Review | None) -> str | None:
    """What the stars of a review say, whatever its words are; None: there are none."""
    if review is None:
        return None
    if review.stars is None:
        return RECOMMENDATIONS.get(review.recommends)
    if review.stars == 3:
        return "neutral"
    return "negative" if review.stars < 3 else "positive"
