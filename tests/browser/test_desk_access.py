"""The desk for everybody: without a mouse, by a screen reader's names, in each language and direction, on a small phone.

Numbers in names are those of the acceptance tests of the desk.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.axe import wrong_with
from tests.browser.desk import TIMEOUT_MS, offline, open_desk, row_of, write
from tests.browser.pages import OpenPage, Size, picture
from tests.live.installation import Running, Shop

QUESTIONS = {
    "Neda": "سلام، سفارش #12-8845 من هنوز نرسیده. شمارهٔ من 0912-345-6789 است.",
    "Omar": "مرحبا، أين طلبي؟ رقم الطلب AB-1234",
    "Ilze": "Labdien! Kur ir mans pasūtījums? https://shop.example/orders/77",
    "Emma": "Hello, where is my order?\nI have been waiting for a week.",
}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
RIGHT_TO_LEFT = (
    "سفارش #12-8845 کجاست؟",
    "شماره من 0912-345-6789 است",
    "به neda@shop.example بنویسید",
    "لینک https://shop.example/orders/77 باز نمی‌شود",
    "ساعت 12:30 تا 14:00 خانه‌ام",
    "مدل iPhone 15 Pro دارید؟",
    "قیمت 250,000 تومان است",
    "کد AB-1234-X را بزنید.",
    "(مهم) سفارش INV/2026/17",
    "تخفیف 50% بود",
    "A1 و B2 و C3 کدام است؟",
    "سایز XL (42) نه، M (38)",
    "کارت به نام NEDA A. است",
    "v2.10.3 نصب شد",
    "رمز WiFi چیست؟ :)",
    "ارسال با DHL: 1Z-999-AA1",
    "از 1404/05/12 تا 1404/06/01",
    "دمای -5° تا +12°",
    "چرا «Order failed» می‌آید؟",
    "أين طلبي رقم AB-1234؟",
    "رقمي +98 21 5555 1234 للتواصل",
    "الموعد 2026-11-28 الساعة 10:15",
    "اكتب إلى omar@shop.example رجاءً",
    "السعر 99.90 EUR فقط",
    "هل عندكم PlayStation 5؟",
    "اسم المستخدم «abc-123» أليس كذلك؟",
    "المقاس 38/40 أو M",
    "الرابط: https://shop.example/a?b=1",
    "رقم الشحنة RR123456789LV.",
    "خصم 10% على iPad",
)
"""Lines whose own words are of scripts from right to left: numbers, codes and links do not decide."""
LEFT_TO_RIGHT = (
    "Order #12-8845 از تهران",
    "Hello سارا, thanks",
    "My name is ندا (Neda)",
    "The site says سفارش ثبت شد and then nothing",
    "URL: https://shop.example/a",
    "Labdien, es esmu ندا, pasūtījums AB-1",
    "Call +371 2000 0000 please",
    "He wrote «مرحبا» at 10:15",
    "Size M/L? شکرا!",
    "OK 👍 ممنون",
)
MIXED = (*RIGHT_TO_LEFT, *LEFT_TO_RIGHT)
ORDER = """() => [...document.querySelectorAll('.message.inbound .said p')].map(paragraph => {
  // Where each character stands on the screen, from left to right, line by line.
  const places = [];
  const walk = node => {
    if (node.nodeType !== Node.TEXT_NODE) return node.childNodes.forEach(walk);
    for (let at = 0; at < node.length; at += 1) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      const box = range.getBoundingClientRect();
      if (box.width) places.push([Math.round(box.top / 4), box.left, node.data[at]]);
    }
  };
  walk(paragraph);
  return {text: paragraph.textContent, rtl: getComputedStyle(paragraph).direction === 'rtl' || paragraph.matches(':dir(rtl)'),
    shown: places.sort((one, other) => one[0] - other[0] || one[1] - other[1]).map(([, , letter]) => letter).join('')};
})"""


async def filled(shop: Shop) -> None:
    for number, (name, text) in enumerate(QUESTIONS.items(), 1):
        await write(shop, number, number, text, name)
    policy = {"id": "all", "when": {}, "targets": {"first_response_seconds": 3600, "resolution_seconds": 86400}}
    await shop.put("/sla", {"policies": [policy]})
    # What is given to Reza by hand comes to him, and nothing else.
    await shop.put("/agents/reza/presence", {"status": "away"})


async def press_until(page: Page, key: str, wanted: Callable[[], Locator]) -> None:
    """Press a key until something has the focus."""
    for _ in range(60):
        if await wanted().evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"{key} does not come to {wanted()}")


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [
        ("fa", "light", "desktop"),
        ("fa", "dark", "small phone"),
        ("en", "dark", "desktop"),
        ("en", "light", "small phone"),
    ],
)
async def test_38_axe_finds_nothing_in_any_view(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop, language: str, scheme: str, size: Size
) -> None:
    await filled(desk_shop)
    page = await open_desk(open_page, desk_installation, desk_shop, "lea", locale=language, size=size, scheme=scheme)
    found: dict[str, list[str]] = {}

    async def look(view: str) -> None:
        found[view] = await wrong_with(page)
        assert await page.evaluate(OVERFLOW) <= 0, view
        await picture(page, f"desk-{view}-{language}-{size.replace(' ', '-')}-{scheme}", whole=False)

    await expect(page.locator(".empty").first).to_be_visible(timeout=TIMEOUT_MS)
    await look("nothing")
    await page.locator("a[href='/desk/v/team']").click()
    await expect(page.locator(".row")).to_have_count(4, timeout=TIMEOUT_MS)
    await look("list")
    await page.locator("#search").fill("nobody")
    await expect(page.locator(".list .empty")).to_be_visible(timeout=TIMEOUT_MS)
    await look("search")
    await page.locator("#search").fill("")
    await row_of(page, "Neda").click()
    await expect(page.locator(".message")).to_have_count(1, timeout=TIMEOUT_MS)
    await expect(page.locator("textarea").first).to_be_visible(timeout=TIMEOUT_MS)
    await look("conversation")
    if await page.locator("#do-panel").is_visible():
        await page.locator("#do-panel").click()
        await look("panel")
        await page.locator("#panel .drawer-only button").click()
    for dialog in ("snooze", "transfer", "take-over"):
        await page.locator(f"#do-{dialog}").click()
        await expect(page.locator("dialog[open]")).to_be_visible()
        await look(dialog)
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog[open]")).to_have_count(0)
    if await page.locator(".head .back").is_visible():
        await page.locator(".head .back").click()
    await page.locator("header.top button[aria-haspopup=dialog]").last.click()
    await expect(page.locator("dialog[open]")).to_be_visible()
    await look("settings")
    await page.keyboard.press("Escape")
    await page.locator("a[href='/desk/team']").click()
    await expect(page.locator("#team tbody tr").first).to_be_visible(timeout=TIMEOUT_MS)
    await look("team")
    async with offline(page):
        await expect(page.locator(".banner.warm")).to_be_visible(timeout=TIMEOUT_MS)
        await look("offline")
    await page.context.clear_cookies()
    await page.reload()
    await expect(page.locator("dialog[open] input[name=key]")).to_be_visible(timeout=TIMEOUT_MS)
    await look("sign-in")
    assert {view: wrong for view, wrong in found.items() if wrong} == {}


async def test_38_a_day_without_a_mouse(open_page: OpenPage, desk_installation: Running, desk_shop: Shop) -> None:
    await filled(desk_shop)
    page = await open_desk(open_page, desk_installation, desk_shop)
    await expect(page.locator(".row")).to_have_count(4, timeout=TIMEOUT_MS)
    # The first stop of all leads past the bars.
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await page.keyboard.press("Enter")
    await press_until(page, "Tab", lambda: row_of(page, "Neda"))
    await page.keyboard.press("j")
    await expect(row_of(page, "Omar")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Omar")).to_be_focused(timeout=TIMEOUT_MS)
    # Answer.
    await expect(page.locator("textarea").first).to_be_visible(timeout=TIMEOUT_MS)
    await page.keyboard.press("r")
    await expect(page.locator("textarea").first).to_be_focused()
    await page.keyboard.type("It is on its way: j, k, e and r are letters here.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("article", name=re.compile("You.* answered"))).to_be_visible(timeout=TIMEOUT_MS)
    # Transfer with a note, by the buttons.
    await press_until(page, "Shift+Tab", lambda: page.get_by_role("button", name="Transfer"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox", name="To")).to_be_visible()
    await press_until(page, "Tab", lambda: page.get_by_role("combobox", name="To"))
    await page.keyboard.type("Reza")
    await press_until(page, "Tab", lambda: page.get_by_role("textbox", name="Note for whoever gets it"))
    await page.keyboard.type("He asks for the second time.")
    await press_until(page, "Tab", lambda: page.locator("dialog").get_by_role("button", name="Transfer"))
    await page.keyboard.press("Enter")
    await expect(page.locator(".standing b")).to_contain_text("Reza", timeout=TIMEOUT_MS)
    # Another one: snooze, wake, resolve with what speaks against it, and take that back.
    await page.keyboard.press("/")
    await press_until(page, "Shift+Tab", lambda: row_of(page, "Emma"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Emma")).to_be_focused(timeout=TIMEOUT_MS)
    await page.keyboard.press("s")
    await expect(page.get_by_role("dialog", name="Snooze")).to_be_visible()
    await press_until(page, "Tab", lambda: page.get_by_role("button", name="In one hour"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="End the snooze")).to_be_visible(timeout=TIMEOUT_MS)
    await press_until(page, "Tab", lambda: page.get_by_role("button", name="End the snooze"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Snooze")).to_be_visible(timeout=TIMEOUT_MS)
    await page.locator("#conversation-title").focus()
    await page.keyboard.press("e")
    await expect(page.get_by_role("dialog", name="Resolve?")).to_contain_text("waits for an answer")
    await press_until(page, "Tab", lambda: page.get_by_role("button", name="Resolve anyway"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#undo")).to_be_visible(timeout=TIMEOUT_MS)
    await press_until(page, "Shift+Tab", lambda: page.locator("#undo"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#undo")).to_have_count(0)
    await expect(page.locator(".standing b")).to_contain_text("needs your answer")


async def test_24_mixed_words_stand_in_their_order(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    for number, text in enumerate(MIXED, 1):
        await write(desk_shop, number, 1, text, "Neda")
    for language, size in (("fa", "desktop"), ("en", "desktop"), ("ar", "small phone")):
        page = await open_desk(open_page, desk_installation, desk_shop, locale=language, size=size)
        await row_of(page, "Neda").click()
        await expect(page.locator(".message.inbound")).to_have_count(len(MIXED), timeout=TIMEOUT_MS)
        shown: list[dict[str, Any]] = await page.evaluate(ORDER)
        assert [one["text"] for one in shown] == list(MIXED)
        for one in shown:
            assert one["rtl"] == (one["text"] in RIGHT_TO_LEFT), one
            # What is of Latin letters and digits stands from left to right, whatever is around it.
            for run in re.findall(r"[#+A-Za-z0-9][\w@.,:/#%+-]*[A-Za-z0-9%]", one["text"], re.ASCII):
                assert run.replace(" ", "") in one["shown"].replace(" ", ""), (run, one)
        assert await page.evaluate(OVERFLOW) <= 0
        await picture(page, f"desk-mixed-{language}-{size.replace(' ', '-')}", whole=False)
        await page.close()


async def test_26_a_phone_with_its_keyboard_up_does_for_everything(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await filled(desk_shop)
    page = await open_desk(open_page, desk_installation, desk_shop, size="small phone")
    await row_of(page, "Emma").tap()
    box = page.locator("textarea").first
    await expect(box).to_be_visible(timeout=TIMEOUT_MS)
    await box.tap()
    # The keyboard takes what it takes.
    await page.set_viewport_size({"width": 360, "height": 300})
    await page.keyboard.type("It comes tomorrow.")
    await expect(box).to_be_in_viewport(ratio=1)
    await expect(page.locator(".message").last).to_be_in_viewport()
    send = page.get_by_role("button", name="Send", exact=True)
    await expect(send).to_be_in_viewport(ratio=1)
    await picture(page, "desk-phone-keyboard", whole=False)
    await send.tap()
    await expect(page.locator(".message.outbound")).to_contain_text("It comes tomorrow.", timeout=TIMEOUT_MS)
    # The keyboard stays: the field has the focus still.
    await expect(box).to_be_focused()
    await page.get_by_role("button", name="Note", exact=True).tap()
    note = page.locator("textarea").first
    await note.tap()
    await page.keyboard.type("She is in a hurry.")
    save = page.get_by_role("button", name="Save note")
    await expect(save).to_be_in_viewport(ratio=1)
    await save.tap()
    await expect(page.locator(".message.note")).to_contain_text("She is in a hurry.", timeout=TIMEOUT_MS)
    await page.set_viewport_size({"width": 360, "height": 640})
    await page.locator("#do-transfer").tap()
    await page.locator("dialog select").select_option("agent:reza")
    await page.locator("dialog button[type=submit]").tap()
    await expect(page.locator(".standing b")).to_contain_text("Reza", timeout=TIMEOUT_MS)
    await page.locator(".head .back").tap()
    await row_of(page, "Ilze").tap()
    await page.locator("#do-resolve").tap()
    await page.get_by_role("button", name="Resolve anyway").tap()
    await expect(page.locator("#undo")).to_be_visible()
    for control in await page.locator("button:visible, select:visible, .row:visible").all():
        size = await control.bounding_box()
        assert size is not None
        assert size["height"] >= 44, await control.inner_text()
