"""Mail of customers as Mailgun posts it to a route whose address ends in `mime`: raw (documentation.mailgun.com, "Receiving,
Forwarding and Storing Messages").

The signature covers a time and a token, not the body ("Securing Webhooks").
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class CustomerMail:
    """A mail of a customer. `in_reply_to` is the Message-ID of ours that it answers; `automatic`: an absence notice.

    `photo` is a PNG that is attached to it.
    """

    id: str
    name: str
    address: str
    to: str
    subject: str
    text: str
    at: datetime
    in_reply_to: str = ""
    automatic: bool = False
    photo: bytes | None = None

    def mime(self) -> bytes:
        """The mail (RFC 5322)."""
        message = EmailMessage(policy=SMTP)
        message["Message-ID"] = self.id
        message["Date"] = format_datetime(self.at)
        message["From"] = formataddr((self.name, self.address))
        message["To"] = self.to
        message["Subject"] = self.subject
        if self.in_reply_to:
            message["In-Reply-To"] = message["References"] = self.in_reply_to
        if self.automatic:
            message["Auto-Submitted"] = "auto-replied"
        message.set_content(self.text)
        if self.photo is not None:
            message.add_attachment(self.photo, maintype="image", subtype="png", filename="mug.png")
        return message.as_bytes()


def webhook_form(mail: CustomerMail, signing_key: str) -> bytes:
    """The body of the webhook, `application/x-www-form-urlencoded`, signed with the account's webhook signing key."""
    timestamp = str(int(mail.at.timestamp()))
    token = hashlib.sha256(mail.id.encode()).hexdigest()[:50]
    signature = hmac.new(signing_key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    signed = {"timestamp": timestamp, "token": token, "signature": signature}
    envelope = {"recipient": mail.to, "sender": mail.address, "from": mail.address, "subject": mail.subject}
    return urlencode({**signed, **envelope, "body-mime": mail.mime()}).encode()
