"""What each event does to a conversation, pure: a state and a time in, a new state out.

`services.domain.lifecycle` decides which status follows; this decides the rest of the state. An edit changes no status.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from schemas.activity import Activity
from schemas.conversation import Status
from schemas.routing import Assigned, TaskQueued
from services.domain import response_tracking
from services.domain.conversation_state import ConversationState, Override
from services.domain.lifecycle import (
    LifecycleEvent,
    is_finished,
    is_pending,
    is_queued,
    is_waiting,
    is_with_agent,
    next_status,
)
from services.router.conversations.domain.activities import waiting_started_at
from services.router.conversations.domain.handoff import is_in_private
from services.router.conversations.domain.routing_rules import RoutingResult

CLOSES_AFTER = timedelta(hours=72)


def opened(
    identity: str, activity: Activity, plan: RoutingResult, language: str | None, now: datetime
) -> ConversationState:
    """A new conversation by the first message of a person on a thread, waiting for an agent."""
    return ConversationState(
        id=identity,
        workspace=activity.workspace,
        key=str(activity.person_key),
        status="waiting",
        channel=activity.channel,
        account=activity.account,
        surface=activity.surface,
        person=activity.person,
        thread=activity.thread,
        team=plan.team,
        priority=plan.priority,
        requirement=plan.requirement,
        rule=plan.rule,
        config_version=plan.config_version,
        language=language,
        sentiment=activity.sentiment,
        intent=activity.intent,
        sensitive=activity.sensitive,
        opened_at=now,
        updated_at=now,
        queued_at=now,
    )


def on_customer_message(
    conversation: ConversationState, activity: Activity, message: str, now: datetime
) -> ConversationState:
    """The customer said something: a pending conversation is the agent's again, and an answer is due."""
    addresses = dict(conversation.addresses)
    if activity.address is not None:
        addresses[activity.surface] = activity.address
    tracked = response_tracking.message_received(conversation.response_tracking, message, waiting_started_at(activity))
    status = status_after(conversation, "message_received")
    # A pending conversation without an agent goes back into the queue, at its end.
    is_requeued = is_queued(status) and is_pending(conversation.status)
    return replace(
        conversation,
        status=status,
        queued_at=now if is_requeued else conversation.queued_at,
        thread=activity.thread if conversation.thread and activity.surface == "public" else conversation.thread,
        addresses=addresses,
        last_surface="private" if is_in_private(conversation) else activity.surface,
        response_tracking=tracked.tracking,
        language=conversation.language or activity.language,
        sentiment=activity.sentiment or conversation.sentiment,
        intent=conversation.intent or activity.intent,
        sensitive=conversation.sensitive or activity.sensitive,
        updated_at=now,
    )


def status_after(conversation: ConversationState, event: LifecycleEvent) -> Status:
    """The status that follows. Raises ValueError where the event is impossible: the caller did not check, our own bug."""
    status = next_status(conversation.status, event, has_agent=conversation.agent is not None)
    if status is None:
        raise ValueError(f"a conversation that is {conversation.status} cannot be {event}")
    return status


def has_no_task(conversation: ConversationState) -> bool:
    """Whether it left the queue without an agent: a person of our own side answered it elsewhere."""
    return is_pending(conversation.status) and conversation.agent is None


def reopened(conversation: ConversationState, plan: RoutingResult, now: datetime) -> ConversationState:
    """A resolved conversation waits again, by the rules of now; its last agent is preferred."""
    return replace(
        conversation,
        status=status_after(conversation, "reopened"),
        agent=None,
        team=plan.team,
        requirement=plan.requirement,
        priority=plan.priority,
        rule=plan.rule,
        config_version=plan.config_version,
        overrides=[],
        assigned_at=None,
        resolved_at=None,
        queued_at=now,
        updated_at=now,
    )


