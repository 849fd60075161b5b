"""Outgoing HTTP that reaches the demo's simulation of Telegram, without a network."""

import asyncio
from collections.abc import Callable
from typing import cast

import httpx2

from services.demo.telegram import FakeTelegram
from services.platform.http.outgoing import HttpResponse

TOKEN = "123456:ABC"


class TelegramHttp:
    """`services.platform.http.outgoing.Http` that reaches the stand-in alone. `revoked`: every token is 401. `calls`: methods."""

    def __init__(self, stand_in: FakeTelegram) -> None:
        transport = httpx2.ASGITransport(stand_in.app)
        self._client = httpx2.AsyncClient(transport=transport, base_url="https://api.telegram.org")
        self.revoked = False
        self.calls: list[str] = []
        self.before_fetch: Callable[[], None] = lambda: None

    async def post_json(self, url: str, body: object) -> HttpResponse:
        self.calls.append(url.rsplit("/", 1)[1])
        await asyncio.sleep(0)  # all others have a turn, as they would while a network is waited for
        if self.calls[-1] == "getUpdates":
            self.before_fetch()
            # Nobody waits for an update here.
            body = {**cast("dict[str, object]", body), "timeout": None}
        if self.revoked:
            return HttpResponse(401, {}, b'{"ok":false,"error_code":401,"description":"Unauthorized"}')
        answer = await self._client.post(url, json=body)
        return HttpResponse(answer.status_code, dict(answer.headers), answer.content)

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> HttpResponse:
        raise AssertionError("telegram signs nothing")

    async def add(self, update: dict[str, object]) -> None:
        """An update that waits to be fetched."""
        await self._client.post("/_updates", json=update)
