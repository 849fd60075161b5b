"""What the tests of the desk have in common: a shop with customers who write, and agents who sign in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Page, expect

from tests.browser.pages import OpenPage
from tests.live.installation import Running, Shop, update_of

TIMEOUT_MS = 30_000


async def write(shop: Shop, number: int, chat: int, text: str, name: str | None = None) -> None:
    """A customer writes."""
    update = update_of(number, chat, text)
    if name is not None:
        for part in ("chat", "from"):
            update["message"][part]["first_name"] = name
    answer = await shop.post(update)
    assert answer.status_code == 200, answer.text


async def sign_in_link(shop: Shop, agent: str = "sara", scopes: tuple[str, ...] = ("desk",)) -> str:
    """A link by which the agent signs in once, without the host."""
    answer = await shop.client.post(
        f"/v1/workspaces/{shop.workspace}/agents/{agent}/sign-in", json={"scopes": list(scopes)}
    )
    assert answer.status_code == 201, answer.text
    address: str = answer.json()["url"]
    return "/desk" + address.partition("/desk")[2]


async def open_desk(
    open_page: OpenPage, installation: Running, shop: Shop, agent: str = "sara", **options: Any
) -> Page:
    """The desk of an agent who has just signed in by a link."""
    link = await sign_in_link(shop, agent)
    page = await open_page(f"{installation.url}{link}", **options)
    await expect(page.locator(".list")).to_be_attached(timeout=TIMEOUT_MS)
    await expect(page.locator(".connection .live")).to_be_attached(timeout=TIMEOUT_MS)
    return page


def row_of(page: Page, name: str) -> Any:
    """The row of a customer in the list."""
    return page.locator(".row", has=page.get_by_text(name, exact=True))


@asynccontextmanager
async def offline(page: Page) -> AsyncIterator[None]:
    """The page without a network."""
    await page.context.set_offline(True)
    try:
        yield
    finally:
        await page.context.set_offline(False)


async def until(page: Page, condition: str) -> None:
    """Wait until a condition of JavaScript is true. The page's policy forbids Playwright's own way, which evaluates text in it."""
    async with asyncio.timeout(TIMEOUT_MS / 1000):
        while not await page.evaluate(condition):  # noqa: ASYNC110 - the page decides it
            await asyncio.sleep(0.05)
