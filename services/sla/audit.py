"""Recomputes the clocks of one conversation from its facts, and compares them with the stored clocks and their facts.

The facts of the conversation are applied in the order in which conversations emitted them. After which of them a breach
was emitted is what explains the record best, for a tick may come late; whether there is a breach follows from the times
of events alone. By which version of the configuration a policy was selected is taken from the record too, where that
version was in force then. Warnings are not compared: an answer that is read before the tick of a warning makes it
needless.

The last fact of each clock shows its policy, start, due time and state: whoever has only the facts knows every clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.configuration import SlaBody
from schemas.conversation import ConversationFact
from schemas.envelope import Event
from schemas.sla import Clock, ClockFact, ClockMetric
from schemas.values import Json
from services.domain.sla_state import ConversationSlaState
from services.platform.store.codec import encode
from services.records.clocks import ClockRecord
from services.sla.apply_fact import apply_fact
from services.sla.domain.clocks import Transition, tick
from services.sla.domain.policies import PolicySelection, needs_selection, select_policy
from services.sla.domain.response_runs import RESPONSE_METRICS

Run = tuple[ClockMetric, int]
CONVERSATION = "pasokh.conversation."
SLA = "pasokh.sla."
BREACHED = f"{SLA}breached"
ToldFact = tuple[str, Clock]
"""The last word of a fact about a clock, and the clock as the fact has it."""
COMPARED_FIELDS = ("policy", "target_seconds", "started_at", "due_at", "state", "stopped_at", "late_by_seconds")
FACT_FIELDS = ("policy", "target_seconds", "started_at", "due_at", "state")
"""What the last fact of a clock says of it, whatever happened since."""
MAX_CLOCK_SKEW = timedelta(seconds=5)
"""How far the clocks of two processes may be apart: times of different writers do not order what lies closer."""


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """SLA policies of a workspace, in force from `at`, its configuration `since`, on; `version` is their own.

    `body` None: the defaults, in `timezone`.
    """

    since: int
    at: datetime
    version: int
    body: SlaBody | None
    timezone: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the record differs from the facts. `what`: a field of the clock, `told` (which facts of the clock were
    emitted), or `told` and a field of its last fact.
    """

    conversation: str
    metric: ClockMetric
    run: int
    what: str
    expected: Json
    found: Json


@dataclass(slots=True)
class Replay:
    """One conversation, replayed. `selected_versions`: those by which its policy was selected, as the record has them.

    `gives_runs`: every fact so far gives its response runs. Where one does not, conversations decided by the rules of
    an older version, which are not known here: then clocks that follow runs are not compared.
    """

    history: Sequence[PolicyVersion]
    selected_versions: Sequence[int] = ()
    gives_runs: bool = True
    state: ConversationSlaState | None = None
    clocks: dict[Run, ClockRecord] = field(default_factory=dict)
    events: dict[Run, list[str]] = field(default_factory=dict)

    def apply(self, word: str, fact: ConversationFact, time: datetime) -> None:
        """Apply a fact that was emitted at `time`."""
        self.gives_runs = self.gives_runs and fact.ended_responses is not None
        waits = self.state.open_targets.items() if self.state else ()
        waited = {metric: self.clocks[metric, wait.run] for metric, wait in waits if wait.run is not None}
        selection = self._select_policy(fact, time) if needs_selection(self.state, word, fact) else None
        reduction = apply_fact(word, fact, self.state, waited, 0, selection)
        self.state = reduction.state
        self.clocks.update(reduction.changed)
        for one in reduction.emitted:
            self.events.setdefault((one.clock.metric, one.clock.run), []).append(one.name)

    def tick(self, run: Run, at: datetime) -> None:
        """Apply the tick of one clock: all that happened until `at` has been applied."""
        if run in self.clocks:
            change: Transition[ClockRecord] = tick(self.clocks[run], at)
            self.clocks[run] = change.clock
            self.events.setdefault(run, []).extend(one.name for one in change.events)

    def _select_policy(self, fact: ConversationFact, time: datetime) -> PolicySelection:
        one = self._version_at(time)
        if one is None:
            return PolicySelection(0, select_policy(None, 0, "UTC", fact.snapshot))
        return PolicySelection(one.since, select_policy(one.body, one.version, one.timezone, fact.snapshot))

    def _version_at(self, time: datetime) -> PolicyVersion | None:
        """What the record says was read, if it was in force then or written since; else what was in force."""
        earlier = len(self.state.selected_versions) if self.state is not None else 0
        number = next(iter(self.selected_versions[earlier:]), None)
        if number is not None:
            position = sum(one.since <= number for one in self.history)
            if position and (position == len(self.history) or self.history[position].at > time - MAX_CLOCK_SKEW):
                return self.history[position - 1]
        before = [one for one in self.history if one.at <= time]
        return next(iter([*before[-1:], *self.history[:1]]), None)


