"""The frame of the desk in a real browser: signing in, languages, tabs, and what is there without a network."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.desk import TIMEOUT_MS, open_desk, row_of, sign_in_link, until, write
from tests.browser.pages import OpenPage
from tests.live.installation import Running, Shop

STREAMS = "() => performance.getEntriesByType('resource').filter(one => one.name.includes('/inbox/stream')).length"
QUIET = "performance.now() - Math.max(...performance.getEntriesByType('resource').map(one => one.responseEnd)) > 2000"
"""Nothing has been loaded for two seconds."""


async def test_one_signs_in_by_a_key_and_is_told_of_a_wrong_one(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    body = {"name": "Sara's desk", "workspace": desk_shop.workspace, "agent": "sara", "scopes": ["desk"]}
    key = (await desk_shop.client.post("/v1/keys", json=body)).json()["secret"]
    page = await open_page(f"{desk_installation.url}/desk")
    field = page.get_by_label("Your key")
    await expect(field).to_be_focused(timeout=TIMEOUT_MS)
    await field.fill("not a key")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("not known", timeout=TIMEOUT_MS)
    await field.fill(f"  {key} ")
    await page.keyboard.press("Enter")
    await expect(page.locator(".connection .live")).to_be_visible(timeout=TIMEOUT_MS)
    await expect(page.locator("header.top")).to_contain_text("Sara")
    await page.reload()
    await expect(page.locator(".connection .live")).to_be_visible(timeout=TIMEOUT_MS)


async def test_a_link_works_once_and_leaves_nothing_in_the_address(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    link = await sign_in_link(desk_shop)
    page = await open_page(f"{desk_installation.url}{link}")
    await expect(page.locator(".connection .live")).to_be_visible(timeout=TIMEOUT_MS)
    assert "#" not in page.url
    other = await open_page(f"{desk_installation.url}{link}")
    await expect(other.get_by_role("alert")).to_contain_text("has been used", timeout=TIMEOUT_MS)
    assert "#" not in other.url


async def test_what_an_issuer_answered_is_said(open_page: OpenPage, desk_installation: Running) -> None:
    page = await open_page(f"{desk_installation.url}/desk#sign-in-error=no_agent", locale="fa")
    await expect(page.get_by_role("alert")).to_contain_text("کارشناسی", timeout=TIMEOUT_MS)


async def test_it_signs_out_and_leaves_nobody_behind(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    page = await open_desk(open_page, desk_installation, desk_shop)
    await page.locator("header.top button[aria-haspopup=dialog]").last.click()
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("dialog", name="Sign out").get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Your key")).to_be_visible(timeout=TIMEOUT_MS)
    assert await page.context.cookies() == []


async def test_another_language_is_spoken_at_once_and_kept(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await write(desk_shop, 1, 1, "Hello", "Neda")
    page = await open_desk(open_page, desk_installation, desk_shop)
    await row_of(page, "Neda").click()
    await expect(page.locator(".event").first).to_contain_text("Assigned", timeout=TIMEOUT_MS)
    await page.locator("header.top button[aria-haspopup=dialog]").last.click()
    await page.get_by_role("combobox", name="Language").select_option("ar")
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await page.keyboard.press("Escape")
    # Sentences of the server too.
    await expect(page.locator(".event").first).to_contain_text(re.compile("[\u0600-\u06ff]"), timeout=TIMEOUT_MS)
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "ar", timeout=TIMEOUT_MS)


async def test_tabs_share_one_stream_and_outlive_each_other(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    first = await open_desk(open_page, desk_installation, desk_shop)
    await write(desk_shop, 1, 1, "Hello", "Neda")
    await expect(row_of(first, "Neda")).to_be_visible(timeout=TIMEOUT_MS)
    second = await first.context.new_page()
    await second.goto(f"{desk_installation.url}/desk")
    await expect(row_of(second, "Neda")).to_be_visible(timeout=TIMEOUT_MS)
    await write(desk_shop, 2, 2, "Hello", "Omar")
    await expect(row_of(second, "Omar")).to_be_visible(timeout=TIMEOUT_MS)
    await expect(second.locator(".connection .live")).to_be_visible(timeout=TIMEOUT_MS)
    assert [await first.evaluate(STREAMS), await second.evaluate(STREAMS)] == [0, 0] or await second.evaluate(
        STREAMS
    ) == 0
    await first.close()
    await write(desk_shop, 3, 3, "Hello", "Ilze")
    await expect(row_of(second, "Ilze")).to_be_visible(timeout=TIMEOUT_MS)


async def test_addresses_lead_back(open_page: OpenPage, desk_installation: Running, desk_shop: Shop) -> None:
    await write(desk_shop, 1, 1, "Hello", "Neda")
    page = await open_desk(open_page, desk_installation, desk_shop, size="small phone")
    await row_of(page, "Neda").click()
    await expect(page.locator("#conversation-title")).to_have_text("Neda", timeout=TIMEOUT_MS)
    assert "/desk/c/" in page.url
    address = page.url
    await page.go_back()
    await expect(row_of(page, "Neda")).to_be_visible(timeout=TIMEOUT_MS)
    await page.goto(address)
    await expect(page.locator(".message")).to_have_count(1, timeout=TIMEOUT_MS)
    await page.goto(f"{desk_installation.url}/desk/c/not-there")
    await expect(page.locator("#thread")).to_contain_text("is not there", timeout=TIMEOUT_MS)


async def test_without_a_network_the_page_is_there_and_waits(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    page = await open_desk(open_page, desk_installation, desk_shop)
    await until(page, "navigator.serviceWorker.controller !== null")
    manifest = await page.evaluate("fetch('/desk/desk.webmanifest').then(answer => answer.json())")
    assert (manifest["start_url"], manifest["display"]) == ("/desk", "standalone")
    # What came before the worker is kept from the second visit on.
    await page.reload()
    await expect(page.locator(".connection .live")).to_be_visible(timeout=TIMEOUT_MS)
    await page.context.set_offline(True)
    await page.reload()
    await expect(page.get_by_role("status")).to_contain_text("does not answer", timeout=TIMEOUT_MS)
    await page.context.set_offline(False)
    await expect(page.locator(".connection .live")).to_be_visible(timeout=TIMEOUT_MS)


@pytest.mark.parametrize("language", ["en", "fa", "ar", "lv"])
async def test_little_is_loaded_before_a_conversation_is_opened(
    browser: Browser, desk_installation: Running, desk_shop: Shop, language: str
) -> None:
    await write(desk_shop, 1, 1, "Hello", "Neda")
    # What comes through the worker is counted without compression: here it stays out of the way.
    context = await browser.new_context(locale=language, service_workers="block")
    page = await context.new_page()
    await page.goto(f"{desk_installation.url}{await sign_in_link(desk_shop)}")
    await expect(row_of(page, "Neda")).to_be_visible(timeout=TIMEOUT_MS)
    await expect(page.locator("#bell")).to_be_visible(timeout=TIMEOUT_MS)
    await until(page, QUIET)
    # The worker's own file counts too.
    await page.evaluate("fetch('/desk/sw.js').then(answer => answer.text())")
    sizes = await _sizes(page)
    assert all(sizes.values()), sizes
    assert sum(sizes.values()) <= 60_000, sizes
    opened = {"/desk/conversation.js", "/desk/thread.js", "/desk/writing/writing.js"}
    assert opened.isdisjoint(sizes)
    await row_of(page, "Neda").click()
    await expect(page.locator("textarea[data-draft]").first).to_be_visible(timeout=TIMEOUT_MS)
    assert opened <= set(await _sizes(page))
    await context.close()


async def _sizes(page: Page) -> dict[str, int]:
    """The files of the page that it has loaded: path to bytes of the body as it was sent."""
    entries = await page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map(one => [one.name, one.encodedBodySize])"
    )
    return {urlsplit(url).path: size for url, size in entries if urlsplit(url).path.startswith("/desk")}
