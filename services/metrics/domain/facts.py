"""The input and output of counting: a fact of a conversation, and a measurement with its labels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.conversation import Conversation, ConversationFact
from services.domain.metrics_state import ConversationMetricsState

LANGUAGES = frozenset({"fa", "ar", "lv", "en"})
OTHER = "other"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One event or one duration to count, with its labels. `seconds` is None for an event."""

    kpi: str
    variant: str
    labels: Labels
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ConversationEvent:
    """One fact of a conversation: the last word of its type, its data, its time on the log."""

    event_name: str
    fact: ConversationFact
    time: datetime

    @property
    def conversation(self) -> Conversation:
        """The conversation after the fact."""
        return self.fact.snapshot

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the conversation after the fact."""
        return conversation_labels(self.conversation)


Reduced = tuple[ConversationMetricsState, list[Measurement]]
Reducer = Callable[[ConversationMetricsState, ConversationEvent], Reduced]
"""The state after a fact, and what the fact adds."""


def conversation_labels(conversation: Conversation, surface: str | None = None) -> dict[str, str]:
    """The labels of a conversation. `surface`: that of the message, which may differ from the conversation's."""
    return {
        "channel": conversation.channel,
        "surface": surface or conversation.surface,
        "team": conversation.team,
        "priority": conversation.priority,
        "language": language_label(conversation.language),
    }


def language_label(language: str | None) -> str:
    """The label of a language: its code without the region (`fa` for `fa-IR`), or `other`.

    Labels come from a bounded set; customers write in any language.
    """
    primary = (language or OTHER).split("-", 1)[0].lower()
    return primary if primary in LANGUAGES else OTHER


def seconds_between(start: datetime, end: datetime) -> float:
    """The seconds from `start` to `end`, 0 where `end` is not later."""
    return max(0.0, (end - start).total_seconds())
