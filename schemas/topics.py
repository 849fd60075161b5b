"""The table of topics: name, kind of key, event types, retention."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

KeySpace = Literal["person", "workspace"]
WEEK_SECONDS = 7 * 86400
DEDUPE_RETENTION_SECONDS = timedelta(seconds=WEEK_SECONDS) + timedelta(days=30)
"""How long ids are stored to recognise repeats: 30 days longer than the log, because a platform may repeat a call
late."""
ALIAS_RETENTION_SECONDS = timedelta(days=90)
"""How long receipts, reactions and replies find a message of ours by the platform's ids."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic.

    Its name on the bus is `pasokh.<name>.v1`. `event_prefixes` are the second words of its event types.
    """

    name: str
    key: KeySpace
    event_prefixes: tuple[str, ...]
    retention_seconds: int = WEEK_SECONDS


TOPICS: tuple[Topic, ...] = (
    Topic("inbound", "person", ("inbound",)),
    Topic("commands", "person", ("command",)),
    Topic("assignments", "person", ("assignment",)),
    Topic("sla", "person", ("sla",)),
    Topic("deliveries", "person", ("delivery",)),
    Topic("conversations", "person", ("conversation", "contact", "offer")),
    Topic("outbound", "person", ("outbound",)),
    Topic("routing", "workspace", ("routing",)),
    Topic("agents", "workspace", ("agent",)),
    Topic("customers", "workspace", ("customer",)),
    Topic("accounts", "workspace", ("account",)),
    # Who reads and types now: read by open pages alone, and of no use a moment later.
    Topic("signals", "workspace", ("signal",), retention_seconds=60),
)
BY_EVENT_PREFIX = {noun: topic for topic in TOPICS for noun in topic.event_prefixes}
BY_NAME = {topic.name: topic for topic in TOPICS}
FACT_NOUNS = frozenset({"conversation", "contact", "offer", "sla", "account", "agent"})


def topic_for(event_type: str) -> Topic:
    """The topic of an event type (`pasokh.conversation.opened` → conversations).

    Raises KeyError for a type without a topic of its own. Control events have none: their senders choose the topic.
    """
    return BY_EVENT_PREFIX[event_type.split(".")[1]]


def is_fact(event_type: str) -> bool:
    """Whether an event type is a fact. Facts are also stored as documents, for ever."""
    return event_type.split(".")[1] in FACT_NOUNS
