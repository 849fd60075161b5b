"""One conversation as a list of its facts, trimmed to what figures need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from sys import intern
from typing import Literal, TypeVar

from schemas.conversation import Conversation, ConversationFact, Handoff, ResponseRun, Status
from schemas.sla import ClockFact

Dimensions = Mapping[str, str | None]
Interval = tuple[datetime, datetime]
Value = TypeVar("Value")
# These tables repeat what counters and the lifecycle know, on purpose: the recount must not inherit a mistake of theirs.
LANGUAGES = ("fa", "ar", "lv", "en")
PEOPLE = ("agent", "account")
Phase = Literal["bot", "queue", "agent", "customer", "finished"]
PHASES: Mapping[Status, Phase] = {
    "bot": "bot",
    "waiting": "queue",
    "offered": "queue",
    "assigned": "agent",
    "pending": "customer",
    "resolved": "finished",
    "closed": "finished",
}
"""Who has the next move in each status, as docs/kpis.md defines the figures."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fact of a conversation: `name` is the last word of its type, `time` its time on the log, `at` its own."""

    name: str
    time: datetime
    at: datetime
    phase: Phase
    dimensions: Dimensions
    message: str | None
    surface: str
    author: str | None
    agent: str | None
    needs_answer: bool
    response: ResponseRun | None
    ended_responses: Sequence[ResponseRun]
    sentiment: str | None
    intent: str | None
    person: str
    opened_at: datetime
    resolved_at: datetime | None
    handoff: Handoff | None
    ratings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ClockStep:
    """One fact of an SLA clock."""

    name: str
    time: datetime
    metric: str
    run: int
    started_at: datetime
    stopped_at: datetime | None
    dimensions: Dimensions


@dataclass(slots=True)
class History:
    """The facts of one conversation and of its clocks, in the order of the log."""

    steps: list[Step] = field(default_factory=list)
    clocks: list[ClockStep] = field(default_factory=list)

    def until(self, end: datetime) -> "History":
        """The part of the history before `end`."""
        return History(
            [step for step in self.steps if step.time < end], [step for step in self.clocks if step.time < end]
        )


class StepBuilder:
    """Makes steps of facts. Equal values of many facts are stored once, because a report may hold 200,000 facts."""

    def __init__(self) -> None:
        self._dimensions: dict[tuple[str | None, ...], Dimensions] = {}

    def step(self, name: str, time: datetime, fact: ConversationFact, before: Step | None) -> Step:
        """The step of a fact; `before` is the step of the fact before it, None for the first."""
        conversation = fact.snapshot
        # A snapshot repeats these values in every fact: an equal one is the object of the step before.
        if before is not None:
            opened_at, resolved_at = before.opened_at, _same(before.resolved_at, conversation.resolved_at)
            response, handoff = _same(before.response, fact.response), _same(before.handoff, conversation.handoff)
        else:
            opened_at, resolved_at = conversation.opened_at, conversation.resolved_at
            response, handoff = fact.response, conversation.handoff
        return Step(
            # `intern`: one object for each of the few texts that 200,000 steps have.
            name=intern(name),
            time=time,
            at=fact.at,
            phase=PHASES[conversation.status],
            dimensions=self._of_conversation(conversation),
            message=fact.message,
            surface=intern(fact.message_surface or conversation.surface),
            author=intern(fact.author) if fact.author else None,
            agent=intern(conversation.agent) if conversation.agent else None,
            needs_answer=fact.needs_answer,
            response=response,
            ended_responses=fact.ended_responses or (),
            sentiment=intern(conversation.sentiment) if conversation.sentiment else None,
            intent=intern(conversation.intent) if conversation.intent else None,
            person=intern(conversation.person),
            opened_at=opened_at,
            resolved_at=resolved_at,
            handoff=handoff,
            ratings=tuple(fact.ratings),
        )

    def clock_step(self, name: str, time: datetime, fact: ClockFact) -> ClockStep:
        """The step of a fact of a clock. Its dimensions have a policy, and neither a language nor an agent."""
        dimensions = self._stored(
            channel=fact.channel,
            account=fact.account,
            surface=fact.surface,
            team=fact.team,
            priority=fact.priority,
            policy=fact.clock.policy,
        )
        clock = fact.clock
        return ClockStep(name, time, fact.metric, fact.run, clock.started_at, clock.stopped_at, dimensions)

    def _of_conversation(self, conversation: Conversation) -> Dimensions:
        # A region does not count: `fa-IR` is `fa`.
        language = (conversation.language or "").split("-", 1)[0].lower()
        return self._stored(
            channel=conversation.channel,
            account=conversation.account,
            surface=conversation.surface,
            team=conversation.team,
            priority=conversation.priority,
            language=language if language in LANGUAGES else "other",
            agent=conversation.agent,
        )

    def _stored(self, **dimensions: str | None) -> Dimensions:
        return self._dimensions.setdefault(tuple(dimensions.values()), dimensions)


def _same(before: Value, after: Value) -> Value:
    """The object `before` where `after` is equal to it."""
    return before if before == after else after


@dataclass(frozen=True, slots=True)
class Finding:
    """One event that a figure counts, or one duration that it measures.

    It began and was settled at these times on the log; `settled_at` None: it has not ended. A duration is the length of
    the intervals `counted` less that of `excluded`, which are times of events. `kind` names the part of the report that
    it belongs to; `value` is its weight in a rate or a sentiment. `provisional`: a later fact may still move it.
    """

    kind: str
    name: str
    variant: str
    dimensions: Dimensions
    began_at: datetime
    settled_at: datetime | None
    counted: Sequence[Interval] = ()
    excluded: Sequence[Interval] = ()
    value: float = 0.0
    provisional: bool = False


def total_seconds(intervals: Sequence[Interval]) -> float:
    """The length of all intervals, in seconds; one that ends before it begins counts as 0."""
    return sum(max(0.0, (until - since).total_seconds()) for since, until in intervals)
