"""Commands on topic `commands` (keyed by person), from REST to the owner of a conversation.

The event id is the command's id.

The outcome of each command (also of those on topic `routing`) is one document in the collection `outcomes`. The batch
that applies or refuses the command writes it.
"""

from typing import Annotated, Literal

from schemas.activity import Activity
from schemas.channel import ActionKind
from schemas.contact import Consent
from schemas.identity import PersonKeyText
from schemas.outbound import MessageTemplate, OutboundAttachment
from schemas.routing import ReturnReason
from schemas.values import OMITTED_IF_EMPTY, AgentLanguage, Contract, EncryptedText, Instant, Priority, Problem, Surface


class Reply(Contract):
    """`pasokh.command.reply`: send an answer to the customer. `text` is unchanged from the agent.

    `sensitive_kinds` are the kinds of sensitive data that the guard found, which must not be sent in public. In private
    only an unconfirmed card number is refused, and REST does that before this command is written. `confirmed_by` is the
    id of the key that confirmed the text nevertheless. `masked` is set by earlier versions only. `attachments` are files of
    the blob store, each of the kind that its media type is. With a `template` the platform words the message, and `text`
    is what agents read of it. `language` is that of the reason of a refusal. `after` is the latest message that the agent has
    seen: where the customer or a colleague has written since, the reply is refused.
    """

    conversation: str
    agent: str
    agent_name: str | None = None
    text: EncryptedText
    masked: list[str] = []
    sensitive_kinds: list[str] = []
    confirmed_by: str | None = None
    attachments: list[OutboundAttachment] = []
    surface: Surface | None = None
    after: Annotated[str | None, OMITTED_IF_EMPTY] = None
    template: MessageTemplate | None = None
    language: AgentLanguage = "en"
    accepted_at: Instant
    request_hash: str


class WriteFirst(Contract):
    """`pasokh.command.write_first` (key of the customer): write to a customer in private, whether they wrote or not.

    The message continues the open private conversation of `person`, or opens one. Without an `agent` no person wrote it.
    The other fields are those of a Reply.
    """

    person: str
    agent: str | None = None
    agent_name: str | None = None
    text: EncryptedText
    sensitive_kinds: list[str] = []
    confirmed_by: str | None = None
    attachments: Annotated[list[OutboundAttachment], OMITTED_IF_EMPTY] = []
    template: MessageTemplate | None = None
    language: AgentLanguage = "en"
    accepted_at: Instant
    request_hash: str


class Resolve(Contract):
    """`pasokh.command.resolve`: end the conversation."""

    conversation: str
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class Reopen(Contract):
    """`pasokh.command.reopen`: open a resolved conversation again."""

    conversation: str
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class DeadLetterAction(Contract):
    """`pasokh.control.dead_letter_action`, on any input topic of `group`, at the partition of the dead letter: an
    operator's retry or drop.
    """

    group: str
    dead_letter: str
    action: Literal["retry", "drop"]


WORKSPACE_GATE = "pasokh.control.workspace_gate"
"""The event type of a `WorkspaceGate`."""


class WorkspaceGate(Contract):
    """`pasokh.control.workspace_gate`, on every partition of a topic of each group: stop handling events of a
    workspace.

    The gate opens again when all documents of the workspace are deleted and no event of it is unread.
    """

    workspace: str
    is_open: bool


# `request_hash` of a command tells a repeated Idempotency-Key with the same request from one with another request.
class CommandResult(Contract):
    """The outcome of a command. `result` is the id of what the command created: the message of a reply, an agent."""

    id: str
    workspace: str
    status: Literal["applied", "refused"]
    problem: Problem | None = None
    result: str | None = None
    created: bool = False
    request_hash: str = ""
    at: Instant


class Transfer(Contract):
    """`pasokh.command.transfer`: transfer the conversation to an agent or to a team; exactly one of `to_agent` and
    `to_team` is set. `note` is added as a note of `agent` for who gets it; it is already masked.
    """

    conversation: str
    agent: str | None = None
    to_agent: str | None = None
    to_team: str | None = None
    note: Annotated[EncryptedText | None, OMITTED_IF_EMPTY] = None
    masked: Annotated[list[str], OMITTED_IF_EMPTY] = []
    accepted_at: Instant
    request_hash: str


class Snooze(Contract):
    """`pasokh.command.snooze`: let the conversation rest until a time, or with `wake_on_reply` until the customer writes."""

    conversation: str
    agent: str | None = None
    until: Instant
    wake_on_reply: bool = True
    accepted_at: Instant
    request_hash: str


class Unsnooze(Contract):
    """`pasokh.command.unsnooze`: end the snooze of the conversation now."""

    conversation: str
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class SetPriority(Contract):
    """`pasokh.command.set_priority`. SLA policies are selected again; running clocks keep their start."""

    conversation: str
    agent: str | None = None
    priority: Priority
    accepted_at: Instant
    request_hash: str


