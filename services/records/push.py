"""The browsers of agents that take notifications by Web Push, and what was sent to them last. Only REST writes them."""

from dataclasses import dataclass
from typing import Annotated

from schemas.values import OMITTED_IF_EMPTY, AgentLanguage, Instant
from services.platform.store.port import Collection, Expiry, Index


@dataclass(frozen=True, slots=True, kw_only=True)
class PushDevice:
    """A browser of an agent. Its document id is `device_id`. Without the session it is called no more."""

    workspace: str
    agent: str
    generation: int = 0
    device: str
    endpoint: str
    p256dh: str
    auth: str
    language: AgentLanguage
    session: Annotated[str, OMITTED_IF_EMPTY] = ""
    created_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class PushMark:
    """What an agent was told last of a conversation, by the fact `fact`: of several processes, one sends."""

    workspace: str
    fact: str
    sent_at: Instant
    expires_at: Instant


PUSH_DEVICES = Collection(
    "push_devices", PushDevice, writer="rest", indexes=(Index("agent", ("workspace", "agent", "device")),)
)
PUSH_MARKS = Collection(
    "push_marks",
    PushMark,
    writer="rest",
    indexes=(Index("workspace", ("workspace",)), Index("expiry", ("expires_at",))),
    expires=Expiry("expires_at"),
)


def device_id(workspace: str, agent: str, device: str) -> str:
    """The document id of a browser of an agent."""
    return f"{workspace}/{agent}/{device}"


def mark_id(workspace: str, agent: str, conversation: str) -> str:
    """The document id of what an agent was told of a conversation."""
    return f"{workspace}/{agent}/{conversation}"
