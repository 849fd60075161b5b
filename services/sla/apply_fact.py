"""Applies one fact of a conversation to its stored clocks: for the processor and the auditor alike."""

from collections.abc import Callable, Mapping
from operator import attrgetter

from schemas.configuration import SlaBody
from schemas.conversation import Conversation, ConversationFact
from schemas.sla import ClockMetric
from schemas.values import Instant
from services.domain.sla_state import ConversationSlaState, PolicySnapshot
from services.records.clocks import ClockRecord
from services.sla.domain.clocks import policy_fields
from services.sla.domain.defaults import default_policies
from services.sla.domain.policies import PolicySelection, choose, snapshot_of
from services.sla.domain.rules import SlaReduction, apply, initial_state, on_first_fact

COPIED_FIELDS = ("channel", "account", "surface", "team", "priority")
"""What a clock repeats of its conversation, as of the last fact."""
_described = attrgetter(*COPIED_FIELDS)
_CLOCK_DEFAULTS = dict.fromkeys(("stopped_at", "late_by_seconds", "ended_at", "paused_at", "next_at"))


def apply_fact(
    name: str,
    fact: ConversationFact,
    known: ConversationSlaState | None,
    clocks: Mapping[ClockMetric, ClockRecord],
    partition: int,
    select_policy: Callable[[ConversationFact], PolicySelection],
) -> SlaReduction[ClockRecord]:
    """What follows from a fact: the state after it, the clocks that it may have changed, the facts to emit.

    `clocks` are those of what is waited for; `known` None: this is the first fact of the conversation.
    """

    def new_clock(
        given: ConversationFact, metric: ClockMetric, run: int, since: Instant, terms: PolicySnapshot
    ) -> ClockRecord:
        return _clock(partition, given, metric, run, since, terms)

    now = {metric: _with_updated_fields(clock, fact) for metric, clock in clocks.items()}
    changed = {(clock.metric, clock.run): clock for clock in now.values()}
    reduction = SlaReduction(
        known or initial_state(fact, select_policy(fact)), now, new_clock, select_policy, changed=changed
    )
    if known is None:
        on_first_fact(reduction, fact)
    apply(reduction, name, fact)
    return reduction


def _description(fact: ConversationFact) -> dict[str, object]:
    return dict(zip(COPIED_FIELDS, _described(fact.snapshot), strict=True))


def _with_updated_fields(clock: ClockRecord, fact: ConversationFact) -> ClockRecord:
    same = _described(clock) == _described(fact.snapshot)
    return clock if same else clock.model_copy(update=_description(fact))


def _clock(
    partition: int, fact: ConversationFact, metric: ClockMetric, run: int, since: Instant, terms: PolicySnapshot
) -> ClockRecord:
    return ClockRecord.unvalidated(
        metric=metric,
        target_seconds=terms.targets.of(metric),
        started_at=since,
        due_at=since,
        state="running",
        run=run,
        conversation=fact.conversation,
        workspace=fact.snapshot.workspace,
        key=fact.key,
        partition=partition,
        warned=[],
        answers=[],
        pauses=[],
        **_CLOCK_DEFAULTS,
        **policy_fields(terms),
        **_description(fact),
    )


def select_policy_terms(
    written: SlaBody | None, version: int, timezone: str, case: Conversation
) -> PolicySnapshot | None:
    """The terms that hold for a conversation: by what was written in that version, else the defaults (version 0)."""
    if written is not None:
        return snapshot_of(choose(written.policies, case), version)
    return snapshot_of(choose(default_policies(timezone), case), 0)
