"""What becomes of a conversation whose agent is not there, or does not look at it."""

from dataclasses import replace

from schemas.commands import ReturnTask
from services.domain.lifecycle import is_assigned, is_finished, is_pending
from services.platform.processing.inputs import ReceivedEvent
from services.records.conversations import CONVERSATIONS
from services.router.conversations.context import ConversationsContext
from services.router.conversations.facts import put_conversation
from services.router.conversations.task_counting import pause_task, send_returned


def handle_return_task(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Dispatch asks about a conversation of an agent who is not there.

    Where the customer has the next word, it stays with the agent and counts no more. Where the customer waits, it goes back to the
    queue, or with `keeps` it does when they write again.
    """
    work, command = context.work, received.event.payload_as(ReturnTask)
    case = work.get(CONVERSATIONS, command.conversation)
    if case is None or is_finished(case.status) or case.snoozed_until is not None:
        return
    if case.active_call is not None:
        # They talk to the customer by telephone, wherever their page is.
        return
    is_theirs = case.agent == command.agent
    if command.unread_since is not None and not (is_theirs and is_assigned(case.status)):
        # Who answers has looked.
        return
    if is_theirs and is_pending(case.status):
        pause_task(work, case)
    elif not command.keeps:
        # Also when we do not know yet that the agent has it: dispatch knows, and its assignment is on the way here.
        send_returned(work, case, command.agent, command.reason, command.preferred_seconds)
    elif is_theirs and is_assigned(case.status):
        put_conversation(work, replace(case, kept_by=command.agent))
