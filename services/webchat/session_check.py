"""Ends the streams of visitors whose account was deleted, or has a new identity secret, within a second."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from services.ingest.accounts import AccountCache, ConnectedAccount
from services.platform.http.open_streams import OpenStreams
from services.webchat.notifier import ChangeNotifier
from services.webchat.tokens import Visitor

CHANNEL = "webchat"


def is_current_session(visitor: Visitor, connected: ConnectedAccount | None) -> bool:
    """Whether a session belongs to the current account: not to a deleted one of the same name, nor to an earlier secret."""
    if connected is None:
        return False
    account = connected.account
    here = (visitor.workspace, visitor.account) == (account.workspace, account.id)
    return here and visitor.generation == connected.generation


@dataclass(eq=False, slots=True)
class SessionStream:
    """An open stream. `is_revoked` becomes true when its visitor may no longer read."""

    visitor: Visitor
    is_revoked: bool = False

    @property
    def account(self) -> tuple[str, str]:
        return self.visitor.workspace, self.visitor.account


def open_session_streams(accounts: AccountCache, notifier: ChangeNotifier) -> OpenStreams[SessionStream]:
    """The open streams of a process, checked with one read per account that has some."""

    async def find_revoked(streams: Collection[SessionStream]) -> Collection[SessionStream]:
        # The cache of accounts is passed by: an account that was deleted or got another secret must end its streams now.
        names = list({stream.account for stream in streams})
        found = await asyncio.gather(*(accounts.reload(workspace, CHANNEL, account) for workspace, account in names))
        current = dict(zip(names, found, strict=True))
        return [stream for stream in streams if not is_current_session(stream.visitor, current[stream.account])]

    def end(stream: SessionStream) -> None:
        # A stream waits for messages; the notification makes it look, and end.
        stream.is_revoked = True
        notifier.notify(stream.visitor.key)

    return OpenStreams(find_revoked, end)
