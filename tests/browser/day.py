"""A day of three at the desk: their pages, what they do there, and what came of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import ConsoleMessage, Locator, Page, expect

from tests.browser.desk import TIMEOUT_MS
from tests.browser.writing import WritingShop, box_of, eventually, open_conversation

PATIENCE = 60.0
UNREAD = {"unread_return_seconds": None}
"""A hundred at once are not looked at within two minutes."""
TO_THE_END = """() => {
  const list = document.querySelector('#rows');
  list.scrollTop = list.scrollHeight;
  const last = [...list.querySelectorAll('.rows > li')].at(-1);
  return {more: list.querySelectorAll('.more').length, last: last ? [last.ariaPosInSet, last.ariaSetSize] : null};
}"""
"""Scrolls the list to its end: whether there is more to read, and which of how many the last row is."""


@dataclass
class Day:
    """The shop, the three pages, and what was answered: text → the customer's number."""

    here: WritingShop
    sara: Page
    reza: Page
    lea: Page
    answers: dict[str, int] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    excused: str | None = None

    @property
    def pages(self) -> dict[str, Page]:
        return {"sara": self.sara, "reza": self.reza, "lea": self.lea}

    def listen(self, agent: str, page: Page) -> None:
        """Take down what the page's console says as an error, but for what a step excuses."""

        def heard(said: ConsoleMessage) -> None:
            if said.type == "error" and not (self.excused and self.excused in said.text):
                self.complaints.append(f"{agent}: {said.text} {said.location.get('url', '')}")

        page.on("console", heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{agent}: {error}"))

    async def settings(self, **settings: Any) -> None:
        body = {"name": "Shop", "languages": ["en", "fa", "ar", "lv"], "settings": {**UNREAD, **settings}}
        await self.here.shop.put("", body)

    async def conversation(self, customer: int) -> dict[str, Any] | None:
        found = await self.here.shop.items("/conversations", person=f"telegram:main:{customer}")
        return found[0] if found else None

    async def rows(self, view: str, agent: str) -> list[dict[str, Any]]:
        """Every row of a view."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.here.shop.get("/inbox", view=view, agent=agent, sort="waiting", limit="100", **cursor)
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    async def unanswered(self, agent: str) -> int:
        """The number of a customer who waits for this agent's answer."""
        row = next(one for one in await self.rows("mine", agent) if one["unanswered_since"])
        return number_of(row)

    async def answer(self, agent: str, customer: int, text: str) -> None:
        """Answer from the composer, and see it go."""
        page = self.pages[agent]
        await self.open(agent, customer)
        await box_of(page).fill(text)
        await box_of(page).press("Enter")
        self.answers[text] = customer
        await expect(page.locator(".message.outbound", has_text=text)).to_be_visible(timeout=TIMEOUT_MS)
        await self.here.went_out(text)

    async def open(self, agent: str, customer: int) -> None:
        """Find a customer by the search, as one does among two hundred, and open the conversation."""
        page = self.pages[agent]
        await page.locator("#search").fill(name_of(customer))
        await open_conversation(page, name_of(customer))
        await page.locator("#search").fill("")


def name_of(customer: int) -> str:
    return f"Customer {customer}"


def number_of(case: dict[str, Any]) -> int:
    return int(case["person"].rpartition(":")[2])


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    await eventually(look, PATIENCE)


# -- what a page shows ---------------------------------------------------------------------------------------------------


async def offered_to(day: Day, customer: int, agents: set[str]) -> str:
    """Whom of `agents` the conversation of this customer is offered to now."""

    async def look() -> str | None:
        case = await day.conversation(customer)
        asked = (case or {}).get("offer")
        return asked["agent"] if asked and asked["agent"] in agents else None

    return await eventually(look, PATIENCE)


def offer_in(page: Page, customer: int) -> Locator:
    return page.locator(".offer", has=page.get_by_text(name_of(customer), exact=True))


def count_of(page: Page, view: str) -> Locator:
    """How many conversations the page says that a view has."""
    return page.locator(f".views a[href='/desk/v/{view}'] .count")


async def scroll_to_end(page: Page, length: int) -> None:
    """Scroll the list until its last row is the one of this number, of so many."""
    seen: Any = None
    async with asyncio.timeout(PATIENCE):
        while seen != {"more": 0, "last": [str(length)] * 2 if length else None}:
            seen = await page.evaluate(TO_THE_END)
            await asyncio.sleep(0.1)
