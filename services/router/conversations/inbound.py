"""What comes in from customers: messages open, continue or reopen a conversation; edits and the rest change it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.activity import Activity
from schemas.case import Case, Person
from schemas.commands import Forward
from schemas.configuration import WorkspaceConfiguration
from schemas.conversation import Author, MessageState
from schemas.topics import REPEATS_KNOWN
from services.records.conversations import (
    ACTIVITIES,
    CONVERSATIONS,
    MESSAGES,
    PERSONS,
    ActivityRecord,
    MessageRecord,
)
from services.router.conversations import domain
from services.router.conversations.arrivals import receive_receipt
from services.router.conversations.claims import claim, prove
from services.router.conversations.facts import next_order, queue, tell
from services.router.conversations.handoff import is_called_for, is_private_side, private_address
from services.router.conversations.plan import plan
from services.router.conversations.privacy import Privacy, forward, join
from services.runtime.stage import Arrived
from services.runtime.work import Work

PURGE = "purge"

Configuration = WorkspaceConfiguration | None


@dataclass(frozen=True, slots=True)
class Around:
    """What an activity is decided in: the workspace's configuration, None when it is gone, and hand-offs."""

    configuration: Configuration
    privacy: Privacy


Handler = Callable[[Work, Activity, Around], None]


def handle_activity(work: Work, activity: Activity, around: Around) -> None:
    """Act on one activity, once: a message is its own dedupe record, anything else leaves its id."""
    if activity.kind in BY_MESSAGE:
        BY_MESSAGE[activity.kind](work, activity, around)
    elif work.get(ACTIVITIES, activity.id) is None:
        expires = work.now + REPEATS_KNOWN
        record = ActivityRecord(
            workspace=activity.workspace, kind=activity.kind, partition=work.place.partition, expires_at=expires
        )
        work.put(ACTIVITIES, activity.id, record)
        work.wake(PURGE, _next_hour(work.now))
        if not _changes_anothers(work, activity):
            ONCE.get(activity.kind, _ignore)(work, activity, around)


def _changes_anothers(work: Work, activity: Activity) -> bool:
    """Whether it changes a message in another person's conversation: its owner alone writes that, and is told."""
    message = work.get(MESSAGES, activity.message) if activity.kind in CHANGES and activity.message else None
    if message is None or message.workspace != activity.workspace or message.key == _key(activity):
        return False
    work.emit("pasokh.command.forward", message.key, Forward(conversation=message.conversation, activity=activity))
    return True


def _next_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _ignore(work: Work, activity: Activity, around: Around) -> None:
    """Kept on the log and counted; it changes no conversation."""


def _message(work: Work, activity: Activity, around: Around) -> None:
    opened = around.privacy.opens(activity)
    case = _within(activity.workspace, work.get(CONVERSATIONS, opened) if opened else None)
    if _goes_elsewhere(work, activity, case):
        return
    _hear(work, activity, around, "received")
    prove(work, activity)
    if case is not None:
        claim(work, activity, case)


def _goes_elsewhere(work: Work, activity: Activity, case: Case | None) -> bool:
    """A hand-off's token, or somebody who continues another person's conversation; True when that is all of it."""
    if case is not None and "start" in activity.details:
        if case.key == _key(activity) and case.status != "closed":
            join(work, case, activity)
        return True
    person = work.get(PERSONS, _key(activity))
    theirs = work.get(CONVERSATIONS, person.forwarded_to) if person and person.forwarded_to else None
    if theirs is None or theirs.key == _key(activity) or not is_private_side(theirs, activity.person_key):
        return False
    forward(work, activity, theirs)
    return True


def _within(workspace: str, case: Case | None) -> Case | None:
    """The case, unless it is another workspace's."""
    return None if case is None or case.workspace != workspace else case


