"""An event loop whose time is virtual: nothing waits, everything happens in the same order for the same seed."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

Result = TypeVar("Result")


class Stuck(Exception):
    """Nothing is scheduled any more, and the simulation has not ended."""


class _NoSelector(selectors.BaseSelector):
    """Registers what the loop wants and never polls it; `select` moves virtual time on."""

    def __init__(self) -> None:
        self._keys: dict[Any, selectors.SelectorKey] = {}
        self.advance: Callable[[float], None] = lambda _: None

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, 0, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self.register(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck
        self.advance(timeout)
        return []

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys[fileobj]

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time stands still while anything can run, and jumps to the next timer when nothing can."""

    def __init__(self) -> None:
        self._virtual = 0.0
        selector = _NoSelector()
        super().__init__(selector)
        selector.advance = self._advance

    def _advance(self, seconds: float) -> None:
        self._virtual += max(0.0, seconds)

    def time(self) -> float:
        return self._virtual


def run_virtually(main: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end in virtual time."""
    loop = VirtualLoop()
    # A killed process leaves tasks behind whose end nobody asks for; what matters is asked for by `main`.
    loop.set_exception_handler(lambda *_: None)
    try:
        return loop.run_until_complete(main)
    finally:
        _cancel_all(loop)
        loop.close()


def _cancel_all(loop: VirtualLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
