"""A machine that sleeps with the desk open: what happened meanwhile is there by itself when it wakes.

Numbers in names are those of the acceptance tests of the desk.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, expect

from tests.browser.desk import TIMEOUT_MS, open_desk, row_of, write
from tests.browser.pages import OpenPage
from tests.live.installation import Running, Shop

LOST_SECONDS = 20


@asynccontextmanager
async def asleep(browser: Browser) -> AsyncIterator[None]:
    """The browser gets no time at all: every process of it is stopped."""
    system = await browser.new_browser_cdp_session()
    processes = [int(one["id"]) for one in (await system.send("SystemInfo.getProcessInfo"))["processInfo"]]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


async def presence(shop: Shop) -> tuple[str, str | None]:
    agent = await shop.get("/agents/sara")
    return agent["presence"], agent["presence_reason"]


async def test_11_after_sleep_everything_is_there_without_a_reload(
    open_page: OpenPage, browser: Browser, desk_installation: Running, desk_shop: Shop
) -> None:
    settings = {"lost_away_seconds": LOST_SECONDS, "beat_seconds": 5}
    await desk_shop.put("", {"name": "Shop", "settings": settings})
    await write(desk_shop, 1, 1, "Good night", "Neda")
    page = await open_desk(open_page, desk_installation, desk_shop)
    await page.evaluate("window.notReloaded = true")
    await row_of(page, "Neda").click()
    await expect(page.locator(".message")).to_have_count(1, timeout=TIMEOUT_MS)
    # The page answers the beats of its stream: there is a lease, which can be lost.
    await expect(page.locator(".connection .live")).to_be_visible(timeout=TIMEOUT_MS)
    async with page.expect_response(lambda answer: answer.url.endswith("/agents/me/beat"), timeout=TIMEOUT_MS) as beat:
        pass
    assert (await beat.value).status == 204
    async with asleep(browser):
        for number in range(2, 62):
            await write(desk_shop, number, number, f"Elsewhere {number}", f"Customer {number}")
            await write(desk_shop, 1000 + number, 1, f"Line {number}", "Neda")
        async with asyncio.timeout(LOST_SECONDS * 3):
            while await presence(desk_shop) != ("away", "connection_lost"):  # noqa: ASYNC110 - another process decides it
                await asyncio.sleep(0.2)
    await expect(page.locator(".message", has_text="Line 61")).to_be_attached(timeout=TIMEOUT_MS)
    await expect(page.locator(".message.inbound")).to_have_count(61, timeout=TIMEOUT_MS)
    rows = (await desk_shop.get("/inbox/counts", agent="sara"))["mine"]
    await expect(page.locator(".views a[href='/desk/v/mine'] .count")).to_have_text(str(rows), timeout=TIMEOUT_MS)
    await expect(page.locator(".connection .live")).to_be_visible(timeout=TIMEOUT_MS)
    assert await page.evaluate("window.notReloaded")
    async with asyncio.timeout(LOST_SECONDS * 3):
        while (await presence(desk_shop))[0] != "online":  # noqa: ASYNC110 - another process decides it
            await asyncio.sleep(0.2)
