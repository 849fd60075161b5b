"""A partition of dispatch with one workspace `shop`, its agents and its tasks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from schemas.business_calendar import Calendar
from schemas.commands import CommandResult
from schemas.configuration import (
    AgentBody,
    RoutingBody,
    TeamBody,
    TeamSettings,
    Versioned,
    WorkspaceBody,
    WorkspaceConfiguration,
    WorkspaceSettings,
)
from schemas.envelope import Event
from schemas.routing import LeaseRenewed, TaskQueued
from schemas.values import Requirement
from services.platform.processing.inputs import ReceivedEvent, TimerFired
from services.platform.store.collections import OUTCOMES
from services.records.agents import AGENTS, AgentRecord
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS
from services.records.decisions import DECISIONS, DecisionRecord
from services.records.leases import LEASES, LeaseRecord
from services.records.offers import OFFERS, OfferRecord
from services.records.read_marks import READ_MARKS
from services.records.tasks import QUEUES, TASKS, QueueRecord, TaskRecord
from services.router.dispatch.context import DispatchDependencies
from services.router.dispatch.processor import PROCESSOR
from services.router.sentences import sentence
from tests.configuration import configure
from tests.driver import Driver
from tests.fakes import START

SHOP = "shop"
COLLECTIONS = (
    AGENTS,
    CONFIGURATION_HEADS,
    CONFIGURATIONS,
    DECISIONS,
    LEASES,
    OFFERS,
    OUTCOMES,
    QUEUES,
    READ_MARKS,
    TASKS,
)


class DispatchHarness(Driver):
    """One workspace's dispatch. Each call of `handle` is a batch, a second after the one before."""

    def __init__(self, fifo_reserve_interval: int = 10) -> None:
        super().__init__(PROCESSOR.bind(DispatchDependencies(fifo_reserve_interval, {"email": "mail"})), COLLECTIONS)
        self.event_count, self.configured = 0, 0
        self.configure("sales", "care")

    def configure(
        self,
        *teams: str,
        rules: bool = False,
        settings: dict[str, Any] | None = None,
        teams_settings: dict[str, dict[str, Any]] | None = None,
        calendar: Calendar | None = None,
        calendars: dict[str, Calendar] | None = None,
    ) -> None:
        """Write the workspace's configuration with these teams, and perhaps with rules."""
        own = {team: TeamSettings(**given) for team, given in (teams_settings or {}).items()}
        versioned = {
            team: Versioned[TeamBody](
                body=TeamBody(name=team, settings=own.get(team), calendar=(calendars or {}).get(team)),
                version=1,
                at=START,
            )
            for team in teams
        }
        general = WorkspaceSettings(**settings) if settings else None
        profile = Versioned[WorkspaceBody](
            body=WorkspaceBody(name="Shop", settings=general, calendar=calendar), version=1, at=START
        )
        self.configured += 1
        routing = (
            Versioned[RoutingBody](body=RoutingBody(rules=[]), version=self.configured, at=START) if rules else None
        )
        configuration = WorkspaceConfiguration(
            workspace=SHOP, version=self.configured, profile=profile, teams=versioned, routing=routing
        )
        configure(self.store, configuration)

    def event(self, kind: str, data: dict[str, Any], identity: str | None = None) -> Event:
        """An event of `routing`."""
        self.event_count += 1
        return Event(
            id=identity or f"event-{self.event_count}",
            source="test",
            type=f"pasokh.routing.{kind}",
            time=self.now,
            workspace=SHOP,
            partitionkey=SHOP,
            data=data,
        )

    async def handle(self, *events: Event, seconds: float = 1) -> list[Event]:
        """Decide these in one batch, commit it, and return what it emitted."""
        self.now += timedelta(seconds=seconds)
        return await self.batch([ReceivedEvent(event, "routing", at) for at, event in enumerate(events)])

    async def put_agent(self, agent: str, identity: str | None = None, **body: Any) -> CommandResult:
        """`if_match` apart, the keywords are the agent's body."""
        if_match = body.pop("if_match", None)
        written = AgentBody(**{"name": agent, "teams": ["default"], **body}).model_dump(mode="json")
        data = {"agent": agent, "body": written, "if_match": if_match, "request_hash": "hash"}
        return await self._command("agent_put", data, identity)

    async def set_presence(self, agent: str, status: str, if_match: str | None = None, **more: Any) -> CommandResult:
        data = {"agent": agent, "status": status, "if_match": if_match, **more}
        return await self._command("presence_set", data, None)

    async def beat(self, agent: str, *, idle: float | None = None, push: bool = False, renews: bool = False) -> None:
        """A page of the agent answers a beat, as REST records it; `renews`: with the event of the first one."""
        input_at = None if idle is None else self.now - timedelta(seconds=idle)
        lease = LeaseRecord(
            workspace=SHOP, agent=agent, beat_at=self.now, input_at=input_at, push=push, expires_at=self.now
        )
        self.put(LEASES, f"{SHOP}/{agent}", lease)
        if renews:
            renewed = LeaseRenewed(agent=agent, at=self.now, input_at=input_at, push=push)
            await self.handle(self.event("lease_renewed", renewed.model_dump(mode="json")), seconds=0)

    async def delete_agent(self, agent: str, if_match: str | None = None) -> CommandResult:
        return await self._command("agent_deleted", {"agent": agent, "if_match": if_match}, None)

    async def online(self, agent: str, **body: Any) -> None:
        """Write an agent and set it online."""
        assert (await self.put_agent(agent, **body)).status == "applied"
        assert (await self.set_presence(agent, "online")).status == "applied"

    async def queue(self, conversation: str, **task: Any) -> list[Event]:
        return await self.handle(self.event("task_queued", self.task(conversation, **task)))

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
        return await self.handle(self.event("task_changed", {**self.named(conversation), **change}))

    async def close(self, conversation: str) -> list[Event]:
        data = {**self.named(conversation), "at": self.now.isoformat()}
        return await self.handle(self.event("task_closed", data))

    def named(self, conversation: str) -> dict[str, Any]:
        """The fields by which every task event names its conversation."""
        return {"conversation": conversation, "key": f"{SHOP}/telegram:main:{conversation}", "workspace": SHOP}

    async def _command(self, kind: str, data: dict[str, Any], identity: str | None) -> CommandResult:
        event = self.event(kind, data, identity)
        await self.handle(event)
        outcome = self.get(OUTCOMES, event.id)
        assert outcome is not None, "a command without an outcome"
        return outcome

    async def fire(self, name: str, data: dict[str, Any]) -> list[Event]:
        """A timer of dispatch fires now."""
        return await self.batch([TimerFired(name, self.now, data)])

    @property
    def assignments(self) -> list[Event]:
        """What was sent about who has which task."""
        return assignments(self.sent)

    def queue_record(self) -> QueueRecord:
        found = self.get(QUEUES, SHOP)
        assert found is not None
        return found

    def agent(self, agent: str) -> AgentRecord:
        found = self.get(AGENTS, f"{SHOP}/{agent}")
        assert found is not None
        return found

    def agents(self) -> list[AgentRecord]:
        return self.store.all(AGENTS)

    def tasks(self) -> dict[str, TaskRecord]:
        return {task.conversation: task for task in self.store.all(TASKS)}

    def offer(self, offer: str) -> OfferRecord:
        found = self.get(OFFERS, offer)
        assert found is not None
        return found

    def holder(self, conversation: str) -> str | None:
        """The agent of a conversation; None while it waits. Raises KeyError when it is not open."""
        return self.tasks()[conversation].agent

    def decisions(self, conversation: str) -> list[DecisionRecord]:
        """The decisions about a conversation, oldest first, each with its English sentence."""
        stored = [decision for decision in self.store.all(DECISIONS) if decision.conversation == conversation]
        stored.sort(key=lambda decision: (decision.at, decision.id))
        return [replace(decision, summary=sentence(decision, "en")) for decision in stored]


def assignments(events: list[Event]) -> list[Event]:
    """Those of some events that say who has which task."""
    return [event for event in events if event.type.startswith("pasokh.assignment.")]
