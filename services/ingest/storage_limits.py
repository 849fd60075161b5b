"""Marks activities with the times at which a platform's terms make us delete what its members wrote, and who they are. Pure."""

from datetime import datetime, timedelta

from schemas.activity import Activity
from schemas.channel import Capabilities

PURGE_PERIOD = timedelta(hours=1)
"""What is past its time is deleted every hour at the latest, so its time ends that much before the platform's; of a limit of less
than two hours, at half of it."""


def with_storage_limits(activity: Activity, capabilities: Capabilities) -> Activity:
    """The activity with `stored_until` and `profile_until`; as it is where the platform sets no limit."""
    limit = capabilities.retention_seconds
    if limit is None:
        return activity
    profile = capabilities.profile_retention_seconds or limit
    return activity.model_copy(
        update={
            "stored_until": _end(activity.received_at, limit),
            "profile_until": _end(activity.received_at, min(limit, profile)),
        }
    )


def _end(received_at: datetime, seconds: float) -> datetime:
    limit = timedelta(seconds=seconds)
    return received_at + max(limit - PURGE_PERIOD, limit / 2)
