"""What Twilio's errors mean (www.twilio.com/docs/api/errors). They answer a call, or come later as the reason of a failed state."""

from collections.abc import Mapping

from schemas.values import Failure
from services.channels.json_access import as_int, as_str, json_object
from services.channels.port import CredentialsRejected
from services.platform.http.outgoing import (
    UNREADABLE,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
)
from services.platform.http.retry_after import retry_after_seconds

REFUSED: Mapping[int, str] = {
    **dict.fromkeys((21201, 21211, 21217, 21265, 21401, 21421, 21604, 63024), "invalid_address"),
    **dict.fromkeys(
        (13223, 13224, 13225, 13226, 13227, 21214, 21215, 21216, 21408, 21608, 21612, 21614, 21635, 30003, 30005, 30006, 30007, 30008, 63003),
        "undeliverable",
    ),
    21610: "opted_out",
    **dict.fromkeys((21605, 21617), "too_long"),
    **dict.fromkeys((11751, 12300, 21620, 21623, 30019, 63019, 63021), "media_rejected"),
    **dict.fromkeys((21210, 21212, 21603, 21606, 21618, 21659, 21660, 21703, 63007), "sender_rejected"),
    30004: "blocked",
    **dict.fromkeys((30002, 30032, 30034, 63020), "blocked_by_platform"),
    63016: "window_closed",
    **dict.fromkeys((30001, 63017, 63018, 63038), "rate_limited"),
}  # fmt: skip
"""An error that repeating does not mend → the code that agents and rules see; any other is `rejected`."""
WAIT_OF_ACCOUNT = frozenset({20429, 14107, 21611, 30001, 63017, 63018, 63038})
"""Too many messages went out: from the account or its number."""
LOCKED = frozenset({20003, 20005, 20006, 20008, 90010})
"""The auth token, a suspended account, or a right that it lacks."""
UNAVAILABLE = frozenset({20503, 30011})
"""Twilio says itself that it did not take the message."""


def failure_of(code: str, said: str) -> Failure:
    """Why a message that Twilio took did not arrive; `code` is the text of `ErrorCode`."""
    number = int(code) if code.isascii() and code.isdigit() and len(code) < 9 else 0
    detail = f"Twilio's error {number}" if number else "Twilio gave no reason"
    return Failure(code=REFUSED.get(number, "rejected"), detail=f"{detail}: {said[:200]}" if said else detail)


def send_error(answer: HttpResponse) -> Exception:
    """The error for an answer that is no success."""
    body = json_object(answer.body) or {}
    code, status = as_int(body.get("code")), answer.status
    if code is None:
        return _without_code(answer)
    detail = f"Twilio's error {code}: {(as_str(body.get('message')) or 'no reason')[:200]}"
    after = retry_after_seconds(answer.headers)
    if code in WAIT_OF_ACCOUNT or status == 429:
        return TransientSendError(detail, after, "account")
    # 403 may be about this message alone, as of a trial account to a number that is not verified (21608).
    if code in LOCKED or status == 401 or (status == 403 and code not in REFUSED):
        return CredentialsRejected(detail, status)
    if code in UNAVAILABLE:
        return TransientSendError(detail, after)
    if status >= 500:
        return SendOutcomeUnknown(detail)
    return PermanentSendError(REFUSED.get(code, "rejected"), detail, status)


def _without_code(answer: HttpResponse) -> Exception:
    """A proxy answered: it says nothing about the message, unless it could not read the call."""
    detail, status = f"Twilio answered {answer.status} without an error of its own", answer.status
    if status < 400 or status >= 500:
        return SendOutcomeUnknown(detail)
    if status == 401:
        return CredentialsRejected(detail, status)
    if status in UNREADABLE:
        return PermanentSendError("rejected", detail, status)
    return TransientSendError(detail, retry_after_seconds(answer.headers), "account")
