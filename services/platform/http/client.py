"""Outgoing HTTP: pooled connections, limits on time and size, the SSRF guard, and errors that tell what was sent."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import lru_cache

import httpcore2
import httpx2

from services.platform.core.settings import Settings
from services.platform.core.streamed_bytes import StreamedBytes
from services.platform.http.outgoing import (
    DOWNLOAD_SECONDS,
    UPLOAD_BYTES_PER_SECOND,
    Download,
    DuplexStream,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
    UntrustedCertificate,
)
from services.platform.http.ssrf import SsrfSafeBackend

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 10.0
MAX_REDIRECTS = 3
ANSWER_BYTES = 1_000_000
CONNECTIONS = 400
"""The connections of one client. `services.platform.http.fair_share` shares them between workspaces."""
# Below the idle limit of common servers: a connection that the far end closes just as it is used again would leave
# a message of unknown outcome.
IDLE_SECONDS = 4.0

NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
NEVER_SENT = (httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.LocalProtocolError)
HEADERS = {"user-agent": "Pasokh", "accept-encoding": "identity"}


class SsrfSafeTransport(httpx2.AsyncHTTPTransport):
    """httpx2's transport over a network backend that checks the address of each connection."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend) -> None:
        # The constructor of the transport takes no backend, so its pool is made here instead.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_http_tls_context(),
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=backend,
        )


class OutgoingHttp:
    """`services.platform.http.outgoing.HttpClient`."""

    def __init__(self, client: httpx2.AsyncClient, backend: httpcore2.AsyncNetworkBackend) -> None:
        self._client, self._backend = client, backend

    async def call(
        self,
        method: str,
        url: str,
        body: bytes | StreamedBytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        idempotent: bool = False,
    ) -> HttpResponse:
        """Make one call; see `HttpClient`. `HttpResponse.body` has at most 1 MB of what came back."""
        request = self._request(method, url, body, headers)
        try:
            async with asyncio.timeout(TOTAL_SECONDS + _size(body) / UPLOAD_BYTES_PER_SECOND):
                return await self._exchange(request)
        except NOT_SENT as error:
            raise TransientSendError("no connection to the platform") from error
        except NEVER_SENT as error:
            raise PermanentSendError("target", "the request cannot be made") from error
        except (httpx2.HTTPError, TimeoutError) as error:
            detail = "the connection failed before the answer was there"
            raise (TransientSendError(detail) if idempotent else SendOutcomeUnknown(detail)) from error

    def _request(
        self, method: str, url: str, body: bytes | StreamedBytes | None, headers: Mapping[str, str] | None
    ) -> httpx2.Request:
        stated = {**HEADERS, **(headers or {})}
        if isinstance(body, StreamedBytes):
            # Else it would go out in chunks, which not every platform takes.
            stated["content-length"] = str(body.size_bytes)
        content = body.open() if isinstance(body, StreamedBytes) else body
        try:
            request = self._client.build_request(method, url, content=content, headers=stated)
        except NEVER_SENT as error:
            raise PermanentSendError("target", "the address is no URL that can be called") from error
        if request.url.scheme not in {"http", "https"} or not request.url.host:
            raise PermanentSendError("target", "the address is no http or https URL")
        return request

    async def _exchange(self, request: httpx2.Request) -> HttpResponse:
        response = await self._client.send(request, stream=True)
        try:
            return HttpResponse(response.status_code, dict(response.headers), await _read_at_most(response))
        finally:
            await response.aclose()

    @asynccontextmanager
    async def download(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        max_bytes: int,
        max_seconds: float = DOWNLOAD_SECONDS,
    ) -> AsyncIterator[Download]:
        """Open a file for reading; see `HttpClient`."""
        try:
            async with asyncio.timeout(max_seconds):
                response = await self._follow(url, headers or {})
                try:
                    yield _to_download(response, max_bytes)
                finally:
                    await response.aclose()
        except NEVER_SENT as error:
            raise PermanentSendError("target", "the request cannot be made") from error
        except (httpx2.HTTPError, TimeoutError) as error:
            raise TransientSendError("the download broke off") from error

    async def _follow(self, url: str, headers: Mapping[str, str]) -> httpx2.Response:
        """The answer at the end of the redirects. Headers may hold credentials: they go to the first host alone."""
        first = request = self._request("GET", url, None, headers)
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._client.send(request, stream=True)
            if response.next_request is None:
                return response
            await response.aclose()
            target = str(response.next_request.url)
            same_host = response.next_request.url.host == first.url.host
            request = self._request("GET", target, None, headers if same_host else None)
        raise PermanentSendError("target", "the file is behind too many redirects")

    async def connect(self, host: str, port: int, *, tls: bool) -> DuplexStream:
        """A connection to what is not HTTP; see `HttpClient`."""
        try:
            stream = await self._backend.connect_tcp(host, port, timeout=CONNECT_SECONDS)
            connection = NetworkStream(stream)
            return await connection.start_tls(host) if tls else connection
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout, SendOutcomeUnknown) as error:
            raise TransientSendError(f"no connection to {host}:{port}") from error


