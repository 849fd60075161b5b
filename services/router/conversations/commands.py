"""The two commands that end an agent's turn: a reply and a resolve."""

from schemas.commands import Reply, Resolve
from schemas.conversation import Author
from schemas.values import Problem
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_pending
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import MESSAGES, PERSONS, MessageRecord
from services.router.conversations.command_outcomes import decide_command, handle_command
from services.router.conversations.context import ConversationsContext
from services.router.conversations.delivered import message_details
from services.router.conversations.domain import responses, transitions
from services.router.conversations.domain.plans import Judge, Plan, plan_reply
from services.router.conversations.domain.refusals import refuse_resolve, refuse_unseen
from services.router.conversations.facts import FactDetails, end_mention, force_assign, record_fact, record_resolved
from services.router.conversations.outgoing import put_message
from services.router.conversations.private_replies import begin_private_reply
from services.router.conversations.silence import apply_silence


def handle_reply(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Send an agent's answer to the customer. Who answers a waiting conversation takes it. The result is the id of its message."""
    reply = received.event.payload_as(Reply)

    def decide(case: ConversationState) -> Problem | str:
        surface = reply.surface or case.last_surface
        rules = context.rules(case, case.addresses.get(surface), reply.language)
        person, has_answer = (
            context.work.get(PERSONS, received.event.partitionkey),
            _has_answer(context.work, case, rules),
        )
        planned = plan_reply(case, reply, person, rules, has_answer=has_answer)
        unseen = _refuse_unseen(context.work, case, reply)
        if isinstance(planned, Problem):
            return planned
        return unseen or _send(context, case, reply, planned)

    decide_command(context.work, received, reply, decide, created=True)


def _has_answer(work: UnitOfWork, case: ConversationState, rules: Judge) -> bool:
    """Whether the last answer stands, and the customer waits for no other. On a channel that shows many, it does not matter."""
    is_single = rules.capabilities is not None and rules.capabilities.single_answer
    answer = work.get(MESSAGES, case.last_answer) if is_single and case.last_answer is not None else None
    stands = answer is not None and answer.state not in {"failed", "deleted"}
    return stands and case.response_tracking.open_run() is None


def _refuse_unseen(work: UnitOfWork, case: ConversationState, reply: Reply) -> Problem | None:
    if reply.after is None or case.last_message is None:
        return None
    return refuse_unseen(reply, work.get(MESSAGES, reply.after), work.get(MESSAGES, case.last_message))


def _send(context: ConversationsContext, case: ConversationState, reply: Reply, plan: Plan) -> str:
    if transitions.is_to_be_taken(case):
        has_task = not transitions.has_no_task(case)
        case = transitions.taken(case, reply.agent, context.work.now)
        force_assign(context.work, case, reply.agent, by=reply.agent, has_task=has_task)
    work, author = context.work, Author(kind="agent", id=reply.agent, name=reply.agent_name)
    case = end_mention(work, case, reply.agent)
    message = put_message(work, case, author, reply.text, plan, reply.accepted_at)
    if plan.answers_post is not None:
        case = begin_private_reply(work, case, message, plan.answers_post)
    record_human_answer(context, case, message, reply.confirmed_by)
    return message.id


def record_human_answer(
    context: ConversationsContext, case: ConversationState, message: MessageRecord, confirmed_by: str | None
) -> None:
    """Record that a person of ours wrote: the customer has the next word. The configuration must have been read."""
    work = context.work
    replied = responses.replied(case, message.id, message.received_at, work.now)
    after = apply_silence(context, replied, context.configuration(case.workspace)) or replied
    details: FactDetails = {**message_details(message), "confirmed_by": confirmed_by}
    record_fact(work, "replied", after, case.status, **details)
    # `replied` is about the message, `pending` about the status: a second answer in a row changes no status.
    if not is_pending(case.status):
        record_fact(work, "pending", after, after.status)


def handle_resolve(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Resolve a conversation: its agent has capacity again, and it closes after `CLOSES_AFTER`."""
    resolve = received.event.payload_as(Resolve)
    handle_command(
        context.work,
        received,
        resolve,
        lambda case: refuse_resolve(case, resolve),
        lambda case: record_resolved(context.work, case),
    )
