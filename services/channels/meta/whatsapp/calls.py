"""Calls of the Cloud API: messages, templates and files that go out, actions, and where a customer's file is.

(developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages, .../typing-indicators, .../business-phone-numbers/media)
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

from schemas.activity import Attachment, AttachmentKind
from schemas.channel import ActionKind
from schemas.outbound import ChannelAction, MessageTemplate, OutboundMessage
from schemas.values import Json
from services.channels.json_access import as_str, dicts, drop_none
from services.channels.meta.entry import own_id
from services.channels.meta.graph import FACEBOOK_HOST, GraphApi, graph_api
from services.channels.meta.whatsapp.errors import LOOKUP, VERDICTS
from services.channels.meta.whatsapp.people import is_phone
from services.channels.port import Account, MediaLocation, OutgoingFile, SendReceipt
from services.platform.http.multipart import FilePart
from services.platform.http.outgoing import HttpClient, PermanentSendError, SendOutcomeUnknown

MEDIA_HOSTS = (".fbsbx.com", ".facebook.com", ".whatsapp.net", ".fbcdn.net")
"""Hosts of Meta that give out files. Our token goes to no other."""
TYPES: Mapping[AttachmentKind, str] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "voice": "audio",
    "sticker": "sticker",
}
"""Kind of a file → the type of its message; every other is a document."""
HEADS = frozenset({"image", "video", "document"})
"""Types that may head a template."""


def api_of(account: Account, http: HttpClient) -> GraphApi:
    """The Cloud API for a phone number."""
    return graph_api(http, account, FACEBOOK_HOST, own_id(account.body, "phone_number_id"))


# -- messages ----------------------------------------------------------------------------------------------------------


async def send_message(api: GraphApi, message: OutboundMessage) -> SendReceipt:
    """Send a text, or a template. Raises as `Channel.send`."""
    if message.template is not None:
        content = _template(message.template)
    else:
        content = {"type": "text", "text": {"body": message.text.text}}
    return await _send(api, message, content)


async def send_file(api: GraphApi, message: OutboundMessage, file: OutgoingFile) -> SendReceipt:
    """Upload a file, then send it with the text as its caption, or as the head of a template. Raises as `Channel.send`."""
    kind = TYPES.get(file.attachment.kind, "document")
    if message.template is not None and kind not in HEADS:
        kind = "document"
    media: dict[str, Json] = {"id": await _upload(api, file)}
    if kind == "document":
        media |= drop_none(filename=file.attachment.name)
    if message.template is not None:
        return await _send(api, message, _template(message.template, {"type": kind, kind: media}))
    if file.attachment.kind == "voice":
        media["voice"] = True
    return await _send(api, message, {"type": kind, kind: {**media, **drop_none(caption=message.text.text)}})


async def _upload(api: GraphApi, file: OutgoingFile) -> str:
    media_type = file.attachment.media_type
    part = FilePart("file", file.attachment.name or "file", media_type, file.content)
    fields = {"messaging_product": "whatsapp", "type": media_type}
    return await api.upload(f"{api.scope.own_id}/media", VERDICTS, fields, part, "id")


def _template(template: MessageTemplate, head: dict[str, Json] | None = None) -> dict[str, Json]:
    texts: list[Json] = [{"type": "text", "text": parameter} for parameter in template.parameters]
    parts: dict[str, list[Json]] = {"header": [head] if head else [], "body": texts}
    components: list[Json] = [{"type": name, "parameters": values} for name, values in parts.items() if values]
    language: Json = {"policy": "deterministic", "code": template.language}
    return {"type": "template", "template": drop_none(name=template.name, language=language, components=components)}


async def _send(api: GraphApi, message: OutboundMessage, content: Mapping[str, Json]) -> SendReceipt:
    answered, is_group = message.in_reply_to, message.surface == "public"
    context: dict[str, Json] = {"context": {"message_id": answered.platform_id}} if answered else {}
    body = {
        **_recipient(message.address.chat, is_group=is_group),
        **context,
        # Statuses repeat it: they find the message even when they come before the answer to this call.
        "biz_opaque_callback_data": message.id,
        **content,
    }
    answer = await api.post(f"{api.scope.own_id}/messages", body, VERDICTS)
    sent = [identity for one in dicts(answer.get("messages")) if (identity := as_str(one.get("id")))]
    if not sent:
        raise SendOutcomeUnknown("Meta answered without the id of a message")
    return api.scope.receipt(*sent)


def _recipient(chat: str, *, is_group: bool = False) -> dict[str, Json]:
    """Who gets it: a number and a group are named by `to`, a person without a number by `recipient`."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "group" if is_group else "individual",
        "to" if is_group or is_phone(chat) else "recipient": chat,
    }


# -- actions -----------------------------------------------------------------------------------------------------------


async def perform_action(api: GraphApi, action: ChannelAction) -> SendReceipt:
    """Mark as seen, show that somebody types, or react. Raises as `Channel.send`."""
    # "Typing" names no message of its own: it is shown in answer to the customer's last one, which it marks as read.
    about = action.platform_id or action.address.reply_to
    if about is None:
        detail = "WhatsApp shows this only in answer to a message of the customer's"
        raise PermanentSendError("not_found", detail, reason="only_in_answer")
    await api.call("POST", f"{api.scope.own_id}/messages", VERDICTS, ACTIONS[action.kind](action, about))
    return SendReceipt(action.platform_id)


def _seen(action: ChannelAction, about: str) -> dict[str, Json]:
    return {"messaging_product": "whatsapp", "status": "read", "message_id": about}


def _typing(action: ChannelAction, about: str) -> dict[str, Json]:
    return {**_seen(action, about), "typing_indicator": {"type": "text"}}


def _react(action: ChannelAction, about: str) -> dict[str, Json]:
    reaction: Json = {"message_id": about, "emoji": action.emoji or ""}
    recipient = _recipient(action.address.chat, is_group=action.surface == "public")
    return {**recipient, "type": "reaction", "reaction": reaction}


ACTIONS: Mapping[ActionKind, Callable[[ChannelAction, str], dict[str, Json]]] = {
    "seen": _seen,
    "typing": _typing,
    "react": _react,
}


# -- files of customers ------------------------------------------------------------------------------------------------


async def locate_file(api: GraphApi, attachment: Attachment) -> MediaLocation:
    """Where a file is for the next minutes. Raises as `ResolvesMedia.locate`."""
    if attachment.platform_id is None:
        raise PermanentSendError("not_found", "the attachment has no file")
    path = f"{quote(attachment.platform_id, safe='')}?phone_number_id={api.scope.own_id}"
    found = as_str((await api.get(path, LOOKUP)).get("url"))
    if found is None or not _is_trusted(found, api.url):
        raise PermanentSendError("not_found", "Meta gives no address of its own for the file")
    return MediaLocation(found, {"authorization": f"Bearer {api.token}"})


def _is_trusted(url: str, api_url: str) -> bool:
    """Whether our token may go to this address: it is Meta's, or that of the account's `api_base`."""
    try:
        parts, base = urlsplit(url), urlsplit(api_url)
        host = parts.hostname or ""
    except ValueError:
        return False
    own = (parts.scheme, parts.netloc) == (base.scheme, base.netloc)
    return own or (parts.scheme == "https" and host.endswith(MEDIA_HOSTS))
