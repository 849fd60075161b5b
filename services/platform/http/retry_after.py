"""`Retry-After` (RFC 9110, section 10.2.3): how long another server asks us to wait before the next call."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from services.platform.http.answer_time import answered_at

MAX_DIGITS = 9
"""The number of digits of `Retry-After` in seconds that are read. No caller waits longer than that."""


def retry_after_seconds(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds of `Retry-After`, which is a number or a date; None without the header or with an unreadable one.

    Header names are in lower case. A past date is 0 seconds. Without `now`, a date is counted from the answer's own `Date`
    (RFC 9110, section 6.6.1); without that too it is None.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:MAX_DIGITS])
    since = now or answered_at(headers)
    if since is None:
        return None
    try:
        return max(0.0, (parsedate_to_datetime(value) - since).total_seconds())
    except (ValueError, TypeError):  # no date, or a date without a time zone
        return None
