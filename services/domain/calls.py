"""The state of a call, as the processor `conversations` stores it."""

from dataclasses import dataclass
from typing import Literal

from schemas.activity import Attachment, CallState
from schemas.values import Instant

CallOutcome = Literal["answered", "missed", "abandoned", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A call. Its id is that of the message by which its conversation shows it.

    `outcome` is None until the customer's leg ends: `answered` when an agent's leg was, or the only leg there is; `abandoned`
    when the customer hung up while an agent was being called; `missed` when nobody took it. A call of ours is `answered` when the
    customer took it. `conversation` has its message. `agent_at` is the time of `agent_state`.
    """

    workspace: str
    key: str
    direction: Literal["inbound", "outbound"] = "inbound"
    customer_state: CallState = "ringing"
    customer_answered: bool = False
    customer_seconds: float | None = None
    agent_state: CallState | None = None
    agent_at: Instant | None = None
    answered_by_agent: bool = False
    agent_seconds: float | None = None
    recording: Attachment | None = None
    outcome: CallOutcome | None = None
    conversation: str | None = None
    started_at: Instant
    ended_at: Instant | None = None
