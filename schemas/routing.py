"""The routing side: tasks and agents on `routing` (workspace key), assignments on `assignments` (person key)."""

from typing import Literal

from schemas.configuration import AgentBody, PresenceStatus
from schemas.values import Contract, Instant, Json, Priority, Requirement, Surface


class TaskQueued(Contract):
    """`pasokh.routing.task_queued`: a conversation waits for an agent.

    `queued_at` is its place in the queue (kept when it comes back). `due_at` is the earliest SLA due time known, None
    if none. `rule` names the routing rule that matched (`rule 2`, `default`). `preferred` is the agent who had it last.
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
    rule: str
    config_version: int


class TaskChanged(Contract):
    """`pasokh.routing.task_changed`: priority, team, requirement or due time of a task changed; None: as it was.

    `undue`: nothing is promised any more, so it has no due time. `keeps_agent`: another team does not take it from
    whoever holds it by then. `rule` and `config_version` are given when rules were applied again.
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
    rule: str | None = None
    config_version: int | None = None


class TaskForceAssigned(Contract):
    """`pasokh.routing.task_force_assigned`: a person decided: this task goes to this agent, whatever skills and capacity say."""

    conversation: str
    key: str
    workspace: str
    to_agent: str
    by: str | None = None


class TaskClosed(Contract):
    """`pasokh.routing.task_closed`: the conversation was resolved; its units are free and it waits no more."""

    conversation: str
    key: str
    workspace: str
    at: Instant


class RulesChanged(Contract):
    """`pasokh.routing.rules_changed`: routing rules were written in this version of the configuration."""

    version: int


class ReapplySlaPolicies(Contract):
    """`pasokh.routing.reapply_sla`: a command. The SLA policies of now hold for every open conversation."""

    agent: str | None = None
    accepted_at: Instant
    request_hash: str = ""


class AgentPut(Contract):
    """`pasokh.routing.agent_put`: a command (the event's id is the command's). `if_match` is the ETag or None."""

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
    """`pasokh.routing.presence_set`: a command."""

    agent: str
    status: PresenceStatus
    if_match: str | None = None
    request_hash: str = ""


class Assigned(Contract):
    """`pasokh.assignment.assigned`: dispatch gave the task to an agent. `decision` is the decision's id.

    `summary` was a sentence in English; the decision tells why in any language.
    """

    conversation: str
    key: str
    workspace: str
    agent: str
    team: str
    at: Instant
    decision: str
    summary: str = ""


class Unassigned(Contract):
    """`pasokh.assignment.unassigned`: the agent went (sign-off with release, deletion); the task waits again."""

    conversation: str
    key: str
    workspace: str
    agent: str
    at: Instant
    reason: str


Advantage = Literal["preferred", "fit", "rare", "load", "idle", "rested", "id"]
"""What the winner had over the next, the first that differs: who had it last, the closest fit of skills, the fewest rare
skills to spare, the lowest load, idle for longest, longest without a new task, the first by id."""


class Reason(Contract):
    """Why a task was decided so, as data: the sentence is made of it when somebody reads.

    `name` of the agent, `levels` of the skills that were asked for, `load` and `capacity` before the task came on top.
    `eligible`: how many could take it; `advantage` None: nobody else. `drawn`: how the agent came upon it in the queue.
    `agents`: how many the workspace has. `by`: who forced it, None for an operator.
    """

    kind: Literal["chosen", "forced", "waiting"]
    name: str | None = None
    levels: dict[str, int] = {}
    load: int = 0
    capacity: int = 0
    team: str = ""
    eligible: int = 0
    advantage: Advantage | None = None
    queue_pick: Literal["in_line", "reserved"] | None = None
    priority: Priority = "normal"
    agents: int = 0
    by: str | None = None


class Filter(Contract):
    """One test that a candidate passed or failed, with a plain-language detail."""

    name: str
    passed: bool
    detail: str


class Candidate(Contract):
    """One agent that a decision looked at. `scores` hold what the ranking compared, by name."""

    agent: str
    eligible: bool
    filters: list[Filter] = []
    scores: dict[str, Json] = {}


class Decision(Contract):
    """Why a task went to an agent, or waits. The winner and the next nine; the rest counted per failed filter."""

    id: str
    conversation: str
    at: Instant
    outcome: Literal["assigned", "offered", "waiting"]
    agent: str | None = None
    summary: str
    requirement: Requirement = Requirement()
    rule: str
    candidates: list[Candidate] = []
    excluded: dict[str, int] = {}
    config_version: int
