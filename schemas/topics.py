"""The table of topics: name, kind of key, event types, retention."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

KeySpace = Literal["person", "workspace"]
WEEK_SECONDS = 7 * 86400
DEDUPE_RETENTION_SECONDS = timedelta(seconds=WEEK_SECONDS) + timedelta(days=30)
"""How long ids are stored to recognise repeats: 30 days longer than the log, because a platform may repeat a call
late."""
ALIAS_RETENTION_SECONDS = timedelta(days=90)
"""How long receipts, reactions and replies find a message of ours by the platform's ids."""


LIMITED_RETENTION_SECONDS = 22 * 3600
"""The log of what a platform lets us store for a limited time: with an hour of a Kafka segment it is less than a day."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic.

    Its name on the bus is `pasokh.<name>.v1`. `event_prefixes` are the second words of its event types. `expires_unread`: records that
    nobody has read go as well, and a reader goes on behind them; of another topic an operator has to decide.
    """

    name: str
    key: KeySpace
    event_prefixes: tuple[str, ...]
    retention_seconds: int = WEEK_SECONDS
    expires_unread: bool = False


TOPICS: tuple[Topic, ...] = (
    Topic("inbound", "person", ("inbound",)),
    # What members of platforms wrote that limit its storage: the same event types, sent here (docs/storage-limits.md).
    Topic("inbound_limited", "person", (), retention_seconds=LIMITED_RETENTION_SECONDS, expires_unread=True),
    Topic("commands", "person", ("command",)),
    Topic("assignments", "person", ("assignment",)),
    Topic("sla", "person", ("sla",)),
    Topic("deliveries", "person", ("delivery",)),
    Topic("conversations", "person", ("conversation", "contact", "customer", "person", "offer")),
    Topic("outbound", "person", ("outbound",)),
    Topic("routing", "workspace", ("routing",)),
    Topic("agents", "workspace", ("agent",)),
    Topic("customers", "workspace", ("identity",)),
    Topic("accounts", "workspace", ("account",)),
    # Who reads and types now: read by open pages alone, and of no use a moment later.
    Topic("signals", "workspace", ("signal",), retention_seconds=60),
)
INBOUND_TOPICS = ("inbound", "inbound_limited")
"""The topics of activities."""
BY_EVENT_PREFIX = {noun: topic for topic in TOPICS for noun in topic.event_prefixes}
BY_NAME = {topic.name: topic for topic in TOPICS}
FACT_NOUNS = frozenset({"conversation", "contact", "customer", "person", "offer", "sla", "account", "agent"})


def activity_topic(topic: str, stored_until: datetime | None) -> str:
    """The topic that carries an activity: `topic`, or that of activities whose platform limits how long they may be stored."""
    return topic if stored_until is None else "inbound_limited"


def topic_for(event_type: str) -> Topic:
    """The topic of an event type (`pasokh.conversation.opened` → conversations).

    Raises KeyError for a type without a topic of its own. Control events have none: their senders choose the topic.
    """
    return BY_EVENT_PREFIX[event_type.split(".")[1]]


def is_fact(event_type: str) -> bool:
    """Whether an event type is a fact. Facts are also stored as documents, for ever."""
    return event_type.split(".")[1] in FACT_NOUNS
