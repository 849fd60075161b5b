"""The collections of the platform itself: partition rows, outboxes, timers, outcomes, facts, dead letters."""

from dataclasses import dataclass, field

from schemas.commands import CommandResult
from schemas.envelope import Event, document
from schemas.topics import DEDUPE_RETENTION_SECONDS
from schemas.values import Instant, Json
from services.platform.store.port import Collection, Expiry, Index, Key, Put


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionCheckpoint:
    """The partition row of a group: input position, fence, event number and dedupe table in one.

    `offsets`: per topic the next offset to read. `dedupe_vector`: per `source|topic` the last `[seq, index]` handled.
    `decided_at` is the time of the latest batch of this partition. `closed`: workspaces that are being deleted; their events
    are dropped and no document of them is written. `version` is that of the data when they were last migrated: a process
    that knows earlier versions only must not go on from here (docs/adr/0024).
    """

    seq: int
    offsets: dict[str, int] = field(default_factory=dict)
    dedupe_vector: dict[str, tuple[int, int]] = field(default_factory=dict)
    decided_at: Instant
    closed: list[str] = field(default_factory=list)
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreMetadata:
    """The number of partitions that this store was made for. Another number would put keys into other partitions."""

    partitions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Events of a commit that are perhaps not published yet: (topic, partition, key, encoded event) each."""

    events: list[tuple[str, int, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A timer of one partition of one group. Its handler gets `data`."""

    group: str
    partition: int
    name: str
    due_at: Instant
    data: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An event that the deciding code could not handle. `error` holds no text of the event.

    `expires_at` is set where the event may be stored for a limited time only: it is deleted then.
    """

    group: str
    partition: int
    topic: str
    offset: int
    event: str
    event_id: str
    event_type: str
    workspace: str
    error: str
    at: Instant
    expires_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedCommand:
    """A command that was answered with 202: it is pending until its outcome is there. Its id is the command's."""

    workspace: str
    request_hash: str
    at: Instant


_COMMAND_EXPIRY = Expiry("at", DEDUPE_RETENTION_SECONDS)
"""After the longest retention of a topic: no repeat of the command can come any more."""
ROWS = Collection("rows", PartitionCheckpoint, writer="any")
OUTBOXES = Collection("outboxes", Outbox, writer="any")
TIMERS = Collection("timers", Timer, writer="any", indexes=(Index("due", ("group", "partition", "due_at")),))
OUTCOMES = Collection("outcomes", CommandResult, writer="any", indexes=(Index("at", ("at",)),), expires=_COMMAND_EXPIRY)
ACCEPTED = Collection(
    "accepted_commands", AcceptedCommand, writer="rest", indexes=(Index("at", ("at",)),), expires=_COMMAND_EXPIRY
)
FACTS = Collection(
    "facts",
    Event,
    writer="any",
    indexes=(
        Index("conversation", ("workspace", "conversation", "time")),
        Index("workspace", ("workspace", "time")),
        Index("source", ("workspace", "source", "seq")),
    ),
)
DEAD_LETTERS = Collection(
    "dead_letters",
    DeadLetter,
    writer="any",
    indexes=(
        Index("at", ("at",)),
        Index("group", ("group", "partition", "at")),
        Index("expiry", ("expires_at",)),
    ),
    expires=Expiry("expires_at"),
)
LAYOUT = Collection("layout", StoreMetadata, writer="any")
"""About the data as a whole: the partitions that they are made for, and how far they are migrated (`migrations.Progress`)."""
LAYOUT_KEY = Key(LAYOUT.name, "bus")
RUNTIME_COLLECTIONS = (ROWS, OUTBOXES, TIMERS, OUTCOMES, FACTS, DEAD_LETTERS)


def put_fact(event: Event) -> Put:
    """The document of a fact: the event, and beside it the conversation that it is about, by which facts are listed."""
    conversation = event.data.get("conversation")
    named = conversation if isinstance(conversation, str) else None
    return Put(Key(FACTS.name, event.id), {**document(event), "conversation": named})
