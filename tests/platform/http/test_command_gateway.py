"""Commands: published once, their outcome awaited, told apart by their Idempotency-Key."""

import asyncio
from typing import Any

import pytest

from schemas.commands import CommandResult, Resolve
from schemas.envelope import decode
from schemas.values import Problem
from services.platform.bus.port import ProducerRecord, partition_for
from services.platform.core.errors import Unavailable, Unknown
from services.platform.http.command_gateway import Command, CommandGateway, command_id, request_hash
from services.platform.http.problems import CommandRejected, Conflict
from services.platform.store.collections import OUTCOMES, AcceptedCommand
from tests.fakes import START, ManualTimeSource, MemoryBus, MemoryStore

KEY = "shop/telegram:main:7"


class Desk:
    """Commands whose pauses are counted and last no time."""

    def __init__(self) -> None:
        self.store, self.bus, self.clock = MemoryStore(), MemoryBus(), ManualTimeSource()
        self.pauses = 0
        self.commands = CommandGateway(self.store, self.bus, self.clock, self.pause)

    async def pause(self, _: float) -> None:
        self.pauses += 1
        await asyncio.sleep(0)

    def apply(self, identity: str, **given: Any) -> None:
        outcome = CommandResult(
            **{"id": identity, "workspace": "shop", "status": "applied", "request_hash": "h", "at": START, **given}
        )
        self.store.insert(OUTCOMES, identity, outcome)

    def apply_when_heard(self, **given: Any) -> None:
        async def heard(outgoing: ProducerRecord) -> None:
            self.apply(decode(outgoing.value).id, **given)

        self.bus.on_publish = heard

    async def told(self, count: int) -> None:
        """Wait until that many commands are on the bus, and whoever sent them waits."""
        async with self.bus.changed:
            await self.bus.changed.wait_for(lambda: len(self.published) >= count)
        await asyncio.sleep(0)

    @property
    def published(self) -> list[ProducerRecord]:
        return [event for log in self.bus.logs.values() for event in log]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def command(identity: str = "c1", asked: str = "h", *, repeatable: bool = False) -> Command:
    data = Resolve(conversation="x", accepted_at=START, request_hash=asked)
    return Command(identity, "pasokh.command.resolve", "shop", KEY, data, asked, repeatable)


async def test_an_applied_command_returns_its_outcome(desk: Desk) -> None:
    desk.apply_when_heard(result="m1")
    outcome = await desk.commands.execute(command(), 5)
    assert outcome is not None
    assert outcome.result == "m1"


async def test_a_command_travels_by_the_persons_key_with_its_own_id_and_no_number(desk: Desk) -> None:
    desk.apply_when_heard()
    await desk.commands.execute(command(), 5)
    [outgoing] = desk.published
    event = decode(outgoing.value)
    assert (outgoing.topic, outgoing.key) == ("commands", KEY)
    assert outgoing.partition == partition_for(KEY, desk.bus.partitions)
    assert (event.id, event.source, event.seq, event.partitionkey) == ("c1", "rest", None, KEY)


async def test_a_refused_command_raises_its_problem(desk: Desk) -> None:
    problem = Problem(status=409, title="Not the assignee", detail="It is with b.")
    desk.apply_when_heard(status="refused", problem=problem)
    with pytest.raises(CommandRejected, match="It is with b") as refused:
        await desk.commands.execute(command(), 5)
    assert refused.value.status == 409


async def test_an_outcome_that_takes_too_long_leaves_a_pending_status(desk: Desk) -> None:
    assert await desk.commands.execute(command(), 0.01) is None
    assert isinstance(await desk.commands.status("shop", "c1"), AcceptedCommand)


async def test_a_command_that_is_on_the_bus_when_the_process_stops_is_pending_and_not_failed(desk: Desk) -> None:
    waiting = asyncio.create_task(desk.commands.execute(command(), 5))
    await desk.told(1)
    waiting.cancel()
    assert await waiting is None
    assert isinstance(await desk.commands.status("shop", "c1"), AcceptedCommand)
    assert len(desk.published) == 1


async def test_a_late_outcome_replaces_the_pending_status(desk: Desk) -> None:
    await desk.commands.execute(command(), 0)
    desk.apply("c1")
    assert isinstance(await desk.commands.status("shop", "c1"), CommandResult)


async def test_a_status_is_of_its_workspace_alone(desk: Desk) -> None:
    await desk.commands.execute(command(), 0)
    assert await desk.commands.status("other", "c1") is None
    desk.apply("c1")
    assert await desk.commands.status("other", "c1") is None


async def test_not_waiting_publishes_and_looks_for_nothing(desk: Desk) -> None:
    assert await desk.commands.execute(command(), 0) is None
    assert len(desk.published) == 1
    assert desk.pauses == 0


async def test_a_repeat_gets_the_first_outcome_and_publishes_nothing(desk: Desk) -> None:
    desk.apply("c1", result="m1")
    outcome = await desk.commands.execute(command(repeatable=True), 5)
    assert outcome is not None
    assert outcome.result == "m1"
    assert not desk.published


