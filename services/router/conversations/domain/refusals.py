"""Why a command on a conversation is refused, as the problem that REST answers: what is wrong and what to do. Pure."""

from collections.abc import Sequence
from typing import Protocol

from schemas.channel import Capabilities
from schemas.commands import ConfirmHandoff, Reply, Resolve, Transfer
from schemas.conversation import Author, MessageState
from schemas.identity import PersonKey
from schemas.outbound import OutboundAttachment
from schemas.values import Problem, Surface
from services.domain.conversation_state import Contact, ConversationState
from services.domain.lifecycle import is_closed, is_finished, is_resolved
from services.domain.outgoing_files import file_problem
from services.router.conversations.domain import handoff
from services.router.conversations.domain.command_phrases import refused
from services.router.conversations.domain.transitions import has_no_task, is_to_be_taken


class OrderedMessage(Protocol):
    """The fields of a message by which one is newer than another."""

    @property
    def id(self) -> str: ...
    @property
    def conversation(self) -> str: ...
    @property
    def order(self) -> str: ...
    @property
    def author(self) -> Author: ...
    @property
    def state(self) -> MessageState: ...


NO_CONVERSATION = refused(404, "Not found", "no_conversation")
FINISHED, CLOSED, NOT_ASSIGNEE = "Conversation is finished", "Conversation is closed", "Not the assignee"
FILE_REFUSED, SENSITIVE = "File not taken by the channel", "Public reply to a sensitive case"
NOT_UNCONFIRMED = "Not an unconfirmed visitor"


def refuse_none(_: ConversationState) -> None:
    """Refuse nothing: the command is possible in every status."""


def refuse_finished(case: ConversationState) -> Problem | None:
    """Refuse a command that only an open conversation takes."""
    if not is_finished(case.status):
        return None
    return refused(409, FINISHED, "conversation_closed" if is_closed(case.status) else "conversation_resolved")


def refuse_erased(case: ConversationState) -> Problem | None:
    """Refuse every command on a conversation whose customer was erased."""
    return refused(409, CLOSED, "conversation_closed") if case.erased_at is not None else None


def refuse_other_agent(case: ConversationState, agent: str) -> Problem | None:
    """Refuse what only the assignee may do."""
    if case.agent == agent:
        return None
    if case.agent:
        return refused(409, NOT_ASSIGNEE, "assigned_to_other", agent=agent, assignee=case.agent)
    return refused(409, NOT_ASSIGNEE, "answered_elsewhere" if has_no_task(case) else "without_agent", agent=agent)


def refuse_unsnooze(case: ConversationState) -> Problem | None:
    """Refuse to wake a conversation that is not snoozed."""
    if case.snoozed_until is not None:
        return None
    return refused(409, "Not snoozed", "not_snoozed")


def refuse_reply(case: ConversationState, agent: str) -> Problem | None:
    """Refuse a reply that the conversation does not take from this agent."""
    # Who answers a conversation that nobody has takes it.
    return refuse_finished(case) or (None if is_to_be_taken(case) else refuse_other_agent(case, agent))


def refuse_unseen(reply: Reply, seen: OrderedMessage | None, latest: OrderedMessage | None) -> Problem | None:
    """Refuse a reply of an agent who has not seen what the customer or a colleague wrote last. `seen` None: it is not there."""
    if latest is None or latest.id == reply.after or latest.state == "deleted":
        return None
    if seen is not None and seen.conversation == latest.conversation and seen.order >= latest.order:
        return None
    # What the agent wrote on another page, they know.
    if latest.author.kind == "agent" and latest.author.id == reply.agent:
        return None
    return refused(409, "Newer message", "newer_message", message=latest.id)


def refuse_without_address(surface: Surface) -> Problem:
    """Refuse what is done on a surface on which the customer has not written, and cannot be reached."""
    reason = "no_private_address" if surface == "private" else "no_public_address"
    return refused(409, "No address on that surface", reason)


