"""From records to inputs, and from a decided batch to one commit. Holds no state and does no IO but reading."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from schemas.commands import DeadLetterAction, WorkspaceGate
from schemas.envelope import Event, decode
from schemas.values import instant_text
from services.platform.bus.port import Record
from services.platform.core.identifiers import hashed_id
from services.platform.processing.dedupe import DedupeVector
from services.platform.processing.processor import EffectCompleted, Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import UnitOfWork, belongs_to
from services.platform.store.collections import DEAD_LETTERS, OUTBOXES, ROWS, DeadLetter, PartitionCheckpoint
from services.platform.store.port import Changes, Condition, Key, Put

CONTROL = "pasokh.control."
DEAD_LETTER_ACTION = f"{CONTROL}dead_letter"
WORKSPACE_GATE = f"{CONTROL}workspace"


class Poison(Exception):
    """The deciding code raised. `culprit` is the input, None when it is not known which of the batch it was."""

    def __init__(self, culprit: "PendingInput | None", error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.culprit = culprit
        self.error = error


class PendingInput(NamedTuple):
    """One thing to handle, as it came: a record of the bus, a timer that is due, the result of an effect."""

    record: Record | None = None
    wake_up: TimerFired | None = None
    performed: EffectCompleted | None = None


@dataclass(slots=True)
class Batch:
    """What one commit will cover. `inputs` pairs what the stage decides with what it was taken from.

    `closed` are workspaces that are being deleted, as the batch leaves them. `version` is that of the row.
    """

    work: UnitOfWork
    taken: Sequence[PendingInput]
    offsets: dict[str, int]
    seen: DedupeVector
    inputs: list[tuple[PendingInput, Input]] = field(default_factory=list)
    duplicates: int = 0
    closed: frozenset[str] = frozenset()
    version: int = 0


def start_batch(row: PartitionCheckpoint, taken: Sequence[PendingInput], work: UnitOfWork) -> Batch:
    """A batch that starts where the row stands."""
    offsets = dict(row.offsets)
    for one in taken:
        if one.record is not None:
            offsets[one.record.topic] = max(offsets.get(one.record.topic, 0), one.record.offset + 1)
    return Batch(
        work, taken, offsets, DedupeVector(row.dedupe_vector), closed=frozenset(row.closed), version=row.version
    )


async def decode_inputs(batch: Batch) -> None:
    """Fill `inputs`: duplicates dropped, operators' actions on dead letters carried out. Raises Poison."""
    admit, add = batch.seen.admit, batch.inputs.append
    for one in batch.taken:
        record = one.record
        if record is None:
            woken = _timer_input(batch.work, one)
            if not batch.closed or belongs_to(woken.data) not in batch.closed:
                add((one, woken))
            continue
        event = _decoded(one, record)
        if not admit(event, record.topic):
            batch.duplicates += 1
        elif event.type == DEAD_LETTER_ACTION:
            await _act_on_dead_letter(batch, one, event)
        elif batch.closed and event.workspace in batch.closed and not event.type.startswith(CONTROL):
            continue
        else:
            if event.type == WORKSPACE_GATE:
                _turn(batch, event.payload_as(WorkspaceGate))
            add((one, ReceivedEvent(event, record.topic, record.offset)))


def _turn(batch: Batch, gate: WorkspaceGate) -> None:
    """Close a workspace, or open it again."""
    named = frozenset({gate.workspace})
    batch.closed = batch.closed - named if gate.is_open else batch.closed | named


def _decoded(one: PendingInput, record: Record) -> Event:
    try:
        return decode(record.value)
    except ValueError as error:
        raise Poison(one, error) from error


def _timer_input(work: UnitOfWork, one: PendingInput) -> TimerFired | EffectCompleted:
    if one.wake_up is not None:
        work.cancel_timer(one.wake_up.name)
        return one.wake_up
    if one.performed is None:
        raise LookupError("nothing was taken")
    return one.performed


async def _act_on_dead_letter(batch: Batch, one: PendingInput, event: Event) -> None:
    action, work = event.payload_as(DeadLetterAction), batch.work
    if action.group != work.place.group:
        return
    await work.preload([(DEAD_LETTERS, [action.dead_letter])])
    letter = work.get(DEAD_LETTERS, action.dead_letter)
    if letter is None:
        return
    work.delete(DEAD_LETTERS, action.dead_letter)
    if action.action == "retry":
        batch.inputs.append((one, _retried_event(letter)))


