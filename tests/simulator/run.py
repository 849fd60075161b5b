"""Runs the plain graph in a seeded world and says what is wrong with the result."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.envelope import Event, decode, encode
from schemas.values import instant
from services.platform.bus.port import ProducerRecord, partition_for
from services.platform.core.errors import Unavailable, Unknown
from services.platform.processing.processor import AnyProcessor
from services.platform.store.collections import OUTBOXES, RUNTIME_COLLECTIONS
from services.platform.store.port import Collection, outbox_events
from tests.simulator.loop import run_virtually
from tests.simulator.members import Groups
from tests.simulator.process import Process
from tests.simulator.toy_stages import (
    ALPHA_ACTED,
    BETA_ACTED,
    CANCELS,
    FIRED,
    POISON,
    Alpha,
    Beta,
    Ticket,
    expected_alpha,
    expected_beta,
)
from tests.simulator.world import Chaos, Killed, Rules, World

SETTLED_AFTER = 0.5
GIVE_UP_AFTER = 400.0


@dataclass(slots=True)
class RunResult:
    """What came of a seed: nothing wrong, or sentences."""

    seed: int
    wrong: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    commits: int = 0


@dataclass(slots=True)
class SimulatedDeployment:
    """Processes that are started again when they die."""

    world: World
    groups: Groups
    stages: Callable[[Process], Sequence[AnyProcessor]]
    born: int = 0
    alive: dict[str, Process] = field(default_factory=dict)

    def start(self, place: str) -> None:
        """Start the process of a place, and again whenever it dies."""
        self.born += 1
        process = Process(self.world, self.groups, f"{place}.{self.born}")
        process.on_death = lambda _: self._restart_later(place)
        self.alive[place] = process
        process.run(self.stages(process))

    def _restart_later(self, place: str) -> None:
        asyncio.get_running_loop().call_later(self.world.rng.uniform(0.1, 6.0), self.start, place)


async def rebalance_now_and_then(world: World, groups: Groups) -> None:
    """Deal partitions anew for no reason, as brokers do."""
    while world.stormy:
        await asyncio.sleep(world.rng.expovariate(1 / world.chaos.rebalance_every))
        if groups.members:
            groups.share(world.rng.choice(sorted(groups.members)))


async def place_orders(process: Process, orders: Sequence[str]) -> None:
    """A writer without a row: the id is made once, and the same event is published until it is acknowledged."""
    for order in orders:
        key = f"w/telegram:main:{sum(order.removeprefix(CANCELS).encode()) % 5}"
        event = Event(
            id=f"order-{order}",
            source="ingest",
            type="pasokh.inbound.message",
            time=process.world.now(),
            workspace="w",
            partitionkey=key,
            data={"order": order},
        )
        await publish_until_known(process, "inbound", event)
        await asyncio.sleep(process.world.rng.uniform(0, 0.6))


async def publish_until_known(process: Process, topic: str, event: Event) -> None:
    """As REST and ingest do: the same event, with its id, again and again until it is acknowledged."""
    partition = partition_for(event.partitionkey, process.partitions)
    while True:
        try:
            await process.publish([ProducerRecord(topic, partition, event.partitionkey, encode(event))])
        except (Unknown, Unavailable):
            await asyncio.sleep(0.2)
        else:
            return


def quiet(world: World, groups: Mapping[str, Sequence[str]], *, timers: bool = True) -> bool:
    """Whether every group has read all there is, and nothing waits in an outbox or (if they count) a timer."""
    rows = world.documents["rows"]
    for group, topics in groups.items():
        for partition in range(world.partitions):
            offsets = rows.get(f"{group}/{partition}", {}).get("offsets", {})
            read = offsets if isinstance(offsets, dict) else {}
            if any(int(str(read.get(t, 0))) < world.end(t, partition) for t in topics):
                return False
    return not (timers and world.documents["timers"]) and _all_published(world)


def _all_published(world: World) -> bool:
    """Whether every event of an outbox is on the log: its owner may be asleep between commit and publish."""
    waiting = [OUTBOXES.decode(d) for d in world.documents["outboxes"].values()]
    events = [event for outbox in waiting for event in outbox_events(outbox.events)]
    return all(any(r.value == e.value for r in reversed(world.log[e.topic, e.partition])) for e in events)


def run_plain(
    seed: int,
    *,
    rules: Rules | None = None,
    chaos: Chaos | None = None,
    orders: int = 12,
    poison: int = 0,
    embedded: bool = False,
) -> RunResult:
    """One seed of the plain graph, from start to rest, and what is wrong with it."""
    return run_virtually(_run_plain(seed, rules or Rules(), chaos or Chaos(), orders, poison, embedded))


async def _run_plain(seed: int, rules: Rules, chaos: Chaos, orders: int, poison: int, embedded: bool) -> RunResult:
    world = World(seed, chaos=chaos, rules=rules, embedded=embedded)
    groups = Groups(world)
    houses = SimulatedDeployment(world, groups, lambda _: [Alpha().bound(), Beta().bound()])
    names = [f"o{n}" for n in range(orders)]
    mixed = names + [f"{POISON}{n}" for n in range(poison)]
    world.rng.shuffle(mixed)
    # Some orders are cancelled a little later: their timer may fire, or not, but never overtake what was in time.
    cancels = [f"{CANCELS}{o}" for o in mixed[::2] if o in names]
    names += cancels
    mixed += cancels
    # The customer does not die; what it publishes still fails.
    writer = Process(world, groups, "writer", mortal=False)
    await houses_open(houses, world, [ALPHA_ACTED, BETA_ACTED, FIRED])
    storm = asyncio.create_task(rebalance_now_and_then(world, groups))
    placing = asyncio.create_task(place_orders(writer, mixed))
    graph = {"alpha": Alpha.topics, "beta": Beta.topics}
    await come_to_rest(world, graph, placing)
    storm.cancel()
    return RunResult(seed, _wrong(world, names, poison, settled=quiet(world, graph)), world.history, world.commits)


# Any: a collection of some model is none of every model.
async def houses_open(houses: SimulatedDeployment, world: World, collections: Sequence[Collection[Any]]) -> None:
    """Prepare the store and start three processes."""
    await Process(world, houses.groups, "setup", mortal=False).prepare([*RUNTIME_COLLECTIONS, *collections])
    for place in ("a", "b", "c"):
        houses.start(place)


async def come_to_rest(
    world: World, graph: Mapping[str, Sequence[str]], placing: asyncio.Task[None], *, timers: bool = True
) -> None:
    """Wait until the storm is over, all was placed and nothing moves any more, or it is clear that it never will."""
    restful = 0.0
    while world.seconds() < GIVE_UP_AFTER and restful < SETTLED_AFTER:
        await asyncio.sleep(0.1)
        over = not world.stormy and placing.done() and quiet(world, graph, timers=timers)
        restful = restful + 0.1 if over else 0.0
    if placing.done() and placing.exception() is not None and not isinstance(placing.exception(), Killed):
        placing.result()


def _wrong(world: World, orders: Sequence[str], poison: int, *, settled: bool) -> list[str]:
    wrong = ([] if settled else ["it never came to rest"]) + world.broken
    fired = set(world.documents["fired"])
    uncancelled = {o for o in orders if not o.startswith(CANCELS) and f"{CANCELS}{o}" not in orders}
    wrong += [f"the timer of {o} never fired" for o in sorted(uncancelled - fired)] + _overtaken(world)
    wrong += _wrong_acts(world, "alpha_acted", expected_alpha(orders, fired))
    wrong += _wrong_acts(world, "beta_acted", expected_beta(orders, fired))
    letters = len(world.documents["dead_letters"])
    if letters != poison:
        wrong.append(f"{letters} dead letters, {poison} expected")
    return wrong


def _wrong_acts(world: World, name: str, expected: set[str]) -> list[str]:
    """What a stage did other than once for each expected order."""
    acted = {i: d["times"] for i, d in world.documents[name].items()}
    lost = [f"{name} lost {n}" for n in sorted(expected - set(acted))]
    repeated = [f"{name} acted {times} times on {n}" for n, times in sorted(acted.items()) if times != 1]
    return lost + repeated + [f"{name} acted on {n}, which never was" for n in sorted(set(acted) - expected)]


def _overtaken(world: World) -> list[str]:
    """Timers that fired although what cancels them had been on the log before they were due.

    Only where clocks agree: with a clock that runs ahead, "due" comes early for its owner.
    """
    wrong: list[str] = []
    if world.chaos.clock_skew:
        return wrong
    for (topic, partition), log in world.log.items():
        for record in log if topic == "conversations" else ():
            event = decode(record.value)
            order = Ticket.model_validate(event.data).order
            fired = world.documents["fired"].get(order)
            since = world.appended_at[topic, partition, record.offset]
            in_time = fired is not None and since < instant(str(fired["due_at"]))
            if event.type == "pasokh.conversation.closed" and in_time:
                wrong.append(f"the timer of {order} overtook its cancellation")
    return wrong
