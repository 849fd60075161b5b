"""A file as an answer that no browser can be made to run, whatever its sender called it.

It is opened while it is sent: nothing of it is stored here, and of a large one only some parts are in memory.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.domain.file_names import attachment_disposition
from services.domain.media_types import HEAD_BYTES, served_as
from services.platform.core.errors import Unavailable
from services.platform.http.outgoing import PermanentSendError, TransientSendError
from services.platform.http.problems import HttpProblem, NotFound, refusal_response
from services.rest.byte_ranges import ByteRange, requested_range

SAFE_HEADERS = {
    # No browser guesses a type, opens the file as a page, or lends it the origin of this address.
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-site",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
# Any: OpenAPI.
FILE_CONTENT: dict[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
"""A file in OpenAPI."""
RETRY_SECONDS = 5
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file that can be read now, once. `size_bytes` None: it is not known.

    `etag` is a strong validator (RFC 9110, 8.8.3); None: nobody vouches that the bytes stay the same. `chunks_from` reads
    from an offset without what is before it, where the file is stored so.
    """

    size_bytes: int | None
    chunks: AsyncIterator[bytes]
    etag: str | None = None
    chunks_from: Callable[[int], AsyncIterator[bytes]] | None = None


class FileRefused(HttpProblem):
    """502: the platform, or the server of the file, does not hand it out."""

    status = 502


class FileUnavailable(HttpProblem):
    """503: it may be there later."""

    status = 503

    def __init__(self, detail: str, after: float | None) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, round(after or RETRY_SECONDS)))})


class FileStream(Response):
    """Streams what `open_file` opens, under `name`: all of it, or the part that the request asks for (206).

    Its type is the one that its first bytes show (`served_as`). A file that cannot be opened is a problem: 404, 502 or 503.
    One that breaks off ends the connection, so that nobody takes a part for the whole.
    """

    def __init__(self, open_file: Callable[[], AbstractAsyncContextManager[OpenedFile]], name: str | None) -> None:
        super().__init__()
        # There is no body yet: its length is known once the file is open, or never.
        del self.headers["Content-Length"]
        self._open_file, self._name = open_file, name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or the problem. Never raises for a file that cannot be read."""
        is_started = False
        try:
            async with self._open_file() as file:
                requested = Headers(scope=scope)
                part = requested_range(requested.get("range"), requested.get("if-range"), file.size_bytes, file.etag)
                head = await _head(file.chunks)
                self._describe(head, file, part)
                status = 200 if part is None else 206
                await send({"type": "http.response.start", "status": status, "headers": self.raw_headers})
                is_started = True
                async for chunk in _content(file, head, part):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except (HttpProblem, PermanentSendError, TransientSendError, Unavailable, LookupError) as error:
            if is_started:
                # Without a last message the server cuts the connection.
                log.warning("file_broke_off", reason=type(error).__name__)
                return
            response = refusal_response(_to_problem(error))
            # Headers that were added to this answer, as those for pages of other origins, belong to the problem too.
            response.headers.update(self.headers)
            await response(scope, receive, send)

    def _describe(self, head: bytes, file: OpenedFile, part: ByteRange | None) -> None:
        media_type = served_as(head)
        self.headers.update(SAFE_HEADERS)
        self.headers["Content-Type"] = media_type
        self.headers["Content-Disposition"] = attachment_disposition(self._name, "file")
        if file.etag is not None:
            self.headers["ETag"] = file.etag
        if file.size_bytes is not None:
            self.headers["Accept-Ranges"] = "bytes"
            self.headers["Content-Length"] = str(part.length if part else file.size_bytes)
        if part is not None:
            self.headers["Content-Range"] = part.content_range


async def _content(file: OpenedFile, head: bytes, part: ByteRange | None) -> AsyncIterator[bytes]:
    """The bytes to send. `head` was read of the file already, to tell its type."""
    if part is None:
        async for chunk in _after(head, file.chunks):
            yield chunk
        return
    if part.first >= len(head) and file.chunks_from is not None:
        skip, rest = 0, file.chunks_from(part.first)
    else:
        skip, rest = part.first, _after(head, file.chunks)
    left = part.length
    async for chunk in rest:
        wanted = chunk[skip : skip + left]
        skip, left = max(0, skip - len(chunk)), left - len(wanted)
        if wanted:
            yield wanted
        if not left:
            return
    raise LookupError("the file has fewer bytes than was said")


async def _after(head: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if head:
        yield head
    async for chunk in chunks:
        yield chunk


async def _head(chunks: AsyncIterator[bytes]) -> bytes:
    """The first bytes, enough to tell the type. What follows is still to come from `chunks`."""
    head = b""
    async for chunk in chunks:
        head += chunk
        if len(head) >= HEAD_BYTES:
            break
    return head


def _to_problem(error: Exception) -> HttpProblem:
    """The answer for a file that cannot be opened."""
    match error:
        case HttpProblem():
            return error
        case PermanentSendError(code="not_found") | LookupError():
            return NotFound("The file is gone: the platform does not have it any more, or it was deleted.")
        case PermanentSendError(code="too_large"):
            return FileRefused(f"The file is too large to be opened here: {error}.", title="File too large")
        case PermanentSendError(code="target"):
            detail = "The file's address is none that may be called: it leads to a private network, or is no URL."
            return FileRefused(detail, title="Address not allowed")
        case PermanentSendError():
            return FileRefused(f"The platform does not hand out the file: {error}.", title="File refused")
        case TransientSendError(after=after):
            return FileUnavailable("The file cannot be fetched now. Repeat the request later.", after)
    return FileUnavailable("The file cannot be read now. Repeat the request later.", None)
