"""Authenticates webhook calls, and bounds what calls without a proof can cost."""

from dataclasses import dataclass

from services.channels.port import Channel, InvalidSignature, Request, WebhookResponse
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache, ConnectedAccount
from services.ingest.forgeries import Forgeries
from services.ingest.public_keys import RECHECK_SECONDS
from services.ingest.resolution import UNKNOWN_ADDRESS
from services.ingest.verification import CallVerifier
from services.platform.http.problems import NotFound


class Challenged(InvalidSignature):
    """A call without credentials by a platform that waits to be asked for them (HTTP Basic): 401, and no forgery."""


@dataclass(frozen=True, slots=True)
class AuthenticatedCall:
    """The account that a call was proven against, and the answer of its handshake; None for a call with events."""

    connected: ConnectedAccount
    handshake: WebhookResponse | None


@dataclass(frozen=True, slots=True)
class WebhookAuthenticator:
    """Verifies calls against cached accounts; before a refusal, against the account as it is stored now."""

    accounts: AccountCache
    verifier: CallVerifier
    forgeries: Forgeries
    recorder: AccountActivityRecorder

    async def authenticate_call(
        self, channel: Channel, connected: ConnectedAccount, request: Request, address: str
    ) -> AuthenticatedCall:
        """The authentic call.

        Raises InvalidSignature, Challenged, TooManyRequests, NotFound, MethodNotAllowed, Unavailable, KeyUnavailable.

        `address` is the network that the call came from. Its failures are counted before the store is read, so that
        guessing at a secret costs the store nothing beyond the allowed rate.
        """
        try:
            return AuthenticatedCall(connected, await self.verifier.verify(channel, connected.account, request))
        except InvalidSignature as error:
            if error.challenge is not None and "authorization" not in request.headers:
                raise Challenged(str(error), error.challenge) from None
            await self.forgeries.guessed(address, connected.account)
        # The secret may have been rotated within the second that the cache is old, and the platform's key within the hour.
        fresh = await self.accounts.reload(connected.account.workspace, channel.name, connected.account.id)
        if fresh is None:
            raise NotFound(UNKNOWN_ADDRESS)
        try:
            handshake = await self.verifier.verify(channel, fresh.account, request, max_key_age=RECHECK_SECONDS)
        except InvalidSignature:
            self.recorder.record_forged(fresh.account)
            self.forgeries.log(fresh.account)
            raise
        return AuthenticatedCall(fresh, handshake)
