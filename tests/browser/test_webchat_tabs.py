"""The chat over tabs, changes of page and old browsers; when nobody answers; and for everybody's hands and ears."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.axe import wrong_with
from tests.browser.loop import loop_fixture
from tests.browser.pages import OpenPage, Size, picture
from tests.browser.test_webchat import PHRASES, TIMEOUT_MS, answer, installation, page_of_shop, shop, write
from tests.live.installation import Running, Shop

__all__ = ["installation", "page_of_shop", "shop"]
WITHOUT_LOCKS = "Object.defineProperty(Navigator.prototype, 'locks', {value: undefined})"
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OWN = ".message.mine:not(.waiting) .bubble"


async def conversations(shop: Shop) -> dict[str, list[str]]:
    """What customers wrote in the chat, by person."""
    found: dict[str, list[str]] = {}
    for one in await shop.items("/conversations", channel="webchat"):
        said = await shop.items(f"/conversations/{one['id']}/messages")
        found.setdefault(one["person"], []).extend(m["text"] for m in said if m["direction"] == "inbound")
    return found


async def saying(shop: Shop, *texts: str) -> list[tuple[str, list[str]]]:
    """Persons who said any of these, with those of them that they said."""
    everything = await conversations(shop)
    found = {person: [text for text in said if text in texts] for person, said in everything.items()}
    return [(person, said) for person, said in found.items() if said]


async def tab(page: Page, url: str) -> Page:
    """Another tab of the same browser."""
    other = await page.context.new_page()
    await other.goto(url)
    return other


@loop_fixture
async def closed(shop: Shop) -> AsyncIterator[datetime]:
    """The shop opens in two days; ends with the shop open as before."""
    opens = (datetime.now(UTC) + timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0)
    day = EVERY_DAY[opens.weekday()]
    languages = {"name": "Shop", "languages": list(PHRASES)}
    await shop.put("", {**languages, "calendar": {"timezone": "UTC", "hours": {day: [["09:00", "17:00"]]}}})
    await _until_shown(shop, is_open=False)
    yield opens
    await shop.put("", languages)
    await _until_shown(shop, is_open=True)


async def _until_shown(shop: Shop, *, is_open: bool) -> None:
    """Wait until visitors read the new opening hours: the configuration is cached for a second."""
    async with asyncio.timeout(10):
        while (await shop.client.get("/webchat/shop/main/status")).json()["open"] != is_open:  # noqa: ASYNC110 - it is cached for a moment
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("locks", [True, False])
async def test_tabs_opened_before_the_first_word_share_one_visitor(
    open_page: OpenPage, page_of_shop: str, shop: Shop, locks: bool
) -> None:
    first = await open_page(page_of_shop)
    if not locks:
        await first.context.add_init_script(WITHOUT_LOCKS)
        await first.reload()
    second, third = await tab(first, page_of_shop), await tab(first, page_of_shop)
    pages, texts = (first, second, third), [f"from tab {n} {locks}" for n in range(3)]
    for page in pages:
        await page.locator(".launcher").click()
    await asyncio.gather(*(write(page, text) for page, text in zip(pages, texts, strict=True)))
    for page in pages:
        await expect(page.locator(OWN)).to_have_count(3, timeout=TIMEOUT_MS)
    [(_, said)] = await saying(shop, *texts)
    assert sorted(said) == texts


async def test_a_tab_that_does_not_see_yet_what_another_wrote_joins_its_visitor(
    open_page: OpenPage, page_of_shop: str, shop: Shop
) -> None:
    first = await open_page(page_of_shop)
    second = await first.context.new_page()
    # As where another process of the browser wrote it: what this tab did not write itself is not there yet.
    await second.add_init_script(
        """const [get, set, own] = [Storage.prototype.getItem, Storage.prototype.setItem, new Set()];
           Storage.prototype.setItem = function (key, value) { own.add(key); return set.call(this, key, value); };
           Storage.prototype.getItem = function (key) {
             return key.endsWith("/session") && !own.has(key) ? null : get.call(this, key);
           };"""
    )
    await second.goto(page_of_shop)
    texts = ["late one", "late two"]
    for page, text in zip((first, second), texts, strict=True):
        await page.locator(".launcher").click()
        await write(page, text)
        await expect(page.locator(OWN, has_text=text)).to_have_count(1, timeout=TIMEOUT_MS)
    [(_, said)] = await saying(shop, *texts)
    assert said == texts


@pytest.mark.parametrize("locks", [True, False])
async def test_what_waits_to_be_sent_is_sent_once_whatever_tabs_and_reloads_there_are(
    open_page: OpenPage, page_of_shop: str, shop: Shop, locks: bool
) -> None:
    page = await open_page(page_of_shop)
    if not locks:
        await page.context.add_init_script(WITHOUT_LOCKS)
        await page.reload()
    blocked = True

    async def lost(route: Route) -> None:
        await (route.abort() if blocked else route.continue_())

    await page.context.route(re.compile(r"/webchat/shop/main/(sessions|messages|stream)"), lost)
    await page.locator(".launcher").click()
    texts = [f"waits {locks}", f"waits too {locks}"]
    for text in texts:
        await write(page, text)
    await expect(page.locator(".message.waiting")).to_have_count(2)
    others = [await tab(page, page_of_shop) for _ in range(2)]
    await page.reload()
    blocked = False
    for one in (page, *others):
        await one.evaluate("dispatchEvent(new Event('online'))")
    for one in (page, *others):
        await expect(one.locator(".message.mine:not(.waiting)")).to_have_count(2, timeout=40_000)
        assert await one.locator(".mine .bubble").all_text_contents() == texts
    assert [said for _, said in await saying(shop, *texts)] == [texts]


async def test_unread_answers_survive_a_change_of_page_and_those_that_came_meanwhile_are_counted(
    open_page: OpenPage, page_of_shop: str, shop: Shop
) -> None:
    page = await open_page(page_of_shop)
    await page.locator(".launcher").click()
    await write(page, "Anybody there?")
    await expect(page.locator(OWN)).to_have_count(1, timeout=TIMEOUT_MS)
    await page.keyboard.press("Escape")
    await answer(shop, "One")
    await expect(page.locator(".badge")).to_have_text("1", timeout=TIMEOUT_MS)
    await page.goto("about:blank")
    await answer(shop, "Two")
    await page.goto(f"{page_of_shop}/fa")
    await expect(page.locator(".badge")).to_have_text("۲", timeout=TIMEOUT_MS)
    other = await tab(page, page_of_shop)
    await expect(other.locator(".badge")).to_have_text("2", timeout=TIMEOUT_MS)
    await page.locator(".launcher").click()
    await expect(page.locator(".badge")).to_be_hidden()
    await expect(other.locator(".badge")).to_be_hidden()
    await page.reload()
    await expect(page.locator(".message:not(.mine)")).to_have_count(2, timeout=TIMEOUT_MS)
    await expect(page.locator(".badge")).to_be_hidden()


async def test_the_draft_and_the_open_panel_stay_over_a_change_of_page(open_page: OpenPage, page_of_shop: str) -> None:
    page = await open_page(page_of_shop)
    await page.locator(".launcher").click()
    await page.get_by_role("textbox", name="Your message").fill("I was about to say")
    await page.goto(f"{page_of_shop}/en?another=page")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Your message")).to_have_value("I was about to say")
    await page.get_by_role("button", name="Close chat").click()
    await page.reload()
    await expect(page.get_by_role("button", name="Open chat")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_be_hidden()


async def test_links_can_be_followed_and_addresses_and_numbers_keep_their_direction(
    open_page: OpenPage, page_of_shop: str, shop: Shop
) -> None:
    page = await open_page(f"{page_of_shop}/fa")
    await page.locator(".launcher").click()
    await write(page, "سلام")
    await expect(page.locator(OWN)).to_have_count(1, timeout=TIMEOUT_MS)
    text = "ببینید https://shop.example/a?b=1). یا javascript:alert(1) شماره +98 21 8888 7777 و help@shop.example \u202eمعکوس"
    await answer(shop, text)
    bubble = page.locator(".message:not(.mine) .bubble")
    await expect(bubble).to_contain_text("معکوس", timeout=TIMEOUT_MS)
    assert await bubble.evaluate(
        "node => [...node.querySelectorAll('a')].map(a => [a.getAttribute('href'), a.dir, a.rel])"
    ) == [
        ["https://shop.example/a?b=1", "ltr", "noopener noreferrer nofollow ugc"],
        ["mailto:help@shop.example", "ltr", "noopener noreferrer nofollow ugc"],
    ]
    assert await bubble.locator("bdi").text_content() == "+98 21 8888 7777"
    assert await bubble.get_attribute("lang") == "fa"
    assert "\u202e" not in (await bubble.text_content() or "")
    await expect(page.locator(".day")).to_have_text("امروز")


async def test_a_name_that_turns_the_text_around_turns_nothing(
    open_page: OpenPage, page_of_shop: str, shop: Shop
) -> None:
    page = await open_page(page_of_shop)
    await page.route(re.compile(r"/webchat/shop/main/messages\?"), _named("\u202eevil\u2066"))
    await page.locator(".launcher").click()
    await write(page, "Hello")
    await expect(page.locator(".who").first).to_have_text("evil", timeout=TIMEOUT_MS)
    assert await page.locator(".who").first.evaluate("node => getComputedStyle(node).unicodeBidi") == "isolate"
    await expect(page.locator(".who").nth(1)).to_have_text("Support")


def _named(name: str) -> Callable[[Route], Awaitable[None]]:
    """Answers of the list of messages, as if agents of such names had written."""

    async def answered(route: Route) -> None:
        items: list[dict[str, object]] = [
            {
                "id": f"made-{number}",
                "conversation": "c",
                "direction": "outbound",
                "surface": "private",
                "channel": "webchat",
                "author": {"kind": "agent", "id": "a", "name": called},
                "text": "Hello",
                "masked": [],
                "attachments": [],
                "received_at": f"2026-01-01T00:00:0{number}.000000Z",
                "platform_id": None,
            }
            for number, called in enumerate((name, "\u3164\u200b"))
        ]
        await route.fulfill(json={"items": items, "next": None}, headers={"access-control-allow-origin": "*"})

    return answered


@pytest.mark.parametrize(("language", "size"), [("en", "phone"), ("fa", "desktop"), ("ar", "phone"), ("lv", "desktop")])
async def test_a_closed_shop_says_when_it_opens_and_takes_an_address(
    open_page: OpenPage, page_of_shop: str, shop: Shop, closed: datetime, language: str, size: Size
) -> None:
    page = await open_page(f"{page_of_shop}/{language}", size=size)
    await page.locator(".launcher").click()
    weekday = await page.evaluate(
        "([at, language]) => new Intl.DateTimeFormat(language, {weekday: 'long'}).format(new Date(at))",
        [closed.isoformat(), language],
    )
    await expect(page.locator(".said")).to_contain_text(weekday, timeout=TIMEOUT_MS)
    await write(page, PHRASES[language][0])
    await expect(page.locator(OWN)).to_have_count(1, timeout=TIMEOUT_MS)
    await page.locator("#mail").fill("neda@")
    await page.locator(".leave").click()
    await expect(page.locator(".wrong")).not_to_be_empty()
    await picture(page, f"webchat-closed-{language}-{size}", whole=False)
    address = f"neda-{language}@example.com"
    await page.locator("#mail").fill(address)
    await page.locator("#mail").press("Enter")
    await expect(page.locator(".thanks")).to_contain_text(address, timeout=TIMEOUT_MS)
    assert await wrong_with(page) == []
    newest = (await shop.get("/conversations", channel="webchat", limit="1"))["items"][0]
    async with asyncio.timeout(10):
        while (await shop.get(f"/persons/{newest['person']}"))["email"] != address:  # noqa: ASYNC110 - another process decides it
            await asyncio.sleep(0.05)
    await page.reload()
    await expect(page.locator(".thanks")).to_contain_text(address, timeout=TIMEOUT_MS)
    await expect(page.locator(".mail")).to_be_hidden()


async def test_an_open_shop_without_anybody_online_says_so_and_stops_when_somebody_is(
    open_page: OpenPage, page_of_shop: str, shop: Shop
) -> None:
    await shop.put("/agents/sara/presence", {"status": "offline"})
    page = await open_page(page_of_shop)
    async with asyncio.timeout(10):
        while (await shop.client.get("/webchat/shop/main/status")).json()["online"]:  # noqa: ASYNC110 - it is remembered for a moment
            await asyncio.sleep(0.1)
    await page.locator(".launcher").click()
    await expect(page.locator(".said")).to_contain_text("Nobody is online", timeout=TIMEOUT_MS)
    await shop.put("/agents/sara/presence", {"status": "online"})
    async with asyncio.timeout(10):
        while not (await shop.client.get("/webchat/shop/main/status")).json()["online"]:  # noqa: ASYNC110 - it is remembered for a moment
            await asyncio.sleep(0.1)
    await page.keyboard.press("Escape")
    await page.locator(".launcher").click()
    await expect(page.locator(".reach")).to_be_hidden(timeout=TIMEOUT_MS)


@pytest.mark.parametrize("status", [429, 503])
async def test_who_is_told_to_wait_hears_a_sentence_and_the_message_is_sent_later(
    open_page: OpenPage, page_of_shop: str, shop: Shop, status: int
) -> None:
    page = await open_page(page_of_shop)
    full = True

    async def answered(route: Route) -> None:
        if full:
            headers = {"retry-after": "1", "access-control-allow-origin": "*"}
            await route.fulfill(status=status, json={"status": status}, headers=headers)
        else:
            await route.continue_()

    await page.route("**/webchat/shop/main/sessions", answered)
    await page.locator(".launcher").click()
    await write(page, f"Is it full {status}?")
    await expect(page.locator(".notice")).to_contain_text("Yours is kept", timeout=TIMEOUT_MS)
    await expect(page.locator(".message.waiting .bubble")).to_have_text(f"Is it full {status}?")
    full = False
    await expect(page.locator(OWN)).to_have_text(f"Is it full {status}?", timeout=TIMEOUT_MS)
    assert len(await saying(shop, f"Is it full {status}?")) == 1


OLD = {
    "no shadow roots": "delete Element.prototype.attachShadow",
    "no modules": "delete HTMLScriptElement.prototype.noModule",
    "no streams": "delete window.ReadableStream",
}


@pytest.mark.parametrize("missing", OLD)
async def test_a_browser_that_is_too_old_gets_a_link_to_the_plain_form(
    open_page: OpenPage, page_of_shop: str, shop: Shop, missing: str
) -> None:
    page = await open_page("about:blank")
    await page.context.add_init_script(OLD[missing])
    await page.goto(f"{page_of_shop}/fa")
    link = page.get_by_role("link", name="گفتگو با ما")
    await expect(link).to_be_visible(timeout=TIMEOUT_MS)
    async with page.context.expect_page() as opened:
        await link.click()
    form = await opened.value
    text = f"سلام {missing}"
    await form.get_by_label("پیام شما").fill(text)
    await form.get_by_role("button").click()
    await expect(form.locator("li.mine .text")).to_have_text(text, timeout=TIMEOUT_MS)
    assert await form.evaluate("document.documentElement.dir") == "rtl"
    assert await wrong_with(form) == []


async def test_a_browser_that_takes_no_styles_from_scripts_shows_the_chat_as_well(
    open_page: OpenPage, page_of_shop: str
) -> None:
    page = await open_page("about:blank")
    # As Safari before 16.4, and before 14 for the other two.
    await page.context.add_init_script(
        "delete Document.prototype.adoptedStyleSheets; delete ShadowRoot.prototype.adoptedStyleSheets;"
        "window.CSSStyleSheet = undefined; delete HTMLFormElement.prototype.requestSubmit;"
        "delete MediaQueryList.prototype.addEventListener; delete MediaQueryList.prototype.removeEventListener;"
        "Object.setPrototypeOf(MediaQueryList.prototype, Object.prototype);"
    )
    await page.goto(page_of_shop)
    await page.locator(".launcher").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await expect(page.locator(".launcher")).to_have_css("border-radius", "50%", timeout=TIMEOUT_MS)
    await write(page, "From an older browser")
    await expect(page.locator(OWN)).to_have_text("From an older browser", timeout=TIMEOUT_MS)


async def test_our_own_page_works_without_any_script(
    browser: Browser, installation: Running, page_of_shop: str, shop: Shop
) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="lv")
    page = await context.new_page()
    await page.goto(f"{installation.url}/webchat/shop/main")
    await page.wait_for_url("**/plain")
    await page.locator("#text").fill("Sveiki bez skripta")
    await page.get_by_role("button").click()
    await expect(page.locator("li.mine .text")).to_have_text("Sveiki bez skripta", timeout=TIMEOUT_MS)
    await answer(shop, "Labdien!")
    await page.get_by_role("button").click()
    await expect(page.locator("li.theirs .text")).to_have_text("Labdien!", timeout=TIMEOUT_MS)
    await context.close()


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("fa", "dark"), ("ar", "light"), ("lv", "dark")])
async def test_nothing_keeps_anybody_out_of_the_chat(
    open_page: OpenPage, page_of_shop: str, shop: Shop, language: str, scheme: str
) -> None:
    page = await open_page(f"{page_of_shop}/{language}", scheme=scheme)
    await expect(page.locator(".launcher")).to_be_visible()
    assert await wrong_with(page) == []
    await page.locator(".launcher").click()
    await write(page, PHRASES[language][0])
    await expect(page.locator(OWN)).to_have_count(1, timeout=TIMEOUT_MS)
    await answer(shop, f"{PHRASES[language][1]} https://shop.example +371 2000 0000")
    await expect(page.locator(".message:not(.mine)")).to_have_count(1, timeout=TIMEOUT_MS)
    assert await wrong_with(page) == []


async def test_nothing_keeps_anybody_out_of_our_own_page(
    open_page: OpenPage, installation: Running, page_of_shop: str
) -> None:
    page = await open_page(f"{installation.url}/webchat/shop/main?lang=fa")
    await expect(page.get_by_role("textbox")).to_be_visible()
    assert await wrong_with(page) == []
