"""Carries hand-offs out: the public notice, the token that comes back, what is forwarded, what expires."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.activity import Activity, Address
from schemas.channel import Capabilities
from schemas.commands import Forward
from schemas.configuration import WorkspaceConfiguration
from schemas.conversation import Author
from schemas.identity import PersonKey
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText, Surface
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_closed, is_finished
from services.platform.processing.processor import TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations import places
from services.router.conversations.domain import handoff, transitions
from services.router.conversations.facts import encrypted_field, next_sequence, record_fact
from services.router.conversations.lifecycle_commands import change_priority

EXPIRY = "handoff/"


@dataclass(frozen=True, slots=True)
class HandoffService:
    """What deciding about hand-offs takes besides the case."""

    handoffs: handoff.Handoffs
    capabilities: Mapping[str, Capabilities]

    def start(
        self,
        work: UnitOfWork,
        case: ConversationState,
        activity: Activity,
        configuration: WorkspaceConfiguration | None,
    ) -> None:
        """Tell everybody, in the customer's language and without detail, that the talk moves; and wait for them."""
        url, channel = handoff.link(case, configuration, self.capabilities.get(case.channel), self.handoffs)
        languages = [activity.language, case.language, *(configuration.itself.body.languages if configuration else [])]
        after = handoff.started(case, handoff.reason_of(activity), channel, work.now)
        notify(work, after, handoff.notice(languages, url), "public")
        record_fact(work, "handoff_started", after, after.status)
        data = {"conversation": case.id, "key": case.key}
        work.set_timer(f"{EXPIRY}{case.id}", handoff.expires_at(case, configuration, work.now), data)

    def can_start(self, activity: Activity) -> str | None:
        """The conversation that a token of this activity opens, None without a token of ours."""
        return handoff.token_of(activity, self.handoffs)


def notify(work: UnitOfWork, case: ConversationState, text: str, surface: Surface) -> None:
    """Tell the customer something in our own name, where there is a way to."""
    message = MessageRecord(
        id=work.new_id("notice"),
        conversation=case.id,
        workspace=case.workspace,
        key=case.key,
        order=next_sequence(work),
        direction="outbound",
        surface=surface,
        channel=case.channel,
        author=Author(kind="system"),
        text=EncryptedText(text=text),
        received_at=work.now,
        state="queued",
    )
    work.put(MESSAGES, message.id, message)
    if surface in case.addresses:
        address = places.address_of(work, case, surface)
        work.emit("pasokh.outbound.message", case.key, _outbound(message, case, address))
    record_fact(work, "replied", case, case.status, message=message.id, message_surface=surface, author="system")


def _outbound(message: MessageRecord, case: ConversationState, address: Address) -> OutboundMessage:
    return OutboundMessage(
        id=message.id,
        conversation=case.id,
        key=case.key,
        workspace=case.workspace,
        channel=case.channel,
        account=case.account,
        surface=message.surface,
        address=address,
        author=message.author,
        text=message.text or EncryptedText(text=""),
        accepted_at=message.received_at,
    )


def claim_handoff(work: UnitOfWork, case: ConversationState, activity: Activity) -> None:
    """The customer is in private now; what they write there goes on in the same conversation."""
    person = transitions.record_contact(work.get(PERSONS, str(activity.person_key)), activity, work.now)
    address = handoff.private_address(activity)
    if address is None:  # without a way to answer there, nothing is private yet
        return
    work.put(PERSONS, person.key, person.model_copy(update={"open": {**person.open, "": case.id}}))
    complete(work, case, activity.person_key, address)


def complete(work: UnitOfWork, case: ConversationState, person: PersonKey, address: Address) -> None:
    """Tell that the private side is open; a second token changes nothing."""
    work.cancel_timer(f"{EXPIRY}{case.id}")
    if case.handoff is None or case.handoff.state != "completed":
        record_fact(work, "handoff_completed", handoff.completed(case, person, address, work.now), case.status)


def forward(work: UnitOfWork, activity: Activity, case: ConversationState) -> None:
    """Hand an activity of somebody else's key to the owner of the conversation."""
    person = transitions.record_contact(work.get(PERSONS, str(activity.person_key)), activity, work.now)
    work.put(PERSONS, person.key, person)
    work.emit("pasokh.command.forward", case.key, Forward(conversation=case.id, activity=activity))


def on_expiry_timer(work: UnitOfWork, wake_up: TimerFired) -> None:
    """Nobody followed the invitation: the case becomes more urgent, so that a person looks at it.

    A finished case expires too, only not more urgent: who opens it again would find it waiting for nobody.
    """
    case = work.get(CONVERSATIONS, encrypted_field(wake_up.data, "conversation"))
    after = handoff.expired(case, work.now) if case else None
    if case is None or after is None or is_closed(case.status):
        return
    record_fact(work, "handoff_expired", after, case.status, at=work.now)
    if not is_finished(case.status) and handoff.escalated(after.priority) != after.priority:
        change_priority(work, after, handoff.escalated(after.priority))
