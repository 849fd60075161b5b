"""Measures dispatch without the rest: tasks per second queued, assigned, explained and released, with 100 and 10,000
agents.

No store and no bus: the desk, and the stage with its documents and events made but not written. The ratio shows
whether cost grows with agents or with waiting tasks: a hundred times as many may take 1.7 times as long.
Seconds are of CPU, so that a busy machine does not look like a slow desk.
"""

import asyncio
import random
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from schemas.configuration import AgentBody
from schemas.envelope import Event
from schemas.routing import TaskClosed, TaskQueued
from schemas.values import PRIORITIES, Requirement
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.processor import Decisions
from services.platform.processing.unit_of_work import PartitionContext
from services.platform.store.port import Document, DocumentPage, Key, Query
from services.records.agents import AgentRecord
from services.records.configuration import CONFIGURATION_HEADS
from services.records.tasks import QueueRecord, TaskRecord
from services.router.dispatch.context import DispatchContext, DispatchDependencies, DispatchMemory
from services.router.dispatch.domain.dispatcher import Dispatcher
from services.router.dispatch.domain.values import Task
from services.router.dispatch.processor import PROCESSOR
from services.router.dispatch.tasks import waiting_task
from services.router.dispatch.workspace_state import WorkspaceState, to_agent, to_task

