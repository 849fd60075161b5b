"""Replays the facts of one conversation: what its clocks and the facts about them must be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from schemas.configuration import SlaBody
from schemas.conversation import ConversationFact
from schemas.sla import ClockMetric
from services.domain.sla_state import ConversationSlaState
from services.records.clocks import ClockRecord
from services.sla.apply_fact import apply_fact
from services.sla.domain.clocks import Transition, tick
from services.sla.domain.policies import PolicySelection, needs_selection, select_policy

Run = tuple[ClockMetric, int]
"""The metric of a clock and the number of its run: a clock's name within its conversation."""
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


@dataclass(slots=True)
class Replay:
    """One conversation, replayed. `selected_versions`: those by which its policy was selected, as the record has them.

    `earlier_runs`: how many clocks of a metric had started by facts that are not replayed, see `earlier_runs`.
    """

    history: Sequence[PolicyVersion]
    selected_versions: Sequence[int] = ()
    earlier_runs: Mapping[ClockMetric, int] = field(default_factory=dict)
    state: ConversationSlaState | None = None
    clocks: dict[Run, ClockRecord] = field(default_factory=dict)
    events: dict[Run, list[str]] = field(default_factory=dict)

    def apply(self, name: str, fact: ConversationFact, time: datetime) -> None:
        """Apply a fact that was emitted at `time`."""
        targets = self.state.open_targets.items() if self.state else ()
        clocks = {metric: self.clocks[metric, target.run] for metric, target in targets if target.run is not None}
        selection = self._select_policy(fact, time) if needs_selection(self.state, name, fact) else None
        reduction = apply_fact(name, fact, self.state, clocks, 0, selection)
        if self.state is None:
            # Clocks that start from now on are numbered after the earlier ones.
            reduction.state = replace(reduction.state, runs={**reduction.state.runs, **self.earlier_runs})
        self.state = reduction.state
        self.clocks.update(reduction.changed)
        for event in reduction.emitted:
            self.events.setdefault((event.clock.metric, event.clock.run), []).append(event.name)

    def tick(self, run: Run, at: datetime) -> None:
        """Tick one clock: every fact of until `at` has been applied."""
        if run in self.clocks:
            change: Transition[ClockRecord] = tick(self.clocks[run], at)
            self.clocks[run] = change.clock
            self.events.setdefault(run, []).extend(event.name for event in change.events)

    def _select_policy(self, fact: ConversationFact, time: datetime) -> PolicySelection:
        policies = self._version_at(time)
        if policies is None:
            return PolicySelection(0, select_policy(None, 0, "UTC", fact.snapshot))
        policy = select_policy(policies.body, policies.version, policies.timezone, fact.snapshot)
        return PolicySelection(policies.since, policy)

    def _version_at(self, time: datetime) -> PolicyVersion | None:
        """The version that the record names, if it was in force then or was written since; else the one in force."""
        earlier = len(self.state.selected_versions) if self.state is not None else 0
        number = next(iter(self.selected_versions[earlier:]), None)
        if number is not None:
            position = sum(one.since <= number for one in self.history)
            if position and (position == len(self.history) or self.history[position].at > time - MAX_CLOCK_SKEW):
                return self.history[position - 1]
        # Without a usable version in the record, the one in force; before the first, that one.
        before = [one for one in self.history if one.at <= time]
        return next(iter([*before[-1:], *self.history[:1]]), None)
