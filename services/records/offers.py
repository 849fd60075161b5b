"""Offers of tasks to agents: to whom each was made, and how it ended. They are never deleted. Only `dispatch` writes them."""

from dataclasses import dataclass

from schemas.routing import EndReason
from schemas.values import Instant
from services.platform.store.port import Collection, Index


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRecord:
    """An offer of a conversation to an agent, who has from `made_at` until `expires_at` to accept. Its document id is the offer's.

    `why` is how it ended at `ended_at`, None while it is open. `reason` are the agent's words for a decline.
    """

    id: str
    workspace: str
    conversation: str
    agent: str
    made_at: Instant
    expires_at: Instant
    ended_at: Instant | None = None
    why: EndReason | None = None
    reason: str | None = None


OFFERS = Collection(
    "offers",
    OfferRecord,
    writer="dispatch",
    indexes=(
        Index("conversation", ("workspace", "conversation", "made_at")),
        Index("agent", ("workspace", "agent", "made_at")),
    ),
)
