"""A dispatcher with a clock that a test moves: every change that waiting brings is applied at its time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from schemas.values import WorkClass
from services.router.dispatch.domain.dispatcher import Dispatcher
from services.router.dispatch.domain.outcomes import DispatchOutcome, OfferEnded, TaskAssigned, TaskOffered
from services.router.dispatch.domain.placements import Placement
from services.router.dispatch.domain.requirement import TaskRequirement
from services.router.dispatch.domain.values import Agent, Task
from services.router.dispatch.domain.work import Work
from tests.fakes import START


class Shift:
    """`log` has all outcomes, each with the seconds since the start."""

    def __init__(self, fifo_reserve_interval: int = 1000) -> None:
        self.dispatcher = Dispatcher(fifo_reserve_interval=fifo_reserve_interval)
        self.now = START
        self.log: list[tuple[float, DispatchOutcome]] = []

    @property
    def seconds(self) -> float:
        return (self.now - START).total_seconds()

    def at(self, seconds: float) -> datetime:
        return START + timedelta(seconds=seconds)

    def until(self, seconds: float) -> None:
        """Move the clock to so many seconds after the start, by way of all that is due before."""
        end = self.at(seconds)
        while (due := self._next_due()) is not None and due[0] <= end:
            self.now, task = max(self.now, due[0]), due[1]
            self._note(self.dispatcher.advance(task, self.now))
        self.now = end

    def _next_due(self) -> tuple[datetime, str] | None:
        placements = self.dispatcher.board.placements
        times = [(placement.next_change, name) for name, placement in placements.items()]
        return min(((at, name) for at, name in times if at is not None), default=None)

    def agent(
        self,
        name: str,
        skills: Mapping[str, int] | None = None,
        *,
        teams: Sequence[str] = ("default",),
        capacity: int = 4,
        presence: Any = "online",
        limits: Mapping[WorkClass, int] | None = None,
        call_blocks: bool = False,
        max_missed_offers: int | None = None,
    ) -> list[DispatchOutcome]:
        """Write an agent; its idle time and missed offers start again."""
        agent = Agent(
            name,
            name.title(),
            frozenset(teams),
            skills or {},
            capacity,
            presence,
            limits=limits or {},
            call_blocks=call_blocks,
            max_missed_offers=max_missed_offers,
        )
        return self._note(self.dispatcher.put_agent(agent, self.now))

    def presence(self, name: str, presence: Any) -> list[DispatchOutcome]:
        agent = replace(self.dispatcher.agent_index.agents[name], presence=presence)
        return self._note(self.dispatcher.put_agent(agent, self.now))

    def task(
        self,
        name: str,
        skills: Mapping[str, int] | None = None,
        *,
        team: str = "default",
        work: WorkClass = "chat",
        units: int = 1,
        preferred_seconds: float | None = None,
        **more: Any,
    ) -> Task:
        """A task that is queued now."""
        fields: dict[str, Any] = {"priority": "normal", "queued_at": self.now, "team": team, **more}
        if preferred_seconds is not None:
            fields["preferred_until"] = self.now + timedelta(seconds=preferred_seconds)
        return Task(name, TaskRequirement.of(team, skills or {}, Work(work, units)), **fields)

    def queue(self, name: str, skills: Mapping[str, int] | None = None, **task: Any) -> list[DispatchOutcome]:
        return self._note(self.dispatcher.enqueue(self.task(name, skills, **task), self.now))

    def close(self, *names: str) -> list[DispatchOutcome]:
        return [one for name in names for one in self._note(self.dispatcher.close(name, self.now))]

    def accept(self, name: str) -> list[DispatchOutcome]:
        """The agent that is offered the task accepts now."""
        offer = self.place(name).offer
        assert offer is not None
        return self._note(self.dispatcher.accept(offer.id, offer.agent, self.now, self.now))

    def decline(self, name: str, reason: str | None = "busy") -> list[DispatchOutcome]:
        offer = self.place(name).offer
        assert offer is not None
        return self._note(self.dispatcher.decline(offer.id, offer.agent, reason, self.now))

    def place(self, name: str) -> Placement:
        placement = self.dispatcher.placement(name)
        assert placement is not None, f"{name} is not open"
        return placement

    def holder(self, name: str) -> str | None:
        """Who has a task or is offered it."""
        return self.place(name).agent

    def load(self, name: str) -> int:
        return self.dispatcher.agent_index.agents[name].load

    def story(self, *names: str) -> list[tuple[float, str, str | None]]:
        """What happened to these tasks: second, what, and to whom."""
        lines: list[tuple[float, str, str | None]] = []
        for seconds, outcome in self.log:
            if isinstance(outcome, (TaskAssigned, TaskOffered, OfferEnded)) and outcome.task.id in names:
                what = {TaskAssigned: "assigned", TaskOffered: "offered"}.get(type(outcome)) or str(
                    getattr(outcome, "why", "")
                )
                lines.append((seconds, what, outcome.agent))
        return lines

    def _note(self, outcomes: list[DispatchOutcome]) -> list[DispatchOutcome]:
        self.log += [(self.seconds, outcome) for outcome in outcomes]
        return outcomes
