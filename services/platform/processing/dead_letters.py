"""Dead letters: events and timers that the deciding code could not handle, and what an operator does about them.

A letter is written in the commit that moves past its event (rule 8). An operator's action is a command to the group
that wrote the letter, on a topic that this group reads.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Literal

import orjson

from schemas.commands import DeadLetterAction
from schemas.envelope import Event, decode, encode
from services.platform.bus.port import ProducerRecord, Record
from services.platform.core.identifiers import hashed_id, random_id
from services.platform.core.time_source import TimeSource
from services.platform.processing.dedupe import DedupeVector
from services.platform.processing.inputs import Input, PendingInput, ReceivedEvent, TimerFired
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
    """How many of the last `RECENT_EVENTS` events of a partition became dead letters."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=RECENT_EVENTS)

    def note_handled(self, count: int) -> None:
        """So many events were handled."""
        self._recent.extend(False for _ in range(count))

    def note_dead_letter(self, error: Exception) -> None:
        """One more becomes a dead letter. Raises Stopped when there are `DEAD_LETTERS_TO_STOP` of them."""
        self._recent.append(True)
        if sum(self._recent) >= DEAD_LETTERS_TO_STOP:
            raise Stopped(f"{sum(self._recent)} dead letters among the last {len(self._recent)} events") from error


# -- an operator's action ----------------------------------------------------------------------------------------------


def command_on(
    identity: str, letter: DeadLetter, action: Action, topics: GroupTopics, time_source: TimeSource
) -> ProducerRecord:
    """The command: the owner of the letter's partition handles its event again, or gives it up."""
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
    # A timer that failed came from no topic: any of the group's reaches it.
    topic = letter.topic or topics[letter.group][0]
    return ProducerRecord(topic, letter.partition, event.partitionkey, encode(event))


async def carry_out(work: UnitOfWork, action: DeadLetterAction) -> Input | None:
    """Delete the letter; returns what is to be handled again, if that was asked. Store errors pass through."""
    if action.group != work.place.group:
        return None
    await work.preload([(DEAD_LETTERS, [action.dead_letter])])
    letter = work.get(DEAD_LETTERS, action.dead_letter)
    if letter is None:
        return None
    work.delete(DEAD_LETTERS, action.dead_letter)
    return _retried_event(letter) if action.action == "retry" else None


def _retried_event(letter: DeadLetter) -> Input:
    if letter.event_type == "timer":
        return TimerFired(letter.event_id, letter.at, orjson.loads(letter.event))
    return ReceivedEvent(decode(letter.event.encode()), letter.topic, letter.offset)


# -- setting aside -----------------------------------------------------------------------------------------------------


def set_aside(work: UnitOfWork, seen: DedupeVector, one: PendingInput, error: Exception) -> None:
    """Write the letter of an input in this commit, and see that the input does not come again.

    A letter whose retry failed again stays what it was.
    """
    if one.timer is not None:
        work.cancel_timer(one.timer.name)
    if one.record is not None:
        _mark_seen(seen, one.record)
    letter = _letter_of_record(work, one.record, error) if one.record else _letter_without_record(work, one, error)
    if letter.event_type != DEAD_LETTER_ACTION:
        # A writer without a row may have published the event twice: it is one dead letter.
        subject = letter.event_id or str(letter.offset)
        identity = hashed_id(letter.group, str(letter.partition), letter.topic, subject)
        work.put(DEAD_LETTERS, identity, letter)


def _mark_seen(seen: DedupeVector, record: Record) -> None:
    """Note the number of an event, so that its repeat is dropped."""
    try:
        seen.admit(decode(record.value), record.topic)
    except ValueError:
        return


def _letter_without_record(work: UnitOfWork, one: PendingInput, error: Exception) -> DeadLetter:
    kind, name, data = "effect", "", "{}"
    if one.timer is not None:
        kind, name, data = "timer", one.timer.name, orjson.dumps(one.timer.data).decode()
    elif one.completed is not None:
        name = one.completed.name
    return DeadLetter(
        group=work.place.group,
        partition=work.place.partition,
        topic="",
        offset=0,
        event=data,
        event_id=name,
        event_type=kind,
        workspace="",
        error=_description(error),
        at=work.now,
    )


def _letter_of_record(work: UnitOfWork, record: Record, error: Exception) -> DeadLetter:
    identity, event_type, workspace = _identify(record)
    return DeadLetter(
        group=work.place.group,
        partition=work.place.partition,
        topic=record.topic,
        offset=record.offset,
        event=record.value.decode(errors="replace"),
        event_id=identity,
        event_type=event_type,
        workspace=workspace,
        error=_description(error),
        at=work.now,
    )


def _description(error: Exception) -> str:
    return f"{type(error).__name__}: {_first_line(error)}"


def _identify(record: Record) -> tuple[str, str, str]:
    """Id, type and workspace of the event of a record."""
    try:
        event = decode(record.value)
    except ValueError:
        return "", "unreadable", record.key.split("/", 1)[0]
    return event.id, event.type, event.workspace


def _first_line(error: Exception) -> str:
    # Pydantic repeats the input in its message, which may be a person's text: name the places only.
    places = getattr(error, "errors", None)
    if callable(places):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in places(include_input=False))[:500]
    return str(error).split("\n", 1)[0][:200]
