"""Which facts an agent is told of by a notification, in which words, and when not. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from schemas.conversation import ConversationFact
from schemas.envelope import Event
from schemas.events import CONVERSATION, OFFER, SLA
from schemas.routing import OfferFact
from schemas.sla import ClockFact
from services.text.sentences import Phrasebook, Wording

NoticeKind = Literal["offer", "given", "message", "mention", "due"]
OFFER_TTL_SECONDS, TTL_SECONDS = 60, 300
"""How long a push service keeps what it cannot deliver at once."""
ONCE = timedelta(seconds=30)
"""Of one conversation, one notification in this time; offers are always told."""
IN_VIEW = timedelta(seconds=20)
"""A page that was in view so recently tells its agent itself."""
TOO_LATE = timedelta(seconds=60)
"""An older fact is history: somebody started this process again."""

WORDS: Mapping[str, Wording] = {
    "offer": {"en": "Offer: {name}", "fa": "پیشنهاد: {name}", "ar": "عرض: {name}", "lv": "Piedāvājums: {name}"},
    "given": {
        "en": "Given to you: {name}",
        "fa": "به شما داده شد: {name}",
        "ar": "أُعطيت لك: {name}",
        "lv": "Piešķirts jums: {name}",
    },
    "message": {"en": "{name} has written", "fa": "{name} نوشت", "ar": "كتب {name}", "lv": "{name} uzrakstīja"},
    "mention": {
        "en": "You are mentioned: {name}",
        "fa": "از شما نام برده‌اند: {name}",
        "ar": "ذُكرت في: {name}",
        "lv": "Jūs esat pieminēts: {name}",
    },
    "due": {
        "en": "Soon due: {name}",
        "fa": "مهلت نزدیک است: {name}",
        "ar": "اقترب الموعد: {name}",
        "lv": "Drīz termiņš: {name}",
    },
}
BOOK = Phrasebook(WORDS)


@dataclass(frozen=True, slots=True)
class PushNotice:
    """What an agent is to be told of a conversation. `agent` None: the one who has it now."""

    kind: NoticeKind
    conversation: str
    agent: str | None

    @property
    def ttl_seconds(self) -> int:
        return OFFER_TTL_SECONDS if self.kind == "offer" else TTL_SECONDS

    @property
    def urgency(self) -> str:
        """How far a push service saves the battery of a telephone (RFC 8030)."""
        return "high" if self.kind in ("offer", "given") else "normal"


def notices_of(event: Event) -> Iterator[PushNotice]:
    """What a fact is to be told of, and to whom. Raises ValueError for a fact that cannot be read."""
    if event.type == f"{OFFER}made":
        offer = event.payload_as(OfferFact)
        yield PushNotice("offer", offer.conversation, offer.agent)
    elif event.type == f"{SLA}warned":
        yield PushNotice("due", event.payload_as(ClockFact).conversation, None)
    elif event.type.startswith(CONVERSATION):
        yield from _of_conversation(event.type.removeprefix(CONVERSATION), event)


def _of_conversation(word: str, event: Event) -> Iterator[PushNotice]:
    if word not in ("assigned", "message_received", "noted"):
        return
    fact = event.payload_as(ConversationFact)
    agent = fact.snapshot.agent
    if word == "noted":
        yield from (PushNotice("mention", fact.conversation, one) for one in fact.mentions)
    elif word == "message_received" and agent is not None:
        yield PushNotice("message", fact.conversation, agent)
    # A conversation that came back to who had it is told as the message that brought it.
    elif word == "assigned" and agent is not None and fact.previous_status in ("waiting", "offered", None):
        yield PushNotice("given", fact.conversation, agent)


def is_told_just_now(kind: NoticeKind, last: datetime | None, now: datetime) -> bool:
    """Whether the agent was told of the conversation a moment ago."""
    return kind != "offer" and last is not None and now - last < ONCE
