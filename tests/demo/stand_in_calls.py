"""The outgoing port, whose calls reach a stand-in."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2
from starlette.applications import Starlette

from services.platform.core.streamed_bytes import StreamedBytes
from services.platform.http.outgoing import HttpResponse
from tests.fakes import FakeHttp, HttpCall

URL = "http://stand-in"


class Recorded(FakeHttp):
    """Calls below `base`, which the app behind `client` answers."""

    def __init__(self, client: httpx2.AsyncClient, base: str) -> None:
        super().__init__()
        self.client, self.base = client, base

    async def call(
        self,
        method: str,
        url: str,
        body: bytes | StreamedBytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        idempotent: bool = False,
    ) -> HttpResponse:
        content = b"".join([part async for part in body.open()]) if isinstance(body, StreamedBytes) else body
        answer = await self.client.request(method, url.removeprefix(self.base), content=content, headers=headers)
        self.calls.append(HttpCall(url, method=method))
        return HttpResponse(answer.status_code, dict(answer.headers), answer.content)


@asynccontextmanager
async def answering(app: Starlette, channel: str) -> AsyncIterator[Recorded]:
    """Calls of a channel, answered by the app of its stand-in."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=URL) as client:
        yield Recorded(client, f"{URL}/{channel}")
