"""The one shape of a processor: a table that says what a group reads, does and writes.

    PROCESSOR = Processor(
        group="conversations",
        topics=("inbound", "commands"),
        handlers={"pasokh.command.reply": Handler(on_reply, reads=(conversation,))},
        timers={"close/": Handler(on_close, reads=(conversation,))},
        effects={"send/": EffectHandler(send, Handler(on_sent, reads=(message,)))},
        collections=(CONVERSATIONS, MESSAGES),
        context=Context,
    )

A handler is given a context (the unit of work, and what else the processor's rules need) and one input. It decides in
memory: it reads documents that its `reads` name, and writes documents of `collections` only; anything else raises.

Names. `handlers` are by event type, `timers` and `effects` by name. A key that ends in `.` or `/` stands for every type
or name that begins with it (up to the last dot, or the first slash). An event of a type that no key names is not for
this group and is passed by. A timer or a result that no key names is a mistake, and becomes a dead letter.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from services.platform.processing.document_cache import DocumentCache, ImmutableDocuments
from services.platform.processing.inputs import CONTROL, EffectCompleted, Input, ReceivedEvent, TimerFired
from services.platform.processing.reads import Reading, Step, load
from services.platform.processing.unit_of_work import Effect, PartitionContext, Reader, UnitOfWork
from services.platform.store.port import Collection

Dependencies = TypeVar("Dependencies")
Memory = TypeVar("Memory")
Context = TypeVar("Context")
OneInput = TypeVar("OneInput")
Entry = TypeVar("Entry")


class UndeclaredName(LookupError):
    """A timer or an effect that the table of its processor does not name."""


@dataclass(frozen=True, slots=True)
class Handler(Generic[Context, OneInput]):
    """What to do with an input, and the documents that this reads."""

    run: Callable[[Context, OneInput], None]
    reads: Sequence[Step[Context, OneInput]] = ()


class Accounting(Protocol):
    """Counts what becomes of the records of some topics, in documents that are written with the batch.

    The handlers count the outcomes; what is here counts beside them, so that a record without an outcome shows. Keys are
    those of the records. Every method that writes raises Unavailable.
    """

    def is_counted(self, topic: str, event_type: str) -> bool:
        """Whether a record is counted; an `event_type` of `unreadable` is that of a record that is no event."""

    async def consume(self, work: UnitOfWork, keys: Iterable[str]) -> None:
        """Count the records that a batch takes from the log."""

    async def set_aside(self, work: UnitOfWork, key: str) -> None:
        """Count a record that becomes a dead letter."""

    async def revive(self, work: UnitOfWork, key: str) -> None:
        """Take back what `set_aside` counted: the record is handled again, and counted as if it had just come."""


@dataclass(frozen=True, slots=True)
class EffectHandler(Generic[Dependencies, Context]):
    """Something done outside after the commit (`perform`), and the handler of its result.

    Request and result keep their types: they are never stored, and are lost with the process. What `is_repeatable` is not
    waited for when its partition moves to another owner (a poll that waits for news): a timer does it again there.
    """

    # Any: each entry of a table has a request and a result of its own.
    perform: Callable[[Dependencies, Effect], Awaitable[object]]
    completed: Handler[Context, EffectCompleted]
    is_repeatable: bool = False


def no_memory() -> None:
    """The memory of a processor without any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor(Generic[Dependencies, Memory, Context]):
    """The declaration of one group.

    `topics`: what it reads, all of one key space. `collections`: what it writes, besides facts, timers and outcomes of
    commands, which every group may write. `context` makes, for each batch, what handlers are given. `memory` makes what
    one partition keeps between batches: it is dropped, never repaired, whenever a commit may have failed. A group whose
    results no customer or agent waits for has `linger_seconds`: that time is between its batches, which makes them larger.
    `accounting` counts what becomes of the records of a topic.
    """

    group: str
    topics: tuple[str, ...]
    context: Callable[[UnitOfWork, Memory, Dependencies], Context]
    memory: Callable[[], Memory]
    handlers: Mapping[str, Handler[Context, ReceivedEvent]] = field(default_factory=dict)
    timers: Mapping[str, Handler[Context, TimerFired]] = field(default_factory=dict)
    effects: Mapping[str, EffectHandler[Dependencies, Context]] = field(default_factory=dict)
    # Any: a collection of some model is none of every model.
    collections: tuple[Collection[Any], ...] = ()
    linger_seconds: float = 0.0
    accounting: Accounting | None = None

    def bind(self, dependencies: Dependencies) -> "BoundProcessor[Dependencies, Memory, Context]":
        """The processor with what it needs of its process."""
        return BoundProcessor(self, dependencies)

    def handler_for(self, received: Input) -> Handler[Context, Any] | None:
        """The handler of an input; None for an event that is not for this group. Raises UndeclaredName."""
        match received:
            case ReceivedEvent():
                return _entry(self.handlers, received.event.type, received.event.type.rfind("."))
            case TimerFired():
                handler = _entry(self.timers, received.name, received.name.find("/"))
                # Its document would be deleted with the input, and the work it stands for forgotten: better a dead letter.
                if handler is None:
                    raise UndeclaredName(f"{self.group} has no timer {received.name}")
                return handler
            case EffectCompleted():
                return self.effect_handler(received.name).completed

    def effect_handler(self, name: str) -> EffectHandler[Dependencies, Context]:
        """The entry of an effect. Raises UndeclaredName."""
        handler = _entry(self.effects, name, name.find("/"))
        if handler is None:
            raise UndeclaredName(f"{self.group} has no effect {name}")
        return handler


