"""Dispatch in memory: the stage over a dict of documents, with a clock that is moved and a memory that can be lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.commands import CommandResult
from schemas.configuration import AgentBody, RoutingBody, TeamBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.envelope import Event, decode
from schemas.routing import TaskQueued
from schemas.values import Contract, Requirement
from services.platform.processing.processor import Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import PartitionContext, UnitOfWork
from services.platform.store.collections import OUTCOMES, TIMERS, Timer
from services.platform.store.port import Collection, Document, Key, Page, Query
from services.records.agents import AGENTS, AgentRecord
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead, version_id
from services.records.decisions import DECISIONS, DecisionRecord
from services.records.tasks import QUEUES, TASKS, QueueRecord, TaskRecord
from services.router.dispatch.processor import DispatchProcessor
from services.router.sentences import sentence

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SHOP = "shop"


class MemoryReader:
    """Documents by key; queries go through the declared indexes, a page at a time, as the port promises."""

    def __init__(self) -> None:
        self.documents: dict[Key, Document] = {}
        self.queries = 0

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        return {key: self.documents[key] for key in keys if key in self.documents}

    async def query(self, query: Query) -> Page:
        self.queries += 1
        index = next(
            i for c in (AGENTS, TASKS) if c.name == query.collection for i in c.indexes if i.name == query.index
        )
        rest = index.fields[len(query.equals) :]
        found = [
            ([str(d.get(f)) for f in rest] + [key.id], key.id, d)
            for key, d in self.documents.items()
            if key.collection == query.collection and all(d.get(f) == v for f, v in query.equals.items())
        ]
        found.sort(key=lambda row: row[0])
        begin = int(query.after or 0)
        items = [(i, d) for _, i, d in found[begin : begin + query.limit]]
        end = begin + len(items)
        return Page(items, str(end) if end < len(found) else None)

    def all(self, collection: Collection[Any]) -> list[Any]:
        return [
            collection.model.model_validate(d) for k, d in self.documents.items() if k.collection == collection.name
        ]


@dataclass
class DispatchHarness:
    """One workspace's dispatch. Each call of `tell` is a batch; everything emitted is kept in `said`."""

    reserved_every: int = 10
    now: datetime = START
    shelf: MemoryReader = field(default_factory=MemoryReader)
    said: list[Event] = field(default_factory=list)
    batches: int = 0
    told: int = 0
    configured: int = 0

    def __post_init__(self) -> None:
        self.stage = DispatchProcessor(self.reserved_every)
        self.memory = self.stage.new_memory()
        self.configure("sales", "care")

    def configure(self, *teams: str, rules: bool = False) -> None:
        """Write the workspace's configuration with these teams, and perhaps with rules."""
        made = {team: Versioned[TeamBody](body=TeamBody(name=team), version=1, at=START) for team in teams}
        itself = Versioned[WorkspaceBody](body=WorkspaceBody(name="Shop"), version=1, at=START)
        self.configured += 1
        routing = (
            Versioned[RoutingBody](body=RoutingBody(rules=[]), version=self.configured, at=START) if rules else None
        )
        configuration = WorkspaceConfiguration(
            workspace=SHOP, version=self.configured, itself=itself, teams=made, routing=routing
        )
        head = ConfigurationHead(workspace=SHOP, version=self.configured)
        self._keep(CONFIGURATION_HEADS, SHOP, head)
        self._keep(CONFIGURATIONS, version_id(SHOP, self.configured), configuration)

    def _keep(self, collection: Collection[Any], identity: str, value: Contract) -> None:
        self.shelf.documents[Key(collection.name, identity)] = value.model_dump(mode="json")

    def forget(self) -> None:
        """Lose the memory, as a new owner of the partition starts."""
        self.memory = self.stage.new_memory()

    def event(self, kind: str, data: dict[str, Any], identity: str | None = None) -> Event:
        """An event of `routing`."""
        self.told += 1
        return Event(
            id=identity or f"event-{self.told}",
            source="test",
            type=f"pasokh.routing.{kind}",
            time=self.now,
            workspace=SHOP,
            partitionkey=SHOP,
            data=data,
        )

    async def tell(self, *events: Event, seconds: float = 1) -> list[Event]:
        """Decide these in one batch, commit it, and return what it emitted."""
        self.now += timedelta(seconds=seconds)
        return await self.decide([ReceivedEvent(event, "routing", at) for at, event in enumerate(events)])

    async def decide(self, inputs: Sequence[Input]) -> list[Event]:
        """One batch of any inputs, committed."""
        self.batches += 1
        work = UnitOfWork(PartitionContext("dispatch", 0, 1, self.batches), self.now, self.shelf)
        for one in inputs:
            if isinstance(one, TimerFired):
                work.cancel_timer(one.name)
        await self.stage.load(work, self.memory, inputs)
        for number, one in enumerate(inputs):
            work.cause = one.event.id if isinstance(one, ReceivedEvent) else f"{self.batches}/{number}"
            self.stage.decide(work, self.memory, one)
        for put in work.puts():
            self.shelf.documents[put.key] = put.document
        for key in work.deletes():
            self.shelf.documents.pop(key, None)
        emitted = [decode(one.value) for one in work.outbox]
        self.said += emitted
        return emitted

    async def put_agent(self, agent: str, identity: str | None = None, **body: Any) -> CommandResult:
        """`if_match` apart, the keywords are the agent's body."""
        if_match = body.pop("if_match", None)
        written = AgentBody(**{"name": agent, "teams": ["default"], **body}).model_dump(mode="json")
        data = {"agent": agent, "body": written, "if_match": if_match, "request_hash": "hash"}
        return await self._command("agent_put", data, identity)

    async def set_presence(self, agent: str, status: str, if_match: str | None = None) -> CommandResult:
        return await self._command("presence_set", {"agent": agent, "status": status, "if_match": if_match}, None)

    async def delete_agent(self, agent: str, if_match: str | None = None) -> CommandResult:
        return await self._command("agent_deleted", {"agent": agent, "if_match": if_match}, None)

    async def online(self, agent: str, **body: Any) -> None:
        """Write an agent and set it online."""
        assert (await self.put_agent(agent, **body)).status == "applied"
        assert (await self.set_presence(agent, "online")).status == "applied"

    async def queue(self, conversation: str, **task: Any) -> list[Event]:
        return await self.tell(self.event("task_queued", self.task(conversation, **task)))

    def task(self, conversation: str, skills: dict[str, int] | None = None, **task: Any) -> dict[str, Any]:
        """The data of a queued task: private, on telegram, team default, without skills, queued now."""
        usual: dict[str, Any] = {
            "conversation": conversation,
            "key": f"{SHOP}/telegram:main:{conversation}",
            "workspace": SHOP,
            "channel": "telegram",
            "account": "main",
            "surface": "private",
            "team": "default",
            "requirement": Requirement(skills=skills or {}),
            "queued_at": self.now,
            "rule": "default",
            "config_version": 1,
        }
        return TaskQueued.model_validate({**usual, **task}).model_dump(mode="json")

    async def change(self, conversation: str, **change: Any) -> list[Event]:
        return await self.tell(self.event("task_changed", {**self.named(conversation), **change}))

    async def close(self, conversation: str) -> list[Event]:
        data = {**self.named(conversation), "at": self.now.isoformat()}
        return await self.tell(self.event("task_closed", data))

    def named(self, conversation: str) -> dict[str, Any]:
        """How every task event names its conversation."""
        return {"conversation": conversation, "key": f"{SHOP}/telegram:main:{conversation}", "workspace": SHOP}

    async def _command(self, kind: str, data: dict[str, Any], identity: str | None) -> CommandResult:
        event = self.event(kind, data, identity)
        await self.tell(event)
        return CommandResult.model_validate(self.shelf.documents[Key(OUTCOMES.name, event.id)])

    async def wake(self, name: str, data: dict[str, Any]) -> list[Event]:
        """A timer of the stage comes due."""
        return await self.decide([TimerFired(name, self.now, data)])

    def timers(self) -> dict[str, dict[str, Any]]:
        """What stands to come due: name → data."""
        found = [Timer.model_validate(d) for k, d in self.shelf.documents.items() if k.collection == TIMERS.name]
        return {timer.name: timer.data for timer in found}

    def remembered(self) -> QueueRecord:
        return QueueRecord.model_validate(self.shelf.documents[Key(QUEUES.name, SHOP)])

    def agent(self, agent: str) -> AgentRecord:
        return AgentRecord.model_validate(self.shelf.documents[Key(AGENTS.name, f"{SHOP}/{agent}")])

    def agents(self) -> list[AgentRecord]:
        return self.shelf.all(AGENTS)

    def tasks(self) -> dict[str, TaskRecord]:
        return {task.conversation: task for task in self.shelf.all(TASKS)}

    def holder(self, conversation: str) -> str | None:
        """Who has it; None while it waits. KeyError when it is not open."""
        return self.tasks()[conversation].agent

    def decisions(self, conversation: str) -> list[DecisionRecord]:
        """Why, oldest first, with the sentence as it is read in English."""
        told = [one.model_copy(update={"summary": sentence(one, "en")}) for one in self.shelf.all(DECISIONS)]
        found = [one for one in told if one.conversation == conversation]
        return sorted(found, key=lambda one: (one.at, one.id))