class NetworkStream:
    """`services.platform.http.outgoing.DuplexStream` over a connection of httpcore."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, seconds: float | None = None) -> bytes:
        """What came next, within so many seconds; empty at the end of the connection."""
        with _broken_is_unknown():
            return await self._stream.read(max_bytes, timeout=TOTAL_SECONDS if seconds is None else seconds)

    async def write(self, data: bytes) -> None:
        """Send these bytes."""
        with _broken_is_unknown():
            await self._stream.write(data, timeout=TOTAL_SECONDS)

    async def start_tls(self, host: str) -> "NetworkStream":
        """The same connection encrypted, with the certificate checked for `host`."""
        with _broken_is_unknown(), _untrusted(host):
            encrypted = await self._stream.start_tls(_tls_context(), server_hostname=host, timeout=CONNECT_SECONDS)
            return NetworkStream(encrypted)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()


# Reading the certificates of the system takes some 20 ms, during which the event loop stands still.
@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


# The same 20 ms for each of the pools of a process. A pool limits its context to the protocols of HTTP.
@lru_cache(maxsize=1)
def _http_tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


@contextmanager
def _broken_is_unknown() -> Iterator[None]:
    try:
        yield
    except (httpcore2.NetworkError, httpcore2.TimeoutException) as error:
        raise SendOutcomeUnknown("the connection broke") from error


@contextmanager
def _untrusted(host: str) -> Iterator[None]:
    try:
        yield
    except httpcore2.ConnectError as error:
        if isinstance(error.__cause__, ssl.SSLCertVerificationError):
            detail = f"the certificate of {host} is not trusted: {error.__cause__.verify_message}"
            raise UntrustedCertificate(detail) from error
        raise


def _size(body: bytes | StreamedBytes | None) -> int:
    return body.size_bytes if isinstance(body, StreamedBytes) else len(body or b"")


def _to_download(response: httpx2.Response, max_bytes: int) -> Download:
    """The file of an answer. Raises PermanentSendError, TransientSendError for an answer that is no file."""
    status, headers = response.status_code, response.headers
    if status >= 500 or status in (408, 425, 429):
        raise TransientSendError(f"the server of the file answered {status}")
    if status >= 300:
        raise PermanentSendError("not_found", f"the server of the file answered {status}", status)
    stated = headers.get("content-length", "")
    size = int(stated) if stated.isascii() and stated.isdigit() else None
    if size is not None and size > max_bytes:
        raise PermanentSendError("too_large", f"the file has {size} bytes, and {max_bytes} are allowed")
    return Download(headers.get("content-type"), size, _chunks(response, max_bytes))


async def _chunks(response: httpx2.Response, max_bytes: int) -> AsyncIterator[bytes]:
    # Raw bytes: a compressed answer is handed on as it is, so that nothing small can grow large here.
    size = 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > max_bytes:
            raise PermanentSendError("too_large", f"the file is larger than the {max_bytes} bytes that are allowed")
        yield part


async def _read_at_most(response: httpx2.Response) -> bytes:
    """Read at most `ANSWER_BYTES` of the raw body. Nothing is decompressed, so a small body cannot grow."""
    parts, size = [], 0
    async for part in response.aiter_raw():
        parts.append(part)
        size += len(part)
        if size >= ANSWER_BYTES:
            break
    return b"".join(parts)[:ANSWER_BYTES]


@asynccontextmanager
async def open_http(backend: httpcore2.AsyncNetworkBackend) -> AsyncIterator[OutgoingHttp]:
    """Open outgoing HTTP over a network backend, without proxies, redirects or settings of the environment."""
    _silence_http_loggers()
    timeout = httpx2.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS)
    transport = SsrfSafeTransport(backend)
    async with httpx2.AsyncClient(
        transport=transport, timeout=timeout, follow_redirects=False, trust_env=False
    ) as client:
        yield OutgoingHttp(client, backend)


def _silence_http_loggers() -> None:
    # At level `info` httpx2 logs every URL, and Telegram's URLs contain the bot's token.
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)


def ssrf_safe_client(*, allow_private: bool, allowed: list[str]) -> httpcore2.AsyncNetworkBackend:
    """The network backend with the SSRF guard."""
    return SsrfSafeBackend(allow_private=allow_private, allowed=allowed)


def open_outgoing(settings: Settings) -> AbstractAsyncContextManager[OutgoingHttp]:
    """Open outgoing HTTP with the SSRF guard of the settings and its own connections."""
    return open_http(ssrf_safe_client(allow_private=settings.allow_private_targets, allowed=settings.allowed_targets))
