"""How long a session of an agent lasts. Pure."""

from datetime import datetime, timedelta

LASTS = timedelta(days=30)
LASTS_ON_A_SHARED_COMPUTER = timedelta(hours=12)
LASTS_UNUSED = timedelta(days=7)
USE_IS_RECORDED_AFTER = timedelta(hours=1)
"""A session is not written at every request: `used_at` is exact to this."""
CODE_LASTS = timedelta(minutes=15)
FIRST_RUN_LASTS = timedelta(hours=1)
"""A session of nobody, which sets up a workspace until there is an agent who can sign in."""


def expiry(now: datetime, *, shared_computer: bool) -> datetime:
    """When a session that begins now ends, however much it is used."""
    return now + (LASTS_ON_A_SHARED_COMPUTER if shared_computer else LASTS)


def renewed_end(expires_at: datetime, now: datetime) -> datetime:
    """When a session that is used now ends, if it is not used again."""
    return min(expires_at, now + LASTS_UNUSED)


def is_ended(ends_at: datetime, now: datetime) -> bool:
    return now >= ends_at


def is_use_due(used_at: datetime, now: datetime) -> bool:
    """Whether the use of a session has to be recorded."""
    return now - used_at >= USE_IS_RECORDED_AFTER