def refuse_files(files: Sequence[OutboundAttachment], channel: str, capabilities: Capabilities) -> Problem | None:
    """Refuse files that the channel does not take."""
    problem = file_problem(files, channel, capabilities)
    return refused(422, FILE_REFUSED, problem.reason, problem.pointer, **problem.params) if problem else None


def refuse_files_of_private_reply() -> Problem:
    """Refuse files in an answer that opens a private chat."""
    return refused(422, FILE_REFUSED, "files_of_private_reply", "/attachments")


def refuse_in_public(case: ConversationState, reply: Reply) -> Problem | None:
    """Refuse a public reply that holds a secret, or that is about a sensitive case."""
    # The route checked the text for the surface of that moment. Since then the customer may have written in public.
    secrets = reply.masked or reply.sensitive_kinds
    if secrets and reply.confirmed_by is None:
        return refuse_secret(secrets)
    return refused(409, SENSITIVE, "sensitive_case") if handoff.is_private_only(case) else None


def refuse_secret(kinds: Sequence[str]) -> Problem:
    """Refuse to show secrets of these kinds in public."""
    return refused(409, "Secret in a public reply", "secret_in_public", kinds=", ".join(kinds))


def refuse_to_write_first(case: ConversationState, agent: str | None) -> Problem | None:
    """Refuse to write into a conversation that another agent has."""
    if agent is None or is_finished(case.status) or case.agent is None or case.agent == agent:
        return None
    return refused(409, NOT_ASSIGNEE, "other_agent_has_customer", conversation=case.id, assignee=case.agent)


def refuse_resolve(case: ConversationState, resolve: Resolve) -> Problem | None:
    """Refuse to resolve a finished conversation, or that of another agent; without `agent` the assignee is overruled."""
    if is_finished(case.status):
        return refused(409, FINISHED, "conversation_closed" if is_closed(case.status) else "already_resolved")
    if resolve.agent and case.agent and resolve.agent != case.agent:
        agents = {"agent": resolve.agent, "assignee": case.agent}
        return refused(409, NOT_ASSIGNEE, "assigned_to_other_may_overrule", **agents)
    return None


def refuse_transfer(case: ConversationState, transfer: Transfer) -> Problem | None:
    """Refuse a transfer to where the conversation is, and one of a finished conversation."""
    if transfer.to_agent is not None and transfer.to_agent == case.agent:
        return refused(409, "Already there", "already_with_agent", assignee=case.agent)
    if transfer.to_team is not None and transfer.to_team == case.team:
        return refused(409, "Already there", "already_with_team", team=case.team)
    return refuse_finished(case)


def refuse_reopen(case: ConversationState, person: Contact | None) -> Problem | None:
    """Refuse to reopen a conversation that is not resolved, or beside another open one on the same thread."""
    if is_closed(case.status):
        return refused(409, CLOSED, "conversation_closed")
    if not is_resolved(case.status):
        return refused(409, "Not resolved", "not_resolved")
    current = person.open.get(case.thread or "") if person else None
    if current is None or current == case.id:
        return None
    return refused(409, "Another is open", "another_is_open", conversation=current)


def refuse_confirmation(case: ConversationState, command: ConfirmHandoff) -> Problem | None:
    """Refuse to confirm a person who did not follow the link of the hand-off."""
    person = PersonKey(case.workspace, command.person)
    # Confirmed already: a second confirmation changes nothing, and is no error.
    if handoff.is_private_side(case, person):
        return None
    if handoff.may_claim(case, person) and handoff.unconfirmed(case, person) is not None:
        return None
    followers = [follower.person.person for follower in case.handoff.unconfirmed] if case.handoff else []
    if not followers:
        return refused(409, NOT_UNCONFIRMED, "visitor_not_waiting", visitor=command.person)
    return refused(409, NOT_UNCONFIRMED, "other_visitors_wait", visitor=command.person, visitors=", ".join(followers))
