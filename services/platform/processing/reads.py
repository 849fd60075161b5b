"""What a handler reads, declared beside it, and the loader that fetches it for a whole batch at once.

A handler's `reads` are steps. The first step follows from the input alone; a later one may use what the steps before
it have read (a person names their open conversation). The loader runs step by step: the documents that all inputs of
the batch name in one step are fetched with one query, each index is asked once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Collection, Query

Context = TypeVar("Context")
OneInput = TypeVar("OneInput")


class Documents(NamedTuple):
    """Documents by their ids; those that do not exist are read as None."""

    # Any: a list of reads names documents of several collections.
    collection: Collection[Any]
    ids: Iterable[str]


class ByIndex(NamedTuple):
    """Documents by an index: one page, or all of them; the handler gets them from `UnitOfWork.found`."""

    collection: Collection[Any]
    query: Query
    every_page: bool = False


Read = Documents | ByIndex
Step = Callable[[Context, OneInput], Iterable[Read]]


@dataclass(frozen=True, slots=True)
class Reading(Generic[Context, OneInput]):
    """One input with the steps by which its documents are found."""

    one: OneInput
    steps: Sequence[Step[Context, OneInput]]


async def load(work: UnitOfWork, context: Context, readings: Sequence[Reading[Context, Any]]) -> None:
    """Fetch what these inputs read, step by step. Store errors pass through; an error of a step is that of its code."""
    for number in range(max((len(reading.steps) for reading in readings), default=0)):
        # All inputs name their documents before any is fetched, so that one query fetches those of the whole batch.
        reads = _reads_of_step(context, readings, number)
        documents = [read for read in reads if isinstance(read, Documents)]
        if documents:
            await work.preload(documents)
        for query in (read for read in reads if isinstance(read, ByIndex)):
            await work.query(query.collection, query.query, every_page=query.every_page)


def _reads_of_step(context: Context, readings: Sequence[Reading[Context, Any]], number: int) -> list[Read]:
    """What the inputs name in the step of this number; those with fewer steps name nothing more."""
    deep = [reading for reading in readings if number < len(reading.steps)]
    return [read for reading in deep for read in reading.steps[number](context, reading.one)]
