"""A Chromium of the system, driven by Playwright: one for all tests of a worker, and a fresh profile for every page."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Playwright, async_playwright

from tests.browser.loop import loop_fixture
from tests.browser.pages import FLAGS, SIZES, OpenPage, Size, chromium
from tests.browser.shops import open_shop
from tests.browser.writing import WritingShop, start_installation, writing_shop
from tests.live.installation import ADMIN_KEY, Running, Shop, shop_at, telegram
from tests.live_servers.server import free_ports

HERE = Path(__file__).parent
SHOPS = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of this folder run in one event loop, which is that of the browser."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@dataclass
class Launcher:
    """The one browser; another where a test has ended it."""

    playwright: Playwright
    running: Browser | None = None

    async def browser(self) -> Browser:
        if self.running is None or not self.running.is_connected():
            launch = self.playwright.chromium.launch
            self.running = await launch(executable_path=chromium(), headless=True, args=FLAGS)
        return self.running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def launcher() -> AsyncIterator[Launcher]:
    async with async_playwright() as playwright:
        launcher = Launcher(playwright)
        yield launcher
        if launcher.running is not None:
            await launcher.running.close()


@loop_fixture
async def browser(launcher: Launcher) -> AsyncIterator[Browser]:
    """A browser that shows nothing; what the test opens in it is closed."""
    browser = await launcher.browser()
    yield browser
    for context in browser.contexts:
        await context.close()


@loop_fixture
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Open a page as `locale` and `size` have it; whatever the page complains of at the end is a failure."""
    complaints: list[str] = []
    async with AsyncExitStack() as stack:

        async def opened(
            url: str, *, locale: str = "en", size: Size = "desktop", scheme: Literal["light", "dark"] = "light"
        ) -> Page:
            width, height = SIZES[size]
            context = await browser.new_context(
                viewport={"width": width, "height": height},
                locale=locale,
                color_scheme=scheme,
                has_touch=size != "desktop",
            )
            stack.push_async_callback(context.close)
            page = await context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda said: complaints.append(said.text) if _is_policy(said.text) else None)
            await page.goto(url)
            return page

        yield opened
    assert complaints == []


def _is_policy(text: str) -> bool:
    return "Content Security Policy" in text or "Refused to" in text


# -- the desk ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def desk_stand_in_port() -> int:
    """The port of the stand-in for Telegram."""
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def desk_installation(tmp_path_factory: pytest.TempPathFactory, desk_stand_in_port: int) -> Iterator[Running]:
    """An installation for all tests of the desk, whose answers go to the stand-in."""
    yield from start_installation(tmp_path_factory.mktemp("desk"), desk_stand_in_port)


@loop_fixture
async def desk_shop(desk_installation: Running, desk_stand_in_port: int) -> AsyncIterator[Shop]:
    """A workspace of the test's own: Sara, who is online, Reza and Lea, a lead."""
    number = next(SHOPS)
    async with (
        shop_at(desk_installation.url, ADMIN_KEY, f"shop{number}") as shop,
        telegram(desk_stand_in_port) as (_, url),
    ):
        await open_shop(shop, url, number=number)
        yield shop


@loop_fixture
async def here(desk_installation: Running, desk_stand_in_port: int) -> AsyncIterator[WritingShop]:
    """The same, with everything that went out of it."""
    async with writing_shop(desk_installation, desk_stand_in_port, number=next(SHOPS)) as shop:
        yield shop
