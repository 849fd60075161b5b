"""What each event does to a conversation, pure: a state and a time in, a new state out.

`services.domain.lifecycle` decides which status follows; this decides the rest of the state. An edit changes no status.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schemas.activity import Activity, Address
from schemas.conversation import FirstResponse, ResponseRun, Status
from schemas.routing import Assigned, TaskQueued
from schemas.values import Surface
from services.domain import response_tracking
from services.domain.conversation_state import Contact, ConversationState, Override
from services.domain.lifecycle import (
    LifecycleEvent,
    is_finished,
    is_pending,
    is_queued,
    is_waiting,
    is_with_agent,
    next_status,
)
from services.domain.response_tracking import Tracked
from services.router.conversations.domain.routing_rules import RoutingAttributes, RoutingResult

CLOSES_AFTER = timedelta(hours=72)
PLATFORM_TIME_TRUSTED_AFTER = timedelta(seconds=5)
THUMBS_UP = re.compile("(?:\\s{0,20}+\U0001f44d[\U0001f3fb-\U0001f3ff\ufe0f]{0,8}+)++\\s{0,20}+")
"""One or several, in any colour of skin."""


def waiting_started_at(activity: Activity) -> datetime:
    """When waiting for an answer began: our receipt, or the platform's time where that is more than 5 s earlier."""
    sent, received = activity.sent_at, activity.received_at
    return sent if sent is not None and received - sent > PLATFORM_TIME_TRUSTED_AFTER else received


def traits_now(case: ConversationState) -> RoutingAttributes:
    """What routing rules may look at when they are applied to a conversation again."""
    return RoutingAttributes(
        channel=case.channel,
        surface=case.surface,
        language=case.language,
        intent=case.intent,
        sentiment=case.sentiment,
        sensitive=case.sensitive,
        tags=tuple(case.tags),
    )


def routing_attributes(activity: Activity, language: str | None, sensitive: bool) -> RoutingAttributes:
    """What routing rules may look at."""
    return RoutingAttributes(
        channel=activity.channel,
        surface=activity.surface,
        language=language,
        intent=activity.intent,
        sentiment=activity.sentiment,
        sensitive=sensitive,
    )


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
    status = _after(conversation, "message_received")
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


def _after(conversation: ConversationState, event: LifecycleEvent) -> Status:
    """The status that follows. Raises ValueError where the event is impossible: the caller did not check, our own bug."""
    status = next_status(conversation.status, event, has_agent=conversation.agent is not None)
    if status is None:
        raise ValueError(f"a conversation that is {conversation.status} cannot be {event}")
    return status


def has_no_task(conversation: ConversationState) -> bool:
    """Whether it left the queue without an agent: a person of our own side answered it elsewhere."""
    return is_pending(conversation.status) and conversation.agent is None


def is_acknowledgement(activity: Activity) -> bool:
    """Whether all that the customer says is a thumbs-up, written or as a sticker."""
    if activity.kind != "message":
        return False
    said = activity.text.text if activity.text else ""
    if not activity.attachments:
        return THUMBS_UP.fullmatch(said) is not None
    return not said and all(
        one.kind == "sticker" and _is_thumb(one.details.get("emoji")) for one in activity.attachments
    )


def _is_thumb(emoji: object) -> bool:
    return isinstance(emoji, str) and THUMBS_UP.fullmatch(emoji) is not None


def is_in_private(conversation: ConversationState) -> bool:
    """Whether a hand-off took it there: it is answered in private from then on, wherever the customer writes."""
    return conversation.handoff is not None and conversation.handoff.state == "completed"


