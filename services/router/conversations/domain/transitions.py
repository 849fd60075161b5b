"""What each event does to a conversation: a state and a time (UTC) in, a new state out. Pure.

`services.domain.lifecycle` decides which status follows; this module decides the other fields.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from schemas.activity import Activity, Address
from schemas.configuration import DEFAULT_TEAM
from schemas.conversation import ConversationOffer, Status
from schemas.identity import PersonKey
from schemas.outbound import ReplyReference
from schemas.routing import Assigned, OfferClosed, Offered, TaskQueued
from services.domain import response_tracking
from services.domain.conversation_state import ConversationState, Override
from services.domain.lifecycle import (
    LifecycleEvent,
    is_finished,
    is_offered,
    is_pending,
    is_queued,
    is_waiting,
    is_with_agent,
    next_status,
)
from services.router.conversations.domain.activities import happened_at, merged_participants, waiting_started_at
from services.router.conversations.domain.handoff import is_in_private
from services.router.conversations.domain.routing_rules import RoutingResult

MAX_REFERENCES = 20
"""How many earlier mails of a thread an answer names, the latest."""
CLOSES_AFTER = timedelta(hours=72)
"""How long a resolved conversation can be reopened."""


def opened(
    identity: str, activity: Activity, routing: RoutingResult, language: str | None, now: datetime
) -> ConversationState:
    """A new conversation for the first message of a person on a thread. It waits for an agent."""
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
        team=routing.team,
        priority=routing.priority,
        requirement=routing.requirement,
        relax=list(routing.relax),
        rule=routing.rule,
        config_version=routing.config_version,
        language=language,
        sentiment=activity.sentiment,
        intent=activity.intent,
        sensitive=activity.sensitive,
        opened_at=now,
        updated_at=now,
        queued_at=now,
    )


def begun(identity: str, person: PersonKey, address: Address, language: str | None, now: datetime) -> ConversationState:
    """A new conversation in private that our side begins: the customer has the next word, and waits for nothing."""
    channel, account, _ = person.person.split(":", 2)
    return ConversationState(
        id=identity,
        workspace=person.workspace,
        key=str(person),
        status="pending",
        channel=channel,
        account=account,
        surface="private",
        person=person.person,
        team=DEFAULT_TEAM,
        language=language,
        addresses={"private": address},
        opened_at=now,
        updated_at=now,
    )


def on_customer_message(
    conversation: ConversationState, activity: Activity, message: str, now: datetime
) -> ConversationState:
    """The conversation after a customer message that needs an answer; a pending one is the agent's turn again."""
    tracked = response_tracking.message_received(conversation.response_tracking, message, waiting_started_at(activity))
    status = status_after(conversation, "message_received")
    # A pending conversation without an agent goes back into the queue, at its end.
    is_requeued = is_queued(status) and is_pending(conversation.status)
    return replace(
        conversation,
        status=status,
        queued_at=now if is_requeued else conversation.queued_at,
        # A group that became a supergroup has another thread; a private message leaves the public thread as it is.
        thread=activity.thread if conversation.thread and activity.surface == "public" else conversation.thread,
        addresses=_addresses_after(conversation, activity),
        wrote_at=wrote_at_after(conversation, activity),
        last_surface="private" if is_in_private(conversation) else activity.surface,
        response_tracking=tracked.tracking,
        # Language and intent are those of the message that opened it, which routing went by; the sentiment is the latest.
        language=conversation.language or activity.language,
        sentiment=activity.sentiment or conversation.sentiment,
        intent=conversation.intent or activity.intent,
        subject=conversation.subject or activity.subject,
        participants=merged_participants(conversation.participants, activity.participants),
        mail=_last_mail(conversation.mail, activity),
        sensitive=conversation.sensitive or activity.sensitive,
        last_message=message,
        last_at=now,
        received=conversation.received + 1,
        kept_by=None,
        updated_at=now,
    )


