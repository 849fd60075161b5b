"""Every activity of the log is counted once, by account: as new, as a duplicate, or as a dead letter."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from schemas.commands import Forward
from schemas.envelope import Event, encode
from services.domain.channel_capabilities import ChannelCapabilities
from services.platform.bus.port import ProducerRecord
from services.platform.core.instruments import ProcessorInstruments
from services.platform.processing.dead_letters import command_on
from services.platform.processing.group import GroupMember
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.processor import Handler
from services.platform.processing.runtime import Runtime
from services.platform.store.collections import DEAD_LETTERS, RUNTIME_COLLECTIONS
from services.platform.store.port import Collection
from services.records.ledgers import CONSUMED_COUNTS, ConsumedCounts, consumed_id
from services.router.conversations.context import ConversationsContext, ConversationsDependencies
from services.router.conversations.inbound import on_activity
from services.router.conversations.processor import PROCESSOR
from tests.fakes import START, LoopTimeSource, MemoryBus, MemoryStore
from tests.router.conversations.harness import CAPABILITIES, COLLECTIONS, HANDOFFS, ConversationsHarness
from tests.simulator.loop import run_virtually

KINDS = (
    "message",
    "postback",
    "edit",
    "deletion",
    "reaction",
    "receipt",
    "echo",
    "follow",
    "contact",
    "call",
    "unknown",
)
COUNTS = consumed_id(0, "w/telegram:main")


@pytest.fixture
def house() -> ConversationsHarness:
    return ConversationsHarness()


def terms(counts: ConsumedCounts | None) -> tuple[int, int, int, int]:
    assert counts is not None
    return counts.consumed, counts.new, counts.duplicates, counts.dead_lettered


def counted(house: ConversationsHarness) -> tuple[int, int, int, int]:
    return terms(house.driver.get(CONSUMED_COUNTS, COUNTS))


@pytest.mark.parametrize("kind", KINDS)
async def test_the_first_of_a_kind_is_new_and_its_repeat_a_duplicate(house: ConversationsHarness, kind: str) -> None:
    await house.customer(kind=kind)
    assert counted(house) == (1, 1, 0, 0)
    await house.customer(kind=kind)
    assert counted(house) == (2, 1, 1, 0)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_repeat_that_we_fetched_is_counted_apart_from_the_platforms(
    house: ConversationsHarness, kind: str
) -> None:
    await house.customer(kind=kind, polled=True)
    assert counted(house) == (1, 1, 0, 0)
    await house.customer(kind=kind, polled=True)
    await house.customer(kind=kind)
    found = house.driver.get(CONSUMED_COUNTS, COUNTS)
    assert found is not None
    assert (found.consumed, found.new, found.duplicates, found.refetched) == (3, 1, 1, 1)


@pytest.mark.parametrize("kind", KINDS)
async def test_kinds_about_a_known_message_are_counted_too(house: ConversationsHarness, kind: str) -> None:
    await house.customer()
    identity = "again" if kind in ("message", "postback") else f"{kind}-1"
    message = "m2" if kind in ("message", "postback") else "m1"
    for _ in range(2):
        await house.customer(kind=kind, id=identity, message=message)
    assert counted(house) == (3, 2, 1, 0)


async def test_what_becomes_no_message_here_is_told_from_its_repeat(house: ConversationsHarness) -> None:
    """A lone thumbs-up, a hand-off token, a gesture: none of them is stored as a message."""
    for _ in range(2):
        await house.customer(1, text={"text": "👍"})
        await house.customer(2, details={"start": "token"})
        await house.customer(3, kind="postback", text=None, message="p1")
    assert counted(house) == (6, 3, 3, 0)


async def test_a_message_that_left_only_its_id_is_no_deleted_one(house: ConversationsHarness) -> None:
    await house.customer(1, text={"text": "👍"})
    await house.customer(2)
    await house.customer(1, text={"text": "👍"})
    assert counted(house) == (3, 2, 1, 0)
    assert [message.state for message in house.messages()] == ["received", "received"]


async def test_repeats_in_one_batch_are_counted(house: ConversationsHarness) -> None:
    arrived = [house.driver.arrived("inbound", "pasokh.inbound.message", house.activity()) for _ in range(3)]
    await house.driver.batch(arrived)
    assert counted(house) == (3, 1, 2, 0)


async def test_accounts_are_counted_apart_and_commands_are_not(house: ConversationsHarness) -> None:
    other = house.driver.arrived("inbound", "pasokh.inbound.follow", house.activity(kind="follow"), "w/api:b:ada:1")
    await house.driver.batch([other])
    await house.customer()
    await house.resolve("sara")
    assert counted(house) == (1, 1, 0, 0)
    assert terms(house.driver.get(CONSUMED_COUNTS, consumed_id(0, "w/api:b"))) == (1, 1, 0, 0)


async def test_an_activity_of_limited_storage_that_goes_on_to_another_partition_is_counted_once(
    house: ConversationsHarness,
) -> None:
    echo = house.activity(kind="echo", stored_until=START + timedelta(hours=1))
    limited = house.driver.arrived("inbound_limited", "pasokh.inbound.echo", echo)
    forward = Forward(conversation="c1", activity=echo)
    await house.driver.batch(
        [limited, house.driver.arrived("inbound_limited", "pasokh.command.forward", forward, str(echo.person_key))]
    )
    assert counted(house) == (1, 1, 0, 0)


class Partition:
    """The real owner of one partition. It cannot handle activities whose id begins with `bad`, while `fails`."""

    def __init__(self) -> None:
        self.store, self.bus, self.fails, self.house = MemoryStore(), MemoryBus(1), True, ConversationsHarness()
        handlers = {"pasokh.inbound.": replace(PROCESSOR.handlers["pasokh.inbound."], run=self._run)}
        self.processor = replace(PROCESSOR, handlers=handlers)

    def _run(self, context: ConversationsContext, received: ReceivedEvent) -> None:
        if self.fails and received.event.id.startswith("bad"):
            raise ValueError("a bug")
        on_activity(context, received)

    async def publish(self, *identities: str) -> None:
        await self.bus.publish([self._record(identity) for identity in identities])
        await asyncio.sleep(3)

    def _record(self, identity: str) -> ProducerRecord:
        activity = self.house.activity(kind="contact", id=identity)
        data, key = activity.model_dump(mode="json"), str(activity.person_key)
        event = Event(
            id=identity,
            source="ingest",
            type="pasokh.inbound.contact",
            time=START,
            workspace="w",
            partitionkey=key,
            data=data,
        )
        return ProducerRecord("inbound", 0, key, b"no event" if identity == "unreadable" else encode(event))

    async def order(self, action: Any) -> None:
        """An operator retries or drops every letter."""
        letters = {
            key.id: DEAD_LETTERS.decode(d)
            for key, d in self.store.documents.items()
            if key.collection == "dead_letters"
        }
        topics = {PROCESSOR.group: PROCESSOR.topics}
        await self.bus.publish(
            [command_on(identity, letter, action, topics, LoopTimeSource()) for identity, letter in letters.items()]
        )
        await asyncio.sleep(3)

    async def run(self) -> asyncio.Task[None]:
        collections: Sequence[Collection[Any]] = [*RUNTIME_COLLECTIONS, *COLLECTIONS, CONSUMED_COUNTS]
        await self.store.prepare(collections)
        runtime = Runtime(self.store, self.bus, LoopTimeSource(), ProcessorInstruments(CollectorRegistry()))
        bound = self.processor.bind(ConversationsDependencies(ChannelCapabilities(CAPABILITIES), HANDOFFS))
        return asyncio.create_task(GroupMember(bound, runtime).run())

    @property
    def counts(self) -> tuple[int, int, int, int]:
        return terms(self.store.find(CONSUMED_COUNTS, COUNTS))


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_dead_letters_are_a_term_until_a_retry_handles_them() -> None:
    async def main() -> None:
        partition = Partition()
        task = await partition.run()
        await partition.publish("a", "bad-1", "b", "a", "unreadable")
        assert partition.counts == (5, 2, 1, 2)
        await partition.order("retry")
        # The bug is still there: the letters stay, and so do their counts.
        assert partition.counts == (5, 2, 1, 2)
        partition.fails = False
        await partition.order("retry")
        assert partition.counts == (5, 3, 1, 1)
        await partition.order("drop")
        assert partition.counts == (5, 3, 1, 1)
        await end(task)

    run_virtually(main())


def test_counts_go_on_after_a_crash_as_the_position_does() -> None:
    async def main() -> None:
        partition = Partition()
        task = await partition.run()
        await partition.publish("a", "b")
        await end(task)
        task = await partition.run()
        await partition.publish("b", "c")
        assert partition.counts == (4, 3, 1, 0)
        await end(task)

    run_virtually(main())


def test_a_record_that_no_handler_counted_shows() -> None:
    async def main() -> None:
        partition = Partition()
        nothing: Handler[ConversationsContext, ReceivedEvent] = Handler(lambda context, received: None)
        partition.processor = replace(PROCESSOR, handlers={"pasokh.inbound.": nothing})
        task = await partition.run()
        await partition.publish("a", "b")
        assert partition.counts == (2, 0, 0, 0)
        await end(task)

    run_virtually(main())
