"""The stream of facts of a real process: over HTTP, across a restart, against what the store says happened."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.live.installation import Running, Shop, allowing, shop_at, up, update_of

NOBODY = 9
"""The port of nobody: what is sent there stays queued."""
TIMEOUT_SECONDS = 60.0
STOP_SECONDS = 10.0


class Reader:
    """A client of the stream: every fact that came, and the id to go on from."""

    def __init__(self) -> None:
        self.facts: list[dict[str, Any]] = []
        self.last = ""
        self.changed = asyncio.Event()

    async def read(self, answer: httpx2.Response) -> None:
        # A process that stops cuts its streams.
        with suppress(httpx2.RemoteProtocolError):
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last = value
                elif name == "data":
                    self.facts.append(json.loads(value))
                self.changed.set()

    async def until(self, count: int, word: str) -> None:
        """Wait for so many facts of a type."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while sum(fact["type"].endswith(f".{word}") for fact in self.facts) < count:
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def following(shop: Shop, reader: Reader) -> AsyncIterator[asyncio.Task[None]]:
    """Read the stream from where the reader left it, until the context is left or the process ends."""
    path, headers = f"/v1/workspaces/{shop.workspace}/events", {"Last-Event-ID": reader.last} if reader.last else {}
    async with shop.client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        reading = asyncio.create_task(reader.read(answer))
        try:
            yield reading
        finally:
            reading.cancel()
            await asyncio.wait({reading})


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Running]:
    running = up(tmp_path, **allowing(NOBODY))
    running.start()
    running.wait_ready()
    yield running
    running.stop()


async def test_a_client_that_resumes_over_a_restart_has_every_fact_once(installation: Running) -> None:
    key = (installation.folder / "data" / "admin.key").read_text().strip()
    reader = Reader()
    async with shop_at(installation.url, key) as shop:
        await shop.open_with(f"http://127.0.0.1:{NOBODY}", {"emma": {"lang:en": 5}}, first_response_seconds=60)
        async with following(shop, reader) as reading:
            await shop.post(update_of(1, 1, "Hello, where is my order?"))
            await reader.until(1, "assigned")
            code, seconds = await asyncio.to_thread(installation.stop)
            await asyncio.wait({reading}, timeout=TIMEOUT_SECONDS)
            assert (code, reading.done()) == (0, True)
            assert seconds < STOP_SECONDS
        installation.start()
        await asyncio.to_thread(installation.wait_ready)
        await shop.post(update_of(2, 2, "Hello, where is my parcel?"))
        async with following(shop, reader):
            await shop.post(update_of(3, 3, "Hello, I want to return my order."))
            await reader.until(3, "assigned")
            await reader.until(3, "started")
        for conversation in await shop.items("/conversations"):
            path = f"/conversations/{conversation['id']}/events"
            told = [fact for fact in reader.facts if fact["data"]["conversation"] == conversation["id"]]
            known = [fact for fact in await shop.items(path) if fact["id"] in {one["id"] for one in told}]
            # Each source is in its order; what two processors said at the same moment may come either way round.
            for noun in ("conversation", "sla"):
                of_noun = [fact for fact in told if fact["type"].split(".")[1] == noun]
                assert of_noun
                assert of_noun == [fact for fact in known if fact["type"].split(".")[1] == noun]
    assert len({fact["id"] for fact in reader.facts}) == len(reader.facts)
