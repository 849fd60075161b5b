"""Bodies of type `multipart/form-data` (RFC 7578), as platforms take files."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx2

from services.platform.core.streamed_bytes import StreamedBytes, filled


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file in a form: the name of its field, its file name, its media type, and its bytes."""

    field: str
    name: str
    media_type: str
    content: StreamedBytes


def multipart_form(fields: Mapping[str, str], files: Sequence[FilePart]) -> tuple[StreamedBytes, str]:
    """The body of a form and its `Content-Type`, with a boundary that is random."""
    markers = [secrets.token_hex(16).encode() for _ in files]
    parts = [(part.field, (part.name, marker, part.media_type)) for part, marker in zip(files, markers, strict=True)]
    # httpx2 alone knows how names are escaped. The request itself is never sent.
    request = httpx2.Request("POST", "https://form.invalid", data=dict(fields), files=parts)
    contents = [part.content for part in files]
    return filled(request.read(), list(zip(markers, contents, strict=True))), request.headers["content-type"]
