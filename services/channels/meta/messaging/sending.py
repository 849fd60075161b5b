"""The Send API of Messenger and Instagram (developers.facebook.com/docs/messenger-platform/reference/send-api)."""

from schemas.outbound import OutboundMessage
from schemas.values import Json
from services.channels.meta.entry import MessageScope
from services.channels.meta.graph import Verdicts, call_graph, refused
from services.channels.meta.webhook import as_platform_id
from services.channels.port import SendReceipt
from services.platform.http.outgoing import HttpClient

WINDOW_CLOSED, UNREACHABLE = refused("window_closed"), refused("blocked")
VERDICTS: Verdicts = {
    10: WINDOW_CLOSED,
    2018278: WINDOW_CLOSED,
    2534022: WINDOW_CLOSED,
    551: UNREACHABLE,
    1545041: UNREACHABLE,
}


async def send_text(
    http: HttpClient, url: str, token: str, message: OutboundMessage, scope: MessageScope
) -> SendReceipt:
    """Send one text, once. Raises TransientSendError, PermanentSendError, CredentialsRejected, SendOutcomeUnknown."""
    return await post_message(http, url, token, message, scope, {"text": message.text.text})


async def post_message(
    http: HttpClient, url: str, token: str, message: OutboundMessage, scope: MessageScope, content: dict[str, Json]
) -> SendReceipt:
    """Send this content to the person of the message's address."""
    kind: dict[str, Json] = (
        {"messaging_type": "MESSAGE_TAG", "tag": message.tag} if message.tag else {"messaging_type": "RESPONSE"}
    )
    body: dict[str, Json] = {"recipient": {"id": message.address.chat}, **kind, "message": content}
    answer = await call_graph(http, "POST", f"{url}/me/messages", token, VERDICTS, body)
    mid = as_platform_id(answer.get("message_id"))
    return SendReceipt(mid, aliases=(scope.message_id(mid),) if mid is not None else ())