def _retried_event(letter: DeadLetter) -> Input:
    if letter.event_type == "wake_up":
        return TimerFired(letter.event_id, letter.at, orjson.loads(letter.event))
    return ReceivedEvent(decode(letter.event.encode()), letter.topic, letter.offset)


def cause_of(one: Input) -> str:
    """What the ids made while deciding this input follow from."""
    match one:
        case ReceivedEvent():
            return one.event.id
        case TimerFired():
            return f"wake:{one.name}:{one.due_at.isoformat()}"
        case EffectCompleted():
            return f"done:{one.name}"


def commit_of(
    batch: Batch, row: PartitionCheckpoint, previous_outbox: Key | None
) -> tuple[PartitionCheckpoint, Changes]:
    """The new row and the one commit of a decided batch. A row of number 0 is not in the store yet."""
    work, place = batch.work, batch.work.place
    after = advanced_offsets(batch, place.seq)
    key = row_key(place.group, place.partition)
    fence = Condition(key) if row.seq == 0 else Condition(key, "seq", row.seq)
    deletes = [*work.deletes(), *([previous_outbox] if previous_outbox else [])]
    puts = [Put(key, after, _written(after)), *work.puts()]
    return after, Changes(
        [fence], puts, deletes, tuple(work.outbox), outbox_key(place.group, place.partition, after.seq)
    )


def advanced_offsets(batch: Batch, seq: int) -> PartitionCheckpoint:
    """The row behind a batch, under this number."""
    return PartitionCheckpoint.unvalidated(
        seq=seq,
        offsets=batch.offsets,
        dedupe_vector=batch.seen.table,
        decided_at=batch.work.now,
        closed=sorted(batch.closed),
        version=batch.version,
    )


def _written(row: PartitionCheckpoint) -> str:
    """The row as JSON, as each commit needs it: in a fifth of pydantic's time."""
    return orjson.dumps({**row.__dict__, "decided_at": instant_text(row.decided_at)}).decode()


def row_key(group: str, partition: int) -> Key:
    """Where the row of a partition is."""
    return Key(ROWS.name, f"{group}/{partition}")


def outbox_key(group: str, partition: int, seq: int) -> Key:
    """Where the outbox of a commit is."""
    return Key(OUTBOXES.name, f"{group}/{partition}/{seq}")


def to_dead_letter(work: UnitOfWork, one: PendingInput, error: Exception) -> None:
    """Keep what could not be handled as a dead letter in this commit. A retry that failed again stays what it was."""
    letter = _letter_of_record(work, one.record, error) if one.record else _dead_letter_for_timer(work, one, error)
    if letter.event_type != DEAD_LETTER_ACTION:
        # A writer without a row may have published the event twice: it is one dead letter.
        what = letter.event_id or str(letter.offset)
        work.put(DEAD_LETTERS, hashed_id(letter.group, str(letter.partition), letter.topic, what), letter)


def _dead_letter_for_timer(work: UnitOfWork, one: PendingInput, error: Exception) -> DeadLetter:
    kind, name, data = "performed", "", "{}"
    if one.wake_up is not None:
        kind, name, data = "wake_up", one.wake_up.name, orjson.dumps(one.wake_up.data).decode()
    elif one.performed is not None:
        name = one.performed.name
    return _letter(work, error, topic="", offset=0, event=data, event_id=name, event_type=kind, workspace="")


def _letter_of_record(work: UnitOfWork, record: Record, error: Exception) -> DeadLetter:
    identity, event_type, workspace = _named(record)
    return _letter(
        work,
        error,
        topic=record.topic,
        offset=record.offset,
        event=record.value.decode(errors="replace"),
        event_id=identity,
        event_type=event_type,
        workspace=workspace,
    )


def _letter(work: UnitOfWork, error: Exception, **what: str | int) -> DeadLetter:
    said = f"{type(error).__name__}: {_first_line(error)}"
    where = {"group": work.place.group, "partition": work.place.partition}
    return DeadLetter.model_validate({**where, **what, "error": said, "at": work.now})


def _named(record: Record) -> tuple[str, str, str]:
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


def mark_seen(batch: Batch, one: PendingInput) -> None:
    """Note the number of an event that is set aside unhandled, so that its repeat is dropped."""
    if one.record is None:
        return
    try:
        batch.seen.admit(decode(one.record.value), one.record.topic)
    except ValueError:
        return
