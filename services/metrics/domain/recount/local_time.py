"""Days and hours of a time zone, named by the moment in UTC at which they begin."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.domain.business_hours import local_to_utc


def day_start(at: datetime, zone: ZoneInfo) -> datetime:
    """When the day began that it was there. A midnight that does not happen is the moment of the change."""
    return local_to_utc(at.astimezone(zone).date(), 0, zone)


def hour_start(at: datetime, zone: ZoneInfo) -> datetime:
    """When the hour began that it was there. An hour that happens twice is two hours."""
    local = at.astimezone(zone)
    return at - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