def differences(
    facts: Iterable[Event],
    resting: Mapping[Run, ClockRecord],
    history: Sequence[PolicyVersion],
    until: datetime,
    picked: Sequence[int] = (),
) -> list[Difference]:
    """Where the clocks of one conversation differ from its facts (of both kinds, in any order).

    `resting` are its clocks as they are stored; `history` what was written about promises, oldest first; `until`: what
    was due by then has been looked at; `picked` as the conversation's watch has it.
    """
    ordered = sorted(facts, key=lambda event: (event.source, event.seq or 0, event.index or 0))
    clock_facts = [event for event in ordered if event.type.startswith(SLA)]
    facts_in_order = [event for event in ordered if event.type.startswith(CONVERSATION)]
    observations = [_to_observation(event, facts_in_order) for event in clock_facts if event.type == BREACHED]

    def compared(positions: Mapping[Run, int]) -> list[Difference]:
        replay = Replay(history, picked)
        _play(replay, facts_in_order, sorted((positions[one.run], one.at, one.run) for one in observations), until)
        return _compare(replay, resting, _by_run(clock_facts))

    positions = {observation.run: observation.expected for observation in observations}
    found = compared(positions)
    for observation in observations:
        for position in range(observation.first, observation.last + 1):
            if any(one.metric == observation.run[0] for one in found):
                tried = {**positions, observation.run: position}
                positions, found = min((positions, found), (tried, compared(tried)), key=lambda one: len(one[1]))
    return found


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


def _to_observation(event: Event, facts: Sequence[Event]) -> BreachObservation:
    fact, times = event.payload_as(ClockFact), [one.time for one in facts]
    before = (
        sum(time <= fact.clock.due_at - MAX_CLOCK_SKEW for time in times),
        sum(time < event.time for time in times),
    )
    last = sum(time < event.time + MAX_CLOCK_SKEW for time in times)
    return BreachObservation((fact.metric, fact.run), event.time, min(before), before[1], last)


def _play(
    replay: Replay, facts: Sequence[Event], observations: Sequence[tuple[int, datetime, Run]], until: datetime
) -> None:
    left = list(observations)
    for position, event in enumerate(facts):
        while left and left[0][0] <= position:
            replay.tick(left[0][2], left.pop(0)[1])
        replay.apply(event.type.removeprefix(CONVERSATION), event.payload_as(ConversationFact), event.time)
    # An emitted breach shows that its clock was ticked, even if another that was due earlier was not yet.
    for _, at, run in left:
        replay.tick(run, at)
    for run in list(replay.clocks):
        replay.tick(run, until)


def _compare(
    replay: Replay, resting: Mapping[Run, ClockRecord], told: Mapping[Run, Sequence[ToldFact]]
) -> list[Difference]:
    found = list[Difference]()
    for run in sorted({*replay.clocks, *resting, *told}):
        if replay.gives_runs or run[0] not in RESPONSE_METRICS:
            found.extend(_run_differences(run, replay, resting.get(run), told.get(run, [])))
    return found


def _by_run(promises: Iterable[Event]) -> dict[Run, list[ToldFact]]:
    told: dict[Run, list[ToldFact]] = {}
    for event in promises:
        fact = event.payload_as(ClockFact)
        told.setdefault((fact.metric, fact.run), []).append((event.type.removeprefix(SLA), fact.clock))
    return told


def _run_differences(
    run: Run, replay: Replay, resting: ClockRecord | None, told: Sequence[ToldFact]
) -> Iterable[Difference]:
    expected, conversation = replay.clocks.get(run), replay.state.conversation if replay.state else ""
    conversation = resting.conversation if resting else conversation
    if expected is None or resting is None:
        states = (expected.state if expected else None, resting.state if resting else None)
        yield Difference(conversation, *run, "clock", *states)
        return
    should, does = encode(expected), encode(resting)
    differing = [name for name in COMPARED_FIELDS if should[name] != does[name]]
    for name in differing:
        yield Difference(conversation, *run, name, should[name], does[name])
    if should["warned"] == does["warned"] and should["next_at"] != does["next_at"]:
        yield Difference(conversation, *run, "next_at", should["next_at"], does["next_at"])
    yield from _name_differences(run, replay, conversation, told)
    if told and replay.gives_runs and not differing:
        last = encode(told[-1][1])
        for name in FACT_FIELDS:
            if should[name] != last[name]:
                yield Difference(conversation, *run, f"told {name}", should[name], last[name])


def _name_differences(run: Run, replay: Replay, conversation: str, told: Sequence[ToldFact]) -> Iterable[Difference]:
    passed_over = {"warned"} if replay.gives_runs else {"warned", "changed"}
    expected = [word for word in replay.events.get(run, []) if word not in passed_over]
    emitted = [word for word, _ in told if word not in passed_over]
    if expected != emitted:
        yield Difference(conversation, *run, "told", list[Json](expected), list[Json](emitted))
