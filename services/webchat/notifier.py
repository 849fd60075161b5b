"""Who is waiting for news of a person, told by one reader of `conversations` per process, which is in no group.

A bell only says: look again. What there is to see is read from the store, so that a lost or repeated ring costs
nothing but a look.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from services.platform.bus.port import Bus, Record
from services.platform.bus.tail_reader import TailReader

TOPIC = "conversations"
IDLE_SECONDS = 30.0
FALLBACK_POLL_SECONDS = 0.25
"""How often to look while nobody listens to the log: at the start, and while the bus is away."""


class Subscription:
    """Rings when there may be news since the last `wait`."""

    def __init__(self, notifier: "ChangeNotifier") -> None:
        self._bells = notifier
        self._event = asyncio.Event()

    def notify(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when it has rung, or when it is time to look anyway: after `seconds`, sooner while nobody listens."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds if self._bells.listening else min(seconds, FALLBACK_POLL_SECONDS)):
                await self._event.wait()
        self._event.clear()


class ChangeNotifier:
    """The log is read only while somebody waits, and for a while after: a process without visitors reads nothing."""

    def __init__(self, bus: Bus) -> None:
        self._reader = TailReader(bus, [TOPIC], self, idle_seconds=IDLE_SECONDS)
        self._waiting: dict[str, set[Subscription]] = defaultdict(set)
        self.listening = False

    @contextmanager
    def of(self, keys: Iterable[str]) -> Iterator[Subscription]:
        """A bell that rings for these person keys."""
        bell, keys = Subscription(self), tuple(keys)
        for key in keys:
            self._waiting[key].add(bell)
        self._reader.want()
        try:
            yield bell
        finally:
            for key in keys:
                self._unsubscribe(key, bell)

    def _unsubscribe(self, key: str, bell: Subscription) -> None:
        self._waiting[key].discard(bell)
        if not self._waiting[key]:
            del self._waiting[key]

    def ring(self, key: str) -> None:
        """Have whoever waits for this key look again."""
        for bell in self._waiting.get(key, ()):
            bell.notify()

    async def run(self) -> None:
        """Listen while anybody waits; runs until it is cancelled."""
        await self._reader.run()

    # -- the reader's listener -----------------------------------------------------------------------------------------

    @property
    def is_wanted(self) -> bool:
        return bool(self._waiting)

    def on_open(self) -> None:
        self.listening = True
        self._notify_all()

    def on_records(self, records: Sequence[Record]) -> None:
        for record in records:
            self.ring(record.key)

    def on_closed(self) -> None:
        self.listening = False
        self._notify_all()

    def on_lost(self) -> None:
        """Whoever waits polls the store until the reader is back."""

    def _notify_all(self) -> None:
        for bells in self._waiting.values():
            for bell in bells:
                bell.notify()
