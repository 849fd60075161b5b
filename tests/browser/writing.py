"""What the tests of writing on the desk share: a shop whose customers write in private and in a group, and what went out of it."""

import asyncio
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from playwright.async_api import Error, Locator, Page, async_playwright, expect
from starlette.applications import Starlette
from starlette.routing import Mount

from services.demo.serving import serving
from services.demo.telegram import FakeTelegram
from tests.browser.desk import TIMEOUT_MS, open_desk, row_of, write
from tests.browser.pages import FLAGS, OpenPage, chromium
from tests.browser.shops import open_shop
from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, shop_at, up, update_of

T = TypeVar("T")
_NUMBERS: "itertools.count[int]" = itertools.count(int(time.time()) % 100_000 * 1000)


@dataclass
class WritingShop:
    """A workspace of one test: its REST, and everything that platforms were given for it."""

    shop: Shop
    installation: Running
    telegram: FakeTelegram
    bot: str

    async def private(self, name: str, text: str = "Where is my order?") -> str:
        """A customer writes in private on Telegram; the conversation's id."""
        number = next(_NUMBERS)
        await write(self.shop, number, number, text, name)
        return await self.conversation_with(str(number))

    async def again(self, conversation: str, text: str, name: str = "Neda") -> None:
        """The customer of a private conversation writes once more."""
        shown = await self.shop.get(f"/conversations/{conversation}")
        await write(self.shop, next(_NUMBERS), int(shown["person"].rpartition(":")[2]), text, name)

    async def public(self, name: str, text: str = "Where is my order?") -> tuple[str, int]:
        """A customer writes in a group, where everybody reads; the conversation's id and the customer's number."""
        number = next(_NUMBERS)
        update = update_of(number, number, text)
        update["message"]["from"]["first_name"] = name
        update["message"]["chat"] = {"id": -number, "type": "supergroup", "title": "Shoppers"}
        answer = await self.shop.post(update)
        assert answer.status_code == 200, answer.text
        return await self.conversation_with(str(number)), number

    async def follow_link(self, number: int, name: str) -> None:
        """The customer of a group follows the link that the bot wrote there, into private."""

        async def token() -> str | None:
            links = re.findall(r"start=([\w-]+)", json.dumps(list(self.telegram.sent)))
            return links[-1] if links else None

        await write(self.shop, next(_NUMBERS), number, f"/start {await eventually(token)}", name)

    async def conversation_with(self, person: str) -> str:
        """The conversation of a customer, once it has an agent or waits for one."""

        async def found() -> str | None:
            all_ = await self.shop.items("/conversations")
            return next(
                (one["id"] for one in all_ if one["person"].endswith(f":{person}") and one["status"] != "bot"), None
            )

        return await eventually(found)

    def sent(self) -> list[str]:
        """The texts that went to customers."""
        return [str(item.get("text") or item.get("caption") or "") for item in self.telegram.sent]

    async def went_out(self, *texts: str) -> None:
        """Wait until these have gone out, each once."""

        async def arrived() -> bool:
            return all(self.sent().count(text) >= 1 for text in texts)

        await eventually(arrived)
        assert [self.sent().count(text) for text in texts] == [1] * len(texts)

    async def messages(self, conversation: str, direction: str = "outbound") -> list[dict[str, Any]]:
        """The messages of a conversation in one direction, oldest first."""
        return [
            one
            for one in await self.shop.items(f"/conversations/{conversation}/messages")
            if one["direction"] == direction
        ]


async def eventually(look: Callable[[], Awaitable[T | None]], seconds: float = 20) -> T:
    """What `look` finds, as soon as it finds something."""
    until = time.monotonic() + seconds
    while not (found := await look()):
        if time.monotonic() > until:
            raise TimeoutError(f"nothing in {seconds} s")
        await asyncio.sleep(0.05)
    return found


def start_installation(folder: Path, port: int, **environment: str) -> Iterator[Running]:
    """An installation that may call the stand-in on a port."""
    running = up(folder, **{**allowing(port), "PASOKH_ADMIN_KEY": ADMIN_KEY, **environment})
    running.start()
    running.wait_ready()
    yield running
    running.stop()


@asynccontextmanager
async def writing_shop(installation: Running, port: int, **options: Any) -> AsyncIterator[WritingShop]:
    """A new workspace with a bot, and Sara online."""
    stand_in = FakeTelegram()
    async with (
        serving(Starlette(routes=[Mount("/", stand_in.app)]), port=port) as bot,
        shop_at(installation.url, ADMIN_KEY, f"shop-{next(_NUMBERS)}") as shop,
    ):
        await open_shop(shop, bot, settings={"username": "shop_bot"}, **options)
        yield WritingShop(shop, installation, stand_in, bot)


# -- the page --------------------------------------------------------------------------------------------------------


async def desk_of(open_page: OpenPage, here: WritingShop, agent: str = "sara", **options: Any) -> Page:
    """The desk of an agent."""
    return await open_desk(open_page, here.installation, here.shop, agent, **options)


async def open_conversation(page: Page, name: str) -> Locator:
    """Open a customer's conversation from the list; its composer's text box."""
    await row_of(page, name).click(timeout=TIMEOUT_MS)
    await expect(page.locator("#conversation-title")).to_have_text(name, timeout=TIMEOUT_MS)
    await expect(box_of(page)).to_be_visible(timeout=TIMEOUT_MS)
    return box_of(page)


def box_of(page: Page) -> Locator:
    """The text box of the composer."""
    return page.locator("#compose")


def button_of(page: Page, name: str) -> Locator:
    """A button of the composer by its exact name."""
    return page.locator(".composer").get_by_role("button", name=name, exact=True)


async def kind(page: Page, name: str) -> Locator:
    """Choose reply or note; the text box of that kind."""
    await button_of(page, name).click()
    await expect(button_of(page, name)).to_have_attribute("aria-pressed", "true")
    return box_of(page)


@asynccontextmanager
async def own_browser(profile: Path) -> AsyncIterator[Page]:
    """A page of a browser with this profile, which may be killed."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium(), headless=True, args=list(FLAGS), locale="en"
        )
        yield context.pages[0]
        with suppress(Error):
            await context.close()


async def kill_browser(page: Page) -> None:
    """End the browser as a crash does."""
    session = await page.context.new_cdp_session(page)
    with suppress(Error):
        await session.send("Browser.crash")

    async def is_gone() -> bool:
        return page.is_closed()

    await eventually(is_gone)


STORED = """async prefix => {
  const opened = await new Promise((done, failed) => {
    const request = indexedDB.open('pasokh-desk');
    request.onsuccess = () => done(request.result);
    request.onerror = failed;
  });
  return new Promise(done => {
    const found = [];
    opened.transaction('kept').objectStore('kept').openCursor().onsuccess = event => {
      const cursor = event.target.result;
      if (!cursor) { opened.close(); return done(found); }
      if (cursor.key.startsWith(prefix)) found.push(cursor.value);
      cursor.continue();
    };
  });
}"""


async def stored(page: Page, prefix: str = "draft/") -> list[dict[str, Any]]:
    """What the browser keeps of drafts (or sends)."""
    found: list[dict[str, Any]] = await page.evaluate(STORED, prefix)
    return found


async def texts_stored(page: Page) -> list[str]:
    """The texts of the drafts on the device."""
    return sorted(one["text"] for one in await stored(page))


async def kept(page: Page, *texts: str) -> None:
    """Wait until exactly these drafts are on the device."""

    async def are_there() -> bool:
        return await texts_stored(page) == sorted(texts)

    await eventually(are_there)
