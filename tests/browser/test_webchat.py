"""The chat of a web page in a real browser: what a visitor sees, by keyboard and screen reader, in four languages."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Page, expect
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from services.demo.serving import serving
from tests.browser.axe import wrong_with
from tests.browser.loop import loop_fixture
from tests.browser.pages import OpenPage, Size, picture
from tests.live.installation import ADMIN_KEY, Running, Shop, shop_at, up

TIMEOUT_MS = 15_000
MOST = 3_000_000
"""Bytes of the largest file that a visitor may send here."""
PHRASES = {
    "en": ("Hello, where is my order?", "Good morning! Your parcel left our warehouse today."),
    "fa": ("سلام، سفارش من کجاست؟", "سلام! بستهٔ شما امروز فرستاده شد."),
    "ar": ("مرحبا، أين طلبي؟", "أهلا بك! تم إرسال طلبك اليوم."),
    "lv": ("Labdien! Kur ir mans pasūtījums?", "Labdien! Sūtījums šodien ir izsūtīts."),
}
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SCRIPT = b"<!doctype html><script>window.wasRun = true</script>"
TITLES = {"en": "Chat with us", "fa": "گفتگو با ما", "ar": "تحدّث معنا", "lv": "Tērzējiet ar mums"}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = up(tmp_path_factory.mktemp("webchat"), PASOKH_ADMIN_KEY=ADMIN_KEY, PASOKH_FILE_BYTES=str(MOST))
    running.start()
    running.wait_ready()
    yield running
    running.stop()


@loop_fixture
async def shop(installation: Running) -> AsyncIterator[Shop]:
    async with shop_at(installation.url, ADMIN_KEY, "shop") as shop:
        await shop.put("", {"name": "Shop", "languages": list(PHRASES)})
        await shop.put("/agents/sara", {"name": "Sara", "teams": ["default"], "capacity": 1000})
        await shop.put("/agents/sara/presence", {"status": "online"})
        yield shop


@loop_fixture
async def page_of_shop(installation: Running, shop: Shop) -> AsyncIterator[str]:
    """A page of the shop, of another origin, that embeds the chat."""
    async with AsyncExitStack() as stack:

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            language = scope["path"].strip("/") or "en"
            source = f"{installation.url}/webchat/pasokh-chat.js"
            script = f'<script src="{source}" data-workspace="shop" data-account="main" async></script>'
            text = f'<!doctype html><html lang="{language}"><title>Shop</title><main><h1>Shop</h1><a href="#">Buy</a></main>{script}'
            await HTMLResponse(text)(scope, receive, send)

        url = await stack.enter_async_context(serving(app))
        credentials = {"identity_secret": "a-secret-of-the-shop", "allowed_origins": [url]}
        await shop.put("/accounts/webchat/main", {"credentials": credentials})
        yield url


async def answer(shop: Shop, text: str) -> None:
    """An agent answers the newest conversation."""
    for _ in range(100):
        newest = (await shop.get("/conversations", channel="webchat", limit="1"))["items"]
        if newest and newest[0]["agent"]:
            body = {"agent": newest[0]["agent"], "text": text}
            path = f"/v1/workspaces/shop/conversations/{newest[0]['id']}/replies"
            given = await shop.client.post(path, json=body)
            assert given.status_code == 201, given.text
            return
        await asyncio.sleep(0.1)
    raise TimeoutError("no agent")


async def write(page: Page, text: str) -> None:
    box = page.locator("textarea")
    await box.fill(text)
    await box.press("Enter")


@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [("en", "desktop", "light"), ("fa", "phone", "light"), ("ar", "desktop", "dark"), ("lv", "phone", "dark")],
)
async def test_a_visitor_writes_and_hears_the_answer_in_their_language(
    open_page: OpenPage, page_of_shop: str, shop: Shop, language: str, size: Size, scheme: str
) -> None:
    page = await open_page(f"{page_of_shop}/{language}", size=size, scheme=scheme)
    await page.locator(".launcher").click()
    panel = page.get_by_role("dialog", name=TITLES[language])
    await expect(panel).to_be_visible()
    assert await panel.evaluate("node => getComputedStyle(node).direction") == ("rtl" if language in "fa ar" else "ltr")
    question, reply = PHRASES[language]
    await write(page, question)
    await expect(page.locator(".message.mine:not(.waiting) .bubble")).to_have_text(question, timeout=TIMEOUT_MS)
    await answer(shop, reply)
    await expect(page.locator(".message:not(.mine) .bubble")).to_have_text(reply, timeout=TIMEOUT_MS)
    await expect(page.locator(".heard[role=status]")).to_contain_text(reply)
    overflows = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not overflows
    await picture(page, f"webchat-{language}-{size}-{scheme}", whole=False)


async def test_the_keyboard_is_enough_and_stays_in_the_panel(open_page: OpenPage, page_of_shop: str) -> None:
    page = await open_page(page_of_shop)
    launcher = page.get_by_role("button", name="Open chat")
    await launcher.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Your message")).to_be_focused()
    focused = "document.getElementById('pasokh-chat').shadowRoot.activeElement?.closest('.panel') !== null"
    for _ in range(9):
        await page.keyboard.press("Tab")
        assert await page.evaluate(focused)
    await page.keyboard.press("Shift+Tab")
    assert await page.evaluate(focused)
    await page.keyboard.press("Escape")
    await expect(launcher).to_be_focused()
    await expect(page.locator(".panel")).to_be_hidden()


async def test_what_is_written_without_a_connection_arrives_once_and_in_order(
    open_page: OpenPage, page_of_shop: str, shop: Shop
) -> None:
    page = await open_page(page_of_shop)
    await page.locator(".launcher").click()
    await write(page, "before")
    await expect(page.locator(".message.mine:not(.waiting)")).to_have_count(1, timeout=TIMEOUT_MS)
    await page.context.set_offline(True)
    await write(page, "one")
    await write(page, "two")
    await expect(page.locator(".notice")).to_contain_text("No connection")
    await expect(page.locator(".message.waiting")).to_have_count(2)
    await page.context.set_offline(False)
    await expect(page.locator(".message.mine:not(.waiting)")).to_have_count(3, timeout=TIMEOUT_MS)
    assert await page.locator(".mine .bubble").all_text_contents() == ["before", "one", "two"]
    await page.reload()
    await page.locator(".launcher").click()
    await expect(page.locator(".mine .bubble")).to_have_text(["before", "one", "two"], timeout=TIMEOUT_MS)


async def test_an_answer_to_a_closed_panel_is_counted(open_page: OpenPage, page_of_shop: str, shop: Shop) -> None:
    page = await open_page(page_of_shop)
    await page.locator(".launcher").click()
    await write(page, "Hello")
    await expect(page.locator(".message.mine:not(.waiting)")).to_have_count(1, timeout=TIMEOUT_MS)
    await page.keyboard.press("Escape")
    await answer(shop, "Yes?")
    await expect(page.get_by_role("button", name="Open chat. unread messages: 1")).to_be_visible(timeout=TIMEOUT_MS)


async def test_an_answer_lost_with_the_server_comes_when_it_is_back(
    open_page: OpenPage, page_of_shop: str, shop: Shop, installation: Running
) -> None:
    page = await open_page(page_of_shop)
    await page.locator(".launcher").click()
    await write(page, "Hello")
    await expect(page.locator(".message.mine:not(.waiting)")).to_have_count(1, timeout=TIMEOUT_MS)
    installation.kill()
    await write(page, "Are you there?")
    await expect(page.locator(".notice")).to_contain_text("No connection", timeout=TIMEOUT_MS)
    installation.start()
    installation.wait_ready()
    await answer(shop, "I am back")
    # The visitor's second message waits for the next try to connect: it comes before the answer or after it.
    await expect(page.locator(".bubble")).to_have_count(3, timeout=40_000)
    await expect(page.locator(".message.waiting")).to_have_count(0, timeout=40_000)
    first, *others = await page.locator(".bubble").all_text_contents()
    assert (first, sorted(others)) == ("Hello", ["Are you there?", "I am back"])


async def test_markup_in_a_message_stays_text(open_page: OpenPage, page_of_shop: str) -> None:
    page = await open_page(page_of_shop)
    await page.locator(".launcher").click()
    hostile = "<img src=x onerror=alert(1)><b>bold</b>"
    await write(page, hostile)
    await expect(page.locator(".message.mine:not(.waiting) .bubble")).to_have_text(hostile, timeout=TIMEOUT_MS)
    assert await page.locator(".bubble *").count() == 0


@pytest.mark.parametrize(("language", "size"), [("fa", "desktop"), ("en", "phone")])
async def test_our_own_page_is_the_chat(
    open_page: OpenPage, page_of_shop: str, shop: Shop, installation: Running, language: str, size: Size
) -> None:
    page = await open_page(f"{installation.url}/webchat/shop/main?lang={language}", size=size)
    await expect(page).to_have_title(TITLES[language])
    assert await page.evaluate("document.documentElement.dir") == ("rtl" if language == "fa" else "ltr")
    await write(page, PHRASES[language][0])
    await expect(page.locator(".message.mine:not(.waiting)")).to_have_count(1, timeout=TIMEOUT_MS)
    await answer(shop, PHRASES[language][1])
    await expect(page.locator(".message:not(.mine)")).to_have_count(1, timeout=TIMEOUT_MS)
    await picture(page, f"webchat-page-{language}-{size}", whole=False)


async def answer_with_files(shop: Shop, **files: bytes) -> None:
    """An agent answers the newest conversation with files, by name."""
    identities = []
    for name, content in files.items():
        named = {"content-disposition": f'attachment; filename="{name.replace("_", ".")}"'}
        made = await shop.client.post("/v1/workspaces/shop/attachments", content=content, headers=named)
        assert made.status_code == 201, made.text
        identities.append(made.json()["id"])
    [newest] = (await shop.get("/conversations", channel="webchat", limit="1"))["items"]
    body = {"agent": newest["agent"], "text": "Here they are", "attachments": identities}
    given = await shop.client.post(f"/v1/workspaces/shop/conversations/{newest['id']}/replies", json=body)
    assert given.status_code == 201, given.text


async def test_files_go_both_ways_and_only_pictures_are_shown(
    open_page: OpenPage, page_of_shop: str, shop: Shop, tmp_path: Path
) -> None:
    page = await open_page(page_of_shop)
    await page.locator(".launcher").click()
    await page.locator("input[type=file]").set_input_files(
        [
            FilePayload(name="receipt.png", mimeType="image/png", buffer=DOT),
            FilePayload(name="terms.html", mimeType="text/html", buffer=SCRIPT),
        ]
    )
    await expect(page.locator(".files li")).to_have_count(2)
    await expect(page.get_by_text("Uploading…")).to_have_count(0, timeout=TIMEOUT_MS)
    await page.get_by_role("button", name="Remove receipt.png").click()
    await page.locator("input[type=file]").set_input_files(
        [FilePayload(name="receipt.png", mimeType="image/png", buffer=DOT)]
    )
    await expect(page.locator("form[aria-busy=false] .files li")).to_have_count(2, timeout=TIMEOUT_MS)
    await write(page, "My receipt")
    mine = page.locator(".message.mine:not(.waiting)")
    await expect(mine.locator("img[alt='receipt.png']")).to_be_visible(timeout=TIMEOUT_MS)
    # A page is never shown, only saved.
    await expect(mine.locator("img")).to_have_count(1)
    async with page.expect_download() as saving:
        await mine.get_by_role("button", name="terms.html").click()
    saved = await saving.value
    assert saved.suggested_filename == "terms.html"
    await saved.save_as(tmp_path / "terms")
    assert (tmp_path / "terms").read_bytes() == SCRIPT

    await answer(shop, "Thank you")
    await answer_with_files(shop, invoice_png=DOT, drawing_svg=b"<svg onload='document.title=1'/>")
    theirs = page.locator(".message:not(.mine)").last
    await expect(theirs.locator("img[alt='invoice.png']")).to_be_visible(timeout=TIMEOUT_MS)
    await expect(theirs.locator("img")).to_have_count(1)
    await expect(theirs.get_by_role("button", name="drawing.svg")).to_be_visible()
    assert await page.evaluate("window.wasRun === undefined && document.title") == "Shop"
    await picture(page, "webchat-files", whole=False)


async def test_a_file_that_is_too_large_says_so_and_can_be_removed(open_page: OpenPage, page_of_shop: str) -> None:
    page = await open_page(page_of_shop)
    await page.locator(".launcher").click()
    await page.locator("input[type=file]").set_input_files(
        [FilePayload(name="film.mp4", mimeType="video/mp4", buffer=bytes(MOST + 1))]
    )
    await expect(page.get_by_text("This file is too large: 3 MB at most.")).to_be_visible(timeout=TIMEOUT_MS)
    await page.get_by_role("button", name="Remove film.mp4").click()
    await expect(page.locator(".files li")).to_have_count(0)


FILE_PHRASES = {
    "en": (
        "Attach files",
        "This file is too large: 3 MB at most.",
        "One message takes 10 files; 2 were left out.",
        "Remove {name}",
    ),
    "fa": (
        "افزودن فایل",
        "این فایل بزرگ است؛ حداکثر ۳ مگابایت مجاز است.",
        "هر پیام ۱۰ فایل می‌پذیرد؛ ۲ فایل کنار گذاشته شد.",
        "برداشتن {name}",
    ),
}


@pytest.mark.parametrize("language", FILE_PHRASES)
async def test_a_visitor_with_a_small_phone_sends_and_gets_files(
    open_page: OpenPage, page_of_shop: str, shop: Shop, language: str
) -> None:
    attach, too_large, too_many, remove = FILE_PHRASES[language]
    page = await open_page(f"{page_of_shop}/{language}", locale=language, size="small phone")
    await page.locator(".launcher").click()
    await expect(page.get_by_role("button", name=attach)).to_be_visible()
    names = ["رسید خرید.png", "a-very-long-name-" + "of-an-invoice-" * 8 + ".pdf", "film.mp4", "page.html"]
    contents = [DOT, b"%PDF-1.7\n" + bytes(50_000), bytes(MOST + 1), SCRIPT]
    await page.locator("input[type=file]").set_input_files(
        [
            FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
            for name, content in zip(names, contents, strict=True)
        ]
    )
    await expect(page.get_by_text(too_large)).to_be_visible(timeout=TIMEOUT_MS)
    await expect(page.locator("form[aria-busy=false] .files li")).to_have_count(4, timeout=TIMEOUT_MS)
    assert await wrong_with(page) == []
    await picture(page, f"webchat-files-waiting-{language}", whole=False)
    await page.get_by_role("button", name=remove.format(name="film.mp4")).click()
    # Without a word: files alone are a message.
    await page.locator("button.send").click()
    mine = page.locator(".message.mine:not(.waiting)")
    await expect(mine.locator("img")).to_have_count(1, timeout=TIMEOUT_MS)
    await expect(mine.locator("button.file")).to_have_count(3)

    [newest] = (await shop.get("/conversations", channel="webchat", limit="1"))["items"]
    [inbound] = (await shop.get(f"/conversations/{newest['id']}/messages"))["items"]
    assert [file["name"] for file in inbound["attachments"]] == [names[0], names[1], names[3]]
    types = ["image/png", "application/pdf", "application/octet-stream"]
    assert [file["media_type"] for file in inbound["attachments"]] == types
    read = [(await shop.client.get(file["url"])).content for file in inbound["attachments"]]
    assert read == [contents[0], contents[1], contents[3]]

    await answer_with_files(shop, invoice_pdf=contents[1], map_png=DOT)
    theirs = page.locator(".message:not(.mine)").last
    await expect(theirs.locator("img[alt='map.png']")).to_be_visible(timeout=TIMEOUT_MS)
    await expect(theirs.get_by_role("button", name="invoice.pdf")).to_be_visible()
    assert await wrong_with(page) == []
    # Nothing is wider than the phone, whatever a file is called.
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await picture(page, f"webchat-files-small-{language}", whole=False)

    twelve = [FilePayload(name=f"{n}.png", mimeType="image/png", buffer=DOT) for n in range(12)]
    await page.locator("input[type=file]").set_input_files(twelve)
    await expect(page.get_by_text(too_many)).to_be_visible(timeout=TIMEOUT_MS)
    await expect(page.locator("form[aria-busy=false] .files li:has(.remove)")).to_have_count(10, timeout=TIMEOUT_MS)
    assert await wrong_with(page) == []
    await picture(page, f"webchat-files-many-{language}", whole=False)
    await page.get_by_role("button", name=remove.format(name="3.png")).click()
    await expect(page.get_by_text(too_many)).to_have_count(0)
