"""Ends the streams of visitors whose account is gone or has another secret, within a second."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from services.ingest.accounts import AccountCache, ConnectedAccount
from services.platform.core.errors import Unavailable, Unknown
from services.webchat.notifier import ChangeNotifier
from services.webchat.tokens import Visitor

CHANNEL = "webchat"
POLL_SECONDS = 0.4
_log = structlog.get_logger(__name__)


def is_of(visitor: Visitor, connected: ConnectedAccount | None) -> bool:
    """Whether a token was made for the account as it is: not for one of the same name before, nor for another secret."""
    if connected is None:
        return False
    account = connected.account
    here = (visitor.workspace, visitor.account) == (account.workspace, account.id)
    return here and visitor.generation == connected.generation


@dataclass(eq=False, slots=True)
class SessionStream:
    """One stream; `ended` once its visitor may read no more."""

    visitor: Visitor
    ended: bool = False


class SessionStreams:
    """Which streams are open. Nothing is read while none is."""

    def __init__(self, accounts: AccountCache, notifier: ChangeNotifier) -> None:
        self._accounts, self._notifier = accounts, notifier
        self._open: set[SessionStream] = set()
        self._wanted = asyncio.Event()

    @contextmanager
    def register(self, visitor: Visitor) -> Iterator[SessionStream]:
        """A stream that this ends when it has to."""
        stream = SessionStream(visitor)
        self._open.add(stream)
        self._wanted.set()
        try:
            yield stream
        finally:
            self._open.discard(stream)

    async def end_revoked(self) -> None:
        """End whoever's account is another now. Raises Unavailable, Unknown."""
        accounts = {(stream.visitor.workspace, stream.visitor.account) for stream in self._open}
        connected = await asyncio.gather(*(self._accounts.reload(w, CHANNEL, a) for w, a in accounts))
        current = dict(zip(accounts, connected, strict=True))
        for stream in list(self._open):
            account = stream.visitor.workspace, stream.visitor.account
            if account in current and not is_of(stream.visitor, current[account]):
                stream.ended = True
                self._notifier.notify(stream.visitor.key)

    async def run(self) -> None:
        """Look for as long as a stream is open; runs until it is cancelled."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.end_revoked()
            except (Unavailable, Unknown) as error:
                _log.warning("visitors_unchecked", reason=type(error).__name__)
            if not self._open:
                self._wanted.clear()
