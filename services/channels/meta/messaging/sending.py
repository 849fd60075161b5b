"""The Send API of Messenger and Instagram (developers.facebook.com/docs/messenger-platform/reference/send-api)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from schemas.activity import AttachmentKind
from schemas.outbound import OutboundMessage
from schemas.values import Json
from services.channels.json_access import drop_none
from services.channels.meta.entry import GraphAccount
from services.channels.meta.graph import (
    call_graph,
    upload_file,
)
from services.channels.meta.messaging.errors import TAGGED, VERDICTS
from services.channels.meta.webhook import as_platform_id
from services.channels.port import OutgoingFile, SendReceipt
from services.platform.http.multipart import FilePart
from services.platform.http.outgoing import HttpClient, PermanentSendError, SendOutcomeUnknown

TYPES: Mapping[AttachmentKind, str] = {"image": "image", "video": "video", "audio": "audio", "voice": "audio"}
"""Kinds that are not sent as a file."""


@dataclass(frozen=True, slots=True)
class SendApi:
    """The API for one account. `platform` is what an upload says of it; `echoes_metadata`: echoes return our own id."""

    http: HttpClient
    account: GraphAccount
    platform: str | None = None
    echoes_metadata: bool = True

    async def send_text(self, message: OutboundMessage) -> SendReceipt:
        """Send one text, once. Raises TransientSendError, PermanentSendError, CredentialsRejected, SendOutcomeUnknown."""
        return await self._send(message, {"text": message.text.text})

    async def send_file(self, message: OutboundMessage, file: OutgoingFile) -> SendReceipt:
        """Upload a file, then send it. Raises as `send_text`."""
        kind = TYPES.get(file.attachment.kind, "file")
        identity = await self._upload(kind, file)
        return await self._send(message, {"attachment": {"type": kind, "payload": {"attachment_id": identity}}})

    async def _upload(self, kind: str, file: OutgoingFile) -> str:
        about: dict[str, Json] = {"attachment": {"type": kind, "payload": {"is_reusable": True}}}
        fields = {"message": json.dumps(about), **({"platform": self.platform} if self.platform else {})}
        part = FilePart("filedata", _file_name(file), file.attachment.media_type, file.content)
        answer = await upload_file(
            self.http, f"{self.account.url}/me/message_attachments", self.account.token, VERDICTS, fields, part
        )
        identity = as_platform_id(answer.get("attachment_id"))
        if identity is None:
            raise PermanentSendError("rejected", "Meta took the file and gave it no id")
        return identity

    async def _send(self, message: OutboundMessage, content: dict[str, Json]) -> SendReceipt:
        quoted = message.address.reply_to
        body = drop_none(
            recipient={"id": message.address.chat},
            messaging_type="MESSAGE_TAG" if message.tag else "RESPONSE",
            tag=message.tag,
            reply_to={"mid": quoted} if quoted is not None else None,
            message=content | ({"metadata": message.id} if self.echoes_metadata else {}),
        )
        verdicts = TAGGED if message.tag else VERDICTS
        answer = await call_graph(
            self.http, "POST", f"{self.account.url}/me/messages", self.account.token, verdicts, body
        )
        mid = as_platform_id(answer.get("message_id"))
        if mid is None:
            raise SendOutcomeUnknown("Meta answered without the id of the message")
        return SendReceipt(mid, aliases=(self.account.scope.message_id(mid),))


def _file_name(file: OutgoingFile) -> str:
    """The file's name where Meta takes it: names with letters outside ASCII are refused."""
    name = file.attachment.name or "file"
    suffix = PurePosixPath(name).suffix
    return name if name.isascii() else f"file{suffix if suffix.isascii() else ''}"
