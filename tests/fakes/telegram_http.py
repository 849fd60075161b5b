"""Outgoing HTTP that reaches the demo's simulation of Telegram, without a network."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

import httpx2

from services.demo.telegram import FakeTelegram
from services.platform.core.streamed_bytes import StreamedBytes
from services.platform.http.outgoing import DOWNLOAD_SECONDS, Download, DuplexStream, HttpResponse

TOKEN = "123456:ABC"


class TelegramHttp:
    """`services.platform.http.outgoing.HttpClient` that reaches the stand-in alone. `revoked`: every token is 401. `calls`: methods."""

    def __init__(self, stand_in: FakeTelegram) -> None:
        transport = httpx2.ASGITransport(stand_in.app)
        self._client = httpx2.AsyncClient(transport=transport, base_url="https://api.telegram.org")
        self.revoked = False
        self.calls: list[str] = []
        self.before_fetch: Callable[[], None] = lambda: None

    async def call(
        self,
        method: str,
        url: str,
        body: bytes | StreamedBytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        idempotent: bool = False,
    ) -> HttpResponse:
        self.calls.append(url.rsplit("/", 1)[1])
        await asyncio.sleep(0)  # all others have a turn, as they would while a network is waited for
        assert not isinstance(body, StreamedBytes), "no file is sent here"
        given = json.loads(body or b"{}")
        if self.calls[-1] == "getUpdates":
            self.before_fetch()
            # Nobody waits for an update here.
            given = {**given, "timeout": None}
        if self.revoked:
            return HttpResponse(401, {}, b'{"ok":false,"error_code":401,"description":"Unauthorized"}')
        answer = await self._client.request(method, url, json=given)
        return HttpResponse(answer.status_code, dict(answer.headers), answer.content)

    def download(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        max_bytes: int,
        max_seconds: float = DOWNLOAD_SECONDS,
    ) -> AbstractAsyncContextManager[Download]:
        raise AssertionError(f"{url} was downloaded")

    async def connect(self, host: str, port: int, *, tls: bool) -> DuplexStream:
        raise AssertionError(f"{host}:{port} was connected to")

    async def add(self, update: dict[str, object]) -> None:
        """An update that waits to be fetched."""
        await self._client.post("/_updates", json=update)
