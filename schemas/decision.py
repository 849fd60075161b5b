"""Decisions of dispatch: why a task went to an agent or waits, as data."""

from typing import Annotated, Literal

from schemas.values import OMITTED_IF_EMPTY, Contract, Instant, Json, Priority, Requirement

Advantage = Literal["preferred", "fit", "rare", "load", "idle", "rested", "id"]
"""The first criterion by which the selected agent ranked above the next: last agent of the conversation, closest fit of
skills, fewest rare skills beyond the requirement, lowest load, longest idle, longest without a new task, then the id."""


class Reason(Contract):
    """The reason of a decision as data. A read makes the sentence of it, in the reader's language.

    `name` is the agent's, `levels` are the agent's levels of the required skills, `load` and `capacity` the agent's
    units before the assignment, which brings the agent `above_capacity`. `eligible` is the number of agents who could take the task; `advantage` is None if
    there was no other. `queue_pick` tells how the task was taken from the queue. `agents` is the number of agents of
    the workspace. `by` is the agent who forced the assignment, None for an operator.
    """

    kind: Literal["chosen", "forced", "claimed", "accepted", "waiting"]
    name: str | None = None
    levels: dict[str, int] = {}
    load: int = 0
    capacity: int = 0
    above_capacity: Annotated[bool, OMITTED_IF_EMPTY] = False
    team: str = ""
    teams: list[str] = []
    waits_for: str | None = None
    eligible: int = 0
    advantage: Advantage | None = None
    queue_pick: Literal["in_line", "reserved"] | None = None
    priority: Priority = "normal"
    agents: int = 0
    by: str | None = None


class Filter(Contract):
    """One test that a candidate passed or failed. `detail` is a sentence."""

    name: str
    passed: bool
    detail: str


class Candidate(Contract):
    """One agent that a decision considered. `scores` are the values that the ranking compared, by name."""

    agent: str
    eligible: bool
    filters: list[Filter] = []
    scores: dict[str, Json] = {}


class Decision(Contract):
    """The reason why a task was assigned to an agent, or waits.

    `candidates` are the selected agent and the next nine; `excluded` counts the others by the filter that they failed.
    """

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
