"""Authenticates webhook calls: the platform's handshake, or its signature over the raw bytes of the body."""

from dataclasses import dataclass

from services.channels.port import Account, Channel, InvalidSignature, Request, WebhookResponse
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache, ConnectedAccount
from services.ingest.forgeries import Forgeries
from services.ingest.resolution import UNKNOWN_ADDRESS
from services.platform.http.problems import HttpProblem, NotFound


class MethodNotAllowed(HttpProblem):
    """405: a method that no platform uses here."""

    status = 405


@dataclass(frozen=True, slots=True)
class AuthenticatedCall:
    """The account that a call was proven against, and the answer of its handshake; None for a call with events."""

    connected: ConnectedAccount
    handshake: WebhookResponse | None


@dataclass(frozen=True, slots=True)
class WebhookAuthenticator:
    """Verifies calls against cached accounts; before a refusal, against the account as it is stored now."""

    accounts: AccountCache
    forgeries: Forgeries
    notes: AccountActivityRecorder

    async def authenticate_call(
        self, channel: Channel, connected: ConnectedAccount, request: Request, address: str
    ) -> AuthenticatedCall:
        """The authentic call. Raises InvalidSignature, TooManyRequests, NotFound, MethodNotAllowed, Unavailable.

        `address` is the network that the call came from. Its failures are counted before the store is read, so that
        guessing at a secret costs the store nothing beyond the allowed rate.
        """
        try:
            return AuthenticatedCall(connected, _verify(channel, connected.account, request))
        except InvalidSignature:
            await self.forgeries.guessed(address, connected.account)
        # The secret may have been rotated within the second that the cache is old.
        fresh = await self.accounts.reload(connected.account.workspace, channel.name, connected.account.id)
        if fresh is None:
            raise NotFound(UNKNOWN_ADDRESS)
        try:
            return AuthenticatedCall(fresh, _verify(channel, fresh.account, request))
        except InvalidSignature:
            self.notes.record_forged(fresh.account)
            self.forgeries.log(fresh.account)
            raise


def _verify(channel: Channel, account: Account, request: Request) -> WebhookResponse | None:
    """The answer of a handshake, or None once the platform is proven. Raises InvalidSignature, MethodNotAllowed."""
    reply = channel.handshake(request, account)
    if reply is None and request.method == "GET":
        raise MethodNotAllowed("This channel has no handshake; its events are posted.", headers={"Allow": "POST"})
    if reply is None:
        channel.verify(request, account)
    return reply
