"""Effects that run outside of batches; their results wait here until a commit has handled them.

The outside world has acted already: a result, unlike a record of the bus, cannot be read again. So a batch that fails
leaves its results here for the next one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from services.platform.processing.inputs import EffectCompleted
from services.platform.processing.unit_of_work import Effect

Perform = Callable[[Effect], Awaitable[Any]]


class Effects:
    """Runs effects as tasks. On `close` what still runs is given up."""

    def __init__(self, perform: Perform, failed: Callable[[Effect, BaseException], None]) -> None:
        self._perform = perform
        self._failed = failed
        self._running: set[asyncio.Task[None]] = set()
        self._awaited: set[asyncio.Task[None]] = set()
        self._results: list[EffectCompleted] = []
        self._news = asyncio.Event()

    def start(self, effect: Effect, *, is_repeatable: bool = False) -> None:
        """Begin one effect. The commit that scheduled it must have succeeded: what is done outside cannot be taken back."""
        task = asyncio.create_task(self._run(effect))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        if not is_repeatable:
            self._awaited.add(task)
            task.add_done_callback(self._awaited.discard)

    async def _run(self, effect: Effect) -> None:
        try:
            # First the result, then the list: `acknowledge` puts another list in its place while the effect runs.
            result = EffectCompleted(effect.name, await self._perform(effect), effect.request)
            self._results.append(result)
        except Exception as error:  # noqa: BLE001 - whatever an effect raises is a bug of its processor; it is logged, and the timer beside it goes on
            self._failed(effect, error)
        self._news.set()

    def results(self) -> list[EffectCompleted]:
        """The results that no commit has handled yet, the oldest first. They stay until `acknowledge`."""
        self._news.clear()
        return list(self._results)

    def acknowledge(self, handled: Iterable[EffectCompleted]) -> None:
        """A commit has handled these results."""
        identities = {id(one) for one in handled}
        self._results = [one for one in self._results if id(one) not in identities]

    @property
    def busy(self) -> bool:
        """Whether an effect runs, or a result is not handled yet."""
        return bool(self._running or self._results)

    @property
    def must_finish(self) -> bool:
        """Whether something is left that a partition finishes before it is given up."""
        return bool(self._awaited or self._results)

    async def has_result(self) -> None:
        """Wait until a result may be there."""
        await self._news.wait()

    async def close(self) -> None:
        """Give up what still runs."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
