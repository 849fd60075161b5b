"""Where a task is: in the queue, offered to an agent, with an agent, or set aside."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.router.dispatch.domain.values import Task


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer of a task to an agent, to be accepted before `expires_at`. `id` is the task's id and the number of the offer."""

    id: str
    agent: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a task is.

    Without `agent` it waits in the queue, or is set aside (`counting` false: snoozed before anybody had it). With `offer` it
    is offered to `agent` and uses its units; else `agent` has it, and it uses units while `counting`.
    """

    task: Task
    agent: str | None = None
    counting: bool = True
    offer: Offer | None = None

    @property
    def is_waiting(self) -> bool:
        return self.agent is None and self.counting

    @property
    def uses_units(self) -> bool:
        return self.agent is not None and self.counting

    @property
    def next_change(self) -> datetime | None:
        """When `Dispatcher.advance` has something to do for this task if nothing else happens before; None: never."""
        if self.offer is not None:
            return self.offer.expires_at
        return self.task.next_change if self.is_waiting else None


def new_offer(task: Task, agent: str, seconds: float, now: datetime) -> Offer:
    """The next offer of a task, from `now` for so many seconds."""
    return Offer(f"{task.id}.{task.offers + 1}", agent, now + timedelta(seconds=seconds))


def offered_task(offer: str) -> str:
    """The task of an offer's id."""
    return offer.rpartition(".")[0]
