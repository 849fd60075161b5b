"""Why a command on a conversation is refused, as the problem that REST answers: what is wrong and what to do. Pure."""

from collections.abc import Sequence

from schemas.channel import Capabilities
from schemas.commands import ConfirmHandoff, Reply, Resolve, Transfer
from schemas.identity import PersonKey
from schemas.outbound import OutboundAttachment
from schemas.values import Problem, Surface
from services.domain.conversation_state import Contact, ConversationState
from services.domain.lifecycle import is_closed, is_finished, is_resolved
from services.domain.outgoing_files import file_problem
from services.router.conversations.domain import handoff
from services.router.conversations.domain.transitions import has_no_task

NO_CONVERSATION = Problem(status=404, title="Not found", detail="There is no such conversation.")
NOT_ASSIGNED = "It waits and has no agent yet"
ANSWERED_ELSEWHERE = "It was answered elsewhere by your own side and has no agent: transfer it to one"


def refuse_none(_: ConversationState) -> None:
    """Refuse nothing: the command is possible in every status."""


def refuse_finished(case: ConversationState) -> Problem | None:
    """Refuse a command that only an open conversation takes."""
    if not is_finished(case.status):
        return None
    detail = f"The conversation is {case.status}. Reopen it first."
    return Problem(status=409, title="Conversation is finished", detail=detail)


def refuse_reply(case: ConversationState, agent: str) -> Problem | None:
    """Refuse a reply that the conversation does not take from this agent."""
    if is_finished(case.status):
        detail = f"The conversation is {case.status}. Reopen it, or wait for the customer to write again."
        return Problem(status=409, title="Conversation is finished", detail=detail)
    if case.agent == agent:
        return None
    without_agent = ANSWERED_ELSEWHERE if has_no_task(case) else NOT_ASSIGNED
    assignee = f"It is with {case.agent}" if case.agent else without_agent
    detail = f"{agent} is not the assignee. {assignee}; only the assignee can reply."
    return Problem(status=409, title="Not the assignee", detail=detail)


def refuse_without_address(case: ConversationState, surface: Surface) -> Problem:
    """Refuse a reply on a surface on which the customer has not written, and cannot be reached."""
    written_on = ", ".join(sorted(case.addresses)) or "nowhere"
    detail = f"The customer has not written on the {surface} side of this channel, only here: {written_on}."
    return Problem(status=409, title="No address on that surface", detail=detail)


def refuse_files(files: Sequence[OutboundAttachment], channel: str, capabilities: Capabilities) -> Problem | None:
    """Refuse files that the channel does not take."""
    problem = file_problem(files, channel, capabilities)
    if problem is None:
        return None
    pointer, detail = problem
    return Problem(status=422, title="File not taken by the channel", detail=detail, pointer=pointer)


def refuse_files_of_private_reply() -> Problem:
    """Refuse files in an answer that opens a private chat."""
    detail = (
        "A private reply to a public post is one message of text. Send the files once the customer has answered it."
    )
    return Problem(status=422, title="File not taken by the channel", detail=detail, pointer="/attachments")


def refuse_in_public(case: ConversationState, reply: Reply) -> Problem | None:
    """Refuse a public reply that holds a secret, or that is about a sensitive case."""
    # The route checked the text for the surface of that moment. Since then the customer may have written in public.
    secrets = reply.masked or reply.sensitive_kinds
    if secrets and reply.confirmed_by is None:
        detail = f"A public reply must not hold a secret ({', '.join(secrets)}). Write it without, or in private."
        return Problem(status=409, title="Secret in a public reply", detail=detail)
    if handoff.is_private_only(case):
        detail = (
            "The case is sensitive: answer on the private surface, where nobody else reads. While nobody followed the "
            "link there is none: wait until it expires, or say that the public may read it by POST …/handoff/clear."
        )
        return Problem(status=409, title="Public reply to a sensitive case", detail=detail)
    return None


def refuse_to_write_first(case: ConversationState, agent: str | None) -> Problem | None:
    """Refuse to write into a conversation that another agent has."""
    if agent is None or is_finished(case.status) or case.agent in {None, agent}:
        return None
    detail = (
        f"The customer's conversation {case.id} is with {case.agent}: leave the message to them, or transfer it first."
    )
    return Problem(status=409, title="Not the assignee", detail=detail)


def refuse_resolve(case: ConversationState, resolve: Resolve) -> Problem | None:
    """Refuse to resolve a finished conversation, or that of another agent; without `agent` the assignee is overruled."""
    if is_finished(case.status):
        detail = f"The conversation is already {case.status}."
        return Problem(status=409, title="Conversation is finished", detail=detail)
    if resolve.agent and case.agent and resolve.agent != case.agent:
        detail = f"{resolve.agent} is not the assignee; it is with {case.agent}. Leave `agent` out to overrule."
        return Problem(status=409, title="Not the assignee", detail=detail)
    return None


def refuse_transfer(case: ConversationState, transfer: Transfer) -> Problem | None:
    """Refuse a transfer to where the conversation is, and one of a finished conversation."""
    if transfer.to_agent is not None and transfer.to_agent == case.agent:
        return Problem(status=409, title="Already there", detail=f"{case.agent} has the conversation already.")
    if transfer.to_team is not None and transfer.to_team == case.team:
        return Problem(status=409, title="Already there", detail=f"The conversation is with team {case.team} already.")
    return refuse_finished(case)


def refuse_reopen(case: ConversationState, person: Contact | None) -> Problem | None:
    """Refuse to reopen a conversation that is not resolved, or beside another open one on the same thread."""
    if is_closed(case.status):
        detail = "The conversation is closed for good; the customer's next message opens another."
        return Problem(status=409, title="Conversation is closed", detail=detail)
    if not is_resolved(case.status):
        detail = f"The conversation is {case.status}; only a resolved one can be reopened."
        return Problem(status=409, title="Not resolved", detail=detail)
    current = person.open.get(case.thread or "") if person else None
    if current in {None, case.id}:
        return None
    detail = f"The customer has another open conversation there: {current}."
    return Problem(status=409, title="Another is open", detail=detail)


def refuse_confirmation(case: ConversationState, command: ConfirmHandoff) -> Problem | None:
    """Refuse to confirm a person who did not follow the link of the hand-off."""
    person = PersonKey(case.workspace, command.person)
    # Confirmed already: a second confirmation changes nothing, and is no error.
    if handoff.is_private_side(case, person):
        return None
    if handoff.may_claim(case, person) and handoff.unconfirmed(case, person) is not None:
        return None
    followers = [follower.person.person for follower in case.handoff.unconfirmed] if case.handoff else []
    known = f"These did: {', '.join(followers)}." if followers else "Nobody is waiting for that."
    detail = f"{command.person} did not follow the link of this hand-off. {known}"
    return Problem(status=409, title="Not an unconfirmed visitor", detail=detail)
