"""The port for outgoing HTTP: the protocol, its response, and the errors.

The class of an error decides what follows.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from schemas.channel import Scope
from services.platform.core.streamed_bytes import StreamedBytes

DOWNLOAD_SECONDS = 60.0
UPLOAD_BYTES_PER_SECOND = 500_000
"""The slowest pace at which a file is sent to a platform. A call with a body has this much more time."""


class TransientSendError(Exception):
    """The platform certainly did not accept the request, and may accept it later: after `after` seconds, if given.

    `scope` tells what else has to wait until then: only this message, the chat, or the account.
    """

    def __init__(self, detail: str, after: float | None = None, scope: Scope = "message") -> None:
        super().__init__(detail)
        self.after = after
        self.scope = scope


class UntrustedCertificate(TransientSendError):
    """Nobody trusts the certificate of the other side: nothing was sent to it."""


UNREADABLE = frozenset({400, 404, 405, 411, 413, 414, 415, 422, 431})
"""Statuses of a call that is refused again however often it is repeated, also where whoever answered gives no reason."""


class PermanentSendError(Exception):
    """The platform will never accept the request. `code` is stable (`blocked`, `too_long`, `not_found`, ...).

    `status` is the HTTP status of the answer, None if no request was made. `reason` names a sentence for agents that says
    more than that of the code (`services.domain.failure_phrases`).
    """

    def __init__(self, code: str, detail: str, status: int | None = None, *, reason: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.status = status
        self.reason = reason


class SendOutcomeUnknown(Exception):
    """The request may have been sent, and no answer came.

    It must not be repeated automatically: that could send it twice.
    """


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP answer to an outgoing call. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Download:
    """A file that is being downloaded. `size_bytes` and `media_type` are what its server says; None: it says nothing."""

    media_type: str | None
    size_bytes: int | None
    chunks: AsyncIterator[bytes]


class DuplexStream(Protocol):
    """A guarded connection for a protocol that is not HTTP (SMTP). Every call waits at most the connection's time limit, if it
    names no other.

    Raises SendOutcomeUnknown when the connection breaks or the other side is silent for too long.
    """

    async def read(self, max_bytes: int, seconds: float | None = None) -> bytes:
        """What came next, within so many seconds; empty at the end of the connection."""
        ...

    async def write(self, data: bytes) -> None:
        """Send these bytes."""
        ...

    async def start_tls(self, host: str) -> "DuplexStream":
        """The same connection encrypted; `host` is the name that the certificate must have. Raises UntrustedCertificate too."""
        ...

    async def aclose(self) -> None:
        """Close the connection."""
        ...


class HttpClient(Protocol):
    """Outgoing calls with the guard on private targets, time limits and pooling; one for all services."""

    async def call(
        self,
        method: str,
        url: str,
        body: bytes | StreamedBytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        idempotent: bool = False,
    ) -> HttpResponse:
        """Make one call. Any HTTP status is an answer, not an error; redirects are not followed.

        Raises TransientSendError when the request surely was not sent (no connection), SendOutcomeUnknown when it may have
        been, PermanentSendError (code `target`) when the target is not allowed. `idempotent`: the call may be repeated without
        harm, so that TransientSendError stands for SendOutcomeUnknown too. What the reading of a streamed body raises passes
        through; the platform has then not got the whole request. A large body gets as much more time as it takes
        at `UPLOAD_BYTES_PER_SECOND`.
        """
        ...

    def download(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        max_bytes: int,
        max_seconds: float = DOWNLOAD_SECONDS,
    ) -> AbstractAsyncContextManager[Download]:
        """Open a file for reading, redirects followed as far as the guard allows. All of it takes at most `max_seconds`.

        Entering raises PermanentSendError (codes `target`, `not_found`, `too_large`), TransientSendError for what may go well
        later. Reading `chunks` raises the same when the file turns out to be larger, or the connection breaks.
        """
        ...

    async def connect(self, host: str, port: int, *, tls: bool) -> DuplexStream:
        """A connection to what is not HTTP.

        Raises TransientSendError (UntrustedCertificate is one), PermanentSendError (code `target`).
        """
        ...


async def post_json(http: HttpClient, url: str, body: object) -> HttpResponse:
    """POST a JSON body. Raises as `HttpClient.call`."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return await http.call("POST", url, text.encode(), {"content-type": "application/json"})
