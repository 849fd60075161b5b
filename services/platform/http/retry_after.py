"""`Retry-After` (RFC 9110, section 10.2.3): how long another server wants to be left alone."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

MAX_DIGITS = 9
"""Of a number of seconds: beyond it no caller waits anyway."""


def retry_after_seconds(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds that an answer asks for, given as a number or as a date; None when it does not ask.

    Header names are in lower case. A date that has passed is 0 seconds; without `now`, a date asks for nothing.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:MAX_DIGITS])
    if now is None:
        return None
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None
