"""The timers of one partition: those due within the horizon in memory, the rest in the store."""

import heapq
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.values import Json, instant_text
from services.platform.processing.inputs import TimerFired
from services.platform.processing.unit_of_work import Reader
from services.platform.store.collections import TIMERS, Timer
from services.platform.store.port import Query

HORIZON = timedelta(seconds=60)
REFILL_BEFORE = timedelta(seconds=10)
PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Barrier:
    """Timers that came due, and the end offsets that must be passed before they fire (rule 6)."""

    timers: Sequence[Timer]
    ends: Mapping[str, int]


class TimerQueue:
    """The timers that are due next. Those beyond the horizon stay in the store and cost nothing here.

    A timer never overtakes an event that was on the log before it came due: it fires once every input topic has been
    read, and what was read committed, up to the end that the topic had when the timer was first seen to be due.
    """

    def __init__(self, group: str, partition: int) -> None:
        self._group = group
        self._partition = partition
        self._pending: dict[str, Timer] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._horizon: datetime | None = None
        self._barrier: Barrier | None = None

    async def refill(self, reader: Reader, now: datetime) -> None:
        """Read the timers up to the horizon when it comes near. Store errors pass through."""
        # Before the horizon is reached, so that the query does not delay the first timer behind it.
        if self._horizon is not None and now < self._horizon - REFILL_BEFORE:
            return
        horizon = now + HORIZON
        equals: dict[str, Json] = {"group": self._group, "partition": self._partition}
        query = Query(TIMERS.name, "due", equals, below=instant_text(horizon), limit=PAGE_SIZE)
        page = await reader.query(query)
        timers = [TIMERS.decode(document) for _, document in page.items]
        # A full page: the horizon is behind its last timer, so that a million timers are read page by page.
        self._horizon = timers[-1].due_at + timedelta(microseconds=1) if page.next else horizon
        for timer in timers:
            self._add(timer)

    def apply(self, changes: Mapping[str, Timer | None]) -> None:
        """Take over the timers that a commit has set or cancelled (None)."""
        for name, timer in changes.items():
            self._pending.pop(name, None)
            # A timer beyond the horizon is not added: the refill that reaches it reads it from the store.
            if timer is not None and self._horizon is not None and timer.due_at < self._horizon:
                self._add(timer)

    def _add(self, timer: Timer) -> None:
        # A cancelled or moved timer leaves its entry in the heap: `_is_scheduled` tells it from one that stands.
        known = self._pending.get(timer.name)
        if known is None or known.due_at != timer.due_at:
            heapq.heappush(self._heap, (timer.due_at, timer.name))
        self._pending[timer.name] = timer

    async def fire(
        self,
        now: datetime,
        limit: int,
        offsets: Mapping[str, int],
        end_offsets: Callable[[], Awaitable[Mapping[str, int]]],
    ) -> list[TimerFired]:
        """Timers that are due and whose barrier is passed, in order. `offsets`: what is read and committed, per topic.

        A timer stays until `apply` says that it is gone. Bus errors pass through.
        """
        if self._barrier is None:
            timers = self._due(now, limit)
            if not timers:
                return []
            # Whatever was on the log when the timers were seen to be due lies before these ends.
            self._barrier = Barrier(timers, await end_offsets())
        if not self._is_past_barrier(self._barrier, offsets):
            return []
        # While the barrier was waited for, an input may have cancelled or moved a timer.
        due, self._barrier = self._barrier.timers, None
        return [TimerFired(t.name, t.due_at, t.data) for t in due if self._is_scheduled(t.due_at, t.name)]

    def _is_past_barrier(self, barrier: Barrier, offsets: Mapping[str, int]) -> bool:
        return all(offsets.get(topic, 0) >= end for topic, end in barrier.ends.items())

    def _due(self, now: datetime, limit: int) -> list[Timer]:
        found: list[tuple[datetime, str]] = []
        while self._heap and self._heap[0][0] <= now and len(found) < limit:
            entry = heapq.heappop(self._heap)
            if self._is_scheduled(*entry) and entry not in found[-1:]:
                found.append(entry)
        # They stay until a commit cancels them: a batch that fails has to find them again.
        for entry in found:
            heapq.heappush(self._heap, entry)
        return [self._pending[name] for _, name in found]

    def _is_scheduled(self, due_at: datetime, name: str) -> bool:
        """Whether the timer of this name is still due at this time."""
        timer = self._pending.get(name)
        return timer is not None and timer.due_at == due_at

    def next_at(self) -> datetime | None:
        """When `fire` may have more: the first timer, or the time of the next refill. None while a barrier is waited for."""
        if self._barrier is not None:
            return None
        while self._heap and not self._is_scheduled(*self._heap[0]):
            heapq.heappop(self._heap)
        refill = None if self._horizon is None else self._horizon - REFILL_BEFORE
        first = self._heap[0][0] if self._heap else None
        return min((at for at in (first, refill) if at is not None), default=None)
