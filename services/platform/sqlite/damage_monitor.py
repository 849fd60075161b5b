"""Remembers damage of an open file, and finds out in the background which tables it is in."""

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import structlog

from services.platform.sqlite.damage import Damaged, check_file, sentence

_log = structlog.get_logger(__name__)

CHECK_SECONDS = 60.0
"""For a check of the whole file in the background; damage that it does not reach by then shows when it is read."""


@dataclass(slots=True)
class DamageMonitor:
    """The damage of one file. What is found holds until the file is opened anew: damage does not mend itself."""

    path: Path
    loop: asyncio.AbstractEventLoop
    _damage: str | None = None
    _checking: "asyncio.Task[None] | None" = None
    _closed: bool = False

    def check_sound(self) -> None:
        """Raise Damaged when any part of the file could not be read since it was opened."""
        if self._damage is not None:
            raise Damaged(self._damage)

    def note(self, error: Damaged) -> None:
        """A read or a write met damage. The first one starts a check of the whole file, which names the tables."""
        if self._damage is None:
            self._damage = f"{sentence([])} ({error})"
            self.start_check()

    def start_check(self) -> None:
        """Start to check the whole file on a thread, unless a check is running."""
        if not self._closed and (self._checking is None or self._checking.done()):
            self._checking = self.loop.create_task(self._check())

    async def _check(self) -> None:
        try:
            damaged, is_whole = await asyncio.to_thread(check_file, self.path, CHECK_SECONDS, lambda: self._closed)
        except sqlite3.Error as error:
            _log.warning("database_check_failed", reason=str(error))
            return
        if damaged:
            self._damage = sentence(damaged)
            _log.critical("database_damaged", path=str(self.path), tables=list(damaged))
        else:
            _log.info("database_checked", path=str(self.path), whole=is_whole)

    async def close(self) -> None:
        """Stop a check that is running, and wait until it has ended."""
        self._closed = True
        if self._checking is not None:
            await self._checking
