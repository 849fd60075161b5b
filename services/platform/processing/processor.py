"""What a processor runs: a stage. Its `decide` is pure; the processor owns reading, committing and publishing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

from schemas.envelope import Event
from schemas.values import Json
from services.platform.processing.unit_of_work import Effect, UnitOfWork

Memory = TypeVar("Memory")


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
    """The result of an effect. It comes only to the owner that performed it, and is lost with that process."""

    name: str
    data: dict[str, Json] = field(default_factory=dict)


Input = ReceivedEvent | TimerFired | EffectCompleted


class StreamProcessor(Protocol[Memory]):
    """Decides about the inputs of one group. Holds no state of its own: that is in documents and in `Memory`.

    `Memory` is what one partition keeps between batches (indexes, cached configuration). It is dropped, never
    repaired, whenever a commit may have failed, and made anew from documents.
    """

    @property
    def group(self) -> str:
        """The group's name, such as `conversations`."""
        ...

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics it reads; all of one key space."""
        ...

    def new_memory(self) -> Memory:
        """A fresh memory."""
        ...

    async def load(self, work: UnitOfWork, memory: Memory, inputs: Sequence[Input]) -> None:
        """Fetch what `decide` will need for these inputs. Store errors pass through."""
        ...

    def decide(self, work: UnitOfWork, memory: Memory, one: Input) -> None:
        """Handle one input: read and write through `work` only. Raising anything makes an event a dead letter."""
        ...

    async def perform(self, effect: Effect) -> dict[str, Json]:
        """Do an effect; the result becomes a `Performed` input. Only stages that call `work.perform` need it."""
        ...


@runtime_checkable
class LowPriority(Protocol):
    """A stage nobody waits for: its batches come at most every `linger_seconds`, which makes them fewer and larger."""

    linger_seconds: float
