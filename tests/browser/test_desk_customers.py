"""One customer on two channels at the desk: a lead finds and joins them, reads one timeline and parts them, and open pages follow."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from services.platform.http.standard_webhooks import signed_headers
from tests.browser.axe import wrong_with
from tests.browser.desk import TIMEOUT_MS, open_desk, row_of, write
from tests.browser.pages import OpenPage, picture
from tests.live.installation import Running, Shop

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS1zaG9wLWZvci10ZXN0cy0wMQ=="
QUESTION = "where is my parcel"
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "found": "1 found",
        "ask": "Make one customer of 2 accounts?",
        "back": "It can be undone at any time",
        "joined": "They are one customer now.",
        "everybody": "Leave at least one account with the customer.",
        "good": "This is for good",
        "parted": "They are parted.",
        "alone": "Joined with nobody.",
    },
    "fa": {
        "found": "۱ مورد",
        "ask": "از ۲ حساب یک مشتری ساخته شود؟",
        "back": "هر زمان می‌توان آن را برگرداند",
        "joined": "اکنون یک مشتری‌اند.",
        "everybody": "دست‌کم یک حساب باید با مشتری بماند.",
        "good": "این همیشگی است",
        "parted": "جدا شدند.",
        "alone": "با هیچ حسابی یکی نشده است.",
    },
}


OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def open_own_channel(shop: Shop, account: str = "phone") -> None:
    """The channel `api`, by which the shop's own system passes on what customers write there."""
    own = {"secret": SECRET, "callback_url": "https://shop.example/replies"}
    await shop.put(f"/accounts/api/{account}", {"credentials": own})


async def call(shop: Shop, text: str, account: str = "phone", **person: Any) -> None:
    """A message through the shop's own system, from somebody whose telephone it knows."""
    identities = [{"kind": "phone", "value": "+371 2000 0001", "proven": True}]
    person["identities"] = identities
    item = {"id": str(uuid4()), "type": "message", "person": person, "surface": "private", "text": text}
    content = json.dumps(item).encode()
    headers = {**signed_headers([SECRET], str(uuid4()), datetime.now(UTC), content), "authorization": ""}
    answer = await shop.client.post(f"/webhooks/api/{shop.workspace}/{account}", content=content, headers=headers)
    assert answer.status_code == 200, answer.text


async def open_conversation(page: Page, name: str) -> None:
    await row_of(page, name).click()
    await expect(page.locator("#panel")).to_be_attached(timeout=TIMEOUT_MS)


async def join(page: Page, words: dict[str, str]) -> None:
    """Find the other account by its number, and say yes. All of it by the keyboard."""
    await page.locator("#do-join").press("Enter")
    search = page.locator("#dialog-join input[type=search]")
    await expect(search).to_be_focused()
    await search.press_sequentially("2000-0001")
    await expect(page.locator("#dialog-join [role=status]")).to_have_text(words["found"], timeout=TIMEOUT_MS)
    assert await wrong_with(page, "#dialog-join") == []
    await page.locator("#dialog-join .found").press("Enter")
    dialog = page.locator("#dialog-join")
    await expect(dialog).to_contain_text(words["ask"])
    await expect(dialog).to_contain_text(words["back"])
    assert await wrong_with(page, "#dialog-join") == []
    await page.locator("#do-join-now").press("Enter")
    await expect(page.locator(".notices")).to_contain_text(words["joined"], timeout=TIMEOUT_MS)
    await expect(page.locator(".persons .person")).to_contain_text(["Sara Ahmadi"], timeout=TIMEOUT_MS)


async def read_timeline(page: Page) -> None:
    """The messages of both channels, the newest first."""
    await page.locator("#do-timeline").press("Enter")
    told = page.locator("#dialog-timeline .told")
    await expect(told).to_contain_text(["I call you too", QUESTION], timeout=TIMEOUT_MS)
    await expect(told.locator(".tag")).to_have_text(["API", "Telegram"])
    assert await wrong_with(page, "#dialog-timeline") == []
    await page.keyboard.press("Escape")
    await expect(page.locator("#do-timeline")).to_be_focused()


