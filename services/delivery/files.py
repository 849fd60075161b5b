"""The files of a message, opened in the blob store before it is sent, and read while it is."""

from collections.abc import AsyncIterator

from schemas.outbound import OutboundAttachment, OutboundMessage
from services.channels.port import OutgoingFile
from services.platform.core.errors import Unavailable
from services.platform.core.streamed_bytes import StreamedBytes
from services.platform.http.outgoing import PermanentSendError, TransientSendError
from services.platform.processing.unit_of_work import Reader
from services.records.blobs import Blob, read_blobs, read_content

DELETED = "A file of the message was deleted before it was sent."


async def open_files(store: Reader, message: OutboundMessage) -> list[OutgoingFile]:
    """The files of a message, in its order. Raises PermanentSendError (`file_missing`), Unavailable."""
    blobs = await read_blobs(store, message.workspace, [file.blob for file in message.attachments])
    if any(file.blob not in blobs for file in message.attachments):
        raise PermanentSendError("file_missing", DELETED)
    return [_opened(store, file, blobs[file.blob]) for file in message.attachments]


def _opened(store: Reader, file: OutboundAttachment, blob: Blob) -> OutgoingFile:
    async def read() -> AsyncIterator[bytes]:
        # The platform was promised the whole of it: what it got by now is no file, and no message.
        try:
            async for part in read_content(store, file.blob, blob):
                yield part
        except LookupError:
            raise PermanentSendError("file_missing", DELETED) from None
        except Unavailable:
            raise TransientSendError("a file could not be read") from None

    return OutgoingFile(file, StreamedBytes(blob.size_bytes, read))
