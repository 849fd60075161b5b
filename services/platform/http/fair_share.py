"""Shares the outgoing connections of a process fairly between workspaces and their receivers.

A receiver that answers slowly occupies connections. A workspace may use at most as many connections as are free: one
workspace gets half of all, two get a third each, and a call of another workspace starts immediately. The next
connection goes to the workspace that has the fewest, and within it to the receiver that has the fewest.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeVar

from services.platform.core.instruments import AdmissionInstruments
from services.platform.http.client import CONNECTIONS
from services.platform.http.outgoing import TransientSendError

T = TypeVar("T")

PER_RECEIVER = 40
"""The maximum number of concurrent calls to one account or subscription."""
WAIT_SECONDS = 3.0


class NoConnection(TransientSendError):
    """No connection was free in time. Nothing was sent, and the receiver is not at fault."""


class Receiver(NamedTuple):
    """The target of calls: an account or a webhook subscription of a workspace."""

    workspace: str
    name: str


class ConnectionShares:
    """The running and the waiting calls of a process."""

    def __init__(
        self,
        connections: int = CONNECTIONS,
        instruments: AdmissionInstruments | None = None,
        *,
        per_receiver: int = PER_RECEIVER,
    ) -> None:
        self._free, self._per_receiver = connections, per_receiver
        self._instruments = instruments or AdmissionInstruments()
        self._of_workspace: Counter[str] = Counter()
        self._of_receiver: Counter[Receiver] = Counter()
        self._waiting: dict[Receiver, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def acquire(self, workspace: str, name: str, *, wait: float = WAIT_SECONDS) -> AsyncIterator[None]:
        """Occupy one connection until the context is left.

        Raises NoConnection after `wait` seconds without a free one.
        """
        receiver = Receiver(workspace, name)
        await self._wait_for_turn(receiver, wait)
        try:
            yield
        finally:
            self._count(receiver, -1)
            self._start_waiting()

    async def _wait_for_turn(self, receiver: Receiver, wait: float) -> None:
        if self._may_start(receiver) and receiver not in self._waiting:
            self._count(receiver, 1)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(receiver, deque()).append(turn)
        try:
            async with asyncio.timeout(wait):
                await turn
        except BaseException as error:
            self._stop_waiting(receiver, turn)
            if not isinstance(error, TimeoutError):
                raise
            reason = "workspace" if self._free else "process"
            self._instruments.refused.labels("outgoing", reason).inc()
            raise NoConnection("no connection was free; nothing was sent") from error

    def _stop_waiting(self, receiver: Receiver, turn: "asyncio.Future[None]") -> None:
        if turn.done() and not turn.cancelled():
            # Its turn came in the same moment in which it timed out or was cancelled: the turn goes to the next.
            self._count(receiver, -1)
            self._start_waiting()
            return
        turns = self._waiting[receiver]
        turns.remove(turn)
        if not turns:
            del self._waiting[receiver]

    def _may_start(self, receiver: Receiver) -> bool:
        has_room = self._of_workspace[receiver.workspace] < self._free
        return has_room and self._of_receiver[receiver] < self._per_receiver

    def _start_waiting(self) -> None:
        """Start every waiting call that may start now."""
        while able := [receiver for receiver in self._waiting if self._may_start(receiver)]:
            chosen = min(able, key=lambda one: (self._of_workspace[one.workspace], self._of_receiver[one]))
            turns = self._waiting[chosen]
            turns.popleft().set_result(None)
            if not turns:
                del self._waiting[chosen]
            self._count(chosen, 1)

    def _count(self, receiver: Receiver, change: int) -> None:
        self._free -= change
        _add(self._of_workspace, receiver.workspace, change)
        _add(self._of_receiver, receiver, change)


def _add(counter: Counter[T], key: T, change: int) -> None:
    """Add to a counter, and remove the key at 0: else keys of deleted workspaces would stay for ever."""
    counter[key] += change
    if not counter[key]:
        del counter[key]
