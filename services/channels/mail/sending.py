"""Sends a mail, and knows by which Message-IDs answers and reports will name it."""

import re
from collections.abc import Sequence

from schemas.outbound import OutboundMessage
from services.channels.mail.compose import compose
from services.channels.mail.ids import mail_id, own_message_id
from services.channels.mail.smtp import SmtpServer, read_smtp_url, submit
from services.channels.mail.smtp_replies import SmtpReply
from services.channels.port import Account, OutgoingFile, SendReceipt
from services.platform.http.outgoing import HttpClient

_SES_HOST = re.compile(r"email-smtp(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_SES_ID = re.compile(r"Ok ([0-9a-f-]{30,80})", re.IGNORECASE)


async def send_mail(
    message: OutboundMessage, account: Account, files: Sequence[OutgoingFile], http: HttpClient
) -> SendReceipt:
    """Send a message with its files as one mail. Raises as `Channel.send`."""
    server = read_smtp_url(account.token("smtp_url"))
    reply = await submit(server, compose(message, account, files), http)
    own = own_message_id(message.id, account.token("from_address"))
    names = [own, *_other_ids(server, reply)]
    return SendReceipt(own, aliases=tuple(mail_id(account, name) for name in names))


def _other_ids(server: SmtpServer, reply: SmtpReply) -> list[str]:
    """Message-IDs that the server gave the mail instead of ours.

    Amazon SES puts its own in place of every other, and says it in its reply
    (docs.aws.amazon.com/ses/latest/dg/send-email-smtp.html; of us-east-1 the domain is `email.amazonses.com`).
    """
    host, identity = _SES_HOST.fullmatch(server.host), _SES_ID.search(reply.text)
    if host is None or identity is None:
        return []
    region = "email" if host[1] == "us-east-1" else host[1]
    return [f"{identity[1]}@{region}.amazonses.com"]
