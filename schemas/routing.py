"""Routing: tasks and agents on topic `routing` (keyed by workspace), assignments on topic `assignments` (keyed by
person).
"""

from typing import Annotated, Literal

from schemas.configuration import AgentBody, OpenWork, PresenceStatus
from schemas.values import (
    OMITTED_IF_EMPTY,
    Contract,
    Instant,
    Overflow,
    Priority,
    RelaxStep,
    Requirement,
    Surface,
    WorkClass,
)

ReturnReason = Literal[
    "agent_deleted",
    "agent_unknown",
    "moved",
    "over_capacity",
    "not_online",
    "connection_lost",
    "signed_off",
    "unread",
    "released",
    "day_ended",
]
"""Why a task went back to the queue. `moved`: to another team. `over_capacity`, `not_online`: the customer came back, and the
agent could not take them. `connection_lost`, `signed_off`: the agent is gone. `unread`: the agent did not look at it in time.
`released`: somebody gave it back. `day_ended`: it closed, and the agent was not online."""


class TaskQueued(Contract):
    """`pasokh.routing.task_queued`: a conversation waits for an agent.

    `queued_at` decides the position in the queue; a conversation that returns to the queue keeps it. `due_at` is the
    earliest known SLA due time, None without one. `rule` names the routing rule that matched (`rule 2`, `default`).
    `preferred` is the agent of the last assignment; the task waits for it alone for `preferred_seconds` while it is online
    (None: it comes first if it is free). The task takes `units` (None: as its team has it) of class `work_class` (None: that of its channel and surface). `relax` are the steps by which it asks for
    less as it waits. `offer_seconds`: an agent has so long to accept it; None: it is assigned without asking. `overflow` are
    limits of its queue in place of its team's.
    """

    conversation: str
    key: str
    workspace: str
    channel: str
    account: str
    surface: Surface
    team: str
    requirement: Requirement = Requirement()
    priority: Priority = "normal"
    language: str | None = None
    queued_at: Instant
    due_at: Instant | None = None
    preferred: str | None = None
    preferred_seconds: float | None = None
    work_class: WorkClass | None = None
    units: int | None = None
    relax: list[RelaxStep] = []
    offer_seconds: float | None = None
    overflow: Overflow | None = None
    rule: str
    config_version: int


class TaskChanged(Contract):
    """`pasokh.routing.task_changed`: priority, team, requirement or due time of a task changed; None: unchanged.

    `clear_due`: the task has no due time any more, because no clock is open. `keeps_agent`: the change of team does not
    take the task from the agent who has it by then. `relax` are new steps, of which those that are due apply at once. `rule` and
    `config_version` are set if rules were applied again.
    """

    conversation: str
    key: str
    workspace: str
    team: str | None = None
    requirement: Requirement | None = None
    priority: Priority | None = None
    due_at: Instant | None = None
    clear_due: bool = False
    keeps_agent: bool = False
    relax: list[RelaxStep] | None = None
    rule: str | None = None
    config_version: int | None = None


class TaskForceAssigned(Contract):
    """`pasokh.routing.task_force_assigned`: assign the task to this agent, whatever skills and capacity say.

    `task`: the task itself, if dispatch had none, because the conversation was answered elsewhere.
    """

    conversation: str
    key: str
    workspace: str
    to_agent: str
    by: str | None = None
    task: TaskQueued | None = None


class TaskClosed(Contract):
    """`pasokh.routing.task_closed`: the conversation was resolved: its units of work are free, and it leaves the
    queue.
    """

    conversation: str
    key: str
    workspace: str
    at: Instant
    erased: Annotated[bool, OMITTED_IF_EMPTY] = False


class TaskPaused(Contract):
    """`pasokh.routing.task_paused`: the task stops counting: its customer is silent, or it is snoozed. Its agent keeps it.

    Ignored once somebody else than `agent` has it; None: whoever has it, and a waiting task is set aside.
    """

    conversation: str
    key: str
    workspace: str
    agent: str | None = None
    at: Instant


class TaskResumed(Contract):
    """`pasokh.routing.task_resumed`: the task counts again: it is the agent's turn, or its snooze ended.

    If its agent is not online, or has too much in hand, it goes back to the queue, and waits for this agent for `preferred_seconds` first.
    """

    conversation: str
    key: str
    workspace: str
    at: Instant
    preferred_seconds: float | None = None


class TaskReturned(Contract):
    """`pasokh.routing.task_returned`: a customer waits for `agent`, who is not there, or did not look at it: back to its old place.

    Ignored once somebody else has the task, and when the agent is there again unless the `reason` is `unread`. It waits for this
    agent for `preferred_seconds` first.
    """

    conversation: str
    key: str
    workspace: str
    agent: str
    reason: ReturnReason
    preferred_seconds: float | None = None


class OfferAccept(Contract):
    """`pasokh.routing.offer_accept`: a command. The agent accepted its offer at `accepted_at`."""

    agent: str
    offer: str
    accepted_at: Instant
    request_hash: str = ""


class OfferDecline(Contract):
    """`pasokh.routing.offer_decline`: a command. Without a `reason` it counts as a missed offer."""

    agent: str
    offer: str
    reason: str | None = None
    request_hash: str = ""


class TaskClaim(Contract):
    """`pasokh.routing.task_claim`: a command. The agent takes a task: a waiting one, or that of `from_agent`.

    `over_capacity`: also if the agent has no room for it. `task`: as in `TaskForceAssigned`.
    """

    agent: str
    conversation: str
    from_agent: str | None = None
    over_capacity: bool = False
    task: TaskQueued | None = None
    request_hash: str = ""


