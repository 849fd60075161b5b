"""Whether the window of a message is still open when it is sent: it may have waited for hours."""

from datetime import datetime

from schemas.outbound import OutboundMessage
from schemas.values import instant
from services.delivery.domain.outcomes import AttemptResult
from services.domain.windows import open_window
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Key
from services.records.conversations import CONVERSATIONS


async def in_window(message: OutboundMessage, store: Reader, now: datetime) -> OutboundMessage | AttemptResult:
    """The message with the tag of the narrowest window that is open; refused once all are closed. Raises Unavailable."""
    window = message.window
    if window is None or open_window(window.windows[:1], window.since, now) is not None:
        return message
    # The window in which it was accepted has closed. A message that the customer wrote since opens all of them again.
    since = max(window.since, await _wrote_at(message, store) or window.since)
    current = open_window(window.windows, since, now)
    if current is None:
        return AttemptResult(kind="refused", code=window.failure.code, detail=window.failure.detail)
    return message.model_copy(update={"tag": current.tag})


async def _wrote_at(message: OutboundMessage, store: Reader) -> datetime | None:
    key = Key(CONVERSATIONS.name, message.conversation)
    document = (await store.get_many([key])).get(key)
    wrote_at = (document or {}).get("wrote_at")
    at = wrote_at.get("private") if isinstance(wrote_at, dict) else None
    return instant(at) if isinstance(at, str) else None
