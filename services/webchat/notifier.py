"""Notifies waiting requests when a person's conversation changes.

One reader per process tails the topic `conversations`. It belongs to no consumer group, because every process has to see every
change: any of them may hold the visitor's stream. A notification only says that the store is to be read again, so one that is
lost or repeated costs one read and no message.
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
"""Seconds between reads of the store while the log is not tailed: at the start, and while the bus is unavailable."""


class Subscription:
    """A waiting request. It is notified when its person keys may have new messages."""

    def __init__(self, notifier: "ChangeNotifier") -> None:
        self._notifier = notifier
        self._event = asyncio.Event()

    def notify(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when notified, or after `seconds` (after `FALLBACK_POLL_SECONDS` while the log is not tailed)."""
        # The event is set even when it came before the wait, so a change between the last read and the wait is not missed.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds if self._notifier.listening else min(seconds, FALLBACK_POLL_SECONDS)):
                await self._event.wait()
        self._event.clear()


class ChangeNotifier:
    """Notifies subscriptions by person key.

    The log is tailed only while there are subscriptions and `IDLE_SECONDS` longer: a process without visitors reads nothing.
    """

    def __init__(self, bus: Bus) -> None:
        self._reader = TailReader(bus, [TOPIC], self, idle_seconds=IDLE_SECONDS)
        self._waiting: dict[str, set[Subscription]] = defaultdict(set)
        self.listening = False

    @contextmanager
    def subscribe(self, keys: Iterable[str]) -> Iterator[Subscription]:
        """A subscription that is notified for these person keys, until the context is left."""
        subscription, keys = Subscription(self), tuple(keys)
        for key in keys:
            self._waiting[key].add(subscription)
        self._reader.want()
        try:
            yield subscription
        finally:
            for key in keys:
                self._unsubscribe(key, subscription)

    def _unsubscribe(self, key: str, subscription: Subscription) -> None:
        self._waiting[key].discard(subscription)
        if not self._waiting[key]:
            del self._waiting[key]

    def notify(self, key: str) -> None:
        """Notify the subscriptions to this person key."""
        for subscription in self._waiting.get(key, ()):
            subscription.notify()

    async def run(self) -> None:
        """Tail the log while there are subscriptions. Runs until cancelled."""
        await self._reader.run()

    # -- the reader's listener -----------------------------------------------------------------------------------------

    @property
    def is_wanted(self) -> bool:
        return bool(self._waiting)

    def on_open(self) -> None:
        self.listening = True
        # Changes before the tail's first position were not seen by it: everybody reads the store once.
        self._notify_all()

    def on_records(self, records: Sequence[Record]) -> None:
        # The key of a record on `conversations` is the person key; the event itself is not decoded.
        for record in records:
            self.notify(record.key)

    def on_closed(self) -> None:
        self.listening = False
        self._notify_all()

    def on_lost(self) -> None:
        """The reader failed. `listening` is false until it is back, so waiting requests poll the store."""

    def _notify_all(self) -> None:
        for subscriptions in self._waiting.values():
            for subscription in subscriptions:
                subscription.notify()