async def test_a_repeat_of_a_refusal_is_refused_again(desk: Desk) -> None:
    desk.apply("c1", status="refused", problem=Problem(status=409, title="t", detail="d"))
    with pytest.raises(CommandRejected):
        await desk.commands.execute(command(repeatable=True), 5)


async def test_the_same_key_for_another_request_is_a_conflict(desk: Desk) -> None:
    desk.apply("c1", request_hash="other")
    with pytest.raises(Conflict, match="Idempotency-Key"):
        await desk.commands.execute(command(repeatable=True), 5)


async def test_the_same_key_for_another_request_is_a_conflict_while_the_first_is_pending(desk: Desk) -> None:
    await desk.commands.execute(command(repeatable=True), 0)
    with pytest.raises(Conflict):
        await desk.commands.execute(command(asked="other", repeatable=True), 0)


async def test_two_at_once_with_one_key_and_two_bodies_are_one_command_and_one_conflict(desk: Desk) -> None:
    async def first_wins(outgoing: ProducerRecord) -> None:
        event = decode(outgoing.value)
        if desk.store.find(OUTCOMES, event.id) is None:
            await asyncio.sleep(0)
            desk.apply(event.id, request_hash=event.data["request_hash"])

    desk.bus.on_publish = first_wins
    both = [desk.commands.execute(command(asked=asked, repeatable=True), 5) for asked in ("h1", "h2")]
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["CommandResult", "Conflict"]


async def test_admission_is_not_asked_again_of_what_was_carried_out(desk: Desk) -> None:
    async def refuse() -> None:
        raise Conflict("not now")

    with pytest.raises(Conflict):
        await desk.commands.execute(command(repeatable=True), 5, refuse)
    assert not desk.published
    desk.apply("c1")
    assert await desk.commands.execute(command(repeatable=True), 5, refuse) is not None


async def test_all_who_wait_are_served_by_one_query(desk: Desk) -> None:
    many = [asyncio.create_task(desk.commands.execute(command(f"c{i}"), 5)) for i in range(50)]
    await desk.told(50)
    desk.store.reads.clear()
    for i in range(50):
        desk.apply(f"c{i}")
    assert all(await asyncio.gather(*many))
    assert len(desk.store.reads) <= 2
    assert max(map(len, desk.store.reads)) == 50


async def test_nobody_waiting_is_no_query(desk: Desk) -> None:
    desk.apply_when_heard()
    await desk.commands.execute(command(), 5)
    for _ in range(10):
        await asyncio.sleep(0)
    desk.store.reads.clear()
    pauses = desk.pauses
    for _ in range(10):
        await asyncio.sleep(0)
    assert not desk.store.reads
    assert desk.pauses == pauses


async def test_a_store_that_is_away_for_a_moment_is_asked_again(desk: Desk) -> None:
    waiting = asyncio.create_task(desk.commands.execute(command(), 5))
    await desk.told(1)
    desk.store.failure = Unavailable("away")
    for _ in range(10):
        await asyncio.sleep(0)
    desk.store.failure = None
    desk.apply("c1")
    assert await waiting is not None


async def test_a_bus_that_is_away_refuses_the_command(desk: Desk) -> None:
    desk.bus.failure = Unavailable("away")
    with pytest.raises(Unavailable):
        await desk.commands.execute(command(), 5)


async def test_an_unknown_publish_is_repeated_once_under_the_same_id() -> None:
    class Doubtful(MemoryBus):
        async def publish(self, events: Any) -> None:
            await super().publish(events)
            if len(self.logs["commands", partition_for(KEY, 2)]) == 1:
                raise Unknown("no answer")

    desk = Desk()
    bus = Doubtful()
    commands = CommandGateway(desk.store, bus, desk.clock, desk.pause)
    assert await commands.execute(command(), 0) is None
    assert [decode(e.value).id for e in bus.logs["commands", partition_for(KEY, 2)]] == ["c1", "c1"]


async def test_closing_stops_looking(desk: Desk) -> None:
    waiting = asyncio.create_task(desk.commands.execute(command(), 0.05))
    await desk.told(1)
    await desk.commands.aclose()
    pauses = desk.pauses
    assert await waiting is None
    assert desk.pauses == pauses


def test_the_id_follows_from_workspace_and_idempotency_key() -> None:
    clock = ManualTimeSource()
    assert command_id(clock, "shop", "k") == command_id(clock, "shop", "k")
    assert command_id(clock, "shop", "k") != command_id(clock, "other", "k")
    assert command_id(clock, "shop", None) != command_id(clock, "shop", None)


def test_the_hash_ignores_the_order_of_fields_and_nothing_else() -> None:
    assert request_hash("POST", "p", {"a": 1, "b": [1, 2]}) == request_hash("POST", "p", {"b": [1, 2], "a": 1})
    assert request_hash("POST", "p", {"a": 1}) != request_hash("POST", "q", {"a": 1})
    assert request_hash("POST", "p", {"b": [1, 2]}) != request_hash("POST", "p", {"b": [2, 1]})
