"""The processor `conversations`: threads messages into conversations, and owns their state; keyed by person."""

from services.platform.processing.processor import Handler, Processor, no_memory
from services.records.calls import CALLS
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, MOVED_CHATS, PERSONS, WRITER
from services.records.ledgers import CONSUMED_COUNTS
from services.records.mentions import MENTIONS
from services.router.conversations import (
    absence,
    action_commands,
    action_results,
    activity_reads,
    claims,
    commands,
    customers,
    delivery_results,
    erasure,
    event_handlers,
    first_messages,
    handoff_commands,
    inbound,
    misplaced_echoes,
    placed_calls,
    reads,
    second_look,
    storage_limits,
    talks,
)
from services.router.conversations import lifecycle_commands as lifecycle
from services.router.conversations.context import ConversationsContext, ConversationsDependencies
from services.router.conversations.early import SECOND_LOOK
from services.router.conversations.facts import CLOSE_TIMER
from services.router.conversations.handoff_notices import EXPIRY
from services.router.conversations.ledger import ACCOUNTING
from services.router.conversations.silence import on_silence_timer
from services.router.conversations.snooze import SNOOZE_TIMER, handle_snooze, handle_unsnooze, on_snooze_timer
from services.router.conversations.storage_limits import PROFILE_TIMER, STORAGE_TIMER
from services.router.conversations.task_counting import SILENCE_TIMER

# The steps of reads that several handlers share: each step may use the documents of the step before.
COMMAND = (reads.command, reads.chat_of_conversation)
CONFIGURED_COMMAND = (reads.configured_command, reads.rules)
ACTION = (reads.action_command, reads.reply, reads.configuration_of_reply)
REPLY = (reads.command, reads.seen_reply, reads.configuration_of_reply)
FACT = (reads.fact, reads.chat_of_conversation)
DELIVERY = (reads.delivery, reads.conversation_of_message)
SENT = (*DELIVERY, reads.configuration_of_private_reply, reads.texts_of_private_reply)
SILENCE = (reads.silence_timer, reads.settings_of_timer)
TIMER = (reads.timer, reads.chat_of_conversation)

