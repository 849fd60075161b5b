"""Which policy holds for a conversation: the first whose every condition does."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from schemas.configuration import Policy
from schemas.conversation import Conversation
from services.domain.rule_matching import matches
from services.domain.sla_state import PolicySnapshot

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
    """The terms that hold for a conversation, by which version of its workspace's configuration (0: there was none)."""

    version: int
    terms: PolicySnapshot | None


def choose(policies: Iterable[Policy], conversation: Conversation) -> Policy | None:
    """The first policy that matches, None when none does."""
    return next((policy for policy in policies if matches(policy.when, partial(_values, conversation))), None)


def _values(conversation: Conversation, condition: str) -> Iterable[object]:
    return ATTRIBUTES[condition](conversation)


def to_snapshot(policy: Policy | None, version: int) -> PolicySnapshot | None:
    """What a policy promises, as it is in this version of what was written."""
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
