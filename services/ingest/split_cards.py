"""A card that somebody writes in pieces, one message after another, within a minute.

Whoever wrote a piece is remembered in memory for that long. The message that completes a card loses its piece before the
log; an edit takes the pieces out of the messages before it. What this does not do: docs/adr/0009.
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
PERSONS = 4096
"""How many are remembered; the one who wrote longest ago is forgotten first."""
PIECES = 7
MAX_PIECE_LENGTH = 1_000
"""A longer text is no piece of a card."""


class SplitCardDetector:
    """What persons wrote in the last minute, as far as it has digits. Several threads may ask."""

    def __init__(self) -> None:
        self._said: OrderedDict[str, tuple[Activity, ...]] = OrderedDict()
        self._lock = Lock()

    def enrich(
        self, activity: Activity, expected: Sequence[str], own_identifiers: OwnIdentifierMatcher
    ) -> list[Activity]:
        """The activity understood, after edits of those before it that were pieces of one card with it."""
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
        """What the person wrote there within the last minute; the activity itself is remembered from now on."""
        if (
            activity.kind != "message"
            or activity.author != "customer"
            or not any(map(str.isdigit, _text(activity)))
            or len(_text(activity)) > MAX_PIECE_LENGTH
        ):
            return ()
        key = f"{activity.person_key} {activity.thread or ''}"
        with self._lock:
            # A repeat of the platform finds what it found the first time.
            earlier = tuple(piece for piece in self._said.pop(key, ()) if _is_shortly_before(piece, activity))
            self._said[key] = (*earlier, activity)[-PIECES:]
            if len(self._said) > PERSONS:
                self._said.popitem(last=False)
        return earlier


def _is_shortly_before(earlier: Activity, activity: Activity) -> bool:
    return earlier.id != activity.id and activity.received_at - earlier.received_at <= WITHIN


def _text(activity: Activity) -> str:
    return activity.text.text if activity.text else ""


def _spans_across(pieces: Sequence[Activity], own_identifiers: OwnIdentifierMatcher) -> list[list[Span]]:
    """For each piece, what of it belongs to a card that the last piece completes; all empty where there is none."""
    texts = [_text(piece) for piece in pieces]
    begins = [sum(len(text) + 1 for text in texts[:index]) for index in range(len(texts))]
    spans = [(s, e, k) for s, e, k in find_card_spans("\n".join(texts), own_identifiers) if e > begins[-1]]
    if not any(s < begins[-1] for s, _, _ in spans):
        return [[] for _ in pieces]
    return [list(_within(spans, begin, text)) for begin, text in zip(begins, texts, strict=True)]


def _within(spans: Sequence[Span], begin: int, text: str) -> Iterator[Span]:
    """What stands in one text, from its first digit to its last: words around pieces stay."""
    for start, stop, kind in spans:
        first, last = max(start - begin, 0), min(stop - begin, len(text))
        digits = [position for position in range(first, last) if is_digit(text[position])]
        if digits:
            yield digits[0], digits[-1] + 1, kind


def _edit(piece: Activity, by: Activity, kinds: list[str]) -> Activity:
    changed = {
        "kind": "edit",
        "id": hashed_id(piece.id, "piece of a card"),
        "masked": sorted({*piece.masked, *kinds}),
        "received_at": by.received_at,
        "details": {**piece.details, REDACTION: True},
    }
    return piece.model_copy(update=changed)
