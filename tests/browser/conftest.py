"""A Chromium of the system, driven by Playwright; a fresh profile for every page."""

import itertools
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.shops import open_shop
from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, shop_at, telegram, up
from tests.live_servers.fixtures import absence
from tests.live_servers.server import free_ports

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SIZES = {"desktop": (1280, 900), "phone": (390, 844), "small phone": (360, 640)}
Size = Literal["desktop", "phone", "small phone"]
SHOPS = itertools.count(1)
OpenPage = Callable[..., Awaitable[Page]]


def chromium() -> str:
    """Where Chromium is. Skips the test, or fails it in CI, where there is none."""
    found = os.environ.get("PASOKH_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise absence("there is no Chromium: apt-get install chromium, or set PASOKH_TEST_CHROMIUM to one")
    return found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser of the test's own."""
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
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


async def picture(page: Page, name: str, *, whole: bool = True) -> Path:
    """Keep what the page looks like, to be looked at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    place = SCREENSHOTS / f"{name}.png"
    await page.screenshot(path=place, full_page=whole)
    return place


# -- the desk ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk_stand_in_port() -> int:
    """The port of the stand-in for Telegram."""
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def desk_installation(tmp_path_factory: pytest.TempPathFactory, desk_stand_in_port: int) -> Iterator[Running]:
    """An installation of the module's own, whose answers go to the stand-in."""
    running = up(tmp_path_factory.mktemp("desk"), PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(desk_stand_in_port))
    running.start()
    running.wait_ready()
    yield running
    running.stop()


@pytest.fixture
async def desk_shop(desk_installation: Running, desk_stand_in_port: int) -> AsyncIterator[Shop]:
    """A workspace of the test's own: Sara, who is online, Reza and Lea, a lead."""
    number = next(SHOPS)
    async with (
        shop_at(desk_installation.url, ADMIN_KEY, f"shop{number}") as shop,
        telegram(desk_stand_in_port) as (_, url),
    ):
        await open_shop(shop, url, number=number)
        yield shop
