"""Runs the whole graph in a seeded world and says what is wrong with the result."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from schemas.envelope import decode
from schemas.values import instant
from services.composition import COLLECTIONS
from tests.simulator.graph import GRAPH, AgentActor, Customer, Telegram, configure, staff, stages_of, write
from tests.simulator.loop import run_virtually
from tests.simulator.members import Groups
from tests.simulator.process import Process
from tests.simulator.promises import CHANGES, audit_again_and_again, audit_now, change_promises
from tests.simulator.run import RunResult, SimulatedDeployment, come_to_rest, houses_open, quiet, rebalance_now_and_then
from tests.simulator.world import Chaos, World

CUSTOMERS, SECONDS = 8, 40.0
FEW_CUSTOMERS, FEW_SECONDS = 2, 15.0
"""Of a small world, of which three are played in nearly the time of one large one."""
STORM = Chaos(crash=0.0006, pause=0.002, clock_skew=0.0)
"""Hard enough that every process dies or sleeps now and then, and mild enough that agents are in time now and then."""
HURRICANE = Chaos(clock_skew=0.0)


def run_graph(seed: int, *, embedded: bool = False, small: bool = False) -> RunResult:
    """One seed of the whole graph, from start to rest."""
    chaos = replace(HURRICANE if seed % 5 == 0 else STORM, until=FEW_SECONDS if small else SECONDS)
    return run_virtually(_run(seed, chaos, embedded, FEW_CUSTOMERS if small else CUSTOMERS))


async def _run(seed: int, chaos: Chaos, embedded: bool, count: int) -> RunResult:
    world = World(seed, chaos=chaos, embedded=embedded)
    groups, telegram = Groups(world), Telegram(world)
    configure(world)
    await houses_open(
        SimulatedDeployment(world, groups, lambda process: stages_of(process, telegram)), world, COLLECTIONS
    )
    storm = asyncio.create_task(rebalance_now_and_then(world, groups))
    customers = [Customer(number, world.rng.randint(1, 3)) for number in range(count)]
    client = Process(world, groups, "outside", mortal=False)
    desk = AgentActor(client)
    life, found = asyncio.create_task(_live(client, customers, desk)), list[str]()
    auditor = asyncio.create_task(audit_again_and_again(world, found))
    await come_to_rest(world, GRAPH, life, timers=False)
    storm.cancel()
    auditor.cancel()
    settled = life.done() and quiet(world, GRAPH, timers=False)
    judged, differences = await audit_now(world)
    wrong = [*([] if settled else ["it never came to rest"]), *world.broken, *found, *differences]
    wrong += [] if judged == count else [f"only {judged} conversations could be audited in the end"]
    wrong += [line for check in CHECKS for line in check(world, customers, telegram)]
    return RunResult(seed, wrong, world.history, world.commits)


async def _live(client: Process, customers: list[Customer], desk: AgentActor) -> None:
    await staff(client)
    writing = (write(client, customer) for customer in customers)
    await asyncio.gather(*writing, desk.work(len(customers)), change_promises(client))


# -- what must hold ----------------------------------------------------------------------------------------------------

Lines = Iterator[str]
Documents = dict[str, dict[str, Any]]


def _documents(world: World, collection: str) -> Documents:
    return dict(world.documents[collection])


def _facts(world: World) -> dict[str, Counter[str]]:
    """Per conversation how many times each fact was emitted."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for fact in _documents(world, "facts").values():
        counts[str(fact["conversation"])][str(fact["type"])] += 1
    return counts


def each_message_once(world: World, customers: list[Customer], _: Telegram) -> Lines:
    """Every message is there, in one conversation, and nothing else is; per customer in order."""
    inbound = {i: m for i, m in _documents(world, "messages").items() if m["direction"] == "inbound"}
    expected = {c.message_id(n) for c in customers for n in range(c.messages)}
    yield from (f"lost message {m}" for m in expected - set(inbound))
    yield from (f"message {m} came from nowhere" for m in set(inbound) - expected)
    received = sum(facts["pasokh.conversation.message_received"] for facts in _facts(world).values())
    if received != len(expected):
        yield f"{received} messages were received, {len(expected)} written"
    yield from (f"the messages of {c.person} are out of order" for c in customers if not _is_in_order(c, inbound))


