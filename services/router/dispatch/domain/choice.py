"""Chooses the agent of a task: its preferred agent, then the best by skills and load, of those who may be asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from services.router.dispatch.domain.agent_index import AgentIndex
from services.router.dispatch.domain.candidates import CandidateSet
from services.router.dispatch.domain.queue import EVERYBODY, Audience
from services.router.dispatch.domain.values import Agent, Task


@dataclass(frozen=True, slots=True)
class Choice:
    """Who may take a task now, best first. `preferred` is the preferred agent, if it is free and may be asked."""

    index: AgentIndex
    task: Task
    candidates: CandidateSet
    audience: Audience
    preferred: Agent | None

    @property
    def best(self) -> Agent | None:
        """The agent for the task; None: it waits."""
        if self.preferred is not None or self.audience.only is not None:
            return self.preferred
        if not self.audience.passed:
            best = self.candidates.best()
            return self.index.agents[best] if best is not None else None
        return next(self._others(), None)

    def first(self, limit: int) -> list[Agent]:
        """The best agents for the task, at most `limit`."""
        if self.audience.only is not None:
            return [self.preferred] if self.preferred is not None else []
        others = list(islice(self._others(), limit))
        if self.preferred is None:
            return others
        return [self.preferred, *(agent for agent in others if agent.id != self.preferred.id)][:limit]

    @property
    def free_passed(self) -> int:
        """The number of free agents who are not asked, because they passed the task on."""
        if self.audience.only is not None:
            return 0
        agents = (self.index.agents[agent] for agent in self.audience.passed if agent in self.index.agents)
        return sum(1 for agent in agents if self._is_free(agent))

    @property
    def eligible(self) -> int:
        """The number of agents who could take the task now."""
        if self.audience.only is not None:
            return 0 if self.preferred is None else 1
        return self.candidates.counts["free"] - self.free_passed

    def _others(self) -> Iterator[Agent]:
        ranked = (self.index.agents[agent] for agent in self.candidates.ranked())
        return (agent for agent in ranked if self.audience.has(agent.id))

    def _is_free(self, agent: Agent) -> bool:
        requirement = self.task.requirement
        return requirement.is_satisfied_by(agent.teams, agent.skills) and agent.availability(requirement.work) == "free"


def choose(index: AgentIndex, task: Task) -> Choice:
    """Who may take the task now."""
    candidates, audience = index.candidates(task.requirement), audience_of(index, task)
    preferred = index.agents.get(task.preferred) if task.preferred else None
    if preferred is not None and not (
        audience.has(preferred.id)
        and preferred.may_take(task.requirement)
        and preferred.availability(task.requirement.work) == "free"
    ):
        preferred = None
    return Choice(index, task, candidates, audience, preferred)


def audience_of(index: AgentIndex, task: Task) -> Audience:
    """Who may take the task, of those that satisfy its requirement.

    Agents who passed it on are asked again only when nobody else is online who satisfies the requirement. While it waits for
    its preferred agent, and this agent is online, nobody else may take it.
    """
    if not task.is_conditional:
        return EVERYBODY
    passed = _passed_over(index, task)
    preferred = index.agents.get(task.preferred) if task.preferred and task.preferred_until is not None else None
    if preferred is not None and preferred.id not in passed and preferred.may_take(task.requirement):
        return Audience(only=preferred.id)
    return Audience(passed=passed)


def _passed_over(index: AgentIndex, task: Task) -> frozenset[str]:
    passed = [index.agents[agent] for agent, _ in task.passed if agent in index.agents]
    able = frozenset(agent.id for agent in passed if agent.may_take(task.requirement))
    counts = index.candidates(task.requirement).counts
    is_alone = counts["free"] + counts["capacity"] <= len(able)
    return frozenset() if is_alone else able
