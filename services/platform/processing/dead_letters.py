"""Dead letters: events and timers that the deciding code could not handle, and what an operator does about them.

A letter is written in the commit that moves past its event (rule 8). An operator's action is a command to the group
that wrote the letter, on a topic that this group reads.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import orjson

from schemas.commands import DeadLetterAction
from schemas.envelope import Event, decode, encode
from schemas.topics import BY_NAME, LIMITED_RETENTION_SECONDS
from services.platform.bus.port import ProducerRecord, Record
from services.platform.core.identifiers import hashed_id, random_id
from services.platform.core.time_source import TimeSource
from services.platform.processing.batch import Batch
from services.platform.processing.inputs import Input, PendingInput, ReceivedEvent, TimerFired
from services.platform.processing.processor import Accounting
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import DEAD_LETTERS, DeadLetter

DEAD_LETTER_ACTION = "pasokh.control.dead_letter_action"
RECENT_EVENTS = 100
DEAD_LETTERS_TO_STOP = 20
Action = Literal["retry", "drop"]
GroupTopics = Mapping[str, Sequence[str]]
"""Group → the topics it reads."""


class Stopped(Exception):
    """Too many dead letters: the partition waits for an operator rather than empty its topic into them."""


class RecentDeadLetters:
    """Which of the last `RECENT_EVENTS` events of a partition became dead letters."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=RECENT_EVENTS)

    def note_handled(self, count: int) -> None:
        """`count` events were handled."""
        self._recent.extend(False for _ in range(count))

    def note_dead_letter(self, error: Exception) -> None:
        """An event becomes a dead letter. Raises Stopped when it is the one that makes `DEAD_LETTERS_TO_STOP`."""
        self._recent.append(True)
        if sum(self._recent) >= DEAD_LETTERS_TO_STOP:
            raise Stopped(f"{sum(self._recent)} dead letters among the last {len(self._recent)} events") from error


# -- an operator's action ----------------------------------------------------------------------------------------------


def command_on(
    identity: str, letter: DeadLetter, action: Action, topics: GroupTopics, time_source: TimeSource
) -> ProducerRecord:
    """The command by which the owner of the letter's partition handles its event again, or drops it."""
    data = DeadLetterAction(group=letter.group, dead_letter=identity, action=action)
    event = Event(
        id=random_id(time_source.now()),
        source="operator",
        type=DEAD_LETTER_ACTION,
        time=time_source.now(),
        workspace=letter.workspace,
        partitionkey=letter.workspace,
        data=data.model_dump(mode="json"),
    )
    # A timer that failed came from no topic: the command reaches its owner by any topic of the group.
    topic = letter.topic or topics[letter.group][0]
    return ProducerRecord(topic, letter.partition, event.partitionkey, encode(event))


async def carry_out(work: UnitOfWork, action: DeadLetterAction, accounting: Accounting | None = None) -> Input | None:
    """Delete the letter; returns its input if it is to be handled again. Store errors pass through."""
    # Several groups read the topic, and each sees the command.
    if action.group != work.place.group:
        return None
    await work.preload([(DEAD_LETTERS, [action.dead_letter])])
    letter = work.get(DEAD_LETTERS, action.dead_letter)
    if letter is None:
        return None
    work.delete(DEAD_LETTERS, action.dead_letter)
    if action.action != "retry":
        return None
    retried = _retried_event(letter)
    is_counted = accounting is not None and accounting.is_counted(letter.topic, letter.event_type)
    if accounting is not None and isinstance(retried, ReceivedEvent) and is_counted:
        await accounting.revive(work, retried.event.partitionkey)
    return retried


def _retried_event(letter: DeadLetter) -> Input:
    if letter.event_type == "timer":
        return TimerFired(letter.event_id, letter.at, orjson.loads(letter.event))
    return ReceivedEvent(decode(letter.event.encode()), letter.topic, letter.offset)


# -- setting aside -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedInput:
    """What a dead letter tells of its input. `event`: the event of the record, if it can be read as one."""

    event_id: str
    event_type: str
    text: str = "{}"
    workspace: str = ""
    topic: str = ""
    offset: int = 0
    event: Event | None = None


async def set_aside(batch: Batch, error: Exception, accounting: Accounting | None = None) -> None:
    """Write the letter of the one input of this batch, and see that the input does not come again.

    A letter whose retry failed again stays what it was. Store errors pass through.
    """
    (one,), work = batch.pending, batch.work
    failed = _failed_input(one)
    if failed.event is not None:
        # A writer without a row may have published the event twice: the repeat is dropped, and is no second letter.
        batch.seen.admit(failed.event, failed.topic)
    if one.timer is not None:
        work.cancel_timer(one.timer.name)
    if failed.event_type == DEAD_LETTER_ACTION:
        return
    is_counted = accounting is not None and accounting.is_counted(failed.topic, failed.event_type)
    if accounting is not None and one.record is not None and is_counted:
        await accounting.set_aside(work, one.record.key)
    subject = failed.event_id or str(failed.offset)
    letter = DeadLetter(
        group=work.place.group,
        partition=work.place.partition,
        topic=failed.topic,
        offset=failed.offset,
        event=failed.text,
        event_id=failed.event_id,
        event_type=failed.event_type,
        workspace=failed.workspace,
        error=f"{type(error).__name__}: {_first_line(error)}",
        at=work.now,
        expires_at=_expires_at(one, work.now),
    )
    work.put(DEAD_LETTERS, hashed_id(letter.group, str(letter.partition), letter.topic, subject), letter)


def _expires_at(one: PendingInput, now: datetime) -> datetime | None:
    """When the letter has to go, because its input may be stored for a limited time only; None: never by itself."""
    # A timer may have an activity in its data: what arrived before its message.
    activity = one.timer.data.get("activity") if one.timer is not None else None
    is_limited_timer = isinstance(activity, dict) and activity.get("stored_until") is not None
    is_limited_record = one.record is not None and BY_NAME[one.record.topic].expires_unread
    return now + timedelta(seconds=LIMITED_RETENTION_SECONDS) if is_limited_timer or is_limited_record else None


def _failed_input(one: PendingInput) -> FailedInput:
    if one.record is not None:
        return _failed_record(one.record)
    if one.timer is not None:
        data = orjson.dumps(one.timer.data).decode()
        return FailedInput(event_id=one.timer.name, event_type="timer", text=data)
    return FailedInput(event_id=one.completed.name if one.completed is not None else "", event_type="effect")


def _failed_record(record: Record) -> FailedInput:
    text, topic, offset = record.value.decode(errors="replace"), record.topic, record.offset
    try:
        event = decode(record.value)
    except ValueError:
        workspace = record.key.split("/", 1)[0]
        return FailedInput(
            event_id="", event_type="unreadable", text=text, workspace=workspace, topic=topic, offset=offset
        )
    return FailedInput(
        event_id=event.id,
        event_type=event.type,
        text=text,
        workspace=event.workspace,
        topic=topic,
        offset=offset,
        event=event,
    )


def _first_line(error: Exception) -> str:
    # Pydantic repeats the input in its message, which may be a person's text: name the fields only.
    places = getattr(error, "errors", None)
    if callable(places):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in places(include_input=False))[:500]
    return str(error).split("\n", 1)[0][:200]
