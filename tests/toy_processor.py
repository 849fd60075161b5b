"""A processor of a few lines, for tests of what runs processors: one method for all inputs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schemas.topics import BY_EVENT_PREFIX
from services.platform.processing.inputs import Input
from services.platform.processing.processor import BoundProcessor, EffectHandler, Handler, Processor
from services.platform.processing.reads import Read
from services.platform.processing.unit_of_work import Effect, UnitOfWork
from services.platform.store.port import Collection


class ToyProcessor:
    """Handles every event of its topics, and the timers and effects that it names."""

    group: str
    topics: tuple[str, ...]
    timers: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    # Any: a collection of some model is none of every model.
    collections: tuple[Collection[Any], ...] = ()
    linger_seconds: float = 0.0

    def new_memory(self) -> None:
        """What a partition that was just opened remembers."""

    def reads(self, one: Input) -> Iterable[Read]:
        """The documents that an input needs."""
        return ()

    def decide(self, work: UnitOfWork, one: Input) -> None:
        """Handle an input."""

    async def perform(self, effect: Effect) -> object:
        """Do an effect."""
        raise LookupError(effect.name)

    def bound(self) -> BoundProcessor["ToyProcessor", None, "ToyContext"]:
        """The processor as a process runs it."""
        return _table_of(self).bind(self)


@dataclass(frozen=True, slots=True)
class ToyContext:
    """One batch of a toy."""

    work: UnitOfWork
    memory: None
    toy: ToyProcessor


def _table_of(toy: ToyProcessor) -> Processor[ToyProcessor, None, ToyContext]:
    """The table of a toy."""
    handler: Handler[ToyContext, Any] = Handler(_decide, (_reads,))
    return Processor(
        group=toy.group,
        topics=toy.topics,
        context=ToyContext,
        memory=toy.new_memory,
        handlers={f"pasokh.{prefix}.": handler for prefix in BY_EVENT_PREFIX},
        timers=dict.fromkeys(toy.timers, handler),
        effects=dict.fromkeys(toy.effects, EffectHandler(_perform, handler)),
        collections=toy.collections,
        linger_seconds=toy.linger_seconds,
    )


def _decide(context: ToyContext, one: Input) -> None:
    context.toy.decide(context.work, one)


def _reads(context: ToyContext, one: Input) -> Iterable[Read]:
    return context.toy.reads(one)


async def _perform(toy: ToyProcessor, effect: Effect) -> object:
    return await toy.perform(effect)
