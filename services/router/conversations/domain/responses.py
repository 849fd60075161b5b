"""What the fate of an answer does to its conversation, and which response runs end with it. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from schemas.activity import Address
from schemas.conversation import FirstResponse, ResponseRun
from schemas.values import Surface
from services.domain import response_tracking
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_finished
from services.domain.response_tracking import Tracked
from services.router.conversations.domain.transitions import status_after


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
    status = conversation.status if is_finished(conversation.status) else status_after(conversation, "replied")
    return replace(conversation, status=status, response_tracking=tracked.tracking, updated_at=now)


def delivered(conversation: ConversationState, message: str, now: datetime) -> Change:
    """A human answer reached the customer. It ends the run in which it was accepted, at its acceptance."""
    return _changed(conversation, response_tracking.answer_delivered(conversation.response_tracking, message), now)


def notice_delivered(conversation: ConversationState, accepted_at: datetime) -> Change:
    """A message of a bot or of the system that was accepted `accepted_at` reached the customer."""
    tracked = response_tracking.notice_delivered(conversation.response_tracking, accepted_at)
    return Change(replace(conversation, response_tracking=tracked.tracking))


def reply_failed(conversation: ConversationState, message: str, now: datetime) -> Change:
    """A human answer did not reach the customer: it is the agent's turn again."""
    after = replace(conversation, status=status_after(conversation, "reply_failed"))
    return _changed(after, response_tracking.answer_failed(conversation.response_tracking, message), now)


def resolved(conversation: ConversationState, now: datetime) -> Change:
    """The case is done until the customer writes again or `CLOSES_AFTER` has passed."""
    after = replace(
        conversation,
        status=status_after(conversation, "resolved"),
        resolved_at=now,
        resolutions=conversation.resolutions + 1,
        last_agent=conversation.agent or conversation.last_agent,
    )
    return _changed(after, response_tracking.resolved(conversation.response_tracking, now), now)


def closed(conversation: ConversationState, now: datetime) -> Change:
    """Done for good; the next message of the person opens another."""
    after = replace(conversation, status=status_after(conversation, "closed"))
    return _changed(after, response_tracking.closed(conversation.response_tracking, now), now)


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
