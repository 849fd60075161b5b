"""Signatures by the Standard Webhooks specification (standardwebhooks.com), version `v1`: HMAC-SHA256, both ways."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from datetime import datetime

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
TOLERANCE_SECONDS = 300
MIN_SECRET_BYTES, MAX_SECRET_BYTES, NEW_SECRET_BYTES = 16, 128, 32
MAX_SIGNATURES = 32
SECRET_FORMAT_HELP = f"`{PREFIX}` and the base64 of {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} random bytes"


def new_secret() -> str:
    """Generate a random secret."""
    return PREFIX + base64.b64encode(os.urandom(NEW_SECRET_BYTES)).decode()


def decode_secret(secret: str) -> bytes:
    """Decode a secret to its bytes.

    Raises ValueError for a text of another format; the message does not contain the text.
    """
    plain = secret.removeprefix(PREFIX)
    if plain == secret:
        raise ValueError(f"a secret is {SECRET_FORMAT_HELP}")
    try:
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"a secret is {SECRET_FORMAT_HELP}") from None
    if not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise ValueError(f"a secret is {SECRET_FORMAT_HELP}")
    return key


def signature(secret: str, identity: str, timestamp: str, body: bytes) -> str:
    """One entry of the header `webhook-signature`. Raises ValueError for a secret of another format."""
    signed = b".".join((identity.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(decode_secret(secret), signed, hashlib.sha256)).decode()


def signed_headers(secrets: Sequence[str], identity: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a JSON call at time `at`, signed with every secret, so that receivers can rotate theirs."""
    timestamp = str(int(at.timestamp()))
    signatures = " ".join(signature(secret, identity, timestamp, body) for secret in secrets)
    return {ID: identity, TIMESTAMP: timestamp, SIGNATURE: signatures, "content-type": "application/json"}


def verification_error(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> str | None:
    """Why the signature of a call is not valid; None if one of the secrets signed it.

    Header names are lower case. A timestamp that differs from `now` by more than `TOLERANCE_SECONDS` is refused, so
    that a recorded call cannot be repeated later.
    """
    identity, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not identity or not _is_timestamp(timestamp):
        return f"{ID}, {TIMESTAMP} (whole seconds) and {SIGNATURE} are needed"
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return f"{TIMESTAMP} is more than {TOLERANCE_SECONDS} seconds off"
    given = [one.encode() for one in headers.get(SIGNATURE, "").split(" ")[:MAX_SIGNATURES]]
    expected = [signature(secret, identity, timestamp, body).encode() for secret in secrets]
    # Every pair is compared, in constant time: how long it takes must not tell which one was nearly right.
    matches = [hmac.compare_digest(one, right) for one in given for right in expected]
    return None if any(matches) else f"no entry of {SIGNATURE} is right"


def _is_timestamp(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12