def reopened(conversation: ConversationState, plan: RoutingResult, now: datetime) -> ConversationState:
    """A resolved conversation waits again, by the rules of now; its last agent is preferred."""
    return replace(
        conversation,
        status=_after(conversation, "reopened"),
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


def replanned(conversation: ConversationState, plan: RoutingResult, now: datetime) -> ConversationState:
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


def is_routed_alike(one: ConversationState, other: ConversationState) -> bool:
    """Whether both want the same agents, as urgently."""
    return (one.team, one.priority, one.requirement) == (other.team, other.priority, other.requirement)


def overruled(conversation: ConversationState, what: Override) -> list[Override]:
    """The overrides of a conversation with one more."""
    return [*(one for one in conversation.overrides if one != what), what]


def transferred_to_agent(conversation: ConversationState, agent: str, now: datetime) -> ConversationState:
    """The conversation with the agent that somebody chose; the customer's answer stays awaited where it was."""
    return replace(
        conversation,
        status=_after(conversation, "transferred_to_agent"),
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
        status=_after(conversation, "transferred_to_team"),
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
    status = _after(conversation, "reopened")
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
        status=_after(conversation, "assigned"),
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
    status = _after(conversation, "unassigned")
    return replace(conversation, status=status, agent=None, assigned_at=None, updated_at=now)


@dataclass(frozen=True, slots=True)
class Change:
    """The conversation after the fate of an answer or after its end, and the response runs that ended with that."""

    conversation: ConversationState
    ended: tuple[ResponseRun, ...] = ()

    @property
    def first_response(self) -> FirstResponse | None:
        """The first human answer of the conversation, where it is among what ended."""
        for run in self.ended:
            if run.kind == "first_response" and run.accepted_at is not None:
                return FirstResponse(started_at=run.started_at, stopped_at=run.accepted_at)
        return None


def replied(conversation: ConversationState, message: str, accepted_at: datetime, now: datetime) -> ConversationState:
    """A human answer was accepted: the next move is the customer's. In a finished conversation no status follows."""
    tracked = response_tracking.answer_accepted(conversation.response_tracking, message, accepted_at)
    status = conversation.status if is_finished(conversation.status) else _after(conversation, "replied")
    return replace(conversation, status=status, response_tracking=tracked.tracking, updated_at=now)


def delivered(conversation: ConversationState, message: str, now: datetime) -> Change:
    """A human answer reached the customer. It ends the run in which it was accepted, at its acceptance."""
    return _changed(conversation, response_tracking.answer_delivered(conversation.response_tracking, message), now)


def notice_delivered(conversation: ConversationState, accepted_at: datetime) -> Change:
    """A message of a bot or of the system that was accepted `accepted_at` reached the customer."""
    tracked = response_tracking.notice_delivered(conversation.response_tracking, accepted_at)
    return Change(replace(conversation, response_tracking=tracked.tracking))


def _changed(conversation: ConversationState, tracked: Tracked, now: datetime) -> Change:
    """The conversation with the response runs of now. It keeps its first response, once it has one."""
    first = Change(conversation, tracked.ended).first_response
    after = replace(
        conversation,
        response_tracking=tracked.tracking,
        first_response=first or conversation.first_response,
        first_response_at=first.stopped_at if first else conversation.first_response_at,
        updated_at=now,
    )
    return Change(after, tracked.ended)


def redirected(conversation: ConversationState, surface: Surface, asked: Address, used: Address) -> ConversationState:
    """The conversation answers at `used`, because `asked` was gone; unless the customer wrote elsewhere meanwhile."""
    known = conversation.addresses.get(surface)
    if known is None or _location(known) != _location(asked):
        return conversation
    # What the customer wrote since may still be answered, where its place is the same.
    kept = known.reply_to if known.reply_to != asked.reply_to and _location(used) == _location(known) else used.reply_to
    address = known.model_copy(update={"chat": used.chat, "thread": used.thread, "reply_to": kept})
    return replace(conversation, addresses={**conversation.addresses, surface: address})


def _location(address: Address) -> tuple[str | None, ...]:
    return address.chat, address.thread, address.via, address.direct_topic, address.channel, address.account


def reply_failed(conversation: ConversationState, message: str, now: datetime) -> Change:
    """A human answer did not reach the customer: it is the agent's turn again."""
    after = replace(conversation, status=_after(conversation, "reply_failed"))
    return _changed(after, response_tracking.answer_failed(conversation.response_tracking, message), now)


def resolved(conversation: ConversationState, now: datetime) -> Change:
    """The case is done until the customer writes again or `CLOSES_AFTER` has passed."""
    after = replace(
        conversation,
        status=_after(conversation, "resolved"),
        resolved_at=now,
        resolutions=conversation.resolutions + 1,
        last_agent=conversation.agent or conversation.last_agent,
    )
    return _changed(after, response_tracking.resolved(conversation.response_tracking, now), now)


def closed(conversation: ConversationState, now: datetime) -> Change:
    """Done for good; the next message of the person opens another."""
    after = replace(conversation, status=_after(conversation, "closed"))
    return _changed(after, response_tracking.closed(conversation.response_tracking, now), now)


def discarded(conversation: ConversationState, now: datetime) -> ConversationState:
    """Nothing was left of the message that opened it."""
    return replace(conversation, status=_after(conversation, "discarded"), updated_at=now)


def record_contact(person: Contact | None, activity: Activity, now: datetime) -> Contact:
    """The person as known after an activity."""
    known = person or _new_contact(activity, now)
    return replace(
        known,
        name=activity.person_name or known.name,
        language=activity.language or known.language,
        email=_said(activity, "email") or known.email,
        phone=_said(activity, "phone") or known.phone,
        seen_at=now,
    )


def _said(activity: Activity, name: str) -> str | None:
    """What a person says of where they can be reached; what was masked, since it was said in public, is nowhere."""
    value = activity.details.get(name)
    return value if isinstance(value, str) and value and name not in activity.masked else None


def _new_contact(activity: Activity, now: datetime) -> Contact:
    return Contact(
        key=str(activity.person_key),
        workspace=activity.workspace,
        person=activity.person,
        name=None,
        language=None,
        email=None,
        phone=None,
        blocked=False,
        open={},
        forwarded_to=None,
        linked_groups=[],
        greeted_at=None,
        seen_at=now,
    )


def thread_for(activity: Activity) -> str:
    """Which of a person's open conversations an activity belongs to: '' in private, else the public place."""
    return (activity.thread or "") if activity.surface == "public" else ""
