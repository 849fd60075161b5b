"""A stand-in for a mail provider: takes what is sent by SMTP and lists it at `/_sent`, and fails on request (`/_faults`).

What it takes from us is mail (RFC 5322). What customers write it hands over as Mailgun does: `mailgun.py` makes those webhooks.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from starlette.applications import Starlette
from starlette.routing import Route

from schemas.values import Json
from services.demo.faults import FaultQueue
from services.demo.sent_log import SentLog
from services.demo.smtp import TakenMail, smtp_server

USER = "demo"
REPLIES = {
    "rate_limited": "451 4.7.1 too many mails, try again later",
    "error": "421 4.3.0 the service is not available",
    "blocked": "550 5.7.1 the recipient takes no mail of yours",
    "refused": "554 5.6.0 refused by the stand-in",
    "hang": "421 4.4.2 the service is not available",
    "drop_before": "421 4.4.2 the service is not available",
}
"""The reply to a mail by fault. `drop_after` takes the mail and answers as `error` does."""


@dataclass
class FakeMail:
    """The state of a stand-in; `app` serves its lists and `smtp` its server. `password` is that of the user `demo`."""

    password: str
    log: SentLog = field(default_factory=SentLog)
    faults: FaultQueue = field(default_factory=FaultQueue)

    @property
    def app(self) -> Starlette:
        """The ASGI app of this state."""
        return Starlette(
            routes=[
                Route("/_sent", self.log.show, methods=["GET"]),
                Route("/_faults", self.faults.change, methods=["GET", "POST", "DELETE"]),
            ]
        )

    @asynccontextmanager
    async def smtp(self, port: int = 0) -> AsyncIterator[str]:
        """Serve SMTP on this machine while the context is open; its URL, with user and password."""
        async with smtp_server(self.take, user=USER, password=self.password, port=port) as taken:
            yield f"smtp://{USER}:{self.password}@127.0.0.1:{taken}"

    def take(self, mail: TakenMail) -> str:
        """Store a mail; the reply to its DATA."""
        fault = self.faults.take()
        if fault is not None and fault.kind != "drop_after":
            return REPLIES[fault.kind]
        number = self.log.next_number()
        message = message_from_bytes(mail.content, EmailMessage, policy=policy.default)
        self.log.add(number, "email", {"from": mail.sender, "to": list(mail.recipients), **_shown(message)})
        return f"250 2.0.0 taken as {number}" if fault is None else REPLIES["error"]


def _shown(message: EmailMessage) -> dict[str, Json]:
    """The headers by which mail is threaded, the text, and the names of the files."""
    body = message.get_body(("plain", "html"))
    return {
        "id": str(message["message-id"] or ""),
        "subject": str(message["subject"] or ""),
        "in_reply_to": str(message["in-reply-to"] or ""),
        "references": str(message["references"] or ""),
        "auto_submitted": str(message["auto-submitted"] or ""),
        "header_from": str(message["from"] or ""),
        "text": body.get_content() if body is not None else "",
        "files": [part.get_filename() or "" for part in message.iter_attachments()],
    }
