"""What counting a conversation remembers of it: a shape that pure code works on. It rests in the store as it is."""

from schemas.conversation import Status
from schemas.values import Contract, Instant


class PendingRequest(Contract):
    """The customer waits for an answer. `since` is when it counts, `begun` the time of the fact that said so."""

    since: Instant
    begun: Instant


class PendingAnswer(Contract):
    """An agent's answer on its way; `asked`: the customer wrote again after it, before the next answer."""

    message: str
    asked: PendingRequest | None = None


class ConversationMetricsState(Contract):
    """What counting a conversation must remember; there is none once it is closed. Its id is the conversation.

    `waiting` is the series in which it is counted as waiting now, `waiting_since` when it was queued (kept while it is
    offered), `reopened` whether it was resolved before. `opened` is the time of that fact. `status` stands since
    `status_since`. `pending_seconds` are of its whole life, `handled_seconds` (with an agent whose move it is) since it
    was opened or reopened last, the first of them at `handled_since`. `turn` is what the customer waits for, `said`
    what is on its way. `answered` and `answered_by_any` tell which first answers were counted.
    """

    workspace: str
    waiting: str | None = None
    waiting_since: Instant | None = None
    reopened: bool = False
    opened: Instant | None = None
    status: Status | None = None
    status_since: Instant | None = None
    pending_seconds: float = 0.0
    handled_seconds: float = 0.0
    handled_since: Instant | None = None
    turn: PendingRequest | None = None
    said: list[PendingAnswer] = []
    answered: bool = False
    answered_by_any: bool = False
