"""Mail of customers as Mailgun posts it to a route (documentation.mailgun.com, "Receiving, Forwarding and Storing Messages").

The signature covers a time and a token, not the body ("Securing Webhooks").
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, formataddr
from urllib.parse import urlencode

import orjson


@dataclass(frozen=True, slots=True)
class CustomerMail:
    """A mail of a customer. `in_reply_to` is the Message-ID of ours that it answers; `automatic`: an absence notice."""

    id: str
    name: str
    address: str
    to: str
    subject: str
    text: str
    at: datetime
    in_reply_to: str = ""
    automatic: bool = False

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Its headers, in their order."""
        found = [
            ("Message-Id", self.id),
            ("Date", format_datetime(self.at)),
            ("From", self.sender),
            ("To", self.to),
            ("Subject", self.subject),
        ]
        found += [("In-Reply-To", self.in_reply_to), ("References", self.in_reply_to)] if self.in_reply_to else []
        return [*found, ("Auto-Submitted", "auto-replied")] if self.automatic else found

    @property
    def sender(self) -> str:
        """Name and address."""
        return formataddr((self.name, self.address))


def webhook_form(mail: CustomerMail, signing_key: str) -> bytes:
    """The body of the webhook, `application/x-www-form-urlencoded`, signed with the account's webhook signing key."""
    timestamp = str(int(mail.at.timestamp()))
    token = hashlib.sha256(mail.id.encode()).hexdigest()[:50]
    signature = hmac.new(signing_key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return urlencode(
        {
            "recipient": mail.to,
            "sender": mail.address,
            "from": mail.sender,
            "subject": mail.subject,
            "body-plain": mail.text,
            "stripped-text": mail.text.partition("\n\n")[0],
            "Message-Id": mail.id,
            "message-headers": orjson.dumps(mail.headers).decode(),
            "timestamp": timestamp,
            "token": token,
            "signature": signature,
        }
    ).encode()
