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


def is_current_session(visitor: Visitor, connected: ConnectedAccount | None) -> bool:
    """Whether a token was made for the account as it is: not for one of the same name before, nor for another secret."""
    if connected is None:
        return False
    account = connected.account
    here = (visitor.workspace, visitor.account) == (account.workspace, account.id)
    return here and visitor.generation == connected.generation


@dataclass(eq=False, slots=True)
class Standing:
    """One stream; `ended` once its visitor may read no more."""

    visitor: Visitor
    ended: bool = False


class Standings:
    """Which streams are open. Nothing is read while none is."""

    def __init__(self, accounts: AccountCache, notifier: ChangeNotifier) -> None:
        self._accounts, self._bells = accounts, notifier
        self._open: set[Standing] = set()
        self._wanted = asyncio.Event()

    @contextmanager
    def held(self, visitor: Visitor) -> Iterator[Standing]:
        """A stream that this ends when it has to."""
        standing = Standing(visitor)
        self._open.add(standing)
        self._wanted.set()
        try:
            yield standing
        finally:
            self._open.discard(standing)

    async def look(self) -> None:
        """End whoever's account is another now. Raises Unavailable, Unknown."""
        places = {(one.visitor.workspace, one.visitor.account) for one in self._open}
        found = await asyncio.gather(*(self._accounts.reload(w, CHANNEL, a) for w, a in places))
        now = dict(zip(places, found, strict=True))
        for one in list(self._open):
            place = one.visitor.workspace, one.visitor.account
            if place in now and not is_current_session(one.visitor, now[place]):
                one.ended = True
                self._bells.ring(one.visitor.key)

    async def run(self) -> None:
        """Look for as long as a stream is open; runs until it is cancelled."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.look()
            except (Unavailable, Unknown) as error:
                _log.warning("visitors_unchecked", reason=type(error).__name__)
            if not self._open:
                self._wanted.clear()
