"""The owners of keys, who decide at the same time without knowing of each other until they commit."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any

from schemas.envelope import Event, decode
from services.platform.processing.inputs import ReceivedEvent, causation_id
from services.platform.processing.unit_of_work import PartitionContext, UnitOfWork
from services.platform.store.port import Changes
from tests.router.conversations.harness import ConversationsHarness


class Owners:
    """The owners of keys, each of which decides one event at a time: it reads, and commits later, whatever others do meanwhile."""

    def __init__(self, house: ConversationsHarness, arrived: Sequence[ReceivedEvent]) -> None:
        self._driver = house.driver
        self._queues: dict[str, deque[ReceivedEvent]] = {}
        self._reading: dict[str, tuple[UnitOfWork, Any, ReceivedEvent]] = {}
        for event in arrived:
            self.arrive(event)

    def arrive(self, event: ReceivedEvent) -> None:
        self._queues.setdefault(event.event.partitionkey, deque()).append(event)

    async def finish(self) -> None:
        """Let owners decide one after the other, until there is nothing left."""
        while able := self.able():
            await self.step(able[0])

    def able(self) -> list[str]:
        """The owners that have something to read or to commit."""
        return [key for key, queue in self._queues.items() if queue or key in self._reading]

    async def step(self, key: str) -> None:
        if key in self._reading:
            await self._commit(key)
            return
        received, driver = self._queues[key].popleft(), self._driver
        driver.seq += 1
        place = PartitionContext(driver.processor.group, 0, 1, driver.seq)
        work = driver.processor.unit_of_work(place, driver.now, driver.store)
        self._reading[key] = work, await driver.processor.load(work, driver.memory, [received]), received

    async def _commit(self, key: str) -> None:
        work, decisions, received = self._reading.pop(key)
        before = len(self._driver.sent)
        work.cause = causation_id(received)
        decisions.decide(received)
        await self._driver.store.commit(Changes(puts=work.puts(), deletes=work.deletes()))
        self._driver.sent.extend(decode(record.value) for record in work.outbox)
        self._pass_on(self._driver.sent[before:])

    def _pass_on(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.type.startswith("pasokh.command."):
                self.arrive(ReceivedEvent(event, "commands", len(self._driver.sent)))

    async def wait(self, seconds: float) -> None:
        """Let time pass, and what is due happen."""
        before = len(self._driver.sent)
        await self._driver.advance(seconds)
        self._pass_on(self._driver.sent[before:])
        await self.finish()


async def every_order(house: ConversationsHarness, arrived: Sequence[ReceivedEvent]) -> AsyncIterator[Owners]:
    """The owners at the end of each order in which they may read and commit."""
    before, at, sent = dict(house.driver.store.documents), house.driver.now, len(house.driver.sent)
    order: list[int] = []
    while True:
        house.driver.rewind(before, at)
        del house.driver.sent[sent:]
        owners, choices = Owners(house, arrived), list[int]()
        while able := owners.able():
            chosen = order[len(choices)] if len(choices) < len(order) else 0
            choices.append(len(able))
            order = [*order, chosen] if len(order) < len(choices) else order
            await owners.step(able[chosen])
        yield owners
        while order and order[-1] + 1 == choices[len(order) - 1]:
            order.pop()
        if not order:
            return
        order[-1] += 1
