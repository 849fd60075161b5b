"""One process of a simulation: its view of bus and store, through which everything that can go wrong goes wrong."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry

from services.platform.bus.port import ProducerRecord, Replace, Tail
from services.platform.core.errors import Fenced, Unavailable, Unknown
from services.platform.core.instruments import ProcessorInstruments
from services.platform.processing.group import GroupMember
from services.platform.processing.processor import AnyProcessor
from services.platform.processing.runtime import Runtime
from services.platform.store.port import Changes, Collection, Document, DocumentPage, Key, Put, Query, outbox_document
from tests.simulator.members import LEASE_SECONDS, Groups, Member
from tests.simulator.world import Killed, World

MOMENTS = (0.0, 0.0, 0.001, 0.003)
"""Seconds that an await may take."""


class Process:
    """Everything that one process holds. `step` is passed before and after every effect on the world."""

    def __init__(self, world: World, groups: Groups, name: str, *, mortal: bool = True) -> None:
        self.world, self.groups, self.name, self._mortal = world, groups, name, mortal
        self.alive, self._asleep_until = True, 0.0
        self._skew = timedelta(seconds=world.rng.uniform(-1, 1) * world.chaos.clock_skew)
        self._members: list[Member] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.on_death: Callable[[Process], None] = lambda _: None

    @property
    def awake(self) -> bool:
        return self.alive and self._asleep_until - self.world.seconds() < LEASE_SECONDS

    # -- what goes wrong -----------------------------------------------------------------------------------------------

    async def step(self, where: str) -> None:
        """One await: it takes a moment, the process may be stopped there for long, or die."""
        world = self.world
        self._check_alive()
        if not self._mortal:
            await asyncio.sleep(0)
            return
        if world.happens(world.chaos.crash):
            world.note(f"{self.name} dies at {where}")
            self.kill()
        self._check_alive()
        if world.happens(world.chaos.pause):
            self._asleep_until = world.seconds() + world.rng.uniform(0.5, 12.0)
            world.note(f"{self.name} stops at {where}")
            self._expire_soon()
        await asyncio.sleep(MOMENTS[int(world.rng.random() * len(MOMENTS))])
        while world.seconds() < self._asleep_until:  # noqa: ASYNC110 - it may be put to sleep again meanwhile
            await asyncio.sleep(self._asleep_until - world.seconds())
        self._check_alive()

    def _check_alive(self) -> None:
        if not self.alive:
            raise Killed

    def _expire_soon(self) -> None:
        for member in self._members:
            asyncio.get_running_loop().call_later(LEASE_SECONDS, self.groups.share, member.group)
            wakes = self._asleep_until - self.world.seconds()
            asyncio.get_running_loop().call_later(wakes + 0.01, self.groups.share, member.group)

    def kill(self) -> None:
        """Die as by kill -9: nothing is said to anybody, and the world goes on."""
        self.alive = False
        for task in self._tasks:
            task.cancel()
        for member in self._members:
            asyncio.get_running_loop().call_later(self.world.rng.uniform(0, LEASE_SECONDS), self.groups.leave, member)
        self.on_death(self)

    # -- running -------------------------------------------------------------------------------------------------------

    def run(self, stages: Sequence[AnyProcessor]) -> None:
        """Run a processor of each stage until killed."""
        runtime = Runtime(self, self, self, ProcessorInstruments(CollectorRegistry()), self.step)
        for stage in stages:
            self.spawn(GroupMember(stage, runtime).run)

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run something as a part of this process."""
        self._tasks.append(asyncio.create_task(self._until_killed(work)))

    async def _until_killed(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        with suppress(Killed):
            await work()

    # -- clock ---------------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self.world.now() + (self._skew if self.world.stormy else timedelta())

    def monotonic(self) -> float:
        return self.world.seconds()

    # -- bus -----------------------------------------------------------------------------------------------------------

    @property
    def partitions(self) -> int:
        return self.world.partitions

    async def publish(self, events: Sequence[ProducerRecord]) -> None:
        await self.step("publish")
        failed = False
        for batch in self._batches(events):
            if not self.world.rules.never_wait_for_consumers:
                await self._wait_for_consumers(batch)
            failed = await self._produce(batch) or failed
            if failed and self.world.rules.stop_at_first_failure:
                raise Unknown
        await self.step("published")
        if failed:
            raise Unknown

    def _batches(self, events: Sequence[ProducerRecord]) -> list[list[ProducerRecord]]:
        """Produce batches: of one partition each, in order, cut at random places."""
        lanes: dict[tuple[str, int], list[ProducerRecord]] = {}
        for event in events:
            lanes.setdefault((event.topic, event.partition), []).append(event)
        batches = []
        for lane in lanes.values():
            while lane:
                size = self.world.rng.randint(1, len(lane))
                batches.append(lane[:size])
                del lane[:size]
        return batches

    async def _produce(self, batch: list[ProducerRecord]) -> bool:
        """Append one batch; True when that failed, and then it may be there, or come late, or never."""
        world = self.world
        if not world.happens(world.chaos.publish_failure):
            world.append(batch)
            await self.step("produced")
            return False
        fate = world.rng.random()
        if fate < 0.33:
            world.append(batch)
        elif fate < 0.66:
            asyncio.get_running_loop().call_later(world.rng.uniform(0, 10), world.append, batch)
        await self.step("produce failed")
        return True

    async def _wait_for_consumers(self, batch: list[ProducerRecord]) -> None:
        """What rule 10 forbids: wait until every reader of the topic has nothing left to read."""
        topic, partition = batch[0].topic, batch[0].partition
        while any(self._behind(row, topic, partition) for row in list(self.world.documents["rows"].items())):
            await asyncio.sleep(0.05)
            self._check_alive()

    def _behind(self, row: tuple[str, Document], topic: str, partition: int) -> bool:
        offsets = row[1]["offsets"]
        if not isinstance(offsets, dict) or topic not in offsets or not row[0].endswith(f"/{partition}"):
            return False
        return int(str(offsets[topic])) < self.world.end(topic, partition)

    @asynccontextmanager
    async def consume(self, group: str, topics: Sequence[str]) -> AsyncIterator[Member]:
        await self.step("join")
        member = Member(self, group, topics)
        self._members.append(member)
        self.groups.join(member)
        try:
            yield member
        finally:
            self._members.remove(member)
            self.groups.leave(member)

    def tail(self, topics: Sequence[str]) -> AbstractAsyncContextManager[Tail]:
        raise NotImplementedError("stages read in groups")

    async def end_offsets(self, topics: Sequence[str], partition: int) -> dict[str, int]:
        await self.step("end offsets")
        return {topic: self.world.end(topic, partition) for topic in topics}

    async def overwrite(self, term: str, ends: Mapping[tuple[str, int], int], replace: Replace) -> None:
        raise NotImplementedError("stages only append")

    async def check(self) -> None:
        await self.step("check")

    # -- store ---------------------------------------------------------------------------------------------------------

    # Any: a collection of some model is none of every model.
    async def prepare(self, collections: Sequence[Collection[Any]]) -> None:
        for collection in collections:
            for index in collection.indexes:
                self.world.indexes[collection.name, index.name] = index.fields

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        await self._reach("read")
        found = self.world.read(keys)
        await self.step("read")
        return found

    async def query(self, query: Query) -> DocumentPage:
        await self._reach("query")
        return self.world.query(query)

    async def count(self, query: Query) -> int:
        await self._reach("count")
        return len(self.world.query(replace(query, limit=sys.maxsize, after=None)).items)

    async def scan(self, collection: str, after: str, limit: int) -> list[tuple[str, Document]]:
        await self._reach("scan")
        found = sorted((i, d) for i, d in self.world.documents[collection].items() if i > after)
        return found[:limit]

    async def delete_expired(self, collection: str, now: datetime, limit: int) -> int:
        raise NotImplementedError("the simulated run is shorter than any expiry")

    async def _reach(self, where: str) -> None:
        await self.step(where)
        if self.world.happens(self.world.chaos.unavailable):
            raise Unavailable

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        await self._reach("commit")
        world = self.world
        if world.happens(world.chaos.unknown):
            await self._lose_answer(changes)
        if self.world.embedded:
            world.apply(changes)
            world.append(changes.outbox)
            await self.step("committed")
            return ()
        world.apply(self._with_outbox(changes))
        await self.step("committed")
        return changes.outbox

    async def _lose_answer(self, changes: Changes) -> None:
        """The answer never comes: the commit happened, happens later, or never does."""
        world, fate = self.world, self.world.rng.random()
        if fate < 0.4:
            self._apply_quietly(changes)
        elif fate < 0.7:
            asyncio.get_running_loop().call_later(world.rng.uniform(0, 10), self._apply_quietly, changes)
        await self.step("commit unknown")
        raise Unknown

    def _apply_quietly(self, changes: Changes) -> None:
        with suppress(Fenced):
            if self.world.embedded:
                self.world.apply(changes)
                self.world.append(changes.outbox)
            else:
                self.world.apply(self._with_outbox(changes))

    def _with_outbox(self, changes: Changes) -> Changes:
        if not changes.outbox or changes.outbox_key is None:
            return changes
        kept = Put(changes.outbox_key, outbox_document(changes.outbox))
        return Changes(changes.conditions, [*changes.puts, kept], changes.deletes, changes.outbox, changes.outbox_key)
