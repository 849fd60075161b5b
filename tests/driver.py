"""Runs one partition of a processor in memory: batches are loaded, decided and committed, timers fire when time is moved."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel

from schemas.envelope import Event, decode
from schemas.values import Contract, Json
from services.platform.processing.inputs import Input, ReceivedEvent, TimerFired
from services.platform.processing.stage_adapter import AnyProcessor, adapted
from services.platform.processing.unit_of_work import PartitionContext
from services.platform.store.collections import TIMERS, Timer
from services.platform.store.port import Collection, Document, Index, Key, Page, Query

Model = TypeVar("Model", bound=BaseModel)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Documents:
    """Documents by key, read by declared indexes as the store port promises it."""

    indexes: dict[tuple[str, str], Index]
    rest: dict[Key, Document] = field(default_factory=dict)
    queries: int = 0

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        return {key: self.rest[key] for key in keys if key in self.rest}

    async def query(self, query: Query) -> Page:
        self.queries += 1
        fields = self.indexes[query.collection, query.index].fields
        free = [name for name in fields if name not in query.equals]
        found = [(k.id, d) for k, d in self.rest.items() if k.collection == query.collection]
        found = [(i, d) for i, d in found if all(d[name] == value for name, value in query.equals.items())]
        if query.at_least is not None:
            found = [(i, d) for i, d in found if d[free[0]] is not None and d[free[0]] >= query.at_least]  # type: ignore[operator]  # one index field holds one type
        if query.below is not None:
            found = [(i, d) for i, d in found if d[free[0]] is not None and d[free[0]] < query.below]  # type: ignore[operator]  # as above
        found.sort(key=lambda item: ([(item[1][n] is not None, item[1][n]) for n in free], item[0]))
        first = int(query.after or 0)
        last = first + query.limit
        return Page(found[first:last], str(last) if last < len(found) else None)


class Driver:
    """A processor on partition 0 of 1, the way a processor runs it. `sent` are all its events, oldest first."""

    def __init__(self, processor: AnyProcessor, collections: Sequence[Collection[Any]], now: datetime = START) -> None:
        indexes = {(c.name, i.name): i for c in (*collections, TIMERS) for i in c.indexes}
        self.processor, self.now = adapted(processor), now
        self.documents = Documents(indexes)
        self.sent: list[Event] = []
        self.memory = processor.new_memory()
        self.seq = 0
        self._numbers = 0

    def restart(self) -> None:
        """A new owner of the partition: nothing but documents is left."""
        self.memory = self.processor.new_memory()

    def put(self, collection: Collection[Model], identity: str, value: Model) -> None:
        """A document that somebody else wrote."""
        self.documents.rest[Key(collection.name, identity)] = value.model_dump(mode="json")

    def get(self, collection: Collection[Model], identity: str) -> Model | None:
        """A document as it is committed."""
        document = self.documents.rest.get(Key(collection.name, identity))
        return None if document is None else collection.model.model_validate(document)

    async def batch(self, inputs: Sequence[Input]) -> list[Event]:
        """Decide and commit one batch; returns what it sent."""
        self.seq += 1
        place = PartitionContext(self.processor.group, 0, 1, self.seq)
        work = self.processor.unit_of_work(place, self.now, self.documents)
        for one in inputs:
            if isinstance(one, TimerFired):
                work.cancel_timer(one.name)
        decisions = await self.processor.load(work, self.memory, inputs)
        for number, one in enumerate(inputs):
            work.cause = f"{self.seq}/{number}"
            decisions.decide(one)
        self.documents.rest.update({put.key: put.document for put in work.puts()})
        for key in work.deletes():
            self.documents.rest.pop(key, None)
        sent = [decode(outgoing.value) for outgoing in work.outbox]
        self.sent.extend(sent)
        return sent

    def arrived(self, topic: str, event_type: str, data: Contract, key: str = "w/telegram:main:1") -> ReceivedEvent:
        """An event of another processor, with the next number."""
        self._numbers += 1
        event = Event(
            id=f"e{self._numbers}",
            source="test/0",
            type=event_type,
            time=self.now,
            workspace=key.split("/", 1)[0],
            partitionkey=key,
            seq=self._numbers,
            index=0,
            data=data.model_dump(mode="json"),
        )
        return ReceivedEvent(event, topic, self._numbers)

    def timers(self) -> list[Timer]:
        """The timers that stand, the earliest first."""
        found = [Timer.model_validate(d) for k, d in self.documents.rest.items() if k.collection == TIMERS.name]
        return sorted(found, key=lambda timer: timer.due_at)

    async def to(self, moment: datetime) -> None:
        """Move the clock, firing every timer on the way at its time."""
        while (timers := self.timers()) and timers[0].due_at <= moment:
            self.now = max(self.now, timers[0].due_at)
            await self.batch([TimerFired(timers[0].name, timers[0].due_at, dict[str, Json](timers[0].data))])
        self.now = max(self.now, moment)

    async def after(self, seconds: float) -> None:
        """Move the clock by seconds."""
        await self.to(self.now + timedelta(seconds=seconds))
