"""Decisions: why each task went to an agent, or waits. They are never deleted. Only `dispatch` writes them."""

from dataclasses import dataclass, field
from typing import Literal

from schemas.decision import Candidate, Decision, Reason
from schemas.values import Instant, Requirement
from services.platform.store.port import Collection, Index


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """A decision with its workspace and the person key of its conversation. Its document id is the decision's.

    REST renders `reason` as a sentence in the reader's language. It is None in decisions of versions that stored the
    sentence instead, in `summary`.
    """

    id: str
    conversation: str
    at: Instant
    outcome: Literal["assigned", "offered", "waiting"]
    agent: str | None = None
    summary: str
    requirement: Requirement = field(default_factory=Requirement)
    rule: str
    candidates: list[Candidate] = field(default_factory=list)
    excluded: dict[str, int] = field(default_factory=dict)
    config_version: int
    workspace: str
    key: str
    reason: Reason | None = None


def to_view(record: DecisionRecord) -> Decision:
    """The decision as REST shows it: without workspace, person key and reason."""
    return Decision(
        id=record.id,
        conversation=record.conversation,
        at=record.at,
        outcome=record.outcome,
        agent=record.agent,
        summary=record.summary,
        requirement=record.requirement,
        rule=record.rule,
        candidates=record.candidates,
        excluded=record.excluded,
        config_version=record.config_version,
    )


DECISIONS = Collection(
    "decisions",
    DecisionRecord,
    writer="dispatch",
    indexes=(Index("conversation", ("workspace", "conversation", "at")),),
)