def handle_forward(work: Work, arrived: Arrived, around: Around) -> None:
    """Somebody else's activity that belongs to a conversation of ours; what it does not take goes back, never lost."""
    asked = arrived.event.read(Forward)
    activity = asked.activity
    case = _within(activity.workspace, work.get(CONVERSATIONS, asked.conversation))
    if activity.kind in CHANGES:
        CHANGES[activity.kind](work, activity, around)
        return
    if asked.returned:
        _hear(work, activity, around, "received")
        return
    if case is None or not is_private_side(case, activity.person_key):
        returned = Forward(conversation=asked.conversation, activity=activity, returned=True)
        work.emit("pasokh.command.forward", _key(activity), returned)
        return
    if work.get(MESSAGES, activity.message or activity.id) is not None:
        return
    here = activity.model_copy(update={"address": private_address(activity)})
    _hear_in(work, here, around, work.get(CONVERSATIONS, case.id), "received")


def _hear(work: Work, activity: Activity, around: Around, state: MessageState) -> None:
    if work.get(MESSAGES, activity.message or activity.id) is not None:
        return
    person = domain.met(work.get(PERSONS, _key(activity)), activity, work.now)
    after = _hear_in(work, activity, around, _current(work, person, activity), state)
    work.put(PERSONS, person.key, _with_open(person, activity, after))


def _hear_in(work: Work, activity: Activity, around: Around, before: Case | None, state: MessageState) -> Case:
    """Put a new message into its conversation, open or reopen that, and protect what should not be public."""
    identity = activity.message or activity.id
    after, is_new = _joined(work, activity, around.configuration, before)
    work.put(MESSAGES, identity, _message_record(work, activity, after, identity, state))
    _told(work, activity, before, after, identity, is_new=is_new)
    if is_called_for(after, activity):
        around.privacy.begin(work, after, activity, around.configuration)
    return after


def _key(activity: Activity) -> str:
    return str(activity.person_key)


def _current(work: Work, person: Person, activity: Activity) -> Case | None:
    identity = person.open.get(domain.thread_of(activity))
    found = work.get(CONVERSATIONS, identity) if identity else None
    return None if found is None or found.status == "closed" else found


def _joined(work: Work, activity: Activity, configuration: Configuration, before: Case | None) -> tuple[Case, bool]:
    """The conversation with this message in it, and whether it has to be queued."""
    if before is not None and before.status != "resolved":
        return domain.heard(before, activity, work.now), False
    language = (before.language if before else None) or activity.language or _account_language(activity, configuration)
    sensitive = activity.sensitive or (before is not None and before.sensitive)
    planned = plan(domain.traits_of(activity, language, sensitive), configuration)
    if before is not None:
        fresh = domain.reopened(before, planned, work.now)
        work.unwake(f"close/{before.id}")
    else:
        fresh = domain.opened(work.new_id("conversation"), activity, planned, language, work.now)
    return domain.heard(fresh, activity, work.now), True


def _account_language(activity: Activity, configuration: Configuration) -> str | None:
    if configuration is None:
        return None
    account = configuration.accounts.get(f"{activity.channel}/{activity.account}")
    return account.body.language if account else None


def _with_open(person: Person, activity: Activity, conversation: Case) -> Person:
    where = domain.thread_of(activity)
    if person.open.get(where) == conversation.id:
        return person
    return person.model_copy(update={"open": {**person.open, where: conversation.id}})


def _message_record(
    work: Work, activity: Activity, conversation: Case, identity: str, state: MessageState
) -> MessageRecord:
    return MessageRecord.made(
        id=identity,
        conversation=conversation.id,
        workspace=conversation.workspace,
        key=conversation.key,
        order=next_order(work),
        direction="inbound",
        surface=activity.surface,
        channel=activity.channel,
        author=Author.made(kind="customer", id=activity.person, name=activity.person_name),
        text=activity.text,
        masked=activity.masked,
        attachments=activity.attachments,
        sent_at=activity.sent_at,
        received_at=activity.received_at,
        state=state,
        error=None,
        platform_id=activity.platform_id,
        edited_at=_edited_at(activity) if state == "edited" else None,
    )


