"""Runs one partition of a processor in memory: batches are loaded, decided and committed; timers fire when time is moved."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from schemas.envelope import Event, decode
from schemas.values import Contract
from services.platform.processing.inputs import EffectCompleted, Input, ReceivedEvent, TimerFired, causation_id
from services.platform.processing.processor import AnyProcessor
from services.platform.processing.unit_of_work import Effect, PartitionContext
from services.platform.store.codec import StoredRecord
from services.platform.store.collections import TIMERS, Timer
from services.platform.store.port import Changes, Collection, Document, Key
from tests.fakes import ManualTimeSource, MemoryStore

Model = TypeVar("Model", bound=StoredRecord)
MAX_STEPS = 5_000


class Driver:
    """A processor on partition 0, run as a process runs it: there is no bus and no fence, and effects wait to be performed.

    `sent` are all its events, oldest first. `effects` are those that were scheduled and not yet performed.
    """

    def __init__(
        self,
        processor: AnyProcessor,
        collections: Sequence[Collection[Any]] = (),
        *,
        store: MemoryStore | None = None,
        time_source: ManualTimeSource | None = None,
        partitions: int = 1,
    ) -> None:
        self.processor, self.partitions = processor, partitions
        self.store = store or MemoryStore(*collections, TIMERS)
        self.time_source = time_source or ManualTimeSource()
        self.sent: list[Event] = []
        self.effects: list[Effect] = []
        self.memory = self.processor.new_memory()
        self.seq = 0
        self._received = 0
        self._decided_at = self.time_source.now()

    @property
    def now(self) -> datetime:
        """The time of the next batch, unless an earlier batch was decided later."""
        return self.time_source.now()

    @now.setter
    def now(self, moment: datetime) -> None:
        self.time_source.at = moment

    def restart(self) -> None:
        """The process dies and a new one owns the partition: memory and effects are gone, documents stay."""
        self.memory, self.effects = self.processor.new_memory(), []

    def rewind(self, documents: Mapping[Key, Document], moment: datetime) -> None:
        """Go back to an earlier moment with the documents of then, as if nothing had been decided since."""
        self.store.documents = dict(documents)
        self.now = self._decided_at = moment
        self.restart()

    def put(self, collection: Collection[Model], identity: str, value: Model) -> None:
        """Write a document that another process owns."""
        self.store.insert(collection, identity, value)

    def get(self, collection: Collection[Model], identity: str) -> Model | None:
        """A document as it is committed."""
        return self.store.find(collection, identity)

    # -- batches -------------------------------------------------------------------------------------------------------

    async def batch(self, inputs: Sequence[Input]) -> list[Event]:
        """Decide and commit one batch; returns the events that it sent."""
        self.seq += 1
        self._decided_at = max(self._decided_at, self.now)
        place = PartitionContext(self.processor.group, 0, self.partitions, self.seq)
        work = self.processor.unit_of_work(place, self._decided_at, self.store)
        for one in inputs:
            if isinstance(one, TimerFired):
                work.cancel_timer(one.name)
        decisions = await self.processor.load(work, self.memory, inputs)
        for one in inputs:
            work.cause = causation_id(one)
            decisions.decide(one)
        await self.store.commit(Changes(puts=work.puts(), deletes=work.deletes()))
        self.effects += work.effects
        sent = [decode(outgoing.value) for outgoing in work.outbox]
        self.sent.extend(sent)
        return sent

    def arrived(self, topic: str, event_type: str, data: Contract, key: str = "w/telegram:main:1") -> ReceivedEvent:
        """An event of another processor, with the next number."""
        self._received += 1
        event = Event(
            id=f"e{self._received}",
            source="test/0",
            type=event_type,
            time=self.now,
            workspace=key.split("/", 1)[0],
            partitionkey=key,
            seq=self._received,
            index=0,
            data=data.model_dump(mode="json"),
        )
        return ReceivedEvent(event, topic, self._received)

    # -- effects -------------------------------------------------------------------------------------------------------

    async def perform(self, effect: Effect | None = None) -> EffectCompleted:
        """Perform an effect (by default the oldest) and return its result, which no batch has decided yet."""
        one = effect or self.effects[0]
        if one in self.effects:
            self.effects.remove(one)
        return EffectCompleted(one.name, await self.processor.perform(one), one.request)

    async def complete_effects(self, limit: int | None = None) -> int:
        """Perform what is scheduled now (at most `limit`) and decide the results in one batch; how many there were."""
        results = [await self.perform(effect) for effect in self.effects[:limit]]
        if results:
            await self.batch(results)
        return len(results)

    async def complete_all_effects(self) -> None:
        """Perform effects and decide their results until none is left; no time passes."""
        while await self.complete_effects():
            pass

    # -- time ----------------------------------------------------------------------------------------------------------

    def timers(self) -> list[Timer]:
        """The timers that are set, the earliest first."""
        return sorted(self.store.all(TIMERS), key=lambda timer: (timer.due_at, timer.name))

    async def fire_due(self) -> None:
        """Decide every timer that is due, in one batch."""
        due = [_fired(timer) for timer in self.timers() if timer.due_at <= self.now]
        if due:
            await self.batch(due)

    async def run_to_next_timer(self) -> None:
        """Move time to the next timer and decide every timer that is due then, in one batch."""
        self.now = max(self.now, self.timers()[0].due_at)
        await self.fire_due()

    async def run_until_idle(self) -> None:
        """Perform effects and fire timers until none is left."""
        for _ in range(MAX_STEPS):
            await self.complete_all_effects()
            if not self.timers():
                return
            await self.run_to_next_timer()
        raise AssertionError(f"effects or timers are left after {MAX_STEPS} timers")

    async def advance_to(self, moment: datetime) -> None:
        """Move time, firing every timer on the way in a batch of its own, at the time when it is due."""
        while (timers := self.timers()) and timers[0].due_at <= moment:
            self.now = max(self.now, timers[0].due_at)
            await self.batch([_fired(timers[0])])
        self.now = max(self.now, moment)

    async def advance(self, seconds: float) -> None:
        """Move time by seconds; see `advance_to`."""
        await self.advance_to(self.now + timedelta(seconds=seconds))


def _fired(timer: Timer) -> TimerFired:
    return TimerFired(timer.name, timer.due_at, dict(timer.data))
