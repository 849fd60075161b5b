"""How much may be on its way at once: calls, and bytes of their bodies. What does not fit is asked to come again."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Message, Receive

from services.runtime.problems import Refusal

CALLS = 500
BODY_BYTES = 64_000_000


class Full(Refusal):
    """503: too much is on its way."""

    status = 503

    def __init__(self) -> None:
        super().__init__("Too many calls are being answered. Repeat this one.", headers={"Retry-After": "1"})


class Room:
    """Counts calls and body bytes in flight."""

    def __init__(self, *, calls: int = CALLS, body_bytes: int = BODY_BYTES) -> None:
        self._free_calls, self._free_bytes = calls, body_bytes

    @contextmanager
    def entered(self, receive: Receive) -> Iterator[Receive]:
        """Take a place and give a `receive` whose bytes count until the place is left. Raises Full, also while reading."""
        if self._free_calls <= 0:
            raise Full
        self._free_calls -= 1
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            size = len(message.get("body", b""))
            taken += size
            self._free_bytes -= size
            if self._free_bytes < 0:
                raise Full
            return message

        try:
            yield counted
        finally:
            self._free_calls += 1
            self._free_bytes += taken
