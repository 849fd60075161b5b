"""Proofs that several providers share: how old a signature may be, and HTTP Basic (RFC 7617)."""

import base64
import binascii
import re

from services.channels.live_secrets import is_live_secret
from services.channels.port import Account, InvalidSignature, Request

SIGNATURE_SECONDS, MAX_SIGNATURE_SECONDS = 300.0, 259_200.0
"""How far from now a signed time may be, unless the account says otherwise; and at most. Repeats go on for three days."""
BASIC_CHALLENGE = 'Basic realm="Pasokh webhooks", charset="UTF-8"'
_SECONDS = re.compile("[0-9]{9,11}")


def require_fresh(signed_seconds: str, request: Request, account: Account) -> None:
    """Require a signed Unix time that is not far from now, in the past or the future. Raises InvalidSignature.

    The account's `settings.signature_seconds` says how far, so that what a provider repeats after a long outage gets in.
    """
    stated = account.body.settings.get("signature_seconds")
    allowed = stated if isinstance(stated, int | float) and stated > 0 else SIGNATURE_SECONDS
    is_time = _SECONDS.fullmatch(signed_seconds) is not None
    if not is_time or abs(request.received_at.timestamp() - int(signed_seconds)) > allowed:
        raise InvalidSignature(f"the signed time is no Unix time, or over {allowed:g} seconds from now")


def require_basic(request: Request, account: Account) -> None:
    """Require the account's `basic_user` and `basic_password`. Raises InvalidSignature with a challenge."""
    users, passwords = account.secrets("basic_user"), account.secrets("basic_password")
    # A pair is old or new, but a rotation changes one of the two more often than both: every combination is live.
    live = [f"{user}:{password}" for user in users for password in passwords]
    if not is_live_secret(_presented(request.headers.get("authorization", "")), live):
        raise InvalidSignature("the user and password are missing or not the account's", BASIC_CHALLENGE)


def _presented(authorization: str) -> str:
    """`user:password` of an Authorization header; empty for one that is not Basic, or not as base64 is written."""
    scheme, _, encoded = authorization.partition(" ")
    content = decode_base64(encoded.strip())
    return content.decode("utf-8", "replace") if content is not None and scheme.lower() == "basic" else ""


def decode_base64(text: str) -> bytes | None:
    """The bytes of base64 as RFC 4648 writes them; None for any other text, also for a second way to write the same bytes."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.b64encode(content).decode() == text else None
