"""Who calls: Meta signs every body, and tests an address once (developers.facebook.com/docs/graph-api/webhooks/getting-started)."""

import hashlib
import hmac
from collections.abc import Sequence

from services.channels.live_secrets import is_live_secret
from services.channels.port import Account, InvalidSignature, Request, WebhookResponse

SIGNATURE_HEADER = "x-hub-signature-256"


def verify_signature(request: Request, app_secrets: Sequence[str]) -> None:
    """Require `sha256=` and the HMAC-SHA256 of the raw body in lower hex, by any live secret. Raises InvalidSignature.

    `X-Hub-Signature` with SHA-1, which Meta sends beside it, is not read.
    """
    expected = [f"sha256={hmac.digest(secret.encode(), request.body, hashlib.sha256).hex()}" for secret in app_secrets]
    if not is_live_secret(request.headers.get(SIGNATURE_HEADER, ""), expected):
        raise InvalidSignature("X-Hub-Signature-256 is missing or not that of this body by the account's app_secret")


def answer_subscription(request: Request, verify_tokens: Sequence[str]) -> WebhookResponse | None:
    """The challenge of Meta's test of the address as plain text; None for a POST. Raises InvalidSignature."""
    if request.method != "GET":
        return None
    if request.query.get("hub.mode") != "subscribe":
        raise InvalidSignature("the call is no subscription of Meta's: hub.mode is not subscribe")
    if not is_live_secret(request.query.get("hub.verify_token", ""), verify_tokens):
        raise InvalidSignature("hub.verify_token is missing or not the account's verify_token")
    return WebhookResponse(200, request.query.get("hub.challenge", "").encode())


class SignedByApp:
    """What every channel of Meta does with a request: an app has one secret, and one word for the test of its address."""

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """The challenge of Meta's test of the address. Raises InvalidSignature."""
        return answer_subscription(request, account.secrets("verify_token"))

    def verify(self, request: Request, account: Account) -> None:
        """Require Meta's signature of the body by any live app secret. Raises InvalidSignature."""
        verify_signature(request, account.secrets("app_secret"))