def rerouted(conversation: ConversationState, plan: RoutingResult, now: datetime) -> ConversationState:
    """The conversation by the rules of now, at its place; what a person or an escalation decided stays."""
    overrides = conversation.overrides
    return replace(
        conversation,
        team=conversation.team if "team" in overrides else plan.team,
        priority=conversation.priority if "priority" in overrides else plan.priority,
        requirement=plan.requirement,
        rule=plan.rule,
        config_version=plan.config_version,
        updated_at=now,
    )


def has_same_routing(one: ConversationState, other: ConversationState) -> bool:
    """Whether both want the same agents, as urgently."""
    return (one.team, one.priority, one.requirement) == (other.team, other.priority, other.requirement)


def overruled(conversation: ConversationState, what: Override) -> list[Override]:
    """The overrides of a conversation with one more."""
    return [*(one for one in conversation.overrides if one != what), what]


def transferred_to_agent(conversation: ConversationState, agent: str, now: datetime) -> ConversationState:
    """The conversation with the agent that somebody chose; the customer's answer stays awaited where it was."""
    return replace(
        conversation,
        status=status_after(conversation, "transferred_to_agent"),
        agent=agent,
        last_agent=agent,
        assigned_at=None,
        transfers=conversation.transfers + 1,
        updated_at=now,
    )


def transferred_to_team(conversation: ConversationState, team: str, now: datetime) -> ConversationState:
    """The conversation in the queue of another team, at its old place if it waited, else at the end."""
    queued_at = conversation.queued_at if is_waiting(conversation.status) else now
    return replace(
        conversation,
        status=status_after(conversation, "transferred_to_team"),
        agent=None,
        team=team,
        overrides=overruled(conversation, "team"),
        assigned_at=None,
        queued_at=queued_at,
        transfers=conversation.transfers + 1,
        updated_at=now,
    )


def reopened_by_agent(conversation: ConversationState, now: datetime) -> ConversationState:
    """A resolved conversation waits again because an agent reopened it, its last agent preferred."""
    status = status_after(conversation, "reopened")
    return replace(
        conversation, status=status, agent=None, assigned_at=None, resolved_at=None, queued_at=now, updated_at=now
    )


def task(conversation: ConversationState) -> TaskQueued:
    """The routing side of a waiting conversation."""
    return TaskQueued(
        conversation=conversation.id,
        key=conversation.key,
        workspace=conversation.workspace,
        channel=conversation.channel,
        account=conversation.account,
        surface=conversation.surface,
        team=conversation.team,
        requirement=conversation.requirement,
        priority=conversation.priority,
        language=conversation.language,
        queued_at=conversation.queued_at or conversation.updated_at,
        due_at=None,
        preferred=conversation.last_agent,
        rule=conversation.rule,
        config_version=conversation.config_version,
    )


def assigned(conversation: ConversationState, assignment: Assigned, now: datetime) -> ConversationState | None:
    """The conversation with its agent; None when it is finished, left the queue, or was assigned to that agent before.

    Dispatch alone keeps who has a task. A transfer to an agent is shown at once and has no `assigned_at` until dispatch
    confirms it here.
    """
    known = conversation.agent == assignment.agent and conversation.assigned_at is not None
    if is_finished(conversation.status) or known or has_no_task(conversation):
        return None
    return replace(
        conversation,
        status=status_after(conversation, "assigned"),
        agent=assignment.agent,
        last_agent=assignment.agent,
        team=assignment.team,
        assigned_at=assignment.at,
        updated_at=now,
    )


def unassigned(conversation: ConversationState, agent: str, now: datetime) -> ConversationState | None:
    """The conversation back in the queue because its agent went; None when that agent does not have it."""
    if not is_with_agent(conversation.status) or conversation.agent != agent:
        return None
    status = status_after(conversation, "unassigned")
    return replace(conversation, status=status, agent=None, assigned_at=None, updated_at=now)


def discarded(conversation: ConversationState, now: datetime) -> ConversationState:
    """Nothing was left of the message that opened it."""
    return replace(conversation, status=status_after(conversation, "discarded"), updated_at=now)