def _is_in_order(customer: Customer, inbound: dict[str, Any]) -> bool:
    orders = [inbound[i]["order"] for n in range(customer.messages) if (i := customer.message_id(n)) in inbound]
    return orders == sorted(orders)


def one_conversation_each(world: World, customers: list[Customer], _: Telegram) -> Lines:
    """A person has one private conversation, and each time it was queued it was assigned once."""
    persons = Counter(str(c["person"]) for c in _documents(world, "conversations").values())
    yield from (f"{p} has {n} conversations" for p, n in persons.items() if n != 1)
    yield from (f"{c.person} has none" for c in customers if c.person not in persons)
    for conversation, facts in _facts(world).items():
        queued, assigned = facts["pasokh.conversation.queued"], facts["pasokh.conversation.assigned"]
        if queued != assigned:
            yield f"{conversation} was queued {queued} times and assigned {assigned} times"


def persons_are_joined(world: World, customers: list[Customer], _: Telegram) -> Lines:
    """Two persons of one platform id are one customer, and each of them was told so once."""
    pairs = {f"{c.number // 2}": {o.person for o in customers if o.platform_id == c.platform_id} for c in customers}
    expected = {tuple(sorted(pair)) for pair in pairs.values() if len(pair) > 1}
    found = {tuple(one["persons"]): identity for identity, one in _documents(world, "customers").items()}
    if set(found) != expected:
        yield f"customers are {sorted(found)}, not {sorted(expected)}"
    joined = Counter(
        str(fact["data"]["person"])
        for fact in _documents(world, "facts").values()
        if fact["type"] == "pasokh.customer.joined"
    )
    persons = {str(one["person"]): one.get("customer") for one in _documents(world, "persons").values()}
    for pair, identity in found.items():
        yield from (f"{p} is a person of {persons[p]}, not of {identity}" for p in pair if persons[p] != identity)
        yield from (f"{p} was joined {joined[p]} times" for p in pair if joined[p] != 1)


def loads_are_true(world: World, _: list[Customer], __: Telegram) -> Lines:
    """An agent holds as many units as conversations."""
    open_now = Counter(
        str(c["agent"]) for c in _documents(world, "conversations").values() if c["status"] in {"assigned", "pending"}
    )
    for agent in _documents(world, "agents").values():
        if agent["load"] != open_now[str(agent["id"])]:
            yield f"{agent['id']} has load {agent['load']} and {open_now[str(agent['id'])]} conversations"


def each_reply_once(world: World, _: list[Customer], telegram: Telegram) -> Lines:
    """No reply reaches the platform twice; what is sent did, what failed has a reason."""
    for identity, message in _documents(world, "messages").items():
        if message["direction"] != "outbound":
            continue
        arrived = telegram.arrived[identity]
        if arrived > 1:
            yield f"reply {identity} was sent {arrived} times"
        if message["state"] == "sent" and arrived != 1:
            yield f"reply {identity} is called sent and arrived {arrived} times"
        if message["state"] == "failed":
            yield from _failed(identity, message, telegram)
        elif message["state"] != "sent":
            yield f"reply {identity} is still {message['state']}"


def _failed(identity: str, message: dict[str, Any], telegram: Telegram) -> Lines:
    code = message["error"]["code"]
    if code != "outcome_unknown" and identity not in telegram.refused:
        yield f"reply {identity} failed as {code}, and nobody refused it"
    if code != "outcome_unknown" and telegram.arrived[identity]:
        yield f"reply {identity} failed as {code}, and arrived"


