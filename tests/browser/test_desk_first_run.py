"""From an empty folder to answered customers, by hand, in a real browser: a shop of three, on Telegram and on its own pages."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import wrong_with
from tests.browser.desk import TIMEOUT_MS, row_of
from tests.browser.pages import SCREENSHOTS, OpenPage, Size, picture
from tests.browser.writing import box_of, open_conversation
from tests.live.installation import Running, allowing, command, telegram, up
from tests.live.waiting import eventually
from tests.live_servers.server import free_ports

pytestmark = pytest.mark.timeout(300)

SHOPS: dict[str, dict[str, Any]] = {
    "en": {
        "name": "Neda Flowers",
        "id": "neda-flowers",
        "people": ("Sara", "Reza", "Ilze"),
        "question": "Hello, do you have tulips today?",
        "answer": "Yes, red and yellow ones.",
        "telegram": ("Omid", "Where is my order?", "It leaves today."),
        "set_up": "Set up the shop",
    },
    "fa": {
        "name": "گل‌فروشی ندا",
        "id": "gl-froshi-nda",
        "people": ("سارا", "رضا", "ایلزه"),
        "question": "سلام، امروز لاله دارید؟",
        "answer": "بله، قرمز و زرد.",
        "telegram": ("امید", "سفارش من کجاست؟", "امروز راه می‌افتد."),
        "set_up": "تنظیم فروشگاه",
    },
}
STEPS = ("shop", "channel", "agents", "test")


@pytest.fixture
def ports() -> list[int]:
    return free_ports(2)


@pytest.fixture
def empty(tmp_path: Path, ports: list[int]) -> Iterator[Running]:
    """An installation that nobody has set up."""
    running = up(tmp_path, PASOKH_PORT=str(ports[1]), **allowing(ports[0]))
    running.port = ports[1]
    running.start()
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


async def printed_link(running: Running) -> str:
    async def found() -> str | None:
        links = re.findall(r"http\S+/desk#first-run=\S+", running.log)
        return links[-1] if links else None

    return await eventually(found)


def timed(line: str) -> None:
    """Keep how long it took, beside the pictures."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with (SCREENSHOTS / "first-run.txt").open("a") as file:
        file.write(f"{line}\n")


@dataclass
class Owner:
    """Who sets up the shop, in one language, on one kind of device; each look at the page is a picture, and is tried with axe."""

    page: Page
    words: dict[str, Any]
    mark: str

    async def looked_at(self, name: str) -> None:
        await picture(self.page, f"first-run-{self.mark}-{name}")
        assert await wrong_with(self.page) == [], name
        width = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, f"{name}: {width} px too wide"

    async def submit(self) -> None:
        await self.page.locator("form button[type=submit]").click()

    async def go_on(self) -> None:
        await self.page.locator("#main > .buttons > button.primary").click()

    async def make_shop(self) -> None:
        await expect(self.page.locator("#field-name")).to_be_visible(timeout=TIMEOUT_MS)
        await self.submit()
        # Nothing is sent before it is whole, and what is missing is said at its field.
        await expect(self.page.locator("#field-name")).to_have_attribute("aria-invalid", "true")
        await expect(self.page.locator("#run-owner")).to_have_attribute("aria-invalid", "true")
        await self.looked_at("1-missing")
        await self.page.locator("#field-name").fill(self.words["name"])
        await self.page.locator("#run-owner").fill(self.words["people"][0])
        await expect(self.page.locator(".own-id code")).to_have_text(self.words["id"])
        await self.looked_at("1-shop")
        await self.submit()
        await expect(self.page.locator("#run-origins")).to_be_visible(timeout=TIMEOUT_MS)

    async def connect(self, bot_api: str) -> None:
        await self.looked_at("2-channel")
        await self.page.locator("input[value=telegram]").check()
        await self.page.locator("#run-token").fill("123456:AAtest")
        await self.page.locator("details.own-id summary").click()
        await self.page.locator("#run-apiBase").fill(bot_api)
        await self.submit()
        await expect(self.page.locator(".health.good")).to_be_visible(timeout=TIMEOUT_MS)
        await self.page.locator("#main > .buttons > button:not(.primary)").click()
        await self.submit()
        await expect(self.page.locator(".copyable textarea")).to_have_value(re.compile("pasokh-chat.js"))
        await self.looked_at("2-connected")
        await self.go_on()

    async def add_colleagues(self) -> list[str]:
        """The sign-in links of the two."""
        links = []
        for name in self.words["people"][1:]:
            await self.page.locator("#run-name").fill(name)
            await self.submit()
            shown = self.page.locator(".things li", has_text=name).locator(".copyable input")
            await expect(shown).to_have_value(re.compile("/desk#code="), timeout=TIMEOUT_MS)
            links.append(await shown.input_value())
        await expect(self.page.locator(".qr")).to_be_visible()
        await self.looked_at("3-agents")
        await self.go_on()
        return links

    async def answer_first(self, visitor: Page) -> None:
        await expect(self.page.locator("#waiting-for-message")).to_be_visible(timeout=TIMEOUT_MS)
        await self.looked_at("4-waiting")
        box = visitor.locator("textarea")
        await box.fill(self.words["question"])
        await box.press("Enter")
        await expect(self.page.locator("#first-message")).to_have_text(self.words["question"], timeout=TIMEOUT_MS)
        await self.page.locator("#run-answer").fill(self.words["answer"])
        await self.submit()
        await expect(self.page.locator("#first-answered")).to_be_visible(timeout=TIMEOUT_MS)
        await expect(visitor.locator(".bubble", has_text=self.words["answer"])).to_be_visible(timeout=TIMEOUT_MS)
        await self.looked_at("4-answered")


