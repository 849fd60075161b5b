"""Recomputes the clocks of one conversation from its facts, and compares them with the stored clocks and their facts.

The facts of the conversation are applied in the order in which conversations emitted them. Whether there is a breach
follows from the times of events alone; but the log does not tell after which fact a breach was emitted, because ticks may
come late. The auditor takes the position that leaves the fewest differences. It also takes from the record by which
version of the configuration a policy was selected, where that version was in force then. Warnings are not compared: an
answer that is read before the tick of a warning makes it needless.

The last fact of each clock shows its policy, start, due time and state, so that the facts alone tell what every clock is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.conversation import ConversationFact
from schemas.envelope import Event
from schemas.events import CONVERSATION, SLA
from schemas.sla import ClockFact, ClockMetric
from services.records.clocks import ClockRecord
from services.sla.comparison import (
    ComparedClock,
    Difference,
    EmittedFact,
    by_run,
    own_differences,
    replayed_differences,
)
from services.sla.domain.response_runs import RESPONSE_METRICS
from services.sla.earlier_runs import ReplayedFacts, without_earlier_runs
from services.sla.replay import MAX_CLOCK_SKEW, PolicyVersion, Replay, Run

BREACHED = f"{SLA}breached"
EARLIER_RUN = "it began by facts of a version without response runs, whose rules are not known"
"""Why a clock is compared with its own due time, stop and facts alone."""


@dataclass(frozen=True, slots=True)
class PartlyCompared:
    """A clock that could not be compared with the facts of its conversation, and why."""

    conversation: str
    metric: ClockMetric
    run: int
    reason: str


@dataclass(frozen=True, slots=True)
class AuditFindings:
    """The result of one audit; both empty: every clock of the conversation follows from its facts."""

    differences: Sequence[Difference] = ()
    partly_compared: Sequence[PartlyCompared] = ()


@dataclass(frozen=True, slots=True)
class BreachObservation:
    """A breach was emitted `at`. The facts before it number `first` to `last`, and `expected` by their times.

    Times alone do not decide: `sla` may have been behind, and reads the watermark of conversations before facts that
    are emitted later, however late it does.
    """

    run: Run
    at: datetime
    first: int
    expected: int
    last: int


@dataclass(frozen=True, slots=True)
class AuditedCase:
    """What is known of one conversation: its facts in order, what is to be replayed of them, its clocks and their facts."""

    conversation: str
    events: Sequence[Event]
    replayed: ReplayedFacts
    stored: Mapping[Run, ClockRecord]
    emitted: Mapping[Run, Sequence[EmittedFact]]
    history: Sequence[PolicyVersion]
    selected_versions: Sequence[int]
    until: datetime


def audit(
    facts: Iterable[Event],
    stored: Mapping[Run, ClockRecord],
    history: Sequence[PolicyVersion],
    until: datetime,
    selected_versions: Sequence[int] = (),
) -> AuditFindings:
    """Where the clocks of one conversation differ from its facts (of conversations and of clocks, in any order).

    `stored` are its clocks; `history` are the policies of its workspace, oldest first; what was due `until` then has
    fired; `selected_versions` as the conversation's SLA state has them.
    """
    # The numbers that their writers gave them: times of two processes do not order what lies close together.
    ordered = sorted(facts, key=_number)
    events = [event for event in ordered if event.type.startswith(CONVERSATION)]
    payloads = [event.payload_as(ConversationFact) for event in events]
    clock_facts = [(event, event.payload_as(ClockFact)) for event in ordered if event.type.startswith(SLA)]
    emitted = by_run([((fact.metric, fact.run), _emitted(event, fact)) for event, fact in clock_facts])
    case = AuditedCase(
        conversation=_conversation(ordered, stored),
        events=events,
        replayed=without_earlier_runs(payloads, _starts(stored, emitted)),
        stored=stored,
        emitted=emitted,
        history=history,
        selected_versions=selected_versions,
        until=until,
    )
    breaches = [_to_observation(event, fact, events) for event, fact in clock_facts if event.type == BREACHED]
    return _best_explanation(case, breaches)


def _number(event: Event) -> tuple[str, int, int]:
    return event.source, event.seq or 0, event.index or 0


def _emitted(event: Event, fact: ClockFact) -> EmittedFact:
    return event.type.removeprefix(SLA), fact.clock


def _starts(stored: Mapping[Run, ClockRecord], emitted: Mapping[Run, Sequence[EmittedFact]]) -> dict[Run, datetime]:
    """When each clock began, by what is stored; of a clock that is lost, by its last fact."""
    by_facts = {run: facts[-1][1].started_at for run, facts in emitted.items()}
    return by_facts | {run: clock.started_at for run, clock in stored.items()}


def _conversation(events: Sequence[Event], stored: Mapping[Run, ClockRecord]) -> str:
    named = [*(clock.conversation for clock in stored.values()), *(str(one.data.get("conversation")) for one in events)]
    return next(iter(named), "")


def _to_observation(event: Event, fact: ClockFact, facts: Sequence[Event]) -> BreachObservation:
    # A breach may stand after facts that were emitted before its due time at the earliest, and before those that were
    # emitted after it at the latest; the clocks of two processes may be apart.
    times = [one.time for one in facts]
    expected = sum(time < event.time for time in times)
    first = min(expected, sum(time <= fact.clock.due_at - MAX_CLOCK_SKEW for time in times))
    last = sum(time < event.time + MAX_CLOCK_SKEW for time in times)
    return BreachObservation((fact.metric, fact.run), event.time, first, expected, last)


def _best_explanation(case: AuditedCase, breaches: Sequence[BreachObservation]) -> AuditFindings:
    """The findings with each breach after those facts that leave the fewest differences."""
    # Breach by breach, not every combination: a breach of one clock rarely moves another clock.
    positions = {breach.run: breach.expected for breach in breaches}
    best = _compare(case, breaches, positions)
    for breach in breaches:
        for position in range(breach.first, breach.last + 1):
            if any(one.metric == breach.run[0] for one in best.differences):
                tried = {**positions, breach.run: position}
                found = _compare(case, breaches, tried)
                if len(found.differences) < len(best.differences):
                    positions, best = tried, found
    return best


def _compare(case: AuditedCase, breaches: Sequence[BreachObservation], positions: Mapping[Run, int]) -> AuditFindings:
    """The findings with each breach after as many facts as `positions` says."""
    replay = Replay(case.history, case.selected_versions, case.replayed.earlier_runs)
    _play(case, replay, sorted((positions[one.run], one.at, one.run) for one in breaches))
    differences, partly = list[Difference](), list[PartlyCompared]()
    for run in sorted({*replay.clocks, *case.stored, *case.emitted}):
        clock = ComparedClock(case.conversation, run, case.stored.get(run), case.emitted.get(run, ()))
        if case.replayed.is_earlier(run):
            partly.append(PartlyCompared(case.conversation, *run, EARLIER_RUN))
            differences.extend(own_differences(clock, case.until))
        else:
            # `changed` and response runs came with the same version.
            emits_changes = case.replayed.gives_runs or run[0] in RESPONSE_METRICS
            expected, names = replay.clocks.get(run), replay.events.get(run, [])
            differences.extend(replayed_differences(clock, expected, names, emits_changes=emits_changes))
    return AuditFindings(differences, partly)


def _play(case: AuditedCase, replay: Replay, breaches: Sequence[tuple[int, datetime, Run]]) -> None:
    left = list(breaches)
    for position, (event, fact) in enumerate(zip(case.events, case.replayed.facts, strict=True)):
        while left and left[0][0] <= position:
            replay.tick(left[0][2], left.pop(0)[1])
        replay.apply(event.type.removeprefix(CONVERSATION), fact, event.time)
    # An emitted breach shows that its clock was ticked, even if another that was due earlier was not yet.
    for _, at, run in left:
        replay.tick(run, at)
    for run in list(replay.clocks):
        replay.tick(run, case.until)
