"""What the dispatcher decided, as values, in the order of the decisions; and why it refused what a person asked for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from schemas.routing import EndReason, ReturnReason
from services.router.dispatch.domain.explain import Explanation
from services.router.dispatch.domain.placements import Offer
from services.router.dispatch.domain.values import Task

RefusalCode = Literal["unknown_task", "unknown_agent", "offer_ended", "held", "over_capacity"]


@dataclass(frozen=True, slots=True)
class TaskAssigned:
    """A task was assigned to an agent. `previous` is the agent from whom a person took it, None if nobody had it.

    The explanation has the agent's `load` before and `capacity`: force, and a claim where the workspace allows it, may bring an
    agent above its capacity.
    """

    task: Task
    agent: str
    explanation: Explanation
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class TaskOffered:
    """A task is offered to an agent, and uses its units until the offer ends."""

    task: Task
    agent: str
    explanation: Explanation
    offer: Offer


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """An offer has ended. Of an `accepted` one, `TaskAssigned` follows; else the task waits at its old position.

    `reason` are the agent's words for a decline. `missed` is the number of offers that the agent missed in a row, this one
    included if it counts as missed: one that expired, or was declined without a reason.
    """

    task: Task
    offer: Offer
    why: EndReason
    reason: str | None = None
    missed: int = 0

    @property
    def agent(self) -> str:
        return self.offer.agent


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A task waits: no agent is eligible and free now, or it waits for its preferred agent."""

    task: Task
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Requeued:
    """A task was taken from its agent and waits again at its old position in the queue."""

    task: Task
    agent: str
    reason: ReturnReason


@dataclass(frozen=True, slots=True)
class Resumed:
    """A task counts again for the agent who has it, whose units in use are now `load`, of `capacity`."""

    task: Task
    agent: str
    load: int
    capacity: int

    @property
    def is_above_capacity(self) -> bool:
        return self.load > self.capacity


@dataclass(frozen=True, slots=True)
class Overflowed:
    """A waiting task is open to another team too, because its team has too many waiting, or it waited too long."""

    task: Task
    to_team: str
    why: Literal["max_waiting", "max_wait"]


@dataclass(frozen=True, slots=True)
class AgentSetAway:
    """The agent is away from now on: it missed as many offers in a row as the workspace allows."""

    agent: str
    missed: int
    at: datetime


DispatchOutcome = TaskAssigned | TaskOffered | OfferEnded | Unmatched | Requeued | Resumed | Overflowed | AgentSetAway


class DispatchRefused(Exception):
    """The dispatcher changed nothing. `code` says why, with its parameters.

    - `unknown_task`: the task is not open any more. `unknown_agent`: there is no such agent.
    - `offer_ended`: how it ended stands in `why`; `agent` is who has the task, or is offered it, now.
    - `held`: `agent` has the task, or is offered it.
    - `over_capacity`: the agent uses `load` of `capacity` units, and there is no room for the task.
    """

    def __init__(
        self,
        code: RefusalCode,
        *,
        agent: str | None = None,
        why: EndReason | None = None,
        load: int = 0,
        capacity: int = 0,
    ) -> None:
        super().__init__(code)
        self.code, self.agent, self.why, self.load, self.capacity = code, agent, why, load, capacity