def _last_mail(before: ReplyReference | None, activity: Activity) -> ReplyReference | None:
    """The mail that the next answer refers to, with those before it (RFC 5322, 3.6.4)."""
    if activity.subject is None or activity.platform_id is None:
        return before
    earlier = [*before.references, before.platform_id] if before else []
    return ReplyReference(
        platform_id=activity.platform_id, subject=activity.subject, references=earlier[-MAX_REFERENCES:]
    )


def _addresses_after(conversation: ConversationState, activity: Activity) -> dict[str, Address]:
    # The latest message decides where the answer goes: a customer may write from another chat of the account.
    latest: dict[str, Address] = {} if activity.address is None else {activity.surface: activity.address}
    return {**conversation.addresses, **latest}


def wrote_at_after(conversation: ConversationState, activity: Activity) -> dict[str, datetime]:
    """When the customer last wrote on each surface: a platform counts from its own time, which is not later than ours."""
    at, known = min(happened_at(activity), activity.received_at), conversation.wrote_at
    latest = known.get(activity.surface)
    return known if latest is not None and at <= latest else {**known, activity.surface: at}


def status_after(conversation: ConversationState, event: LifecycleEvent) -> Status:
    """The status after an event. Raises ValueError for an impossible event: the caller has to check, so it is our bug."""
    status = next_status(conversation.status, event, has_agent=conversation.agent is not None)
    if status is None:
        raise ValueError(f"a conversation that is {conversation.status} cannot be {event}")
    return status


def has_no_task(conversation: ConversationState) -> bool:
    """Whether dispatch has no task of it: a person of our own side answered elsewhere, while it had no agent."""
    return is_pending(conversation.status) and conversation.agent is None


def is_to_be_taken(conversation: ConversationState) -> bool:
    """Whether nobody has it, so that who answers it takes it: it waits, or was answered elsewhere."""
    return is_queued(conversation.status) or has_no_task(conversation)


def reopened(
    conversation: ConversationState, intent: str | None, routing: RoutingResult, now: datetime
) -> ConversationState:
    """A resolved conversation reopened by a customer message, routed anew; dispatch prefers its last agent.

    `intent` is that of the message, by which it was routed: rules that change meanwhile have to see it too.
    """
    return replace(
        conversation,
        intent=intent or conversation.intent,
        status=status_after(conversation, "reopened"),
        agent=None,
        team=routing.team,
        requirement=routing.requirement,
        relax=list(routing.relax),
        priority=routing.priority,
        rule=routing.rule,
        config_version=routing.config_version,
        # What a person decided held for the case as it was: a reopened one follows the rules alone.
        overrides=[],
        assigned_at=None,
        resolved_at=None,
        queued_at=now,
        updated_at=now,
    )


def rerouted(conversation: ConversationState, routing: RoutingResult, now: datetime) -> ConversationState:
    """The conversation with another routing, at its position in the queue; overridden fields stay as they are."""
    overrides = conversation.overrides
    return replace(
        conversation,
        team=conversation.team if "team" in overrides else routing.team,
        priority=conversation.priority if "priority" in overrides else routing.priority,
        requirement=routing.requirement,
        relax=list(routing.relax),
        rule=routing.rule,
        config_version=routing.config_version,
        updated_at=now,
    )


def has_same_routing(one: ConversationState, other: ConversationState) -> bool:
    """Whether two states of a conversation are routed to the same agents with the same priority."""
    return (one.team, one.priority, one.requirement) == (other.team, other.priority, other.requirement)


def overruled(conversation: ConversationState, field: Override) -> list[Override]:
    """The overrides of a conversation after a person or an escalation decided `field`."""
    return [*(known for known in conversation.overrides if known != field), field]


def transferred_to_agent(conversation: ConversationState, agent: str, now: datetime) -> ConversationState:
    """The conversation with the agent whom a person chose. A pending one stays pending: the customer has the next word."""
    return replace(
        conversation,
        status=status_after(conversation, "transferred_to_agent"),
        agent=agent,
        last_agent=agent,
        # None until dispatch confirms: `assigned` takes the same agent as new only then.
        assigned_at=None,
        transfers=conversation.transfers + 1,
        snoozed_until=None,
        active_call=None,
        updated_at=now,
    )


