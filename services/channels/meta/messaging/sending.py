"""The Send API of Messenger and Instagram (developers.facebook.com/docs/messenger-platform/reference/send-api)."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath

from schemas.activity import AttachmentKind
from schemas.outbound import OutboundMessage
from schemas.values import Json
from services.channels.json_access import drop_none
from services.channels.meta.graph import GraphApi
from services.channels.meta.messaging.errors import TAGGED, VERDICTS
from services.channels.meta.webhook import as_platform_id
from services.channels.port import OutgoingFile, SendReceipt
from services.platform.http.multipart import FilePart
from services.platform.http.outgoing import SendOutcomeUnknown

TYPES: Mapping[AttachmentKind, str] = {"image": "image", "video": "video", "audio": "audio", "voice": "audio"}
"""Kinds that are not sent as a file."""


async def send_text(api: GraphApi, message: OutboundMessage, *, with_id: bool) -> SendReceipt:
    """Send one text, once. `with_id`: echoes return our own id. Raises as `Channel.send`."""
    return await _send(api, message, {"text": message.text.text}, with_id=with_id)


async def send_file(
    api: GraphApi, message: OutboundMessage, file: OutgoingFile, fields: Mapping[str, str], *, with_id: bool
) -> SendReceipt:
    """Upload a file with these fields, then send it. Raises as `Channel.send`."""
    kind = TYPES.get(file.attachment.kind, "file")
    about: Json = {"attachment": {"type": kind, "payload": {"is_reusable": True}}}
    part = FilePart("filedata", _file_name(file), file.attachment.media_type, file.content)
    form = {"message": json.dumps(about), **fields}
    identity = await api.upload("me/message_attachments", VERDICTS, form, part, "attachment_id")
    content: dict[str, Json] = {"attachment": {"type": kind, "payload": {"attachment_id": identity}}}
    return await _send(api, message, content, with_id=with_id)


async def _send(api: GraphApi, message: OutboundMessage, content: dict[str, Json], *, with_id: bool) -> SendReceipt:
    quoted = message.address.reply_to
    body = drop_none(
        recipient={"id": message.address.chat},
        messaging_type="MESSAGE_TAG" if message.tag else "RESPONSE",
        tag=message.tag,
        reply_to={"mid": quoted} if quoted is not None else None,
        message=content | ({"metadata": message.id} if with_id else {}),
    )
    answer = await api.post("me/messages", body, TAGGED if message.tag else VERDICTS)
    mid = as_platform_id(answer.get("message_id"))
    if mid is None:
        raise SendOutcomeUnknown("Meta answered without the id of the message")
    return api.scope.receipt(mid)


def _file_name(file: OutgoingFile) -> str:
    """The file's name where Meta takes it: names with letters outside ASCII are refused."""
    name = file.attachment.name or "file"
    suffix = PurePosixPath(name).suffix
    return name if name.isascii() else f"file{suffix if suffix.isascii() else ''}"
