"""Where Chromium is, and what the tests open in it."""

import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from playwright.async_api import Page

from tests.live_servers.fixtures import absence

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
"""The first starts and runs with a third less processor time: it has no windows."""
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SIZES = {"desktop": (1280, 900), "phone": (390, 844), "small phone": (360, 640)}
Size = Literal["desktop", "phone", "small phone"]
OpenPage = Callable[..., Awaitable[Page]]


def chromium() -> str:
    """Where Chromium is. Skips the test, or fails it in CI, where there is none."""
    found = os.environ.get("PASOKH_TEST_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise absence(
            "there is no Chromium: apt-get install chromium-headless-shell, or set PASOKH_TEST_CHROMIUM to one"
        )
    return found


async def picture(page: Page, name: str, *, whole: bool = True) -> None:
    """Keep what the page looks like, where `PASOKH_PICTURES` is set and somebody looks at it."""
    if os.environ.get("PASOKH_PICTURES"):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)
