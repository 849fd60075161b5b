"""What we write below publications, and the private reply to one of them.

developers.facebook.com/docs/graph-api/reference/object/comments, .../docs/instagram-platform/comment-moderation,
.../docs/messenger-platform/discovery/private-replies.
"""

from collections.abc import Mapping

from schemas.activity import Address
from schemas.outbound import OutboundMessage
from schemas.values import Json
from services.channels.meta.graph import GraphApi, Verdicts, refused
from services.channels.meta.messaging.errors import VERDICTS as MESSAGE_VERDICTS
from services.channels.meta.publications.comments import LIVE, MENTION
from services.channels.meta.webhook import as_platform_id
from services.channels.port import SendReceipt
from services.platform.http.outgoing import PermanentSendError

COMMENT_VERDICTS: Verdicts = {33: refused("not_found"), 506: refused("duplicate")}
"""506: the same text stands there already. 33: as subcode of 100, the comment or its post is gone."""
PRIVATE_REPLY_VERDICTS: Verdicts = {
    **MESSAGE_VERDICTS,
    33: refused("not_found"),
    10900: refused("private_reply_used"),
    10901: refused("private_reply_too_late"),
    10903: refused("blocked"),
}


async def comment(api: GraphApi, message: OutboundMessage, edge: str) -> SendReceipt:
    """Answer a publication in public, once. `edge` is what answers to a comment are called at the platform.

    Raises TransientSendError, PermanentSendError, CredentialsRejected, SendOutcomeUnknown.
    """
    path, place = _target(message.address, api.scope.own_id, edge)
    answer = await api.post(path, {**place, "message": message.text.text}, COMMENT_VERDICTS)
    return api.scope.receipt(as_platform_id(answer.get("id")))


def _target(address: Address, own_id: str, edge: str) -> tuple[str, Mapping[str, Json]]:
    """The path of the call, and the fields that say what is answered."""
    if address.via == LIVE:
        detail = "Instagram takes no public answer to a comment on a live video. Answer it in private while the video is live."
        raise PermanentSendError("unsupported", detail, reason="live_video")
    if address.via != MENTION:
        return f"{address.reply_to or address.chat}/{edge}", {}
    # A post of somebody else, or a comment on one: the account answers as the one that is mentioned there.
    is_comment = address.reply_to is not None and address.reply_to != address.chat
    return f"{own_id}/mentions", {"media_id": address.chat, **({"comment_id": address.reply_to} if is_comment else {})}


async def reply_in_private(api: GraphApi, message: OutboundMessage) -> SendReceipt:
    """Answer a publication in private, which Meta takes once. The receipt says whom it reached. Raises as `comment`."""
    post = message.in_reply_to.platform_id if message.in_reply_to else message.address.reply_to
    kind = "post_id" if post == message.address.chat else "comment_id"
    body: dict[str, Json] = {"recipient": {kind: post}, "message": {"text": message.text.text}}
    answer = await api.post("me/messages", body, PRIVATE_REPLY_VERDICTS)
    mid, person = as_platform_id(answer.get("message_id")), as_platform_id(answer.get("recipient_id"))
    return api.scope.receipt(mid, address=Address(chat=person) if person else None, person=person)
