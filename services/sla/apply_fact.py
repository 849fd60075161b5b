"""Applies one fact of a conversation to its stored clocks: for the processor and the auditor alike."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypedDict

from schemas.conversation import Conversation, ConversationFact
from schemas.sla import ClockMetric
from schemas.values import Instant
from services.domain.sla_state import ConversationSlaState, PolicySnapshot
from services.records.clocks import ClockRecord
from services.sla.domain.clocks import policy_fields
from services.sla.domain.policies import PolicySelection
from services.sla.domain.reduction import SlaReduction
from services.sla.domain.rules import apply, initial_state, on_first_fact


class CopiedFields(TypedDict):
    """What a clock repeats of its conversation, for counting."""

    channel: str
    account: str
    surface: str
    team: str
    priority: str


def apply_fact(
    name: str,
    fact: ConversationFact,
    known: ConversationSlaState | None,
    clocks: Mapping[ClockMetric, ClockRecord],
    partition: int,
    selection: PolicySelection | None,
) -> SlaReduction[ClockRecord]:
    """The state of a conversation after a fact, the clocks that it changed, the clock events that follow.

    `name` is the last word of the fact's type. `clocks` are those of the open targets; `known` None: this is the first
    fact of the conversation. `selection` is given where `needs_selection` says so. Raises ValueError for a first fact
    without one.
    """

    def new_clock(
        given: ConversationFact, metric: ClockMetric, run: int, since: Instant, policy: PolicySnapshot
    ) -> ClockRecord:
        return _new_clock(partition, given, metric, run, since, policy)

    # A clock repeats fields of its conversation for counting; it takes the conversation's of now with every fact.
    now = {metric: _with_updated_fields(clock, fact) for metric, clock in clocks.items()}
    changed = {(clock.metric, clock.run): clock for metric, clock in now.items() if clock is not clocks[metric]}
    if known is not None:
        reduction = SlaReduction(known, now, new_clock, changed=changed)
        apply(reduction, name, fact, selection)
        return reduction
    if selection is None:
        raise ValueError("the first fact of a conversation selects its policy")
    reduction = SlaReduction(initial_state(fact, selection), now, new_clock, changed=changed)
    on_first_fact(reduction, fact)
    apply(reduction, name, fact)
    return reduction


def _copied(source: Conversation | ClockRecord) -> CopiedFields:
    return {
        "channel": source.channel,
        "account": source.account,
        "surface": source.surface,
        "team": source.team,
        "priority": source.priority,
    }


def _with_updated_fields(clock: ClockRecord, fact: ConversationFact) -> ClockRecord:
    copied = _copied(fact.snapshot)
    return clock if _copied(clock) == copied else replace(clock, **copied)


def _new_clock(
    partition: int, fact: ConversationFact, metric: ClockMetric, run: int, since: Instant, policy: PolicySnapshot
) -> ClockRecord:
    target = policy.targets.of(metric)
    if target is None:
        raise LookupError(f"the policy {policy.policy} has no target for {metric}")
    return ClockRecord(
        metric=metric,
        target_seconds=target,
        started_at=since,
        due_at=since,
        state="running",
        run=run,
        conversation=fact.conversation,
        workspace=fact.snapshot.workspace,
        key=fact.key,
        partition=partition,
        **policy_fields(policy),
        **_copied(fact.snapshot),
    )