class RulesChanged(Contract):
    """`pasokh.routing.rules_changed`: the routing rules changed in this version of the configuration."""

    version: int


class ReapplySlaPolicies(Contract):
    """`pasokh.routing.reapply_sla`: a command. Apply the current SLA policies to every open conversation."""

    agent: str | None = None
    accepted_at: Instant
    request_hash: str = ""


class AgentPut(Contract):
    """`pasokh.routing.agent_put`: a command. `if_match` is the ETag of the write, or None."""

    agent: str
    body: AgentBody
    if_match: str | None = None
    request_hash: str = ""


class AgentDeleted(Contract):
    """`pasokh.routing.agent_deleted`: a command. The agent's conversations go back to the queue."""

    agent: str
    if_match: str | None = None
    request_hash: str = ""


class PresenceSet(Contract):
    """`pasokh.routing.presence_set`: a command. Set whether the agent is online, away or offline, and why.

    `open_work`: what becomes of the conversations that wait for an agent who goes. `after_current`: once the work in hand is done.
    """

    agent: str
    status: PresenceStatus
    reason: str | None = None
    open_work: OpenWork = "return"
    after_current: bool = False
    if_match: str | None = None
    request_hash: str = ""


class WrapUpEnd(Contract):
    """`pasokh.routing.wrap_up_end`: a command. The agent has wrapped up this conversation; None: all of them."""

    agent: str
    wrapped_up: str | None = None
    request_hash: str = ""


class LeaseRenewed(Contract):
    """`pasokh.routing.lease_renewed`: the page of an agent answers a beat, for the first time or after a silence.

    `input_at` is when the agent last touched the page. `push`: notices are pushed to a telephone of the agent.
    """

    agent: str
    at: Instant
    input_at: Instant | None = None
    push: bool = False


class Assigned(Contract):
    """`pasokh.assignment.assigned`: dispatch assigned the task to an agent. `decision` is the decision's id.

    `summary` is written by earlier versions only: a sentence in English. The decision has the reason as data. `previous` is the
    agent from whom a person took the task; `by_person`: a person decided it, by a claim or force.
    """

    conversation: str
    key: str
    workspace: str
    agent: str
    team: str
    at: Instant
    decision: str
    summary: str = ""
    previous: str | None = None
    by_person: bool = False


class Unassigned(Contract):
    """`pasokh.assignment.unassigned`: the task returns to the queue. `reason` is a code: `agent_deleted`, `connection_lost`, ….

    Earlier versions wrote a phrase in English instead of the code.
    """

    conversation: str
    key: str
    workspace: str
    agent: str
    at: Instant
    reason: str


EndReason = Literal["accepted", "declined", "expired", "withdrawn"]
"""How an offer ended. `withdrawn`: the conversation was resolved, moved, or assigned by a person in the meantime."""


class Offered(Contract):
    """`pasokh.assignment.offered`: the task is offered to an agent, who has until `expires_at` to accept. `offer` is its id."""

    conversation: str
    key: str
    workspace: str
    offer: str
    agent: str
    team: str
    at: Instant
    expires_at: Instant
    decision: str


class OfferClosed(Contract):
    """`pasokh.assignment.offer_ended`: an offer has ended. Of an accepted one, `assigned` follows; else the task waits again.

    `reason` are the agent's words for a decline. `missed` is the number of offers that the agent missed in a row, if this one
    counts as missed.
    """

    conversation: str
    key: str
    workspace: str
    offer: str
    agent: str
    at: Instant
    why: EndReason
    reason: str | None = None
    missed: int = 0


class OfferFact(Contract):
    """The data of every `pasokh.offer.*` fact: `made`, then one of `accepted`, `declined`, `expired` and `withdrawn`.

    `agent` is who was offered the conversation, with time until `expires_at`. `reason` are their words for a decline. `missed` is
    the number of offers that they missed in a row, if this one counts as missed: it expired, or was declined without a reason.
    """

    conversation: str
    key: str
    offer: str
    agent: str
    team: str
    channel: str
    surface: Surface
    at: Instant
    expires_at: Instant
    reason: str | None = None
    missed: int = 0


class PresenceSpan(Contract):
    """A time in which what is shown of an agent's presence did not change, from `since` on for so many `seconds`.

    `used_unit_seconds` are the units in use in it, `unit_seconds` those that there were, each times seconds: their ratio is the
    utilisation.
    """

    presence: PresenceStatus
    presence_reason: str | None = None
    since: Instant
    seconds: float
    used_unit_seconds: float
    unit_seconds: float


class AgentFact(Contract):
    """`pasokh.agent.presence_changed`: what is shown of an agent's presence changed at `at`; `before` is the time that ended.

    `presence` is the effective one: what the agent declared (`presence_declared`), lowered by what keeps them from answering.
    `presence_reason` are the agent's words, or the code of what lowered it. `presence_next` is what the agent will be once the
    work in hand is done. `load` and `capacity` are in units.
    """

    agent: str
    name: str
    teams: list[str]
    presence: PresenceStatus
    presence_declared: PresenceStatus
    presence_reason: str | None = None
    presence_next: PresenceStatus | None = None
    load: int
    capacity: int
    at: Instant
    before: PresenceSpan | None = None


class WorkReturned(Contract):
    """`pasokh.agent.work_returned`: an agent went, or was lost, with so many conversations that counted for them.

    Those whose customer waits go back to the queue, each with a fact of its own; the others stay with the agent and count no more.
    """

    agent: str
    name: str
    teams: list[str]
    reason: ReturnReason
    conversations: int
    at: Instant
