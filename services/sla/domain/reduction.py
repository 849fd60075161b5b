"""One conversation while a fact is applied to it: what is waited for, the clocks of that, and the facts that follow."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic

from schemas.conversation import ConversationFact
from schemas.sla import ClockMetric
from schemas.values import Instant
from services.domain.sla_state import ConversationSlaState, OpenTarget, PolicySnapshot
from services.sla.domain import clocks
from services.sla.domain.clocks import ClockEvent, P, Transition


@dataclass(slots=True)
class SlaReduction(Generic[P]):
    """The state of one conversation and its clocks, changed in place by the rules for one fact.

    `clocks` are those of `state.open_targets`. `new_clock` makes a clock of a metric, run and start by a policy.
    `emitted` are the clock events that follow from the fact, in order; `changed` are the clocks that differ from
    what is stored.
    """

    state: ConversationSlaState
    clocks: dict[ClockMetric, P]
    new_clock: Callable[[ConversationFact, ClockMetric, int, Instant, PolicySnapshot], P]
    emitted: list[ClockEvent[P]] = field(default_factory=list)
    changed: dict[tuple[ClockMetric, int], P] = field(default_factory=dict)

    def open(self, fact: ConversationFact, metric: ClockMetric, since: Instant) -> None:
        """Open a target; where the policy has a time for its metric, start the next run of its clock."""
        policy = self.state.policy
        if policy is None or policy.targets.of(metric) is None:
            self.set_open_target(metric, since)
            return
        run = self.state.runs.get(metric, 0) + 1
        self.set_open_target(metric, since, run)
        self._take(clocks.start(self.new_clock(fact, metric, run, since, policy)))

    def set_open_target(self, metric: ClockMetric, since: Instant, run: int | None = None) -> None:
        """Note that `metric` is waited for, with the clock of this run; None: it has no clock."""
        if run is None:
            self.clocks.pop(metric, None)
        self.state = replace(
            self.state,
            open_targets={**self.state.open_targets, metric: OpenTarget(since=since, run=run)},
            runs=self.state.runs if run is None else {**self.state.runs, metric: run},
        )

    def close(self, metric: ClockMetric) -> None:
        """Remove a target: it is waited for no more, and its clock changes no more."""
        targets = {other: target for other, target in self.state.open_targets.items() if other != metric}
        self.state = replace(self.state, open_targets=targets)
        self.clocks.pop(metric, None)

    def fulfil(self, metric: ClockMetric, at: Instant) -> None:
        """Close a target that was reached `at`."""
        self.advance(metric, lambda clock: clocks.deliver(clock, at))
        self.close(metric)

    def advance(self, metric: ClockMetric, step: Callable[[P], Transition[P]]) -> None:
        """Apply a transition to the clock of an open target, if it has one."""
        clock = self.clocks.get(metric)
        if clock is not None:
            self._take(step(clock))

    def _take(self, transition: Transition[P]) -> None:
        clock = transition.clock
        # Most facts change no clock: what is equal is neither written nor does it move the timer.
        if clock != self.clocks.get(clock.metric):
            self.clocks[clock.metric] = clock
            self.changed[clock.metric, clock.run] = clock
        self.emitted.extend(transition.events)