async def say_on_telegram(bot_api: str, name: str, text: str) -> None:
    """A customer writes to the bot; the installation fetches it."""
    person = {"id": 700, "is_bot": False, "first_name": name}
    message = {
        "message_id": 1,
        "date": int(time.time()),
        "chat": {"id": 700, "type": "private", "first_name": name},
        "from": person,
        "text": text,
    }
    async with httpx2.AsyncClient() as client:
        assert (await client.post(f"{bot_api}/_updates", json={"message": message})).is_success


@pytest.mark.parametrize(("locale", "size"), [("en", "desktop"), ("fa", "small phone")])
async def test_a_shop_of_three_is_set_up_by_hand_and_answers(
    empty: Running, ports: list[int], open_page: OpenPage, locale: str, size: Size
) -> None:
    words = SHOPS[locale]
    link = await printed_link(empty)
    began = time.monotonic()
    async with telegram(ports[0]) as (stand_in, bot_api):
        page = await open_page(link, locale=locale, size=size)
        owner = Owner(page, words, f"{locale}-{size.replace(' ', '-')}")
        await owner.make_shop()
        assert "first-run=" not in page.url
        await owner.connect(bot_api)
        links = await owner.add_colleagues()
        visitor = await open_page(f"{empty.url}/webchat/{words['id']}/main", locale=locale)
        await owner.answer_first(visitor)
        first_answer = time.monotonic() - began

        # The link is spent, and no start prints another: there is a shop now.
        spent = await open_page(link, locale=locale)
        await spent.locator("#field-name").fill("Another")
        await spent.locator("#run-owner").fill("Nobody")
        await spent.locator("form button[type=submit]").click()
        await expect(spent.locator("[role=alert]")).to_be_visible(timeout=TIMEOUT_MS)

        # The desk: a customer of Telegram is answered from it.
        await page.locator("#open-desk").click()
        await expect(page.locator(".connection .live")).to_be_attached(timeout=TIMEOUT_MS)
        name, question, answer = words["telegram"]
        await say_on_telegram(bot_api, name, question)
        await expect(row_of(page, name)).to_be_visible(timeout=TIMEOUT_MS)
        await picture(page, f"first-run-{owner.mark}-5-desk")
        await open_conversation(page, name)
        await box_of(page).fill(answer)
        await page.locator(".composer button.primary").click()

        async def delivered() -> bool:
            return answer in [one.get("text") for one in stand_in.sent]

        assert await eventually(delivered)
        await picture(page, f"first-run-{owner.mark}-6-answered")
        timed(f"{locale}, {size}: first answer after {first_answer:.1f} s, all of it {time.monotonic() - began:.1f} s")

        # A colleague signs in by the link, on a phone, and may not set up the shop.
        colleague = await open_page(links[0], locale=locale, size="small phone")
        await expect(colleague.locator(".connection .live")).to_be_attached(timeout=TIMEOUT_MS)
        await colleague.goto(f"{empty.url}/desk/admin")
        await expect(colleague.locator("#admin-title")).to_be_visible(timeout=TIMEOUT_MS)
        await expect(colleague.locator("nav.sections")).to_have_count(0)


