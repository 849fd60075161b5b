"""Days and hours of a time zone, named by the moment in UTC at which they begin."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.domain.business_hours import local_to_utc


def day_start(at: datetime, zone: ZoneInfo) -> datetime:
    """The start of the local day. A midnight that a change to summer time leaves out is the moment of the change."""
    return local_to_utc(at.astimezone(zone).date(), 0, zone)


def hour_start(at: datetime, zone: ZoneInfo) -> datetime:
    """The start of the local hour. An hour that comes twice in autumn is two hours."""
    # Not by `local_to_utc`, which knows the first of two equal hours alone.
    local = at.astimezone(zone)
    return at - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
