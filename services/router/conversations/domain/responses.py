"""How answers, their delivery, a resolve and a close change a conversation, and which response runs end. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from schemas.activity import Address
from schemas.conversation import FirstResponse, ResponseRun
from schemas.values import Surface
from services.domain import response_tracking
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_finished, is_pending
from services.domain.response_tracking import Tracked
from services.router.conversations.domain.transitions import status_after


@dataclass(frozen=True, slots=True)
class Change:
    """A conversation after an event, and the response runs that the event ended, oldest first."""

    conversation: ConversationState
    ended: tuple[ResponseRun, ...] = ()

    @property
    def first_response(self) -> FirstResponse | None:
        """The first human answer of the conversation, None where the event did not end its first run with an answer."""
        for run in self.ended:
            if run.kind == "first_response" and run.accepted_at is not None:
                return FirstResponse(started_at=run.started_at, stopped_at=run.accepted_at)
        return None


def replied(conversation: ConversationState, message: str, accepted_at: datetime, now: datetime) -> ConversationState:
    """The conversation after a human answer was accepted at `accepted_at`: the customer has the next word."""
    # An answer that was written elsewhere may arrive after the resolve: it changes runs, and reopens nothing.
    tracked = response_tracking.answer_accepted(conversation.response_tracking, message, accepted_at)
    status = conversation.status if is_finished(conversation.status) else status_after(conversation, "replied")
    # Who answers anew has dealt with the answer that failed.
    return replace(
        conversation,
        status=status,
        response_tracking=tracked.tracking,
        last_answer=message,
        failed_answer=None,
        last_message=message,
        last_at=now,
        silent_since=now,
        updated_at=now,
    )


def taken_call(conversation: ConversationState, message: str, taken_at: datetime, now: datetime) -> ConversationState:
    """The conversation after its customer and a person of ours began to talk: an answer, and nobody has the next word yet."""
    answered = replied(conversation, message, taken_at, now)
    return replace(answered, status=conversation.status, silent_since=conversation.silent_since)


def delivered(conversation: ConversationState, message: str, now: datetime) -> Change:
    """A human answer reached the customer. It ends the run in which it was accepted, at the time of its acceptance."""
    # An answer that was taken for failed may be there after all.
    failed = conversation.failed_answer if conversation.failed_answer != message else None
    tracked = response_tracking.answer_delivered(conversation.response_tracking, message)
    return _changed(replace(conversation, failed_answer=failed), tracked, now)


def notice_delivered(conversation: ConversationState, accepted_at: datetime) -> Change:
    """A message of a bot or of the system, accepted at `accepted_at`, reached the customer. It ends no run."""
    tracked = response_tracking.notice_delivered(conversation.response_tracking, accepted_at)
    return Change(replace(conversation, response_tracking=tracked.tracking))


def reply_failed(conversation: ConversationState, message: str, now: datetime) -> Change:
    """A human answer did not reach the customer, perhaps after it was sent: it is the agent's turn again."""
    # Who answered anew meanwhile, or resolved the conversation, has dealt with it.
    is_left = not is_finished(conversation.status) and conversation.last_answer == message
    failed = message if is_left else conversation.failed_answer
    after = replace(conversation, status=status_after(conversation, "reply_failed"), failed_answer=failed)
    tracked = response_tracking.answer_failed(conversation.response_tracking, message)
    waiting = tracked.tracking.open_run()
    if waiting is not None and waiting.kind == "first_response":
        # The answer that failed was the first response, and no longer is.
        after = replace(after, first_response=None, first_response_at=None)
    return _changed(after, tracked, now)


def taken_back(conversation: ConversationState, message: str, now: datetime) -> Change:
    """What was taken for a human answer is none: as if nobody had given it. Who waited for it waits again."""
    failed = reply_failed(conversation, message, now)
    is_open_again = failed.conversation.response_tracking.open_run() is not None and is_pending(conversation.status)
    # As when the customer writes: without an agent it is to be queued.
    status = status_after(conversation, "message_received") if is_open_again else conversation.status
    return replace(failed, conversation=replace(failed.conversation, status=status))


def resolved(conversation: ConversationState, now: datetime) -> Change:
    """The conversation is done until the customer writes again or `CLOSES_AFTER` has passed."""
    after = replace(
        conversation,
        status=status_after(conversation, "resolved"),
        resolved_at=now,
        snoozed_until=None,
        active_call=None,
        resolutions=conversation.resolutions + 1,
        failed_answer=None,
        last_agent=conversation.agent or conversation.last_agent,
    )
    return _changed(after, response_tracking.resolved(conversation.response_tracking, now), now)


def closed(conversation: ConversationState, now: datetime) -> Change:
    """The conversation is done for good; the next message of the person opens another."""
    after = replace(conversation, status=status_after(conversation, "closed"))
    return _changed(after, response_tracking.closed(conversation.response_tracking, now), now)


def _changed(conversation: ConversationState, tracked: Tracked, now: datetime) -> Change:
    """The conversation with its new response runs. A first response never changes once there is one."""
    first = Change(conversation, tracked.ended).first_response
    after = replace(
        conversation,
        response_tracking=tracked.tracking,
        first_response=first or conversation.first_response,
        first_response_at=first.stopped_at if first else conversation.first_response_at,
        updated_at=now,
    )
    return Change(after, tracked.ended)


def redirected(
    conversation: ConversationState, surface: Surface, requested: Address, used: Address
) -> ConversationState:
    """The conversation with `used` as its address, because the platform has no `requested` any more.

    Unchanged when the customer wrote from another place since the answer was sent.
    """
    known = conversation.addresses.get(surface)
    if known is None or _location(known) != _location(requested):
        return conversation
    # A message that the customer wrote since is still there to be answered, if the chat is the same.
    is_newer = known.reply_to != requested.reply_to and _location(used) == _location(known)
    reply_to = known.reply_to if is_newer else used.reply_to
    address = known.model_copy(update={"chat": used.chat, "thread": used.thread, "reply_to": reply_to})
    return replace(conversation, addresses={**conversation.addresses, surface: address})


def _location(address: Address) -> tuple[str | None, ...]:
    return address.chat, address.thread, address.via, address.direct_topic, address.channel, address.account
