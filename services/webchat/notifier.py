"""Who is waiting for news of a person, told by one reader of `conversations` per process, which is in no group.

A bell only says: look again. What there is to see is read from the store, so that a lost or repeated ring costs
nothing but a look.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import structlog

from services.platform.bus.port import Bus, Tail
from services.platform.core.errors import OutOfRange, Unavailable, Unknown

TOPIC = "conversations"
POLL_SECONDS = 1.0
IDLE_SECONDS = 30.0
RETRY_SECONDS = 1.0
FALLBACK_POLL_SECONDS = 0.25
"""How often to look while nobody listens to the log: at the start, and while the bus is away."""
_log = structlog.get_logger(__name__)


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
        self._bus = bus
        self._waiting: dict[str, set[Subscription]] = defaultdict(set)
        self._wanted = asyncio.Event()
        self.listening = False

    @contextmanager
    def of(self, keys: Iterable[str]) -> Iterator[Subscription]:
        """A bell that rings for these person keys."""
        bell, keys = Subscription(self), tuple(keys)
        for key in keys:
            self._waiting[key].add(bell)
        self._wanted.set()
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
        while True:
            await self._wanted.wait()
            try:
                async with self._bus.tail([TOPIC]) as tail:
                    await self._consume_tail(tail)
            except (Unavailable, Unknown, OutOfRange) as error:
                _log.warning("webchat_stopped_listening", reason=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                self.listening = False
                self._notify_all()

    async def _consume_tail(self, tail: Tail) -> None:
        self.listening = True
        self._notify_all()
        time = asyncio.get_running_loop().time
        last_wanted = time()
        while time() - last_wanted < IDLE_SECONDS:
            for record in await tail.poll(wait=POLL_SECONDS):
                self.ring(record.key)
            if self._waiting:
                last_wanted = time()
        if not self._waiting:
            self._wanted.clear()

    def _notify_all(self) -> None:
        for bells in self._waiting.values():
            for bell in bells:
                bell.notify()
