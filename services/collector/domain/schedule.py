"""When the next attempt is due: of a poll that failed, of a token that expires. Jitter follows from names, not from chance."""

from datetime import datetime, timedelta

from services.platform.core.backoff import doubled, spread

FIRST_POLL_RETRY, MAX_POLL_RETRY = timedelta(seconds=1), timedelta(seconds=60)
FIRST_REFRESH_RETRY, MAX_REFRESH_RETRY = timedelta(seconds=30), timedelta(hours=1)
MAX_RETRY_AFTER = timedelta(hours=1)
"""A platform that asks for a longer pause is asked again after this one."""
REFRESH_AT, REFRESH_SPREAD = 0.7, 0.1
"""A token is refreshed when 70 to 80 per cent of its life are over: a token of 60 days leaves 12 days for a person to help."""


def pause_after(failures: int, first: timedelta, longest: timedelta, requested_seconds: float | None) -> timedelta:
    """The pause after so many failures in a row: doubled up to the longest, and at least what the platform asks for."""
    pause = timedelta(seconds=doubled(first.total_seconds(), longest.total_seconds(), failures))
    return max(pause, min(timedelta(seconds=requested_seconds or 0.0), MAX_RETRY_AFTER))


def refresh_due(name: str, now: datetime, expires_at: datetime | None) -> datetime | None:
    """When a token that is valid from now to `expires_at` is refreshed; None: never."""
    if expires_at is None:
        return None
    life = max(expires_at - now, timedelta())
    return now + life * (REFRESH_AT + REFRESH_SPREAD * spread(name))


def next_judgement(name: str, now: datetime) -> datetime:
    """The end of the hour that an account is judged by; each account has hours of its own."""
    hour = timedelta(hours=1)
    phase = timedelta(seconds=int(3600 * spread(name)))
    begin = now.replace(minute=0, second=0, microsecond=0) + phase
    return begin if begin > now else begin + hour
