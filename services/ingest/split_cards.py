"""Finds card numbers that somebody writes in pieces, in several messages within a minute.

Recent messages with digits are kept in memory for that long. The message that completes a card is redacted before it is
published, and edits redact the pieces in the earlier messages. docs/adr/0009 says what this does not cover.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from threading import Lock

from schemas.activity import REDACTION, Activity
from schemas.values import EncryptedText
from services.ingest.enrichment import enrich
from services.platform.core.identifiers import hashed_id
from services.text.folding import is_digit
from services.text.own import OwnIdentifierMatcher
from services.text.sensitive import Span, find_card_spans, replace_matches

WITHIN = timedelta(seconds=60)
MAX_PERSONS = 4096
"""The number of persons kept in memory. The one whose last message is oldest is dropped first."""
PIECES = 7
"""The number of messages kept of one person. A card in more pieces is not found."""
MAX_PIECE_LENGTH = 1_000
"""Characters. A longer text is not considered a piece of a card."""


class SplitCardDetector:
    """Keeps the messages with digits that persons wrote in the last minute. Safe to use from several threads."""

    def __init__(self) -> None:
        self._recent: OrderedDict[str, tuple[Activity, ...]] = OrderedDict()
        self._lock = Lock()

    def enrich(
        self, activity: Activity, expected: Sequence[str], own_identifiers: OwnIdentifierMatcher
    ) -> list[Activity]:
        """The enriched activity. Before it come edits of earlier messages that hold pieces of the same card."""
        # Most texts have no digits and leave here with one `enrich`.
        earlier = self._before(activity)
        spans = _spans_across([*earlier, activity], own_identifiers) if earlier else []
        if not any(spans):
            return [enrich(activity, expected, own_identifiers)]
        *edited, last = (
            piece.model_copy(update={"text": EncryptedText(text=replace_matches(_text(piece), where))})
            for piece, where in zip([*earlier, activity], spans, strict=True)
        )
        kinds = sorted({kind for _, _, kind in spans[-1]})
        edits = [_edit(piece, activity, kinds) for piece, where in zip(edited, spans, strict=False) if where]
        masked = last.model_copy(update={"masked": sorted({*last.masked, *kinds})})
        return [enrich(piece, expected, own_identifiers) for piece in (*edits, masked)]

    def _before(self, activity: Activity) -> tuple[Activity, ...]:
        """The person's messages of the last minute in the same place. The activity itself is added to them."""
        if (
            activity.kind != "message"
            or activity.author != "customer"
            or not any(map(str.isdigit, _text(activity)))
            or len(_text(activity)) > MAX_PIECE_LENGTH
        ):
            return ()
        key = f"{activity.person_key} {activity.thread or ''}"
        with self._lock:
            # A repeated webhook must find the same pieces as the first one, so the repeated activity is not its own piece.
            earlier = tuple(piece for piece in self._recent.pop(key, ()) if _is_shortly_before(piece, activity))
            self._recent[key] = (*earlier, activity)[-PIECES:]
            if len(self._recent) > MAX_PERSONS:
                self._recent.popitem(last=False)
        return earlier


def _is_shortly_before(earlier: Activity, activity: Activity) -> bool:
    return earlier.id != activity.id and activity.received_at - earlier.received_at <= WITHIN


def _text(activity: Activity) -> str:
    return activity.text.text if activity.text else ""


def _spans_across(pieces: Sequence[Activity], own_identifiers: OwnIdentifierMatcher) -> list[list[Span]]:
    """For each piece, the spans that belong to a card which the last piece completes; all empty without such a card."""
    # The pieces are searched as one text with a line between two of them; `begins` are their offsets in it. Only a card
    # that reaches from an earlier piece into the last one is new: others were found when their own last piece came.
    texts = [_text(piece) for piece in pieces]
    begins = [sum(len(text) + 1 for text in texts[:index]) for index in range(len(texts))]
    spans = [(s, e, k) for s, e, k in find_card_spans("\n".join(texts), own_identifiers) if e > begins[-1]]
    if not any(s < begins[-1] for s, _, _ in spans):
        return [[] for _ in pieces]
    return [list(_within(spans, begin, text)) for begin, text in zip(begins, texts, strict=True)]


def _within(spans: Sequence[Span], begin: int, text: str) -> Iterator[Span]:
    """The parts of the spans inside one text, from its first digit to its last: words around the digits stay."""
    for start, stop, kind in spans:
        first, last = max(start - begin, 0), min(stop - begin, len(text))
        digits = [position for position in range(first, last) if is_digit(text[position])]
        if digits:
            yield digits[0], digits[-1] + 1, kind


def _edit(piece: Activity, by: Activity, kinds: list[str]) -> Activity:
    """An edit that redacts an earlier message. A repeat of the webhook gives the same id."""
    changed = {
        "kind": "edit",
        "id": hashed_id(piece.id, "piece of a card"),
        "masked": sorted({*piece.masked, *kinds}),
        "received_at": by.received_at,
        "details": {**piece.details, REDACTION: True},
    }
    return piece.model_copy(update=changed)
