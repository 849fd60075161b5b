"""Verifies one call against one account: the platform's handshake, or its proof over the raw bytes of the body."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from services.channels.abilities import PublicKeyVerified
from services.channels.port import Account, Channel, InvalidSignature, Request, WebhookResponse
from services.ingest.public_keys import KEY_SECONDS, PublicKeys
from services.ingest.unparsed import error_location
from services.platform.core.threads import WorkerThread
from services.platform.http.problems import HttpProblem

LARGE_BODY_BYTES = 100_000
"""Larger bodies (mail) are verified and parsed on a thread of their own: 10 MB of MIME take a second."""
Result = TypeVar("Result")
_log = structlog.get_logger(__name__)


class VerificationFailed(Exception):
    """Our own code failed on a call before it was proven: 503, so that its platform sends it again. Nothing is stored.

    It is no forgery: the call may be genuine, and is then not lost.
    """


class MethodNotAllowed(HttpProblem):
    """405: a method that no platform uses here."""

    status = 405


@dataclass(frozen=True, slots=True)
class CallVerifier:
    """Verifies calls. `key_sources` are the channels whose platforms sign with keys that they publish."""

    key_sources: Mapping[str, PublicKeyVerified]
    keys: PublicKeys
    large_bodies: WorkerThread

    async def verify(
        self, channel: Channel, account: Account, request: Request, *, max_key_age: float = KEY_SECONDS
    ) -> WebhookResponse | None:
        """The answer of a handshake, or None once the platform is proven.

        Raises InvalidSignature, MethodNotAllowed, KeyUnavailable, VerificationFailed.
        """
        request = await self._with_keys(channel, account, request, max_key_age)
        return await self._run(account, request, lambda: _verify(channel, account, request))

    async def accepts(self, channel: Channel, account: Account, request: Request) -> bool:
        """Whether the account's own `verify` accepts the same request. Raises KeyUnavailable, VerificationFailed."""
        try:
            request = await self._with_keys(channel, account, request, KEY_SECONDS)
            await self._run(account, request, lambda: channel.verify(request, account))
        except InvalidSignature:
            return False
        return True

    async def _with_keys(self, channel: Channel, account: Account, request: Request, max_age: float) -> Request:
        """The request with the public keys that it is verified with; as it is where the platform publishes none."""
        source = self.key_sources.get(channel.name)
        if source is None:
            return request
        urls = await self._run(account, request, lambda: source.key_urls(request, account))
        if not all(url.startswith("https://") for url in urls):
            raise InvalidSignature("the call names a key at an address that is not https")
        return replace(request, public_keys=await self.keys.read(urls, max_age))

    async def _run(self, account: Account, request: Request, work: Callable[[], Result]) -> Result:
        try:
            return await self.large_bodies.run(work) if len(request.body) > LARGE_BODY_BYTES else work()
        except (InvalidSignature, HttpProblem):
            raise
        except Exception as error:  # noqa: BLE001 -- our bug; the call may be genuine, and comes again
            names = {"channel": account.channel, "workspace": account.workspace, "account": account.id}
            _log.error("webhook_not_verified", **names, **error_location(error))
            # `from None`: the text of the error may quote a secret, and a log would show it with its cause.
            raise VerificationFailed(type(error).__name__) from None


def _verify(channel: Channel, account: Account, request: Request) -> WebhookResponse | None:
    reply = channel.handshake(request, account)
    if reply is None and request.method == "GET":
        raise MethodNotAllowed("This channel has no handshake; its events are posted.", headers={"Allow": "POST"})
    if reply is None:
        channel.verify(request, account)
    return reply
