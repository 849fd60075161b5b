"""Files of Rubika: where a customer's file is, and files that we send (rubika.ir/botapi/methods#getfile, #requestsendfile)."""

from collections.abc import Mapping

from schemas.activity import Attachment, AttachmentKind
from schemas.outbound import OutboundMessage
from services.channels.errors_without_token import without_token
from services.channels.json_access import as_str
from services.channels.port import MediaLocation, OutgoingFile, SendReceipt
from services.channels.rubika_api.calls import RubikaApi, deliver, read_answer
from services.channels.rubika_api.origin import ChatScope, opaque_id
from services.platform.http.multipart import FilePart, multipart_form
from services.platform.http.outgoing import PermanentSendError, TransientSendError

FILE_TYPES: Mapping[AttachmentKind, str] = {"image": "Image", "video": "Video", "audio": "Music", "voice": "Voice"}
"""Kind → `FileTypeEnum`; every other is a `File`."""


async def locate_file(api: RubikaApi, attachment: Attachment) -> MediaLocation:
    """`getFile`. Raises as `RubikaApi.call`; PermanentSendError `not_found` for a file that Rubika no longer has."""
    if attachment.platform_id is None:
        raise PermanentSendError("not_found", "the attachment has no file")
    try:
        data = await api.call("getFile", {"file_id": attachment.platform_id}, idempotent=True)
    except PermanentSendError as refusal:
        code = "not_found" if refusal.code == "rejected" else refusal.code
        raise PermanentSendError(code, str(refusal), refusal.status) from None
    url = as_str(data.get("download_url"))
    if url is None or not url.startswith(("https://", "http://")):
        raise PermanentSendError("not_found", "Rubika gives no address from which the file can be downloaded")
    return MediaLocation(url)


async def send_file(api: RubikaApi, scope: ChatScope, message: OutboundMessage, file: OutgoingFile) -> SendReceipt:
    """Ask for an address, upload the file there, and send it once at the end. Raises as `RubikaApi.call`."""
    kind = FILE_TYPES.get(file.attachment.kind, "File")
    asked = await api.call("requestSendFile", {"type": kind}, idempotent=True)
    url = as_str(asked.get("upload_url"))
    if url is None or not url.startswith(("https://", "http://")):
        raise TransientSendError("Rubika gives no address for the upload")
    name = await _upload(api, url, file)
    text = message.text.text
    return await deliver(api, scope, message, "sendFile", {"file_id": name, **({"text": text} if text else {})})


async def _upload(api: RubikaApi, url: str, file: OutgoingFile) -> str:
    known = file.attachment
    part = FilePart("file", known.name or "file", known.media_type, file.content)
    body, content_type = multipart_form({}, [part])
    # Whoever has the address can upload: it is in no error.
    with without_token(api.token), without_token(url):
        answer = await api.http.call("POST", url, body, {"content-type": content_type}, idempotent=True)
        name = opaque_id(read_answer(answer, idempotent=True).get("file_id"))
    if name is None:
        raise TransientSendError("Rubika took the upload and gives the file no id")
    return name
