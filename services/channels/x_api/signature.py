"""Who calls: X signs every body, and tests an address again and again (docs.x.com/x-api/webhooks/introduction)."""

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Sequence

from services.channels.live_secrets import is_live_secret
from services.channels.port import InvalidSignature, Request, WebhookResponse

SIGNATURE_HEADER = "x-twitter-webhooks-signature"
CRC_TOKEN = re.compile(r"[A-Za-z0-9+/=_.~-]{1,512}")
"""The alphabet of a token. The answer to the test is made as a signature is, and anybody may ask for it: a token that could be the
body of a webhook is never signed.
"""


def digest(secret: str, content: bytes) -> str:
    """`sha256=` and the base64 of the HMAC-SHA256."""
    return f"sha256={b64encode(hmac.digest(secret.encode(), content, hashlib.sha256)).decode()}"


def verify_signature(request: Request, consumer_secrets: Sequence[str]) -> None:
    """Require X's signature of the raw body by any live consumer secret. Raises InvalidSignature."""
    expected = [digest(secret, request.body) for secret in consumer_secrets]
    if not is_live_secret(request.headers.get(SIGNATURE_HEADER, ""), expected):
        detail = "x-twitter-webhooks-signature is missing or not that of this body by the account's consumer_secret"
        raise InvalidSignature(detail)


def answer_challenge(request: Request, consumer_secrets: Sequence[str]) -> WebhookResponse | None:
    """The answer to X's test of the address (CRC), by the newest secret; None for a POST. Raises InvalidSignature."""
    if request.method != "GET":
        return None
    token = request.query.get("crc_token", "")
    if not CRC_TOKEN.fullmatch(token) or not consumer_secrets:
        raise InvalidSignature("the call is no test of X's: crc_token is missing or not of its alphabet")
    answer = {"response_token": digest(consumer_secrets[0], token.encode())}
    return WebhookResponse(200, json.dumps(answer).encode(), "application/json")
