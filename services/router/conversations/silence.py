"""What becomes of a conversation whose customer is silent after an answer: what is due, and when to look again."""

from dataclasses import replace

from services.domain.conversation_state import ConversationState
from services.platform.processing.inputs import TimerFired
from services.records.conversations import CONVERSATIONS
from services.router.conversations.context import Configuration, ConversationsContext
from services.router.conversations.domain.silence import due, silence_rules
from services.router.conversations.facts import put_conversation, record_resolved, text_field
from services.router.conversations.task_counting import pause_task, with_silence_timer


def on_silence_timer(context: ConversationsContext, timer: TimerFired) -> None:
    """Apply what is due of a customer's silence, and set the timer for what comes next."""
    case = context.work.get(CONVERSATIONS, text_field(timer.data, "conversation"))
    if case is None:
        return
    fired = replace(case, silence_timer_at=None)
    after = apply_silence(context, fired, context.configuration(case.workspace))
    if after is not None:
        put_conversation(context.work, after)


def apply_silence(
    context: ConversationsContext, case: ConversationState, configuration: Configuration
) -> ConversationState | None:
    """The conversation with the timer of what comes next, to be stored. None: it was resolved, and is stored."""
    work = context.work
    step = due(case, silence_rules(configuration, case, context.capabilities.paces), work.now)
    if step.resolves:
        record_resolved(work, case, reason="no_answer")
        return None
    if step.releases:
        pause_task(work, case)
    return case if step.next_at is None else with_silence_timer(work, case, step.next_at)
