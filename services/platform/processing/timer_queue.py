"""The timers of one partition: those due within the horizon in memory, the rest in the store."""

import heapq
from collections.abc import Mapping
from datetime import datetime, timedelta

from schemas.values import Json, instant_text
from services.platform.processing.unit_of_work import Reader
from services.platform.store.collections import TIMERS, Timer
from services.platform.store.port import Query

HORIZON = timedelta(seconds=60)
REFILL_BEFORE = timedelta(seconds=10)
PAGE = 1000


class TimerQueue:
    """Knows what is due next. A million timers beyond the horizon cost nothing."""

    def __init__(self, group: str, partition: int) -> None:
        self._group = group
        self._partition = partition
        self._pending: dict[str, Timer] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._horizon: datetime | None = None

    async def refill(self, reader: Reader, now: datetime) -> None:
        """Read the timers up to the horizon when it comes near. Store errors pass through."""
        if self._horizon is not None and now < self._horizon - REFILL_BEFORE:
            return
        horizon = now + HORIZON
        equals: dict[str, Json] = {"group": self._group, "partition": self._partition}
        page = await reader.query(Query(TIMERS.name, "due", equals, below=instant_text(horizon), limit=PAGE))
        timers = [Timer.model_validate(document) for _, document in page.items]
        self._horizon = timers[-1].due_at + timedelta(microseconds=1) if page.next else horizon
        for timer in timers:
            self._add(timer)

    def apply(self, changes: Mapping[str, Timer | None]) -> None:
        """Take over what a commit did to timers."""
        for name, timer in changes.items():
            self._pending.pop(name, None)
            if timer is not None and self._horizon is not None and timer.due_at < self._horizon:
                self._add(timer)

    def _add(self, timer: Timer) -> None:
        known = self._pending.get(timer.name)
        if known is None or known.due_at != timer.due_at:
            heapq.heappush(self._heap, (timer.due_at, timer.name))
        self._pending[timer.name] = timer

    def due(self, now: datetime, limit: int) -> list[Timer]:
        """Timers that are due, in order; they stay until `apply` says they are gone."""
        found: list[tuple[datetime, str]] = []
        while self._heap and self._heap[0][0] <= now and len(found) < limit:
            entry = heapq.heappop(self._heap)
            if self._is_current(*entry) and entry not in found[-1:]:
                found.append(entry)
        for entry in found:
            heapq.heappush(self._heap, entry)
        return [self._pending[name] for _, name in found]

    def is_scheduled(self, timer: Timer) -> bool:
        """Whether this timer still stands as it was."""
        return self._is_current(timer.due_at, timer.name)

    def _is_current(self, due_at: datetime, name: str) -> bool:
        timer = self._pending.get(name)
        return timer is not None and timer.due_at == due_at

    def next_at(self) -> datetime | None:
        """When to look again: the first timer, or the moment to refill."""
        while self._heap and not self._is_current(*self._heap[0]):
            heapq.heappop(self._heap)
        refill = None if self._horizon is None else self._horizon - REFILL_BEFORE
        first = self._heap[0][0] if self._heap else None
        return min((at for at in (first, refill) if at is not None), default=None)
