"""What the errors of the Cloud API mean (developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes).

They come as the answer to a call, or later as the reason of a `failed` status: one table serves both.
"""

from collections.abc import Mapping

from services.channels.meta.graph import (
    COMMON,
    GONE,
    GraphError,
    SendError,
    Verdicts,
    later,
    later_for_account,
    later_for_chat,
    refused,
    unauthorized,
)
from services.channels.port import CredentialsRejected
from services.platform.http.outgoing import PermanentSendError, TransientSendError

REFUSED: Mapping[int, str] = {
    131021: "rejected",
    131026: "undeliverable",
    131030: "undeliverable",
    131031: "blocked_by_platform",
    131042: "payment",
    131047: "window_closed",
    131049: "undeliverable",
    131050: "opted_out",
    131051: "unsupported",
    131053: "media_rejected",
    131062: "unsupported",
    130472: "undeliverable",
    130497: "blocked_by_platform",
    **dict.fromkeys(range(132000, 132017), "template"),
    132068: "template",
    132069: "template",
}
"""It will never be accepted → the code that agents and rules see."""

VERDICTS: Verdicts = {
    **{code: refused(name) for code, name in REFUSED.items()},
    131000: later,
    131005: unauthorized,
    131016: later_for_account,
    131045: unauthorized,
    131048: later_for_account,
    131056: later_for_chat,
    131057: later_for_account,
    130429: later_for_account,
    133010: unauthorized,
    80007: later_for_account,
}
"""Those of the Cloud API, before those that every API of Meta has."""

LOOKUP: Verdicts = {**VERDICTS, **GONE, 131052: refused("not_found")}
"""Of a question about an id: of a file, a number or an account."""


def failure_code(code: int | None) -> str:
    """The code of the failure of a message that the platform took first: whatever may be later is now too late."""
    verdict = {**COMMON, **VERDICTS}.get(code) if code is not None else None
    return _code(verdict(GraphError(code or 0, None, "", 0, None, is_transient=False))) if verdict else "rejected"


def _code(error: SendError) -> str:
    if isinstance(error, PermanentSendError):
        return error.code
    if isinstance(error, CredentialsRejected):
        return "credentials"
    return "rate_limited" if isinstance(error, TransientSendError) and error.scope != "message" else "rejected"
