"""Whether a message that waited may still go out: windows close, and customers change their minds, within hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.channel import Capabilities
from schemas.conversation import PEOPLE_OF_OURS
from schemas.outbound import OutboundMessage
from services.delivery.domain.outcomes import AttemptResult
from services.domain.refusal_phrases import to_failure
from services.domain.sending_rules import Draft, Recipient, open_windows, recipient_for, refusal
from services.domain.windows import open_window
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Key
from services.records.conversations import CONVERSATIONS, PERSONS
from services.text.sentences import SentenceReader

JUDGED_AGAIN_AFTER = timedelta(seconds=1)
"""How long after its acceptance a message is judged again. What is sent at once costs no reads."""


@dataclass(frozen=True, slots=True)
class SenderRules:
    """What the account of a message can do, and the time zone of its workspace."""

    capabilities: Capabilities
    timezone: str


async def judge_again(
    message: OutboundMessage, rules: SenderRules, store: Reader, now: datetime
) -> OutboundMessage | AttemptResult:
    """The message, with the tag of the narrowest window that is open now; refused with the reason. Raises Unavailable.

    A private reply to a public post needs no window, and the customer has no private side yet.
    """
    if message.surface == "public" or message.private_reply or _is_fresh(message, now):
        return message
    draft = Draft(
        surface=message.surface,
        text="",
        has_template=message.template is not None,
        is_automatic=message.author.kind not in PEOPLE_OF_OURS,
        is_first=message.first,
    )
    recipient = await _recipient(message, store)
    refused = refusal(draft, recipient, rules.capabilities, now)
    if refused is not None:
        reader = SentenceReader(message.language, rules.timezone)
        failure = to_failure(refused, message.channel, reader, now)
        return AttemptResult(
            kind="refused", code=failure.code, detail=failure.detail, reason=failure.reason, params=failure.params
        )
    still_open = open_windows(draft, recipient, rules.capabilities, now)
    return message.model_copy(update={"tag": still_open[0].tag}) if still_open else message


def _is_fresh(message: OutboundMessage, now: datetime) -> bool:
    window = message.window
    is_open = window is None or open_window(window.windows[:1], window.since, now) is not None
    # What another recipient wants was not known when the message was accepted.
    return is_open and message.recipient is None and now - message.accepted_at < JUDGED_AGAIN_AFTER


async def _recipient(message: OutboundMessage, store: Reader) -> Recipient:
    """Whom the message reaches, as it is known now."""
    conversation, person = Key(CONVERSATIONS.name, message.conversation), Key(PERSONS.name, _person(message))
    found = await store.get_many([conversation, person])
    case = CONVERSATIONS.decode(found[conversation]) if conversation in found else None
    contact = PERSONS.decode(found[person]) if person in found else None
    # A message without a conversation, a greeting, has the time with which it was accepted.
    times = [message.window.since if message.window else None, case.wrote_at.get("private") if case else None]
    return recipient_for(contact, max((at for at in times if at is not None), default=None))


def _person(message: OutboundMessage) -> str:
    return message.key if message.recipient is None else str(message.recipient)