def each_command_once(world: World, _: list[Customer], __: Telegram) -> Lines:
    """Every command was applied, and a reply that was asked for once is one message."""
    for identity, outcome in _documents(world, "outcomes").items():
        # A change that another one overtook is refused with 409, as it should be.
        if outcome["status"] != "applied" and not (
            identity.startswith(CHANGES) and outcome["problem"]["status"] == 409
        ):
            yield f"{identity} was refused: {outcome['problem']}"
    replies = Counter(m["conversation"] for m in _documents(world, "messages").values() if m["direction"] == "outbound")
    yield from (f"{c} has {n} replies" for c, n in replies.items() if n != 1)


def promises_are_judged_by_event_times(world: World, _: list[Customer], __: Telegram) -> Lines:
    """Each fact of a run of a clock comes once; an answer that was on the log in time is never a breach."""
    facts, runs, in_time = _facts(world), _promises(world), _answers_on_the_log(world)
    for clock in _documents(world, "clocks").values():
        conversation, metric, run = str(clock["conversation"]), str(clock["metric"]), int(clock["run"])
        count, due_at = runs[conversation, metric, run], instant(str(clock["due_at"]))
        once = ("started", "breached", "fulfilled", "late", "cancelled")
        yield from (f"{conversation} {metric} {run}: {count[w]} facts {w}" for w in once if count[w] > 1)
        if count["breached"] and count["fulfilled"]:
            yield f"{conversation} {metric} {run} was both breached and fulfilled"
        if metric != "first_response" or not facts[conversation]["pasokh.conversation.reply_delivered"]:
            continue
        if count["breached"] and in_time[conversation] < due_at:
            yield f"{conversation} was answered in time and is breached"
        if not count["breached"] and not count["fulfilled"]:
            yield f"{conversation} was answered and neither breached nor fulfilled"


def _promises(world: World) -> dict[tuple[str, str, int], Counter[str]]:
    """Per run of a clock how many times each of its facts was emitted."""
    counts: dict[tuple[str, str, int], Counter[str]] = defaultdict(Counter)
    for fact in _documents(world, "facts").values():
        kind, data = str(fact["type"]), fact["data"]
        if kind.startswith("pasokh.sla."):
            counts[str(data["conversation"]), str(data["metric"]), int(data["run"])][kind.rsplit(".", 1)[1]] += 1
    return counts


def _answers_on_the_log(world: World) -> dict[str, Any]:
    """Per conversation when its reply command was first on the log."""
    found: dict[str, Any] = {}
    for (topic, partition), log in world.log.items():
        for record in log if topic == "commands" else ():
            event = decode(record.value)
            if event.type == "pasokh.command.reply":
                at = world.appended_at[topic, partition, record.offset]
                known = found.setdefault(str(event.data["conversation"]), at)
                found[str(event.data["conversation"])] = min(known, at)
    return found


def numbers_equal_a_recount(world: World, _: list[Customer], __: Telegram) -> Lines:
    """The counters say what the facts say."""
    totals: Counter[str] = Counter()
    for record in _documents(world, "counters").values():
        for series, value in record["values"].items():
            totals[series.split("|")[0]] += int(value)
    counts: Counter[str] = sum(_facts(world).values(), Counter())
    waiting = sum(1 for c in _documents(world, "conversations").values() if c["status"] == "waiting")
    expected = {
        "pasokh_conversations_opened_total": counts["pasokh.conversation.opened"],
        "pasokh_assignments_total": counts["pasokh.conversation.assigned"],
        "pasokh_sla_breached_total": counts["pasokh.sla.breached"],
        "pasokh_sla_fulfilled_total": counts["pasokh.sla.fulfilled"],
        "pasokh_waiting": waiting,
    }
    yield from (f"{n} is {totals[n]}, a recount {e}" for n, e in expected.items() if totals[n] != e)


def nothing_was_set_aside(world: World, _: list[Customer], __: Telegram) -> Lines:
    """No event of a healthy graph is poison."""
    yield from (f"dead letter: {d['event_type']} {d['error']}" for d in _documents(world, "dead_letters").values())


CHECKS = (
    each_message_once,
    one_conversation_each,
    persons_are_joined,
    loads_are_true,
    each_reply_once,
    each_command_once,
    promises_are_judged_by_event_times,
    numbers_equal_a_recount,
    nothing_was_set_aside,
)
