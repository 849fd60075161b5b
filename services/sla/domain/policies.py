"""Which policy holds for a conversation: the first whose every condition does."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from schemas.configuration import Policy, SlaBody
from schemas.conversation import Conversation, ConversationFact
from services.domain.rule_matching import matches
from services.domain.sla_state import ConversationSlaState, PolicySnapshot
from services.sla.domain.defaults import default_policies

RESELECTING_EVENTS = frozenset({"reopened", "sla_reapplied"})

ATTRIBUTES: dict[str, Callable[[Conversation], Iterable[object]]] = {
    "channel": lambda c: (c.channel,),
    "surface": lambda c: (c.surface,),
    "language": lambda c: (c.language,),
    "intent": lambda c: (c.intent,),
    "sentiment": lambda c: (c.sentiment,),
    "sensitive": lambda c: (c.sensitive,),
    "priority": lambda c: (c.priority,),
    "team": lambda c: (c.team,),
    "tag": lambda c: c.tags,
    # No conversation knows its customer's tier yet, so a policy that asks for one does not match.
    "tier": lambda _: (),
}
"""What a conversation offers to each condition of a policy."""


@dataclass(frozen=True, slots=True)
class PolicySelection:
    """The policy that was selected for a conversation, None where none matched.

    `version` is that of the workspace's configuration it was selected from, 0 where there was none.
    """

    version: int
    policy: PolicySnapshot | None


def needs_selection(state: ConversationSlaState | None, name: str, fact: ConversationFact) -> bool:
    """Whether a fact selects the policy: the first one, a reopening, a request, another priority or another team."""
    if state is None or name in RESELECTING_EVENTS:
        return True
    return (state.team, state.priority) != (fact.snapshot.team, fact.snapshot.priority)


def select_policy(
    written: SlaBody | None, version: int, timezone: str, conversation: Conversation
) -> PolicySnapshot | None:
    """The policy for a conversation: of what the workspace wrote in `version`, else of the defaults (version 0)."""
    # A workspace that wrote policies has these alone: where none matches, there is no target.
    if written is not None:
        return to_snapshot(choose(written.policies, conversation), version)
    return to_snapshot(choose(default_policies(timezone), conversation), 0)


def choose(policies: Iterable[Policy], conversation: Conversation) -> Policy | None:
    """The first policy that matches, None when none does."""
    return next((policy for policy in policies if matches(policy.when, partial(_values, conversation))), None)


def _values(conversation: Conversation, condition: str) -> Iterable[object]:
    return ATTRIBUTES[condition](conversation)


def to_snapshot(policy: Policy | None, version: int) -> PolicySnapshot | None:
    """A policy as it is in this version of the configuration; None: there is none."""
    if policy is None:
        return None
    return PolicySnapshot(
        policy=policy.id,
        version=version,
        targets=policy.targets,
        warn_at=policy.warn_at,
        calendar=policy.calendar,
        escalate=policy.escalate,
    )
