"""The outgoing HTTP port in memory: what a test says is answered, and every call is recorded."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx2
from starlette.types import ASGIApp

from services.platform.core.streamed_bytes import StreamedBytes
from services.platform.http.outgoing import DOWNLOAD_SECONDS, Download, DuplexStream, HttpResponse, PermanentSendError


class HttpCall(NamedTuple):
    """One call: `json` is the decoded body of a JSON call."""

    url: str
    json: Any = None  # any: whatever JSON a channel sends
    body: bytes = b""
    headers: dict[str, str] = {}
    method: str = "POST"


def refuse_calls(call: HttpCall) -> HttpResponse:
    """No call is expected."""
    raise AssertionError(f"{call.url} was called")


def always(status: int = 200, body: bytes = b"", **headers: str) -> Callable[[HttpCall], HttpResponse]:
    """This answer to every call; `_` in the names of headers stands for `-`."""
    answer = HttpResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
    return lambda call: answer


async def _whole(body: bytes | StreamedBytes | None) -> bytes:
    if not isinstance(body, StreamedBytes):
        return body or b""
    content = b"".join([part async for part in body.open()])
    # What is promised as its length is what comes: a platform believes it.
    assert len(content) == body.size_bytes
    return content


@dataclass
class FakeHttp:
    """`services.platform.http.outgoing.HttpClient` without a network; `respond` returns the answer to a call or raises."""

    respond: Callable[[HttpCall], HttpResponse] = refuse_calls
    calls: list[HttpCall] = field(default_factory=list)

    async def call(
        self,
        method: str,
        url: str,
        body: bytes | StreamedBytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        idempotent: bool = False,
    ) -> HttpResponse:
        given = dict(headers or {})
        is_json = given.get("content-type") == "application/json"
        content = await _whole(body)
        return self._answer(HttpCall(url, json.loads(content or b"null") if is_json else None, content, given, method))

    @asynccontextmanager
    async def download(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        max_bytes: int,
        max_seconds: float = DOWNLOAD_SECONDS,
    ) -> AsyncIterator[Download]:
        answer = self._answer(HttpCall(url, headers=dict(headers or {}), method="GET"))
        if answer.status >= 300:
            raise PermanentSendError("not_found", f"the server of the file answered {answer.status}", answer.status)
        if len(answer.body) > max_bytes:
            raise PermanentSendError("too_large", "the file is larger than what is allowed")
        yield Download(answer.headers.get("content-type"), len(answer.body), _chunks(answer.body))

    async def connect(self, host: str, port: int, *, tls: bool) -> DuplexStream:
        answer = self._answer(HttpCall(f"{host}:{port}", method="CONNECT"))
        return RefusingStream(answer)

    def _answer(self, call: HttpCall) -> HttpResponse:
        self.calls.append(call)
        return self.respond(call)


@dataclass
class AppHttp(FakeHttp):
    """Calls are answered by an app in this process, below `base`. Its lifespan is not run."""

    app: ASGIApp = field(kw_only=True)
    base: str = ""

    async def call(
        self,
        method: str,
        url: str,
        body: bytes | StreamedBytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        idempotent: bool = False,
    ) -> HttpResponse:
        self.calls.append(HttpCall(url, headers=dict(headers or {}), method=method))
        content = await _whole(body)
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://app") as client:
            answer = await client.request(method, url.removeprefix(self.base), content=content, headers=headers)
        return HttpResponse(answer.status_code, dict(answer.headers), answer.content)


class RefusingStream:
    """A server of SMTP that greets and names its extensions; every other line is answered with a status, and quoted."""

    def __init__(self, answer: HttpResponse) -> None:
        self._status, self._text = answer.status, answer.body.decode()
        self._replies = b"220 ready\r\n"

    async def read(self, max_bytes: int, seconds: float | None = None) -> bytes:
        replies, self._replies = self._replies, b""
        return replies

    async def write(self, data: bytes) -> None:
        is_greeting = data.startswith(b"EHLO")
        quoted = " ".join((self._text + data.decode()).split())
        reply = "250-ready\r\n250 AUTH PLAIN" if is_greeting else f"{self._status} {quoted}"
        self._replies += f"{reply}\r\n".encode()

    async def start_tls(self, host: str) -> DuplexStream:
        return self

    async def aclose(self) -> None: ...


def held(content: bytes) -> StreamedBytes:
    """Bytes that are in memory, in two parts, as a file of the blob store is read."""

    async def read() -> AsyncIterator[bytes]:
        yield content[:3]
        yield content[3:]

    return StreamedBytes(len(content), read)


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body


def in_order(*answers: HttpResponse | Exception) -> Callable[[HttpCall], HttpResponse]:
    """Each answer once, an exception by raising it; a call beyond the last is a failure of the test."""
    remaining: Iterator[HttpResponse | Exception] = iter(answers)

    def respond(call: HttpCall) -> HttpResponse:
        answer = next(remaining, None)
        if answer is None:
            return refuse_calls(call)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return respond
