"""Groups of a simulation: who owns which partition, and what a member knows of that."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.platform.bus.port import Assignment, Record
from services.platform.core.errors import Revoked
from tests.simulator.world import World

LEASE_SECONDS = 3.0


class Host(Protocol):
    """What a member needs of its process."""

    @property
    def world(self) -> World: ...

    @property
    def awake(self) -> bool: ...

    async def step(self, where: str) -> None: ...


class Groups:
    """Who owns which partition. A member that sleeps longer than its lease loses its partitions without knowing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.members: dict[str, list[Member]] = {}
        self._generation = 0

    def join(self, member: "Member") -> None:
        self.members.setdefault(member.group, []).append(member)
        self.share(member.group)

    def leave(self, member: "Member") -> None:
        if member in self.members.get(member.group, []):
            self.members[member.group].remove(member)
            self.share(member.group)

    def share(self, group: str) -> None:
        """Deal the partitions anew; whoever loses some may learn of it late."""
        members = [m for m in self.members.get(group, []) if m.process.awake]
        if not members:
            return
        turn = self._world.rng.randrange(len(members))
        for member in self.members[group]:
            self._give(member, members, turn)

    def _give(self, member: "Member", members: list["Member"], turn: int) -> None:
        count, size = self._world.partitions, len(members)
        mine = {p for p in range(count) if members[(p + turn) % size] is member}
        kept = {p: g for p, g in member.true.items() if p in mine}
        for partition in sorted(mine - set(kept)):
            self._generation += 1
            kept[partition] = self._generation
        lost = set(member.true) - set(kept)
        member.true = kept
        late = bool(lost) and self._world.happens(self._world.chaos.late_notice)
        member.learn(self._world.rng.uniform(0.5, 8.0) if late else 0.0)


@dataclass(slots=True)
class Member:
    """One consumer. `true` is what it owns, `believed` what it knows of."""

    process: Host
    group: str
    topics: Sequence[str]
    true: dict[int, int] = field(default_factory=dict)
    believed: dict[int, int] = field(default_factory=dict)
    positions: dict[tuple[str, int], int] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def learn(self, after: float) -> None:
        """Learn the true assignment after so many seconds."""
        asyncio.get_running_loop().call_later(after, self._learn)

    def _learn(self) -> None:
        self.believed = dict(self.true)
        self.changed.set()

    async def assignment(self, known: Assignment) -> Assignment:
        while dict(known) == self.believed:
            self.changed.clear()
            await self.changed.wait()
        await self.process.step("assignment")
        return dict(self.believed)

    async def seek(self, partition: int, offsets: Mapping[str, int]) -> dict[str, int]:
        await self.process.step("seek")
        self._check(partition)
        found = {topic: offsets.get(topic, 0) for topic in self.topics}
        self.positions.update({(topic, partition): offset for topic, offset in found.items()})
        return found

    def _check(self, partition: int) -> None:
        if partition not in self.believed:
            raise Revoked

    async def poll(self, partition: int, *, wait: float, limit: int = 500, max_bytes: int = 4_000_000) -> list[Record]:
        await self.process.step("take")
        self._check(partition)
        found = self._read(partition, limit)
        if not found and wait > 0:
            await self.process.world.news(self.topics, partition, wait)
            await self.process.step("taken")
            self._check(partition)
            found = self._read(partition, limit)
        for record in found:
            self.positions[record.topic, partition] = record.offset + 1
        return found

    def _read(self, partition: int, limit: int) -> list[Record]:
        world = self.process.world
        size = world.rng.choice((1, 2, 3, limit))
        found: list[Record] = []
        for topic in world.rng.sample(list(self.topics), len(self.topics)):
            start = self.positions.get((topic, partition), 0)
            found += world.log[topic, partition][start : start + size - len(found)]
        return found

    async def commit_offsets(self, partition: int, offsets: Mapping[str, int]) -> None:
        await self.process.step("settle")