PROCESSOR: Processor[ConversationsDependencies, None, ConversationsContext] = Processor(
    group=WRITER,
    topics=("inbound", "inbound_limited", "commands", "assignments", "sla", "deliveries"),
    context=ConversationsContext.of,
    memory=no_memory,
    handlers={
        # A prefix: one handler for all kinds of activities, which has a table by kind of its own.
        "pasokh.inbound.": Handler(
            inbound.on_activity,
            (activity_reads.activity, activity_reads.conversations_of_activity, activity_reads.chats_of_activity),
        ),
        "pasokh.command.forward": Handler(
            inbound.on_forward,
            (activity_reads.forwarded, activity_reads.conversations_of_forwarded, activity_reads.chats_of_forwarded),
        ),
        "pasokh.command.check_echo": Handler(
            misplaced_echoes.handle_check_echo, (misplaced_echoes.messages, misplaced_echoes.originals)
        ),
        "pasokh.command.reply": Handler(commands.handle_reply, REPLY),
        "pasokh.command.write_first": Handler(
            first_messages.handle_write_first, (first_messages.person, first_messages.conversations)
        ),
        "pasokh.command.resolve": Handler(commands.handle_resolve, COMMAND),
        "pasokh.command.transfer": Handler(lifecycle.handle_transfer, COMMAND),
        "pasokh.command.snooze": Handler(handle_snooze, COMMAND),
        "pasokh.command.unsnooze": Handler(handle_unsnooze, CONFIGURED_COMMAND),
        "pasokh.command.set_priority": Handler(lifecycle.handle_priority, CONFIGURED_COMMAND),
        "pasokh.command.reopen": Handler(lifecycle.handle_reopen, CONFIGURED_COMMAND),
        "pasokh.command.reroute": Handler(lifecycle.handle_reroute, CONFIGURED_COMMAND),
        "pasokh.command.return_task": Handler(absence.handle_return_task, COMMAND),
        "pasokh.command.reapply_sla": Handler(lifecycle.handle_reapply_sla, COMMAND),
        "pasokh.command.add_note": Handler(lifecycle.handle_note, COMMAND),
        "pasokh.command.claim_handoff": Handler(claims.handle_claim, COMMAND),
        "pasokh.command.request_verification": Handler(claims.handle_request_verification, CONFIGURED_COMMAND),
        "pasokh.command.merge_conversation": Handler(
            claims.handle_merge_conversation, (reads.merge_conversations, reads.language_of_workspace)
        ),
        "pasokh.command.continue_conversation": Handler(
            claims.handle_continue_conversation, (reads.continued_person, reads.own_conversation)
        ),
        "pasokh.command.erase_person": Handler(
            erasure.handle_erase_person, (erasure.erased_page, erasure.conversations_of_page)
        ),
        "pasokh.command.erase_traces": Handler(erasure.handle_erase_traces, (erasure.traces,)),
        "pasokh.command.customer_linked": Handler(customers.handle_customer_linked, (reads.person,)),
        "pasokh.command.perform_action": Handler(action_commands.handle_perform_action, ACTION),
        "pasokh.command.place_call": Handler(placed_calls.handle_place_call, CONFIGURED_COMMAND),
        "pasokh.command.clear_handoff": Handler(
            claims.handle_clear_handoff, (reads.configured_command, reads.hidden_messages)
        ),
        "pasokh.command.confirm_handoff": Handler(claims.handle_confirm_handoff, COMMAND),
        "pasokh.command.escalate": Handler(event_handlers.handle_escalation, COMMAND),
        "pasokh.command.task_due_changed": Handler(event_handlers.handle_due_changed, COMMAND),
        "pasokh.assignment.assigned": Handler(event_handlers.handle_assigned, FACT),
        "pasokh.assignment.offered": Handler(event_handlers.handle_offered, FACT),
        "pasokh.assignment.offer_ended": Handler(event_handlers.handle_offer_ended, FACT),
        "pasokh.assignment.unassigned": Handler(event_handlers.handle_unassigned, FACT),
        "pasokh.delivery.sent": Handler(delivery_results.handle_sent, SENT),
        "pasokh.delivery.failed": Handler(delivery_results.handle_failed, SENT),
        "pasokh.delivery.action_performed": Handler(action_results.handle_action_performed, DELIVERY),
        "pasokh.delivery.action_failed": Handler(action_results.handle_action_failed, DELIVERY),
        "pasokh.sla.started": Handler(event_handlers.handle_clock_started, FACT),
        **{
            f"pasokh.sla.{name}": Handler(event_handlers.handle_clock, FACT)
            for name in ("changed", "paused", "resumed", "breached", "late", "fulfilled", "cancelled")
        },
        "pasokh.control.watermark_request": Handler(event_handlers.handle_watermark_request),
    },
    timers={
        event_handlers.WATERMARK_TIMER: Handler(event_handlers.on_watermark_timer),
        CLOSE_TIMER: Handler(event_handlers.on_close_timer, TIMER),
        SNOOZE_TIMER: Handler(on_snooze_timer, SILENCE),
        SILENCE_TIMER: Handler(on_silence_timer, SILENCE),
        SECOND_LOOK: Handler(
            second_look.on_second_look, (second_look.messages, second_look.aliased, second_look.conversations)
        ),
        STORAGE_TIMER: Handler(
            storage_limits.on_storage_timer, (storage_limits.message_of_timer, storage_limits.conversation_of_timer)
        ),
        PROFILE_TIMER: Handler(storage_limits.on_profile_timer, (storage_limits.person_of_timer,)),
        talks.CALL_TIMER: Handler(talks.on_call_timer, (talks.call_of_timer, reads.settings_of_timer)),
        EXPIRY: Handler(handoff_commands.on_expiry_timer, TIMER),
    },
    collections=(ACTIVITIES, CALLS, CONSUMED_COUNTS, CONVERSATIONS, MENTIONS, MESSAGES, MOVED_CHATS, PERSONS),
    accounting=ACCOUNTING,
)
