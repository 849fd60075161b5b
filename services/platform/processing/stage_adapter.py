"""Runs a processor of the shape before, until the last of them is a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from services.platform.processing.document_cache import DocumentCache, ImmutableDocuments
from services.platform.processing.inputs import Input
from services.platform.processing.processor import BoundProcessor
from services.platform.processing.unit_of_work import Effect, PartitionContext, Reader, UnitOfWork

Memory = TypeVar("Memory")


class StreamProcessor(Protocol[Memory]):
    """A processor of the shape before."""

    @property
    def group(self) -> str: ...

    @property
    def topics(self) -> tuple[str, ...]: ...

    def new_memory(self) -> Memory: ...

    async def load(self, work: UnitOfWork, memory: Memory, inputs: Sequence[Input]) -> None: ...

    def decide(self, work: UnitOfWork, memory: Memory, one: Input) -> None: ...

    async def perform(self, effect: Effect) -> Any: ...


@dataclass(frozen=True, slots=True)
class _Decisions:
    stage: StreamProcessor[Any]
    work: UnitOfWork
    memory: Any

    def decide(self, one: Input) -> None:
        self.stage.decide(self.work, self.memory, one)


class AdaptedStage:
    """A processor of the shape before in the place of a `BoundProcessor`."""

    def __init__(self, stage: StreamProcessor[Any]) -> None:
        self._stage = stage
        self.group, self.topics = stage.group, stage.topics
        self.linger_seconds: float = getattr(stage, "linger_seconds", 0.0)
        self.new_memory, self.perform = stage.new_memory, stage.perform

    def unit_of_work(
        self,
        place: PartitionContext,
        now: datetime,
        reader: Reader,
        cache: DocumentCache | None = None,
        immutable: ImmutableDocuments | None = None,
    ) -> UnitOfWork:
        kept = cache if cache is not None else DocumentCache()
        return UnitOfWork(place, now, reader, kept, immutable or ImmutableDocuments())

    async def load(self, work: UnitOfWork, memory: Any, inputs: Sequence[Input]) -> _Decisions:
        await self._stage.load(work, memory, inputs)
        return _Decisions(self._stage, work, memory)


Runnable = BoundProcessor[Any, Any, Any] | AdaptedStage


AnyProcessor = StreamProcessor[Any] | BoundProcessor[Any, Any, Any]


def adapted(stage: AnyProcessor) -> Runnable:
    """The processor as owners run it."""
    return stage if isinstance(stage, BoundProcessor) else AdaptedStage(stage)
