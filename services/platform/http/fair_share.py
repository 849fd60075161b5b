"""Who may call outside now: the connections of a process, shared fairly between workspaces and their receivers.

A receiver that answers slowly holds connections. A workspace has at most as many as are left free, so that one takes half of
all, two a third each, and a call of anybody else starts at once. Who has fewest is next, a workspace first, then a receiver.
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
"""Calls to one account or subscription that run at a time."""
WAIT_SECONDS = 3.0


class NoConnection(TransientSendError):
    """No connection was free in time. Nothing was sent, and nobody failed."""


class Receiver(NamedTuple):
    """Who is called: an account or a subscription of a workspace."""

    workspace: str
    name: str


class ConnectionShares:
    """The calls of a process that run and that wait."""

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
        """A connection's worth of calling, until the context is left. Raises NoConnection after `wait` seconds."""
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
            # It was given its turn in the moment in which it stopped waiting.
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
        """Give a turn to each that may start now."""
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
    """Keys that count nothing are forgotten."""
    counter[key] += change
    if not counter[key]:
        del counter[key]
