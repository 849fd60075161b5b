"""Conversations that agents kept when they went offline: they go back to the queue when the customer writes again.

In the versions before nobody looked at the presence of an agent again once a conversation was assigned.
"""

from collections.abc import Sequence

from schemas.values import Json
from services.platform.store.migration_steps import Migration, Related, Rewrite
from services.platform.store.port import Document, Query


def agent_of(conversation: Document) -> Query | None:
    """The agent who has an assigned conversation; None: nobody is waited for."""
    agent = conversation.get("agent")
    if conversation["status"] != "assigned" or not agent or "kept_by" in conversation:
        return None
    equals: dict[str, Json] = {"workspace": conversation["workspace"], "id": agent}
    return Query("agents", "workspace", equals, limit=1)


def kept_by_absent(conversation: Document, agents: Sequence[Document]) -> Document:
    """The conversation, marked as kept where its agent is offline."""
    is_absent = any(agent.get("presence", "offline") == "offline" for agent in agents)
    return {**conversation, "kept_by": conversation["agent"]} if is_absent else conversation


STEP = Migration(
    number=12,
    name="absent agents",
    rewrites=(Rewrite("conversations", related=Related(agent_of, kept_by_absent)),),
)
