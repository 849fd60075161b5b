"""Applies one fact of a conversation to its stored clocks: for the processor and the auditor alike."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypedDict

from schemas.configuration import SlaBody
from schemas.conversation import Conversation, ConversationFact
from schemas.sla import ClockMetric
from schemas.values import Instant
from services.domain.sla_state import ConversationSlaState, PolicySnapshot
from services.records.clocks import ClockRecord
from services.sla.domain.clocks import policy_fields
from services.sla.domain.defaults import default_policies
from services.sla.domain.policies import PolicySelection, choose, to_snapshot
from services.sla.domain.rules import SlaReduction, apply, initial_state, on_first_fact


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


def _clock(
    partition: int, fact: ConversationFact, metric: ClockMetric, run: int, since: Instant, terms: PolicySnapshot
) -> ClockRecord:
    target = terms.targets.of(metric)
    if target is None:
        raise LookupError(f"the policy {terms.policy} has no target for {metric}")
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
        **policy_fields(terms),
        **_copied(fact.snapshot),
    )


def select_policy_terms(
    written: SlaBody | None, version: int, timezone: str, case: Conversation
) -> PolicySnapshot | None:
    """The terms that hold for a conversation: by what was written in that version, else the defaults (version 0)."""
    if written is not None:
        return to_snapshot(choose(written.policies, case), version)
    return to_snapshot(choose(default_policies(timezone), case), 0)
