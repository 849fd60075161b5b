"""What goes out: replies in public, direct messages, pictures beside both, and deletions.

docs.x.com/x-api/posts/create-post, .../direct-messages/manage/integrate, .../media/quickstart/best-practices
"""

from collections.abc import Sequence

from schemas.activity import Attachment
from schemas.outbound import ChannelAction, OutboundMessage
from schemas.values import Json
from services.channels.port import Account, MediaLocation, OutgoingFile, SendReceipt
from services.channels.x_api.calls import call, id_of, signed_headers, upload
from services.channels.x_api.context import message_id
from services.channels.x_api.direct_messages import SIGNED_HOSTS
from services.platform.http.multipart import FilePart, multipart_form
from services.platform.http.outgoing import HttpClient, PermanentSendError


async def send_message(
    http: HttpClient, account: Account, message: OutboundMessage, media: Sequence[str] = ()
) -> SendReceipt:
    """A post in reply, or a direct message; `media` are the ids of pictures that were uploaded. Raises as `Channel.send`."""
    if message.surface == "public":
        return await _reply(http, account, message, media)
    body: dict[str, Json] = {"text": message.text.text} if message.text.text else {}
    if media:
        body["attachments"] = [{"media_id": one} for one in media]
    path = f"/2/dm_conversations/with/{message.address.chat}/messages"
    return _receipt(message, "dm", id_of(await call(http, account, "POST", path, body), "dm_event_id"))


async def send_pictures(
    http: HttpClient, account: Account, message: OutboundMessage, files: Sequence[OutgoingFile]
) -> SendReceipt:
    """Upload the pictures, which X keeps for 24 hours, and send them in one message. Raises as `Channel.send`."""
    category = "tweet_image" if message.surface == "public" else "dm_image"
    # One after the other: each is read from the store while it goes out.
    media = [await _uploaded(http, account, category, file) for file in files]
    return await send_message(http, account, message, media)


async def _uploaded(http: HttpClient, account: Account, category: str, file: OutgoingFile) -> str:
    name, media_type = file.attachment.name or "file", file.attachment.media_type
    form = multipart_form(
        {"media_category": category, "media_type": media_type}, [FilePart("media", name, media_type, file.content)]
    )
    return id_of(await upload(http, account, "/2/media/upload", form), "id", "media_id")


async def delete(http: HttpClient, account: Account, action: ChannelAction) -> SendReceipt:
    """Delete a post or a direct message of ours. Raises as `Channel.send`."""
    if action.platform_id is None:
        raise PermanentSendError("not_found", "no message is named")
    place = "tweets" if action.surface == "public" else "dm_events"
    # A long text became several messages; one that is gone already must not keep the others.
    for number in (action.platform_id, *action.further_ids):
        try:
            await call(http, account, "DELETE", f"/2/{place}/{number}")
        except PermanentSendError as error:
            if error.code != "not_found":
                raise
    return SendReceipt(action.platform_id)


def locate_file(account: Account, attachment: Attachment) -> MediaLocation:
    """Where a picture is: of a direct message at an address that takes the user's signature. Raises PermanentSendError `not_found`."""
    if attachment.url is not None:
        return MediaLocation(attachment.url)
    url = attachment.platform_id or ""
    # Our signature goes to X's own hosts of direct messages alone.
    if not url.startswith(SIGNED_HOSTS):
        raise PermanentSendError("not_found", "the attachment has no file of X's")
    return MediaLocation(url, signed_headers(account, "GET", url))


async def _reply(http: HttpClient, account: Account, message: OutboundMessage, media: Sequence[str]) -> SendReceipt:
    answered = (message.in_reply_to.platform_id if message.in_reply_to else None) or message.address.reply_to
    if answered is None:
        raise PermanentSendError("not_found", "a public answer on X answers a post", reason="only_in_answer")
    body: dict[str, Json] = {"text": message.text.text, "reply": {"in_reply_to_tweet_id": answered}}
    if media:
        body["media"] = {"media_ids": [*media]}
    return _receipt(message, "post", id_of(await call(http, account, "POST", "/2/tweets", body), "id"))


def _receipt(message: OutboundMessage, kind: str, number: str) -> SendReceipt:
    return SendReceipt(number, aliases=(message_id(message.workspace, message.account, kind, number),))
