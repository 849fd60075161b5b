"""Echoes of our own answers that joined another conversation than the one whose answer they are.

Where comments have two levels, our answer to a comment below another's comment stands below that other one, and its echo
names nothing else: before the result of the send is known, it looks like an answer to the author of the upper comment. The
conversation that sent the answer and the one that the echo joined have different owners, who may decide at the same time
without knowing of each other. So each, once it has committed what it knows, asks itself whether the other has: at least the
later of the two finds both, and the echo is taken back. Asking again changes nothing.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from schemas.activity import Activity, ActivityKind, Reaction
from schemas.commands import CheckEcho, Forward
from schemas.conversation import PEOPLE_OF_OURS, MessageReaction
from schemas.identity import person_key
from schemas.values import Failure
from services.domain.conversation_state import ConversationState
from services.domain.failure_phrases import worded
from services.domain.lifecycle import is_pending, is_waiting
from services.platform.core.identifiers import hashed_id
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.reads import Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations.context import ConversationsContext
from services.router.conversations.delivered import message_details
from services.router.conversations.domain import responses
from services.router.conversations.facts import FactDetails, queue, record_change
from services.router.conversations.forwarding import send_forward

ELSEWHERE = worded(Failure(code="other_conversation", detail=""), "en")
"""Why an echo that was taken for an answer is none."""


def check_later(work: UnitOfWork, key: str, messages: Iterable[str]) -> None:
    """Ask the owner of `key` to check these echoes after this batch is committed."""
    work.emit("pasokh.command.check_echo", key, CheckEcho(messages=list(messages)))


def may_be_misplaced(echo: Activity) -> bool:
    """Whether an echo may show an answer to somebody who wrote below the comment that it names."""
    return echo.surface == "public" and echo.context is not None and echo.context.parent is not None


def messages(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a check: what stands under the ids, and what they are known as."""
    ids = received.event.payload_as(CheckEcho).messages
    yield Documents(MESSAGES, ids)
    yield Documents(ACTIVITIES, ids)


def originals(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step: the messages of ours that they are known as, and the conversations that the echoes joined."""
    work, ids = context.work, received.event.payload_as(CheckEcho).messages
    known, echoes = (work.get(ACTIVITIES, i) for i in ids), (work.get(MESSAGES, i) for i in ids)
    yield Documents(MESSAGES, [one.message for one in known if one is not None and one.message is not None])
    yield Documents(CONVERSATIONS, [echo.conversation for echo in echoes if echo is not None])


def handle_check_echo(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Take back the echoes of this owner that are known as messages of another conversation, and have others take back theirs."""
    work, command = context.work, received.event.payload_as(CheckEcho)
    for identity in command.messages:
        echo, original = work.get(MESSAGES, identity), _original(work, identity)
        if echo is None or original is None or not _is_same(echo, original):
            continue
        if echo.key == received.event.partitionkey:
            _take_back(work, echo, original)
        else:
            check_later(work, echo.key, [identity])


def _original(work: UnitOfWork, identity: str) -> MessageRecord | None:
    known = work.get(ACTIVITIES, identity)
    return work.get(MESSAGES, known.message) if known is not None and known.message is not None else None


def _is_same(echo: MessageRecord, original: MessageRecord) -> bool:
    is_elsewhere = echo.id != original.id and echo.conversation != original.conversation
    return is_elsewhere and echo.direction == "outbound" and echo.workspace == original.workspace


def _take_back(work: UnitOfWork, echo: MessageRecord, original: MessageRecord) -> None:
    """Remove an echo from its conversation, whose customer waits again. What happened to it since happens to the original."""
    work.delete(MESSAGES, echo.id)
    case = work.get(CONVERSATIONS, echo.conversation)
    if case is not None and echo.author.kind in PEOPLE_OF_OURS:
        _wait_again(work, case, echo)
    for change in _changes(echo):
        send_forward(work, original.key, Forward(conversation=original.conversation, activity=change))


def _wait_again(work: UnitOfWork, case: ConversationState, echo: MessageRecord) -> None:
    change = responses.taken_back(case, echo.id, work.now)
    after = change.conversation
    details: FactDetails = {**message_details(echo), "error": ELSEWHERE}
    record_change(work, "reply_failed", change, case.status, **details)
    # The echo had taken it out of the queue: it goes back to where it was.
    if is_waiting(after.status) and is_pending(case.status):
        queue(work, after, case.status)


def _changes(echo: MessageRecord) -> Iterator[Activity]:
    """What happened to an echo since it was stored, as activities about the message that it shows."""
    if echo.edited_at is not None and echo.state != "deleted":
        yield _change(echo, "edit", echo.edited_at, text=echo.text)
    if echo.hidden_at is not None:
        yield _change(echo, "visibility", echo.hidden_at, hidden=echo.hidden)
    for reaction in echo.reactions:
        yield _reaction(echo, reaction)
    if echo.state == "deleted":
        yield _change(echo, "deletion", echo.received_at)


def _reaction(echo: MessageRecord, reaction: MessageReaction) -> Activity:
    author = reaction.author
    is_customer = author.kind == "customer"
    return _change(
        echo,
        "reaction",
        reaction.at,
        author="customer" if is_customer else "account",
        person=author.id or _person(echo),
        person_name=author.name if is_customer else None,
        author_name=None if is_customer else author.name,
        reaction=Reaction(emoji=reaction.emoji, removed=reaction.removed),
    )


# Any: further fields of Activity.
def _change(echo: MessageRecord, kind: ActivityKind, at: datetime, **fields: Any) -> Activity:
    channel, account, _ = _person(echo).split(":", 2)
    known: dict[str, Any] = {"author": "account", "person": _person(echo), **fields}
    return Activity(
        id=hashed_id("moved", echo.id, kind, str(known["person"]), str(at)),
        workspace=echo.workspace,
        channel=channel,
        account=account,
        kind=kind,
        surface=echo.surface,
        message=echo.id,
        sent_at=at,
        received_at=at,
        **known,
    )


def _person(echo: MessageRecord) -> str:
    return person_key(echo.key).person
