"""Bodies of type `multipart/form-data` (RFC 7578), as platforms take files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx2


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file in a form: the name of its field, its file name, its media type, and its bytes."""

    field: str
    name: str
    media_type: str
    content: bytes


def multipart_form(fields: Mapping[str, str], files: Sequence[FilePart]) -> tuple[bytes, str]:
    """The body of a form and its `Content-Type`, with a boundary that is random."""
    parts = [(part.field, (part.name, part.content, part.media_type)) for part in files]
    # httpx2 alone knows how names are escaped. The request itself is never sent.
    request = httpx2.Request("POST", "https://form.invalid", data=dict(fields), files=parts)
    return request.read(), request.headers["content-type"]