def _counted_keys(inputs: Sequence[Input], accounting: Accounting) -> Iterator[str]:
    for one in inputs:
        if not isinstance(one, ReceivedEvent) or one.event.type.startswith(CONTROL):
            continue
        if accounting.is_counted(one.topic, one.event.type):
            yield one.event.partitionkey


def _entry(table: Mapping[str, Entry], name: str, separator: int) -> Entry | None:
    """The entry of a name, else that of all names which begin as this one does, up to and with the separator."""
    found = table.get(name)
    return found if found is not None or separator < 0 else table.get(name[: separator + 1])


class BoundProcessor(Generic[Dependencies, Memory, Context]):
    """A processor as a process runs it. Holds no state: that is in documents, and in the memory of each partition."""

    def __init__(self, processor: Processor[Dependencies, Memory, Context], dependencies: Dependencies) -> None:
        self.processor = processor
        self.dependencies = dependencies
        self._writable = frozenset(collection.name for collection in processor.collections)

    @property
    def group(self) -> str:
        """The group's name, such as `conversations`."""
        return self.processor.group

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics it reads."""
        return self.processor.topics

    @property
    def linger_seconds(self) -> float:
        """Seconds between its batches, in which inputs collect."""
        return self.processor.linger_seconds

    @property
    def accounting(self) -> Accounting | None:
        """What counts the records of a topic; None: nothing does."""
        return self.processor.accounting

    def new_memory(self) -> Memory:
        """What a partition that was just opened remembers."""
        return self.processor.memory()

    def unit_of_work(
        self,
        place: PartitionContext,
        now: datetime,
        reader: Reader,
        cache: DocumentCache | None = None,
        immutable: ImmutableDocuments | None = None,
    ) -> UnitOfWork:
        """A batch of this processor, with nothing in it yet."""
        return UnitOfWork(
            place,
            now,
            reader,
            cache if cache is not None else DocumentCache(),
            immutable if immutable is not None else ImmutableDocuments(),
            writable=self._writable,
        )

    async def load(self, work: UnitOfWork, memory: Memory, inputs: Sequence[Input]) -> "Decisions[Context]":
        """Count these inputs, and read all that their handlers declare. Store errors pass through. Raises UndeclaredName."""
        if self.accounting is not None:
            await self.accounting.consume(work, _counted_keys(inputs, self.accounting))
        context = self.processor.context(work, memory, self.dependencies)
        handlers = [(one, self.processor.handler_for(one)) for one in inputs]
        await load(work, context, [Reading(one, handler.reads) for one, handler in handlers if handler is not None])
        return Decisions(self.processor, context)

    def is_repeatable(self, effect: Effect) -> bool:
        """Whether a partition may be given up while the effect runs."""
        handler = _entry(self.processor.effects, effect.name, effect.name.find("/"))
        return handler is not None and handler.is_repeatable

    async def perform(self, effect: Effect) -> Any:
        """Do an effect; the result becomes an input. Raises UndeclaredName, and what doing it raises."""
        return await self.processor.effect_handler(effect.name).perform(self.dependencies, effect)


# Any: each processor has dependencies, a memory and a context of its own, which only its handlers touch.
AnyProcessor = BoundProcessor[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Decisions(Generic[Context]):
    """A batch whose documents are read: its inputs can be decided, in their order."""

    # Any: what the dependencies and the memory are does not matter once the context is made.
    processor: Processor[Any, Any, Context]
    context: Context

    def decide(self, received: Input) -> None:
        """Handle one input. Raising anything makes it a dead letter."""
        handler = self.processor.handler_for(received)
        if handler is not None:
            handler.run(self.context, received)
