"""What an operator can do about a dead letter: a command to the group that set it aside, where that group reads it."""

from collections.abc import Mapping, Sequence
from typing import Literal

from schemas.commands import DeadLetterAction
from schemas.envelope import Event, encode
from services.platform.bus.port import ProducerRecord
from services.platform.core.identifiers import random_id
from services.platform.core.time_source import Clock
from services.platform.processing.batch import DEAD_LETTER_ACTION
from services.platform.store.collections import DeadLetter

Action = Literal["retry", "drop"]
GroupTopics = Mapping[str, Sequence[str]]
"""Group → the topics it reads."""


def command_on(identity: str, letter: DeadLetter, action: Action, topics: GroupTopics, clock: Clock) -> ProducerRecord:
    """The command: the owner of the letter's partition handles its event again, or gives it up."""
    data = DeadLetterAction(group=letter.group, dead_letter=identity, action=action)
    event = Event(
        id=random_id(clock.now()),
        source="operator",
        type=DEAD_LETTER_ACTION,
        time=clock.now(),
        workspace=letter.workspace,
        partitionkey=letter.workspace,
        data=data.model_dump(mode="json"),
    )
    # A wake-up that failed came from no topic: any of the group's reaches it.
    topic = letter.topic or topics[letter.group][0]
    return ProducerRecord(topic, letter.partition, event.partitionkey, encode(event))
