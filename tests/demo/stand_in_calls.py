"""The outgoing port, whose calls reach a stand-in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from starlette.applications import Starlette

from services.platform.http.outgoing import HttpResponse
from tests.fakes import FakeHttp, HttpCall

URL = "http://stand-in"


class Recorded(FakeHttp):
    """Calls below `base`, which the app behind `client` answers."""

    def __init__(self, client: httpx2.AsyncClient, base: str) -> None:
        super().__init__()
        self.client, self.base = client, base

    async def call(
        self, method: str, url: str, body: object = None, headers: object = None, **_: object
    ) -> HttpResponse:
        answer = await self.client.request(method, url.removeprefix(self.base), content=body, headers=headers)  # type: ignore[arg-type]  # bytes and texts
        self.calls.append(HttpCall(url, method=method))
        return HttpResponse(answer.status_code, dict(answer.headers), answer.content)


@asynccontextmanager
async def answering(app: Starlette, channel: str) -> AsyncIterator[Recorded]:
    """Calls of a channel, answered by the app of its stand-in."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=URL) as client:
        yield Recorded(client, f"{URL}/{channel}")