async def test_mistakes_of_a_first_run_are_said_and_mended(
    empty: Running, ports: list[int], open_page: OpenPage
) -> None:
    made = command(empty.folder, "first-run", "--json", "--port", str(empty.port))
    made.start()
    assert await asyncio.to_thread(made.wait_end, 60) == 0
    newer = json.loads(made.log)["url"]
    older = await printed_link(empty)

    async def begun(link: str) -> Page:
        page = await open_page(link.replace("localhost", "127.0.0.1"))
        await page.locator("#field-name").fill("Shop")
        await page.locator("#run-owner").fill("Sara")
        await page.locator("form button[type=submit]").click()
        return page

    # A new link ends the one before it.
    await expect((await begun(older)).locator("[role=alert]")).to_contain_text("pasokh first-run", timeout=TIMEOUT_MS)
    async with telegram(ports[0]) as (_, bot_api):
        page = await begun(newer)
        await page.locator("input[value=telegram]").check()
        await page.locator("form button[type=submit]").click()
        await expect(page.locator("#run-token")).to_have_attribute("aria-invalid", "true")
        await page.locator("#run-token").fill("my bot")
        await page.locator("form button[type=submit]").click()
        await expect(page.locator("#error-token")).to_be_visible(timeout=TIMEOUT_MS)
        # A token that Telegram does not know: the account is there, and says what to do.
        await page.locator("details.own-id summary").click()
        await page.locator("#run-apiBase").fill(f"{bot_api}/nothing-here")
        await page.locator("#run-token").fill("123456:AAtest")
        await page.locator("form button[type=submit]").click()
        await expect(page.locator(".health.bad .sentence")).to_be_visible(timeout=TIMEOUT_MS)
        assert await wrong_with(page) == []
        # Whoever closes the page goes on where it was.
        await page.reload()
        await expect(page.locator("#run-name")).to_be_visible(timeout=TIMEOUT_MS)
        await expect(page.locator(".things li")).to_have_count(1)

        # A further shop by a further link: its id must be its own, and the link survives the mistake.
        again = command(empty.folder, "first-run", "--json", "--port", str(empty.port))
        again.start()
        assert await asyncio.to_thread(again.wait_end, 60) == 0
        second = await begun(json.loads(again.log)["url"])
        await expect(second.locator("#run-shopId")).to_be_visible(timeout=TIMEOUT_MS)
        await second.locator("#run-shopId").fill("shop-2")
        await second.locator("form button[type=submit]").click()
        await expect(second.locator("#run-origins")).to_be_visible(timeout=TIMEOUT_MS)


async def test_a_first_run_that_stops_half_way_goes_on_after_a_reload(empty: Running, open_page: OpenPage) -> None:
    page = await open_page(await printed_link(empty))

    async def make() -> None:
        await page.locator("#field-name").fill("Shop")
        await page.locator("#run-owner").fill("Sara")
        await page.locator("form button[type=submit]").click()

    await page.route("**/agents/*", lambda route: route.abort())
    await make()
    await expect(page.locator("[role=alert]")).to_be_visible(timeout=TIMEOUT_MS)
    await page.unroute("**/agents/*")
    await page.reload()
    await make()
    await expect(page.locator("#run-origins")).to_be_visible(timeout=TIMEOUT_MS)
