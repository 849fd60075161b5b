"""The stream of an inbox from a real process: signed webhooks in, answers out, a kill in between, and the end of a session.

Acceptance test 14 of the desk: new chats do not appear until reload.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2

from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, running_well, shop_at, telegram, up, update_of
from tests.live_servers.server import free_ports

TIMEOUT_SECONDS = 60.0
OPENINGS, PER_SECOND = 100, 20
STREAM = "/v1/workspaces/shop/inbox/stream"


class Page:
    """What an agent's page makes of its stream."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, dict[str, Any]] = {}
        self.counts: dict[str, int] = {}
        self.me: dict[str, Any] = {}
        self.resets: list[bool] = []
        self.last, self.has_ended = "", False
        self.changed = asyncio.Event()

    async def read(self, answer: httpx2.Response) -> None:
        name = ""
        # A process that is killed cuts its streams.
        with suppress(httpx2.RemoteProtocolError, httpx2.ReadError):
            async for line in answer.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "id":
                    self.last = value
                elif field == "event":
                    name = value
                elif field == "data":
                    self._take(name, json.loads(value))
                self.changed.set()
        self.has_ended = True
        self.changed.set()

    def _take(self, name: str, data: dict[str, Any]) -> None:
        match name:
            case "hello":
                self.resets.append(data["reset"])
            case "row":
                self.rows[data["id"]] = data
            case "message":
                self.messages[data["message"]["id"]] = data["message"]
            case "counts":
                self.counts = data
            case "me":
                self.me = data

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while not is_so():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def session(running: Running, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that is signed in with an agent's key."""
    headers = {"Pasokh-Desk": "1", "Origin": running.url}
    async with httpx2.AsyncClient(base_url=running.url, headers=headers, timeout=30, trust_env=False) as client:
        answer = await client.post("/v1/desk/sessions", json={"key": key})
        assert answer.status_code == 201, answer.text
        client.headers["Cookie"] = f"pasokh-desk={answer.cookies['pasokh-desk']}"
        yield client


@asynccontextmanager
async def following(client: httpx2.AsyncClient, page: Page) -> AsyncIterator[None]:
    """Read the stream from where the page left it, until the context is left or the stream ends."""
    async with client.stream("GET", STREAM, params={"last_event_id": page.last} if page.last else {}) as answer:
        assert answer.status_code == 200
        page.has_ended = False
        reading = asyncio.create_task(page.read(answer))
        try:
            yield
        finally:
            reading.cancel()
            await asyncio.wait({reading})


async def agents_key(shop: Shop, agent: str) -> str:
    body = {"name": agent, "workspace": "shop", "agent": agent, "scopes": ["desk"]}
    return str((await shop.client.post("/v1/keys", json=body)).json()["secret"])


async def customers(shop: Shop, first: int) -> None:
    """So many open a conversation, at a steady rate."""
    async with asyncio.TaskGroup() as group:
        for number in range(first, first + OPENINGS):
            group.create_task(shop.post(update_of(number, number, f"Hello, where is order {number}?")))
            await asyncio.sleep(1 / PER_SECOND)


async def is_as_read(client: httpx2.AsyncClient, page: Page, view: str) -> None:
    """The page shows what the list has, and counts it."""

    async def read() -> list[str]:
        found: list[str] = []
        cursor: str | None = None
        while True:
            query = {"view": view, "sort": "waiting", "limit": "100", **({"cursor": cursor} if cursor else {})}
            answer = (await client.get("/v1/workspaces/shop/inbox", params=query)).json()
            found += [row["id"] for row in answer["items"]]
            cursor = answer["next"]
            if cursor is None:
                return found

    listed = await read()

    def shown() -> list[str]:
        rows = [row for row in page.rows.values() if view in row["views"]]
        return [row["id"] for row in sorted(rows, key=lambda row: row["orders"]["waiting"])]

    await page.until(lambda: shown() == listed and page.counts[view] == len(listed))


async def test_14_every_opening_is_on_the_page_and_a_kill_loses_none(tmp_path: Path) -> None:
    [port] = free_ports(1)
    running = up(tmp_path, PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(port))
    with running_well(running):
        async with telegram(port) as (_, stand_in), shop_at(running.url, ADMIN_KEY) as shop:
            await shop.open_with(stand_in, {"emma": {"lang:en": 5}}, capacity=5, first_response_seconds=600)
            async with session(running, await agents_key(shop, "emma")) as client:
                page = Page()
                async with following(client, page):
                    await page.until(lambda: bool(page.counts))
                    await customers(shop, 1)
                    await page.until(lambda: len(page.rows) == OPENINGS)
                    await page.until(lambda: page.me["load"] == 5)
                    await is_as_read(client, page, "mine")
                    await is_as_read(client, page, "waiting")
                    # The clocks come a moment after the conversations.
                    await page.until(lambda: all(row["due"] for row in page.rows.values()))
                    mine = next(row for row in page.rows.values() if "mine" in row["views"])
                    answer = await client.post(
                        f"/v1/workspaces/shop/conversations/{mine['id']}/replies",
                        json={"text": "It is on its way.", "after": mine["last"]["id"]},
                    )
                    assert answer.status_code == 201, answer.text
                    sent = answer.json()["id"]
                    await page.until(lambda: page.messages.get(sent, {}).get("state") == "sent")
                    await page.until(lambda: page.rows[mine["id"]]["last"]["id"] == sent)
                    await asyncio.to_thread(running.kill)
                    await page.until(lambda: page.has_ended)
                running.start()
                await asyncio.to_thread(running.wait_ready)
                await customers(shop, 1000)
                async with following(client, page):
                    await page.until(lambda: len(page.rows) == 2 * OPENINGS)
                    await is_as_read(client, page, "mine")
                    await is_as_read(client, page, "waiting")
                    assert page.resets == [False, False]
                    assert (await client.delete("/v1/desk/sessions/current")).status_code == 204
                    await page.until(lambda: page.has_ended)
                assert (await client.get(STREAM)).status_code == 401
