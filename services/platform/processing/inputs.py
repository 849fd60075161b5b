"""What a processor handles: events that arrive, timers that come due, results of effects."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from schemas.envelope import Event
from schemas.values import Json
from services.platform.bus.port import Record

CONTROL = "pasokh.control."
"""The prefix of events of the machinery itself."""


class ReceivedEvent(NamedTuple):
    """An event of an input topic, not handled before."""

    event: Event
    topic: str
    offset: int


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer that came due, after all input that was there at `due_at` has been read. Its document is gone with it."""

    name: str
    due_at: datetime
    data: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EffectCompleted:
    """The result of an effect. It comes only to the owner that started the effect, and is lost with that process."""

    name: str
    # Any: each effect has a result and a request of its own; the table of the processor pairs them with their handler.
    result: Any
    request: Any = None


Input = ReceivedEvent | TimerFired | EffectCompleted


class PendingInput(NamedTuple):
    """One thing to handle, as it came: a record of the bus, a timer that is due, or the result of an effect."""

    record: Record | None = None
    timer: TimerFired | None = None
    completed: EffectCompleted | None = None


def causation_id(received: Input) -> str:
    """The text from which ids are derived while this input is handled: the same at every replay of it."""
    match received:
        case ReceivedEvent():
            return received.event.id
        case TimerFired():
            return f"wake:{received.name}:{received.due_at.isoformat()}"
        case EffectCompleted():
            return f"done:{received.name}"