class ReapplySla(Contract):
    """`pasokh.command.reapply_sla`: apply the current SLA policies to the conversation; running clocks keep their
    start.
    """

    conversation: str
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class AddNote(Contract):
    """`pasokh.command.add_note`: a message that only agents see. `text` is already masked; `attachments` are as in a Reply.

    `mentions` are the agents whom it calls to the conversation.
    """

    conversation: str
    agent: str | None = None
    agent_name: Annotated[str | None, OMITTED_IF_EMPTY] = None
    text: EncryptedText
    masked: list[str] = []
    attachments: Annotated[list[OutboundAttachment], OMITTED_IF_EMPTY] = []
    mentions: Annotated[list[str], OMITTED_IF_EMPTY] = []
    accepted_at: Instant
    request_hash: str


class PerformAction(Contract):
    """`pasokh.command.perform_action`: do this to a message at its platform, or show it in its chat (`typing`).

    `text` is the new text of an `edit`, unchanged from the agent; `sensitive_kinds` and `confirmed_by` are as in `Reply`.
    `emoji` is the reaction of a `react`, None takes it back. `language` is that of the agent who reads why it failed.
    """

    conversation: str
    agent: str
    kind: ActionKind
    message: str | None = None
    text: EncryptedText | None = None
    emoji: str | None = None
    sensitive_kinds: list[str] = []
    confirmed_by: str | None = None
    language: AgentLanguage = "en"
    accepted_at: Instant
    request_hash: str


class PlaceCall(Contract):
    """`pasokh.command.place_call`: ring the agent's own telephone, and connect it with the customer's.

    `language` is that of the agent, who reads why there is no call.
    """

    conversation: str
    agent: str
    agent_name: str | None = None
    language: AgentLanguage = "en"
    accepted_at: Instant
    request_hash: str


class ClearHandoff(Contract):
    """`pasokh.command.clear_handoff`: the conversation is no longer sensitive and may be answered in public."""

    conversation: str
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class ConfirmHandoff(Contract):
    """`pasokh.command.confirm_handoff`: an agent confirms that a person who followed the link is the customer."""

    conversation: str
    agent: str | None = None
    person: str
    accepted_at: Instant
    request_hash: str


class Forward(Contract):
    """`pasokh.command.forward` (key of the conversation's owner): an activity of another person that belongs to it.

    The owner of that other person writes it; it has no state of the conversation. With `returned` (key of the person)
    the conversation sends the activity back because it is closed, and the activity goes to the person's own
    conversation.
    """

    conversation: str
    activity: Activity
    returned: bool = False


class CheckEcho(Contract):
    """`pasokh.command.check_echo` (key of a conversation's owner): echoes of our own messages may stand in the wrong conversation.

    `messages` are ids, made as `Activity.message` is. What stands under one of them, and is known as a message of ours in
    another conversation, is taken back by the owner of the conversation where it stands.
    """

    messages: list[str]


class ClaimHandoff(Contract):
    """`pasokh.command.claim_handoff` (key of the conversation's owner): a person followed the link of its handoff.

    `own_conversation` is the conversation that has the person's messages, `since` the time of the first of them.
    """

    conversation: str
    person: PersonKeyText
    name: str | None = None
    language: str | None = None
    own_conversation: str
    since: Instant


class RequestVerification(Contract):
    """`pasokh.command.request_verification` (key of the visitor): show the visitor the phrase that confirms them.

    `conversation` is the visitor's own, `target_conversation` the one that they want to join.
    """

    conversation: str
    target_conversation: str
    phrase: str
    language: str


class MergeConversation(Contract):
    """`pasokh.command.merge_conversation` (key of the visitor): the visitor is confirmed as the customer.

    All messages of the visitor from `since` on, also later ones, belong to the conversation `into`; `conversation` is
    the visitor's own until then.
    """

    conversation: str
    into: str
    since: Instant


class ContinueConversation(Contract):
    """`pasokh.command.continue_conversation` (key of the person): a private reply reached this person, or they go on here as
    somebody whose number changed, so that their private messages belong to `conversation` from `since` on.

    `consent` is what they decided since `consent_at` about messages of ours, as whom they were before.
    """

    conversation: str | None = None
    since: Instant
    consent: Annotated[Consent | None, OMITTED_IF_EMPTY] = None
    consent_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None


class ReturnTask(Contract):
    """`pasokh.command.return_task`: `agent` is not there, or has not looked at it. Have the conversation go back to the queue if
    its customer waits for an answer.

    With `keeps` it stays with the agent until the customer writes again. With `unread_since` it goes back only if the agent has
    not looked at it since.
    """

    conversation: str
    agent: str
    reason: ReturnReason
    keeps: bool = False
    unread_since: Instant | None = None
    preferred_seconds: float | None = None


class Reroute(Contract):
    """`pasokh.command.reroute`: apply the routing rules of configuration `version` or later, if the conversation
    waits.
    """

    conversation: str
    version: int