def transferred_to_team(conversation: ConversationState, team: str, now: datetime) -> ConversationState:
    """The conversation in the queue of another team: at its old position if nobody had accepted it, else at the end."""
    queued_at = conversation.queued_at if is_queued(conversation.status) else now
    return replace(
        conversation,
        status=status_after(conversation, "transferred_to_team"),
        agent=None,
        team=team,
        overrides=overruled(conversation, "team"),
        assigned_at=None,
        queued_at=queued_at,
        transfers=conversation.transfers + 1,
        snoozed_until=None,
        active_call=None,
        updated_at=now,
    )


def taken(conversation: ConversationState, agent: str, now: datetime) -> ConversationState:
    """The conversation with the agent who writes to its customer unasked; dispatch confirms the agent."""
    status = status_after(conversation, "transferred_to_agent")
    return replace(
        conversation, status=status, agent=agent, last_agent=agent, assigned_at=None, snoozed_until=None, updated_at=now
    )


def reopened_by_agent(conversation: ConversationState, now: datetime) -> ConversationState:
    """A resolved conversation reopened by an agent; dispatch prefers its last agent."""
    status = status_after(conversation, "reopened")
    return replace(
        conversation, status=status, agent=None, assigned_at=None, resolved_at=None, queued_at=now, updated_at=now
    )


def task(conversation: ConversationState) -> TaskQueued:
    """The task that dispatch queues for a waiting conversation."""
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
        relax=conversation.relax,
        rule=conversation.rule,
        config_version=conversation.config_version,
    )


def assigned(conversation: ConversationState, assignment: Assigned, now: datetime) -> ConversationState | None:
    """The conversation with its agent; None when it is finished, left the queue, or was assigned to that agent before.

    Dispatch alone decides who has a task. A transfer to an agent is shown at once, and has no `assigned_at` until
    dispatch confirms it by this event.
    """
    # Dispatch assigns by what it knew then: the conversation may have been resolved, or answered elsewhere, meanwhile.
    is_known = conversation.agent == assignment.agent and conversation.assigned_at is not None
    # A person may take what was answered elsewhere.
    is_gone = has_no_task(conversation) and not assignment.by_person
    if is_finished(conversation.status) or is_known or is_gone:
        return None
    if assignment.by_person:
        # Who takes a conversation that rests wakes it.
        conversation = replace(conversation, snoozed_until=None, wake_on_reply=False)
    return replace(
        conversation,
        status=status_after(conversation, "assigned"),
        agent=assignment.agent,
        last_agent=assignment.agent,
        team=assignment.team,
        offer=None,
        assigned_at=assignment.at,
        updated_at=now,
    )


def offered(conversation: ConversationState, offer: Offered, now: datetime) -> ConversationState | None:
    """The conversation, offered to an agent; None when it left the queue meanwhile: dispatch withdraws the offer then."""
    if not is_waiting(conversation.status):
        return None
    open_offer = ConversationOffer(id=offer.offer, agent=offer.agent, expires_at=offer.expires_at)
    status = status_after(conversation, "offered")
    return replace(conversation, status=status, offer=open_offer, team=offer.team, updated_at=now)


def offer_ended(conversation: ConversationState, ended: OfferClosed, now: datetime) -> ConversationState:
    """The conversation after its offer ended. Of an accepted one it stays offered until the assignment, which follows."""
    if ended.why == "accepted":
        return conversation
    is_current = is_offered(conversation.status)
    status = status_after(conversation, "offer_ended") if is_current else conversation.status
    return replace(conversation, status=status, offer=None, updated_at=now)


def unassigned(conversation: ConversationState, agent: str, now: datetime) -> ConversationState | None:
    """The conversation back in the queue because its agent went offline or was deleted; None when it has another agent."""
    if not is_with_agent(conversation.status) or conversation.agent != agent:
        return None
    status = status_after(conversation, "unassigned")
    return replace(conversation, status=status, agent=None, assigned_at=None, updated_at=now)


def discarded(conversation: ConversationState, now: datetime) -> ConversationState:
    """The conversation closed, because the message that opened it was deleted before it arrived."""
    return replace(conversation, status=status_after(conversation, "discarded"), updated_at=now)
