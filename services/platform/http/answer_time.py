"""The time at which another server answered, by its own clock: `Date` (RFC 9110, section 6.6.1)."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime


def answered_at(headers: Mapping[str, str]) -> datetime | None:
    """The time of an answer; None where it states none, or one without a time zone. Header names are in lower case."""
    try:
        at = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return at if at.tzinfo is not None else None