def _told(
    work: Work,
    activity: Activity,
    before: Case | None,
    after: Case,
    message: str,
    *,
    is_new: bool,
) -> None:
    heard = {
        "at": domain.counted_from(activity),
        "message": message,
        "message_surface": activity.surface,
        "author": "customer",
    }
    if not is_new and before is not None:
        tell(work, "message_received", after, before.status, **heard)
        return
    tell(work, *(("reopened", after, before.status) if before else ("opened", after, None)))
    tell(work, "message_received", after, after.status, **heard)
    queue(work, after, after.status)


def _edit(work: Work, activity: Activity, around: Around) -> None:
    """Replace the text of the message; one that never came is stored as its edit, and its original is a repeat."""
    message = work.get(MESSAGES, activity.message or activity.id)
    if message is None:
        _hear(work, activity, around, "edited")
        return
    if message.workspace != activity.workspace:
        return
    edited_at = _edited_at(activity)
    if _says_the_same(message, activity, edited_at):
        return
    # Platforms tell seconds: of two edits within one, the later to arrive is the newer.
    if message.state == "deleted" or (message.edited_at is not None and edited_at < message.edited_at):
        return
    changed: dict[str, object] = {
        "text": activity.text,
        "masked": activity.masked,
        "state": "edited",
        "edited_at": edited_at,
    }
    if activity.attachments:
        changed["attachments"] = activity.attachments
    work.put(MESSAGES, message.id, message.model_copy(update=changed))
    conversation = work.get(CONVERSATIONS, message.conversation)
    if conversation is not None:
        language = activity.language or conversation.language
        after = conversation.model_copy(
            update={
                "language": language,
                "sensitive": conversation.sensitive or activity.sensitive,
                "updated_at": work.now,
            }
        )
        tell(work, "message_edited", after, conversation.status, message=message.id, message_surface=message.surface)
        if is_called_for(after, activity):
            around.privacy.begin(work, after, activity, around.configuration)


def _says_the_same(message: MessageRecord, activity: Activity, edited_at: datetime) -> bool:
    """A repeat of the edit that is there already; its id may be another, of an earlier version of ours."""
    same = (message.text, message.edited_at, message.state) == (activity.text, edited_at, "edited")
    return same and activity.attachments in ([], message.attachments)


def _edited_at(activity: Activity) -> datetime:
    return activity.sent_at or activity.received_at


def _deletion(work: Work, activity: Activity, around: Around) -> None:
    message = work.get(MESSAGES, activity.message) if activity.message else None
    if message is None or message.state == "deleted" or message.workspace != activity.workspace:
        return
    work.put(MESSAGES, message.id, message.model_copy(update={"text": None, "attachments": [], "state": "deleted"}))
    conversation = work.get(CONVERSATIONS, message.conversation)
    if conversation is not None:
        after = conversation.model_copy(update={"updated_at": work.now})
        tell(work, "message_deleted", after, conversation.status, message=message.id, message_surface=message.surface)


def _receipt(work: Work, activity: Activity, around: Around) -> None:
    message = work.get(MESSAGES, activity.message) if activity.message else None
    state = activity.details.get("state")
    if message is None or not isinstance(state, str) or message.direction != "outbound":
        return
    # Where clients name our ids themselves, they could name one that is not theirs.
    if message.workspace != activity.workspace or message.key != _key(activity):
        return
    receive_receipt(work, message, state, activity.sent_at or activity.received_at)


def _follow(work: Work, activity: Activity, around: Around) -> None:
    """A person blocked the account, or let it in again."""
    person = domain.met(work.get(PERSONS, _key(activity)), activity, work.now)
    blocked = activity.details.get("state") == "blocked"
    work.put(PERSONS, person.key, person.model_copy(update={"blocked": blocked}))


BY_MESSAGE: dict[str, Handler] = {"message": _message, "postback": _message}
CHANGES: dict[str, Handler] = {"edit": _edit, "deletion": _deletion}
ONCE: dict[str, Handler] = {**CHANGES, "receipt": _receipt, "follow": _follow}