async def part(page: Page, words: dict[str, str]) -> None:
    """Not everybody can be parted; then the other account is."""
    await page.locator(".persons .person button").press("Enter")
    boxes = page.locator("#dialog-part input[type=checkbox]")
    await expect(boxes).to_have_count(2)
    await expect(page.locator("#dialog-part")).to_contain_text(words["good"])
    await page.locator("#dialog-part input:not(:checked)").press("Space")
    await page.locator("#do-part-now").press("Enter")
    await expect(page.locator("#dialog-part [role=alert]")).to_have_text(words["everybody"])
    assert await wrong_with(page, "#dialog-part") == []
    await page.locator("#dialog-part input[value^=telegram]").press("Space")
    await page.locator("#do-part-now").press("Enter")
    await expect(page.locator(".notices")).to_contain_text(words["parted"], timeout=TIMEOUT_MS)
    await expect(page.locator("#panel")).to_contain_text(words["alone"], timeout=TIMEOUT_MS)
    # The button that opened the dialog is gone: the focus has a place all the same.
    await expect(page.locator("#persons-title")).to_be_focused()


@pytest.mark.parametrize("locale", ["en", "fa"])
async def test_a_lead_joins_reads_and_parts_and_a_colleague_sees_it(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop, locale: str
) -> None:
    shop, words = desk_shop, WORDS[locale]
    await open_own_channel(shop)
    await write(shop, 1, 501, QUESTION, "Neda")
    await call(shop, "I call you too", id="c1", name="Sara Ahmadi")
    dark: dict[str, Any] = {"scheme": "dark"} if locale == "fa" else {}
    page = await open_desk(open_page, desk_installation, shop, "lea", locale=locale, **dark)
    await page.goto(f"{desk_installation.url}/desk/v/team")
    await open_conversation(page, "Neda")
    colleague = await open_desk(open_page, desk_installation, shop, "sara")
    await open_conversation(colleague, "Sara Ahmadi")
    await expect(colleague.locator("#do-join")).to_have_count(0)

    await join(page, words)
    await expect(page.locator("#panel .plain-list a")).to_have_count(1)
    assert await wrong_with(page, "#panel") == []
    await picture(page, f"desk-customer-{locale}")
    # The colleague's page, which shows the other person, follows by its stream.
    await expect(colleague.locator("#panel .persons .person")).to_contain_text(["Neda"], timeout=TIMEOUT_MS)
    await expect(colleague.locator("#panel .persons button")).to_have_count(0)
    await read_timeline(page)
    await part(page, words)
    await expect(colleague.locator("#panel")).to_contain_text("Joined with nobody.", timeout=TIMEOUT_MS)
    await expect(colleague.locator("#panel .persons")).to_contain_text("Telegram (501)")


async def test_on_a_phone_a_lead_sees_why_persons_are_one_and_what_contradicts_itself(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    shop = desk_shop
    for account in ("phone", "kiosk"):
        await open_own_channel(shop, account)
    page = await open_desk(open_page, desk_installation, shop, "lea", size="small phone")
    await call(shop, "here is Sara", id="c1", name="Sara")
    await page.goto(f"{desk_installation.url}/desk/v/team")
    await row_of(page, "Sara").click()
    await page.locator("#do-panel").click()
    panel = page.locator("#panel")
    await expect(panel).to_contain_text("Joined with nobody.", timeout=TIMEOUT_MS)
    # What follows changes the panel that is open.
    await call(shop, "here is Sara, too", "kiosk", id="k1", name="Sara at the kiosk")
    await expect(panel).to_contain_text("The same telephone number as", timeout=TIMEOUT_MS)
    await call(shop, "I have her telephone now", id="c2", name="Omid")
    await expect(panel).to_contain_text("people share such a thing", timeout=TIMEOUT_MS)
    await expect(panel.get_by_role("heading", name="Not joined")).to_be_visible()
    assert await wrong_with(page, "#panel") == []
    assert await page.evaluate(OVERFLOW) == 0
    await panel.get_by_role("button", name="Join…", exact=True).first.click()
    dialog = page.locator("#dialog-join")
    await expect(dialog).to_contain_text("Make one customer of 3 accounts?", timeout=TIMEOUT_MS)
    await expect(dialog).to_contain_text("Omid")
    assert await page.evaluate(OVERFLOW) == 0
    await page.locator("#do-join-now").click()
    await expect(panel.get_by_role("heading", name="Not joined")).to_have_count(0, timeout=TIMEOUT_MS)
    await expect(panel.locator(".persons .person")).to_have_count(2)
