"""Hand-offs as the customer sees them: the notice that the conversation moves to a private chat, and its link."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.activity import Activity, Address
from schemas.channel import Capabilities
from schemas.configuration import WorkspaceConfiguration
from schemas.conversation import Author
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText, Surface
from services.domain.conversation_state import ConversationState
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import MESSAGES, MessageRecord
from services.router.conversations import moved_chats
from services.router.conversations.domain import handoff
from services.router.conversations.facts import next_sequence, record_fact

EXPIRY = "handoff/"
"""Prefix of the timer of an invitation that nobody followed; the id of the conversation follows."""


@dataclass(frozen=True, slots=True)
class HandoffService:
    """Starts hand-offs, with the installation's secret and address and with what each channel can do."""

    handoffs: handoff.Handoffs
    capabilities: Mapping[str, Capabilities]

    def start(
        self,
        work: UnitOfWork,
        case: ConversationState,
        activity: Activity,
        configuration: WorkspaceConfiguration | None,
    ) -> None:
        """Invite the customer to a private chat by a public notice without detail, and set the timer of its expiry."""
        url, channel = handoff.link(case, configuration, self.capabilities.get(case.channel), self.handoffs)
        languages = [
            activity.language,
            case.language,
            *(configuration.profile.body.languages if configuration else []),
        ]
        after = handoff.started(case, handoff.handoff_reason(activity), channel, work.now)
        # The notice first: its fact shows the conversation on its way already, as `after` is what it stores.
        notify(work, after, handoff.notice(languages, url), "public")
        record_fact(work, "handoff_started", after, after.status)
        data = {"conversation": case.id, "key": case.key}
        work.set_timer(f"{EXPIRY}{case.id}", handoff.expires_at(case, configuration, work.now), data)

    def conversation_of_token(self, activity: Activity) -> str | None:
        """The id of the conversation that the hand-off token of an activity opens; None without a valid token."""
        return handoff.token_in(activity, self.handoffs)


def notify(work: UnitOfWork, case: ConversationState, text: str, surface: Surface) -> None:
    """Send the customer a message of the system. Without an address on that surface it is stored, and not sent."""
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
    # Stored in any case: agents see what the customer was to be told.
    if surface in case.addresses:
        address = moved_chats.current_address(work, case, surface)
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
