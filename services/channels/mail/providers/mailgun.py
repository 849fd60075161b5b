"""Mailgun routes (documentation.mailgun.com, "Receiving messages"): a form, signed over its timestamp and token."""

import hashlib
import hmac
from collections.abc import Sequence

from services.channels.live_secrets import is_live_secret
from services.channels.mail.forms import read_form
from services.channels.mail.message import Envelope, MailItem
from services.channels.mail.mime import read_mime
from services.channels.port import Account, InvalidPayload, InvalidSignature, Request, WebhookResponse

TOLERANCE_SECONDS = 300


class Mailgun:
    """The signature covers neither the body nor the address: a `path_secret` beside it is worth having."""

    proof = ("signing_key",)
    needs_proof = True
    json_bodies = False
    max_body_bytes = 40_000_000

    def key_urls(self, request: Request, account: Account) -> Sequence[str]:
        """Mailgun publishes no keys."""
        return ()

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """Mailgun has no handshake: always None."""
        return None

    def verify(self, request: Request, account: Account) -> None:
        """Require the HMAC-SHA256 of timestamp and token, and a timestamp of at most five minutes ago. Raises InvalidSignature."""
        try:
            form = read_form(request)
        except InvalidPayload:
            raise InvalidSignature("the call is no form, so it has no signature") from None
        timestamp, token = form.text("timestamp"), form.text("token")
        signed = f"{timestamp}{token}".encode()
        expected = [hmac.digest(key.encode(), signed, hashlib.sha256).hex() for key in account.secrets("signing_key")]
        if not is_live_secret(form.text("signature"), expected):
            raise InvalidSignature(
                "signature is missing or not that of timestamp and token by the account's signing_key"
            )
        is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
        if not is_number or abs(request.received_at.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
            raise InvalidSignature(f"timestamp is more than {TOLERANCE_SECONDS} seconds off")

    def decode(self, request: Request, account: Account) -> Sequence[MailItem]:
        """The mail of a route's call whose address ends in `mime`. Raises InvalidPayload."""
        form = read_form(request)
        raw = form.last("body-mime")
        if raw is None:
            raise InvalidPayload("the form has no body-mime")
        recipient, sender = form.text("recipient"), form.text("sender")
        envelope = Envelope(sender=sender or None, recipients=(recipient,) if recipient else ())
        return [read_mime(raw.content, envelope)]
