"""Sends an activity to the owner of another person's conversation."""

from schemas.commands import Forward
from schemas.topics import activity_topic
from services.platform.processing.unit_of_work import UnitOfWork


def send_forward(work: UnitOfWork, key: str, command: Forward) -> None:
    """Send an activity to the owner of this person key. One that may be stored for a limited time goes by the log that is."""
    work.emit("pasokh.command.forward", key, command, topic=activity_topic("commands", command.activity.stored_until))
