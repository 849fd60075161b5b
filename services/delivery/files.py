"""The files of a message, read from the blob store before it is sent."""

from typing import Literal

from schemas.outbound import OutboundMessage
from services.channels.port import OutgoingFile
from services.platform.core.errors import Unavailable
from services.platform.processing.unit_of_work import Reader
from services.records.blobs import read_blobs, read_content


class FilesUnreadable(Exception):
    """A file of a message is gone (`refused`), or cannot be read now (`not_started`). Nothing was sent."""

    def __init__(self, kind: Literal["refused", "not_started"], detail: str) -> None:
        super().__init__(detail)
        self.kind: Literal["refused", "not_started"] = kind


async def read_files(store: Reader, message: OutboundMessage) -> list[OutgoingFile]:
    """The files of a message, in its order. Raises FilesUnreadable."""
    try:
        blobs = await read_blobs(store, message.workspace, [file.blob for file in message.attachments])
        return [
            OutgoingFile(file, b"".join([part async for part in read_content(store, file.blob, blobs[file.blob])]))
            for file in message.attachments
        ]
    except LookupError:
        raise FilesUnreadable("refused", "A file of the message was deleted before it was sent.") from None
    except Unavailable:
        raise FilesUnreadable("not_started", "the files could not be read") from None
