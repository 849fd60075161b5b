"""The state that the counting of a conversation needs between its facts, as the pure code of `metrics` works on it and as stored.

Documents that an earlier version wrote may lack the fields with defaults.
"""

from dataclasses import dataclass, field

from schemas.conversation import Status
from schemas.values import Instant
from services.domain.response_tracking import ResponseTracking


@dataclass(frozen=True, slots=True, kw_only=True)
class LastResolution:
    """The resolution times at the last resolve, with the labels of then. They are counted once no resolve can follow."""

    labels: dict[str, str]
    full_seconds: float
    full_less_pending_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationMetricsState:
    """The metrics state of a conversation that is not closed. Its id is the conversation.

    - `waiting` is the series in which it is counted as waiting now, `waiting_since` when it was queued (unchanged while
      it is offered).
    - `status` stands since `status_since`; the last fact was at `counted_until`. Both are times on the log.
    - `pending_seconds` are of its whole life, before the present status. `handled_seconds` and `idle_seconds` are since
      the last resolve; `handled_since` tells that an agent had it since then.
    - `reopened` tells whether it was resolved before; `resolution` holds what is counted when it is closed.
    - `is_visible` tells whether the first visible answer in the open run, whoever wrote it, was counted.
    - `unanswered_messages` are the latest messages of the customer in runs that have not ended, `deleted_messages` those of them that the
      customer has deleted.
    - `earlier` tracks the runs of facts that an earlier version wrote without them; None: facts give their runs.
    """

    workspace: str
    waiting: str | None = None
    waiting_since: Instant | None = None
    reopened: bool = False
    status: Status | None = None
    status_since: Instant | None = None
    counted_until: Instant | None = None
    pending_seconds: float = 0.0
    handled_seconds: float = 0.0
    idle_seconds: float = 0.0
    handled_since: Instant | None = None
    resolution: LastResolution | None = None
    is_visible: bool = False
    unanswered_messages: list[str] = field(default_factory=list)
    deleted_messages: list[str] = field(default_factory=list)
    earlier: ResponseTracking | None = None