SMALL, LARGE = 100, 10_000
LANGUAGES = ("lang:en", "lang:fa", "lang:ar", "lang:tr", "lang:lv")
SUBJECTS = ("billing", "returns", "sizes", "shipping", "vip")
TEAMS = ("default", "sales", "care")
LIMIT = 0.59
"""Assign and release may take 1.7 times as long with a hundred times the agents."""
TURNS = 2_000
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `per_second` is the rate at each size; `ratio` is large over small, and `limit` its minimum."""

    name: str
    small_per_second: float
    large_per_second: float
    limit: float = LIMIT

    @property
    def ratio(self) -> float:
        return self.large_per_second / self.small_per_second


class EmptyReader:
    """An empty store."""

    async def get_many(self, keys: object) -> dict[Key, Document]:
        return {}

    async def query(self, query: Query) -> DocumentPage:
        return DocumentPage([])


def roster(agents: int, chance: random.Random) -> list[AgentRecord]:
    """Agents with different skills: one to three languages, up to two subjects, proficiencies 1-5."""
    return [_agent(f"agent-{number:05}", chance) for number in range(agents)]


def _agent(name: str, chance: random.Random) -> AgentRecord:
    chosen = chance.sample(LANGUAGES, chance.randint(1, 3)) + chance.sample(SUBJECTS, chance.randint(0, 2))
    skills = {skill: chance.randint(1, 5) for skill in chosen}
    teams = chance.sample(TEAMS, chance.randint(1, 2))
    body = AgentBody(name=name, teams=teams, skills=skills, capacity=chance.choice((2, 4, 4, 6)))
    return AgentRecord(workspace="w", id=name, body=body, presence="online", idle_since=START, at=START)


def queued(number: int, chance: random.Random, at: datetime) -> TaskQueued:
    """A task that requires one language, and sometimes a subject."""
    skills = {chance.choice(LANGUAGES): chance.randint(1, 3)}
    if chance.random() < 0.3:
        skills[chance.choice(SUBJECTS)] = 1
    return TaskQueued(
        conversation=f"c{number}",
        key=f"w/telegram:main:{number}",
        workspace="w",
        channel="telegram",
        account="main",
        surface="private",
        team=chance.choice(TEAMS),
        requirement=Requirement(skills=skills),
        priority=chance.choice(PRIORITIES),
        queued_at=at,
        rule="rule 1",
        config_version=1,
    )


def workload(agents: int, share: float, waiting: int = 0) -> tuple[Dispatcher, list[Task]]:
    """A dispatcher whose agents use this share of their units, or with this many waiting tasks; and its tasks."""
    chance, dispatcher = random.Random(7), Dispatcher()
    records = roster(agents, chance)
    dispatcher.restore([to_agent(record) for record in records], [])
    units = sum(record.body.capacity for record in records)
    tasks: list[Task] = []
    while len(tasks) < units * share or len(dispatcher.queue.tasks) < waiting:
        tasks.append(_task(len(tasks), chance))
        dispatcher.enqueue(tasks[-1], START)
    return dispatcher, tasks


def _task(number: int, chance: random.Random) -> Task:
    return to_task(waiting_task(queued(number, chance, START)))


def dispatcher_rate(agents: int, share: float, waiting: int = 0) -> float:
    """Tasks per second that are queued and released; each released task is drawn at random."""
    dispatcher, tasks = workload(agents, share, waiting)
    chance = random.Random(8)
    fresh = [_task(len(tasks) + number, chance) for number in range(TURNS)]
    leaving = [task.id for task in chance.sample(tasks, min(TURNS, len(tasks)))]
    leaving += [task.id for task in fresh[: TURNS - len(leaving)]]
    begun = time.process_time()
    for number, (arriving, closing) in enumerate(zip(fresh, leaving, strict=True)):
        now = START + timedelta(milliseconds=10 * number)
        dispatcher.enqueue(arriving, now)
        dispatcher.close(closing, now)
    return TURNS / (time.process_time() - begun)


async def stage_rate(agents: int, share: float) -> float:
    """The same through the processor in batches of 100, with events and documents, but without writing to disk."""
    processor, memory, chance = PROCESSOR.bind(DispatchDependencies()), DispatchMemory(), random.Random(8)
    dispatcher, tasks = workload(agents, share)
    memory.workspaces["w"] = _workspace_state(dispatcher, roster(agents, random.Random(7)), tasks)
    leaving = [task.id for task in tasks] + [f"c{len(tasks) + number}" for number in range(TURNS)]
    turns = [_turn(len(tasks) + number, leaving[number], chance) for number in range(TURNS)]
    events = [event for turn in turns for event in turn]
    begun = time.process_time()
    for seq in range(0, len(events), 100):
        place, now = PartitionContext("dispatch", 0, 1, seq), START + timedelta(seconds=seq)
        work = processor.unit_of_work(place, now, EmptyReader())
        # A workspace without settings of its own.
        await work.preload([(CONFIGURATION_HEADS, ["w"])])
        decisions = Decisions(PROCESSOR, DispatchContext(work, memory, DispatchDependencies()))
        for offset, event in enumerate(events[seq : seq + 100]):
            work.cause = event.id
            decisions.decide(ReceivedEvent(event, "routing", seq + offset))
        work.puts()
    return TURNS / (time.process_time() - begun)


def _workspace_state(dispatcher: Dispatcher, records: list[AgentRecord], tasks: list[Task]) -> WorkspaceState:
    state = WorkspaceState("w", dispatcher, QueueRecord(workspace="w"))
    state.agents = {record.id: record for record in records}
    chance = random.Random(9)
    state.tasks = {task.id: _record(task, queued(0, chance, START)) for task in tasks}
    dispatcher.changed_agents.clear()
    return state


def _record(task: Task, like: TaskQueued) -> TaskRecord:
    return replace(waiting_task(like), conversation=task.id, team=task.home_team)


def _turn(number: int, leaves: str, chance: random.Random) -> list[Event]:
    arriving = queued(number, chance, START).model_dump(mode="json")
    closing = TaskClosed(conversation=leaves, key=f"w/{leaves}", workspace="w", at=START).model_dump(mode="json")
    return [_event(f"q{number}", "task_queued", arriving), _event(f"x{number}", "task_closed", closing)]


def _event(identity: str, kind: str, data: Document) -> Event:
    kind = f"pasokh.routing.{kind}"
    return Event(id=identity, source="bench", type=kind, time=START, workspace="w", partitionkey="w", data=data)


async def rows() -> list[Row]:
    """All measurements; about a minute."""
    return [
        Row("desk, half of the units in use", dispatcher_rate(SMALL, 0.5), dispatcher_rate(LARGE, 0.5)),
        Row("desk, every unit in use", dispatcher_rate(SMALL, 1.0), dispatcher_rate(LARGE, 1.0)),
        Row(
            "desk, 100 agents, 100 or 10,000 tasks waiting",
            dispatcher_rate(SMALL, 1.0, SMALL),
            dispatcher_rate(SMALL, 1.0, LARGE),
        ),
        Row("stage, half of the units in use", await stage_rate(SMALL, 0.5), await stage_rate(LARGE, 0.5)),
    ]


def main() -> None:
    """Print the measurements."""
    for row in asyncio.run(rows()):
        print(
            f"{row.name:50} {row.small_per_second:8.0f}/s {row.large_per_second:8.0f}/s  ratio {row.ratio:.2f} (>= {row.limit})"
        )


if __name__ == "__main__":
    main()
