"""Commands on `commands` (person key): what REST asks the owner of a conversation to do. The event id is the command's.

The outcome of each command (also of those on `routing`) is one document in the collection `outcomes`, written in the
batch that applied or refused it.
"""

from typing import Literal

from schemas.activity import Activity
from schemas.identity import PersonKeyText
from schemas.values import Contract, EncryptedText, Instant, Priority, Problem, Surface


class Reply(Contract):
    """`pasokh.command.reply`. `text` is as the agent wrote it.

    `found` names the kinds that must not be read in public; in private only a card that nobody confirmed is refused, and
    that before this is written. `confirmed_by` is the key that said the guard is wrong. `masked`: of earlier versions.
    """

    conversation: str
    agent: str
    agent_name: str | None = None
    text: EncryptedText
    masked: list[str] = []
    sensitive_kinds: list[str] = []
    confirmed_by: str | None = None
    surface: Surface | None = None
    accepted_at: Instant
    request_hash: str


class Resolve(Contract):
    """`pasokh.command.resolve`."""

    conversation: str
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class Reopen(Contract):
    """`pasokh.command.reopen`."""

    conversation: str
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class DeadLetterAction(Contract):
    """`pasokh.control.dead_letter_action`, on any input topic of `group`, at its partition: an operator's retry or drop."""

    group: str
    dead_letter: str
    action: Literal["retry", "drop"]


WORKSPACE_GATE = "pasokh.control.workspace_gate"
"""The event type of a `WorkspaceGate`."""


class WorkspaceGate(Contract):
    """`pasokh.control.workspace_gate`, on every partition of a topic of each group: nothing of a closed workspace is handled.

    It is opened again once all of it is gone and nothing of it is on its way.
    """

    workspace: str
    is_open: bool


class CommandResult(Contract):
    """What became of a command. `result` is the id of what it made (a reply's message, an agent)."""

    id: str
    workspace: str
    status: Literal["applied", "refused"]
    problem: Problem | None = None
    result: str | None = None
    created: bool = False
    request_hash: str = ""
    at: Instant


class Transfer(Contract):
    """`pasokh.command.transfer`: give the conversation to one agent or to a team; exactly one of the two is set."""

    conversation: str
    agent: str | None = None
    to_agent: str | None = None
    to_team: str | None = None
    accepted_at: Instant
    request_hash: str


class SetPriority(Contract):
    """`pasokh.command.set_priority`. SLA policies are picked again; clocks keep their start."""

    conversation: str
    agent: str | None = None
    priority: Priority
    accepted_at: Instant
    request_hash: str


class ReapplySla(Contract):
    """`pasokh.command.reapply_sla`. The SLA policies of now hold for the conversation; clocks that run keep their start."""

    conversation: str
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class AddNote(Contract):
    """`pasokh.command.add_note`: a message that only agents see. `text` is already masked."""

    conversation: str
    agent: str | None = None
    text: EncryptedText
    masked: list[str] = []
    accepted_at: Instant
    request_hash: str


class ClearHandoff(Contract):
    """`pasokh.command.clear_handoff`: the conversation is not sensitive any more, and may be answered in public."""

    conversation: str
    agent: str | None = None
    accepted_at: Instant
    request_hash: str


class ConfirmHandoff(Contract):
    """`pasokh.command.confirm_handoff`: a person who followed the link is the customer, an agent says."""

    conversation: str
    agent: str | None = None
    person: str
    accepted_at: Instant
    request_hash: str


class Forward(Contract):
    """`pasokh.command.forward` (key of the conversation's owner): an activity of another person that belongs to it.

    Written by the owner of that other person, which keeps nothing of the conversation itself. `returned` (key of the
    person): the conversation does not take it any more, so that it belongs to the person's own.
    """

    conversation: str
    activity: Activity
    returned: bool = False


class ClaimHandoff(Contract):
    """`pasokh.command.claim_handoff` (key of the conversation's owner): somebody followed the link of its hand-off.

    `own` is the conversation where their words stand, `since` when they wrote the first of them.
    """

    conversation: str
    person: PersonKeyText
    name: str | None = None
    language: str | None = None
    own_conversation: str
    since: Instant


class RequestVerification(Contract):
    """`pasokh.command.request_verification` (key of the visitor): which words prove them, in their own conversation.

    `case` is the conversation that they want to go on in.
    """

    conversation: str
    target_conversation: str
    phrase: str
    language: str


class MergeConversation(Contract):
    """`pasokh.command.merge_conversation` (key of the visitor): they are the customer; what they wrote `since` and write from now
    on belongs to the conversation `case`, and `conversation` was their own.
    """

    conversation: str
    into: str
    since: Instant


class Reroute(Contract):
    """`pasokh.command.reroute`: the routing rules of `version` and later are to be applied while it waits."""

    conversation: str
    version: int


class TaskDueChanged(Contract):
    """`pasokh.command.task_due_changed`: the earliest due time of the clocks that are open changed while it waits; None: none."""

    conversation: str
    due_at: Instant | None = None


class Escalate(Contract):
    """`pasokh.command.escalate`: a promise is broken or a hand-off expired; raise the priority, perhaps another team."""

    conversation: str
    priority: Priority | None = None
    to_team: str | None = None
    reason: str
