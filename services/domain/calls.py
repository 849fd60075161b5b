"""The state of a call, as the processor `conversations` stores it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from schemas.activity import Attachment, CallState
from schemas.values import OMITTED_IF_EMPTY, Instant

CallOutcome = Literal["answered", "missed", "abandoned", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A call. Its id is that of the message by which its conversation shows it.

    `outcome` is None until the customer's leg ends: `answered` when an agent's leg was, or the only leg there is; `abandoned`
    when the customer hung up while an agent was being called; `missed` when nobody took it. A call of ours is `answered` when the
    customer took it, and both are over once the agent's leg that was taken has ended. `conversation` has its message. `agent_at` is the time of `agent_state`.
    `agent` is whose telephone was taken last, and `agent_ended`: that leg has ended. `taken_at` is since when that agent and the
    customer talk, or talked; `answer_recorded`: this counts as an answer already. The platform ends the call `limit_seconds` after it was taken.
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
    agent: Annotated[str | None, OMITTED_IF_EMPTY] = None
    agent_ended: Annotated[bool, OMITTED_IF_EMPTY] = False
    taken_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    answer_recorded: Annotated[bool, OMITTED_IF_EMPTY] = False
    limit_seconds: Annotated[float | None, OMITTED_IF_EMPTY] = None
    recording: Attachment | None = None
    outcome: CallOutcome | None = None
    conversation: str | None = None
    started_at: Instant
    ended_at: Instant | None = None
