"""Outgoing HTTP: pooled connections, limits on time and size, the SSRF guard, and errors that tell what was sent."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpcore2
import httpx2

from services.platform.core.settings import Settings
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.platform.http.ssrf import SsrfSafeBackend

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 10.0
ANSWER_BYTES = 1_000_000
CONNECTIONS = 400
"""The connections of one client. `services.platform.http.fair_share` shares them between workspaces."""
# Below the idle limit of common servers: a connection that the far end closes just as it is used again would leave
# a message of unknown outcome.
IDLE_SECONDS = 4.0

NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
NEVER_SENT = (httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.LocalProtocolError)
HEADERS = {"user-agent": "Pasokh", "accept-encoding": "identity", "content-type": "application/json"}


class SsrfSafeTransport(httpx2.AsyncHTTPTransport):
    """httpx2's transport over a network backend that checks the address of each connection."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend) -> None:
        # The constructor of the transport takes no backend, so its pool is made here instead.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=backend,
        )


class OutgoingHttp:
    """Implements `services.platform.http.outgoing.Http` with httpx2."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def post_json(self, url: str, body: object) -> HttpResponse:
        """POST a JSON body.

        `HttpResponse.body` has at most the first 1 MB of the response. Raises as the protocol says.
        """
        return await self.post(url, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), {})

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> HttpResponse:
        """POST bytes with additional headers. Raises as `post_json` does."""
        return await self._to_response(self._request(url, body, headers))

    def _request(self, url: str, body: bytes, headers: dict[str, str]) -> httpx2.Request:
        try:
            request = self._client.build_request("POST", url, content=body, headers={**HEADERS, **headers})
        except NEVER_SENT as error:
            raise PermanentSendError("target", "the address is no URL that can be called") from error
        if request.url.scheme not in {"http", "https"} or not request.url.host:
            raise PermanentSendError("target", "the address is no http or https URL")
        return request

    async def _to_response(self, request: httpx2.Request) -> HttpResponse:
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                return await self._exchange(request)
        except NOT_SENT as error:
            raise TransientSendError("no connection to the platform") from error
        except NEVER_SENT as error:
            raise PermanentSendError("target", "the request cannot be made") from error
        except (httpx2.HTTPError, TimeoutError) as error:
            raise SendOutcomeUnknown("the connection failed before the answer was there") from error

    async def _exchange(self, request: httpx2.Request) -> HttpResponse:
        response = await self._client.send(request, stream=True)
        try:
            return HttpResponse(response.status_code, dict(response.headers), await _read_at_most(response))
        finally:
            await response.aclose()


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
        yield OutgoingHttp(client)


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
