"""Files of the Bot API: where a customer's file is (core.telegram.org/bots/api#getfile), and files that we send.

The bot token is part of every URL, also of those of files: no URL of this module leaves the process.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from schemas.activity import Address, Attachment, AttachmentKind
from schemas.outbound import OutboundMessage
from schemas.values import Json
from services.channels.bot_api.bot import call
from services.channels.bot_api.calls import deliver, description_of
from services.channels.json_access import as_dict, as_str
from services.channels.port import MediaLocation, OutgoingFile, SendReceipt
from services.platform.http.multipart import FilePart, multipart_form
from services.platform.http.outgoing import HttpClient, HttpResponse, PermanentSendError

# Kind → the method that sends one such file, and the field that holds it, which is also its type in an album.
METHODS: Mapping[AttachmentKind, tuple[str, str]] = {
    "image": ("sendPhoto", "photo"),
    "video": ("sendVideo", "video"),
    "audio": ("sendAudio", "audio"),
    "voice": ("sendVoice", "voice"),
    "sticker": ("sendSticker", "sticker"),
}
DOCUMENT = ("sendDocument", "document")
ALBUMS: Sequence[frozenset[AttachmentKind]] = (frozenset({"image", "video"}), frozenset({"audio"}))
"""Kinds that may stand in one album. Other mixtures go out as documents, so that one call sends all or nothing."""
# Part of a description in lower case: Telegram does not take the file as what it is, for its shape or its coding, or because
# the customer lets nobody send voice notes.
ONLY_AS_DOCUMENT = (
    "photo_invalid_dimensions",
    "voice_messages_forbidden",
    "sticker_",
    "image_process_failed",
    "photo_ext_invalid",
    "wrong type of the web page content",
)


async def locate(http: HttpClient, base: str, token: str, attachment: Attachment) -> MediaLocation:
    """The location of a file for the next hour. Raises as `bot.call`; PermanentSendError `not_found`, `too_large`."""
    if attachment.platform_id is None:
        raise PermanentSendError("not_found", "the attachment has no file")
    try:
        result = as_dict(await call(http, base, token, "getFile", {"file_id": attachment.platform_id}))
    except PermanentSendError as error:
        raise PermanentSendError(_code(error), str(error), error.status) from None
    path = as_str(result.get("file_path"))
    # A Bot API server of one's own in local mode answers with a path of its own disk.
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise PermanentSendError("not_found", "the Bot API server gives no path from which the file can be downloaded")
    return MediaLocation(f"{base}/file/bot{token}/{quote(path)}")


def _code(error: PermanentSendError) -> str:
    if error.code != "rejected":
        return error.code
    text = str(error).lower()
    if "too big" in text:
        return "too_large"
    return "not_found" if "file_id" in text or "not found" in text else "rejected"


async def send_files(
    http: HttpClient,
    url: str,
    message: OutboundMessage,
    files: Sequence[OutgoingFile],
    target_fields: Callable[[Address], dict[str, Json]],
) -> SendReceipt:
    """Send files in one call, the text as the caption of the first; `url` is that of all methods. Raises as `calls.send_message`."""
    has_own_kind = len(files) == 1 or _is_album(files)

    async def post(to: Address) -> HttpResponse:
        answer = await _post(http, url, message, target_fields(to), files, is_document=not has_own_kind)
        # A definite refusal: nothing was sent, and as a document every file is taken.
        if has_own_kind and answer.status == 400 and _goes_as_document(answer):
            return await _post(http, url, message, target_fields(to), files, is_document=True)
        return answer

    return await deliver(message.address, post)


def _goes_as_document(answer: HttpResponse) -> bool:
    text = description_of(answer).lower()
    return any(part in text for part in ONLY_AS_DOCUMENT)


def _is_album(files: Sequence[OutgoingFile]) -> bool:
    kinds = {file.attachment.kind for file in files}
    return any(kinds <= album for album in ALBUMS)


async def _post(
    http: HttpClient,
    url: str,
    message: OutboundMessage,
    target: dict[str, Json],
    files: Sequence[OutgoingFile],
    *,
    is_document: bool,
) -> HttpResponse:
    ways = [DOCUMENT if is_document else METHODS.get(file.attachment.kind, DOCUMENT) for file in files]
    caption = message.text.text or None
    if len(files) == 1:
        method, field = ways[0]
        fields = {**target, **({"caption": caption} if caption else {})}
        parts = [_part(field, files[0])]
    else:
        method = "sendMediaGroup"
        media: list[Json] = [{"type": kind, "media": f"attach://file{n}"} for n, (_, kind) in enumerate(ways)]
        first = as_dict(media[0])
        if caption:
            first["caption"] = caption
        fields = {**target, "media": media}
        parts = [_part(f"file{n}", file) for n, file in enumerate(files)]
    body, content_type = multipart_form({name: _text(value) for name, value in fields.items()}, parts)
    return await http.call("POST", f"{url}/{method}", body, {"content-type": content_type})


def _part(field: str, file: OutgoingFile) -> FilePart:
    return FilePart(field, file.attachment.name or "file", file.attachment.media_type, file.content)


def _text(value: Json) -> str:
    """A parameter in a form: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
