"""The built-in page `/ops` over a real installation: what it shows, in which language, on what screen, by keyboard."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.axe import wrong_with
from tests.browser.loop import loop_fixture
from tests.browser.pages import OpenPage, Size, picture
from tests.live.dead_letter_fixtures import set_aside
from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, shop_at, telegram, up, update_of
from tests.live_servers.server import free_ports

AGENTS = {"sara": {"lang:fa": 5}, "omar": {"lang:ar": 5}, "ilze": {"lang:lv": 5}, "emma": {"lang:en": 5}}
QUESTIONS = (
    "سلام، سفارش من هنوز نرسیده است. لطفاً بگویید کجاست؟",
    "مرحبا، أين طلبي؟ لم يصل حتى الآن وأنا أنتظر منذ أسبوع.",
    "Labdien! Kur ir mans pasūtījums? Es gaidu jau veselu nedēļu.",
    "Hello, where is my order? I have been waiting for a week.",
)
FRENCH = "Bonjour, où est ma commande ? J'attends depuis une semaine."
TIMEOUT_MS = 40_000
PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


@pytest.fixture(scope="module")
def stand_in_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, stand_in_port: int) -> Iterator[Running]:
    running = up(tmp_path_factory.mktemp("ops"), **allowing(stand_in_port))
    set_aside(running.folder / "data", "letter-one", "letter-two")
    running.start()
    running.wait_ready()
    yield running
    running.stop()


@pytest.fixture
def key(installation: Running) -> str:
    return (installation.folder / "data" / "admin.key").read_text().strip()


@loop_fixture
async def shop(installation: Running, key: str, stand_in_port: int) -> AsyncIterator[Shop]:
    """A workspace with four conversations that agents have and one that waits; made once."""
    async with shop_at(installation.url, key) as shop, telegram(stand_in_port) as (_, url):
        # Rules that are written again are applied to whoever waits: only the first test makes the shop.
        policy = {"id": "all", "targets": {"first_response_seconds": 60}}
        if (await shop.client.get("/v1/workspaces/shop")).status_code == 404:
            await shop.open_with(url, AGENTS, capacity=4, first_response_seconds=60)
            await shop.put("/teams/french", {"name": "Équipe"})
            rules = [
                {"when": {"language": ["en", "fa", "ar", "lv"]}, "then": {"skills": {"lang:{language}": 2}}},
                {"when": {}, "then": {"team": "french", "skills": {"lang:fr": 1}}},
            ]
            await shop.put("/routing", {"rules": rules})
            for chat, text in enumerate([*QUESTIONS, FRENCH], start=100):
                assert (await shop.post(update_of(chat, chat, text))).status_code == 200
        await shop.put("/sla", {"policies": [policy]})
        async with asyncio.timeout(60):
            while len([c for c in await shop.items("/conversations") if c["agent"]]) < len(QUESTIONS):  # noqa: ASYNC110 - another process decides it
                await asyncio.sleep(0.05)
        yield shop


async def enter(page: Page, key: str) -> None:
    """Sign in by keyboard alone, and wait for the first figures."""
    await page.locator("#key").focus()
    await page.keyboard.type(key)
    await page.keyboard.press("Enter")
    await expect(page.locator("#conversations tbody tr")).not_to_have_count(0, timeout=TIMEOUT_MS)
    await expect(page.locator("#agents tbody tr")).to_have_count(len(AGENTS), timeout=TIMEOUT_MS)
    await expect(page.locator("#connection .live")).to_be_visible(timeout=TIMEOUT_MS)


async def tile(page: Page, name: str) -> str:
    """The figure of a tile."""
    return await page.locator(".tile", has=page.get_by_text(name, exact=True)).locator("dd").inner_text()


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize(
    ("language", "scheme", "words"),
    [
        ("fa", "light", ("اکنون", "در صف", "نزد کارشناس", "آنلاین", "نخستین پاسخ")),
        ("en", "dark", ("Now", "Waiting", "With an agent", "Online", "First response")),
        ("ar", "dark", ("الآن", "في الانتظار", "لدى موظف", "متصل", "أول رد")),
        ("lv", "light", ("Pašlaik", "Gaida", "Pie darbinieka", "Tiešsaistē", "Pirmā atbilde")),
    ],
)
async def test_it_shows_the_shop_in_each_language_on_each_screen(
    installation: Running,
    shop: Shop,
    key: str,
    open_page: OpenPage,
    language: str,
    scheme: str,
    words: tuple[str, ...],
    size: Size,
) -> None:
    page = await open_page(f"{installation.url}/ops", locale=language, size=size, scheme=scheme)
    await enter(page, key)
    assert await page.locator("html").get_attribute("dir") == ("rtl" if language in ("fa", "ar") else "ltr")
    assert await page.locator("html").get_attribute("lang") == language
    for word in (*words[:4],):
        await expect(page.get_by_text(word, exact=True).first).to_be_attached()
    await expect(page.locator("#conversations .sentence", has_text="sara").first).to_be_attached(timeout=TIMEOUT_MS)
    await expect(page.locator("#waiting tbody tr", has_text="Équipe")).to_have_count(1)
    overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    await picture(page, f"ops-{language}-{size}-{scheme}")
    assert overflow <= 0
    waiting = len(await shop.items("/conversations", status="waiting"))
    figure = str(waiting).translate(PERSIAN_DIGITS) if language == "fa" else str(waiting)
    if language in ("fa", "en", "lv"):
        assert await tile(page, words[1]) == figure


async def test_what_happens_is_shown_without_reloading(
    installation: Running, shop: Shop, key: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{installation.url}/ops")
    await enter(page, key)
    before = int(await tile(page, "Waiting for the customer"))
    [mine] = [c for c in await shop.items("/conversations", agent="emma") if c["status"] == "assigned"][:1]
    assert (await shop.reply(mine["id"], "emma", "It is on its way.")).status_code == 201
    await expect(
        page.locator(".tile", has=page.get_by_text("Waiting for the customer", exact=True)).locator("dd")
    ).to_have_text(str(before + 1), timeout=TIMEOUT_MS)


async def test_the_ledger_of_each_account_says_what_became_of_what_came_in(
    installation: Running, shop: Shop, key: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{installation.url}/ops")
    await enter(page, key)
    row = page.locator("#ledgers tbody tr", has_text="telegram/main")
    await expect(row.locator("[data-label='Came in']")).not_to_have_text("0", timeout=TIMEOUT_MS)
    came_in, stored, fresh = [
        int(await row.locator(f"[data-label='{name}']").inner_text()) for name in ("Came in", "Stored", "New")
    ]
    assert came_in >= stored >= fresh >= len(QUESTIONS)
    await expect(row.locator("[data-label='Balance']")).to_have_text("All accounted for")


async def test_a_clock_that_runs_out_is_at_risk_and_then_late(
    installation: Running, shop: Shop, key: str, open_page: OpenPage
) -> None:
    await shop.put("/sla", {"policies": [{"id": "quick", "targets": {"first_response_seconds": 3}}]})
    page = await open_page(f"{installation.url}/ops")
    await enter(page, key)
    await shop.post(update_of(900, 900, QUESTIONS[3]))
    await expect(page.locator("#clocks .soon, #clocks .late").first).to_be_visible(timeout=TIMEOUT_MS)
    await expect(page.locator("#clocks .late").first).to_contain_text("Late by", timeout=TIMEOUT_MS)
    await picture(page, "ops-en-desktop-late", whole=False)


async def test_conversations_are_filtered_by_status_and_words(
    installation: Running, shop: Shop, key: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{installation.url}/ops")
    await enter(page, key)
    rows = page.locator("#conversations tbody tr")
    await page.get_by_label("Status").select_option("waiting")
    await expect(rows.locator(".badge.assigned")).to_have_count(0)
    await expect(rows.first).to_contain_text("Équipe")
    await page.get_by_label("Status").select_option("")
    await page.get_by_label("Search").fill("sara")
    await expect(rows.filter(has_text="sara")).not_to_have_count(0)
    await expect(rows.filter(has_text="omar")).to_have_count(0)


async def test_a_dead_letter_is_dropped_only_after_a_second_press(
    installation: Running, shop: Shop, key: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{installation.url}/ops")
    await enter(page, key)
    row = page.locator("#letters tbody tr", has_text="letter-two")
    await row.get_by_role("button", name="Drop").focus()
    await page.keyboard.press("Enter")
    await expect(row.get_by_role("button", name="Really drop?")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(row).to_have_count(0, timeout=TIMEOUT_MS)
    await expect(page.locator("#letters tbody tr", has_text="letter-one")).to_have_count(1)


async def test_the_language_is_changed_and_kept_and_numbers_follow_it(
    installation: Running, shop: Shop, key: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{installation.url}/ops", locale="en")
    await enter(page, key)
    await page.get_by_label("Language").select_option("fa")
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await expect(page.locator("#agents tbody")).to_contain_text("از ۴")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "fa")
    await expect(page.locator("#agents tbody tr")).to_have_count(len(AGENTS), timeout=TIMEOUT_MS)


async def test_a_wrong_key_is_refused_in_words_and_is_not_kept(
    installation: Running, shop: Shop, open_page: OpenPage
) -> None:
    page = await open_page(f"{installation.url}/ops", locale="fa")
    await page.locator("#key").fill("no-such-key")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("این کلید شناخته نشد یا حذف شده است.")
    assert json.loads(await page.evaluate("JSON.stringify(sessionStorage)")).get("key") is None


async def test_a_reader_sees_everything_but_dead_letters(
    installation: Running, shop: Shop, open_page: OpenPage
) -> None:
    body = {"name": "looks on", "workspace": shop.workspace, "scopes": ["read"]}
    made = (await shop.client.post("/v1/keys", json=body)).json()
    page = await open_page(f"{installation.url}/ops")
    await enter(page, made["secret"])
    await expect(page.locator("#letters")).to_contain_text("scope admin", timeout=TIMEOUT_MS)
    await shop.client.delete(f"/v1/keys/{made['id']}")
    await expect(page.locator("#enter")).to_be_visible(timeout=TIMEOUT_MS)


async def test_everything_is_reached_by_keyboard_and_has_a_name(
    installation: Running, shop: Shop, key: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{installation.url}/ops")
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await enter(page, key)
    await page.locator(".skip").focus()
    missing = {"workspace", "language", "leave", "by-status", "by-team", "by-text"}
    # The page is live: a table that is drawn anew takes the focus out of its row, and the way begins again.
    for _ in range(40):
        await page.keyboard.press("Tab")
        missing.discard(await page.evaluate("document.activeElement.id"))
        if not missing:
            break
    assert not missing
    nameless = await page.evaluate(
        """[...document.querySelectorAll("select, input, button, meter, [role=img]")].filter((one) =>
             !one.labels?.length && !one.getAttribute("aria-label") && !one.textContent.trim()).length"""
    )
    assert nameless == 0
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


NARROW: ViewportSize = {"width": 360, "height": 740}


async def overflow_of(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    width: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return width


@pytest.mark.parametrize("language", ["fa", "en", "ar", "lv"])
async def test_signing_in_and_everything_behind_it_fit_360_pixels_and_keep_nobody_out(
    installation: Running, shop: Shop, key: str, open_page: OpenPage, language: str
) -> None:
    page = await open_page(f"{installation.url}/ops", locale=language, size="phone")
    await page.set_viewport_size(NARROW)
    await expect(page.locator("#key")).to_be_visible()
    assert await overflow_of(page) <= 0
    inside = await page.locator("#enter *").evaluate_all(
        "all => all.every(one => one.getBoundingClientRect().left >= 0 && one.getBoundingClientRect().right <= innerWidth)"
    )
    assert inside
    assert await wrong_with(page) == []
    await enter(page, key)
    assert await overflow_of(page) <= 0
    await picture(page, f"ops-{language}-360")
    assert await wrong_with(page) == []


async def test_figures_of_what_was_before_are_there_from_the_first_second(
    installation: Running, shop: Shop, key: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{installation.url}/ops")
    await enter(page, key)
    written = [
        m for c in await shop.items("/conversations") for m in await shop.items(f"/conversations/{c['id']}/messages")
    ]
    received = sum(1 for m in written if m["direction"] == "inbound")
    assert received >= len(QUESTIONS)
    assert int(await tile(page, "Messages in 5 minutes")) == received
    opened = len(await shop.items("/conversations"))
    await expect(page.locator("#volume p")).to_contain_text(f"{opened} in the last 30 minutes")


async def test_customers_have_names_and_whoever_waits_longest_stands_first(
    installation: Running, shop: Shop, key: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{installation.url}/ops")
    await enter(page, key)
    first = page.locator("#conversations tbody tr").first
    await expect(first).to_contain_text("Customer 104", timeout=TIMEOUT_MS)
    await expect(first.locator(".badge.waiting")).to_be_visible()
    await shop.post(update_of(950, 950, FRENCH))
    rows = page.locator("#conversations tbody tr", has=page.locator(".badge.waiting"))
    await expect(rows.nth(1)).to_contain_text("Customer 950", timeout=TIMEOUT_MS)
    await expect(rows.nth(0)).to_contain_text("Customer 104")


async def test_a_clock_at_risk_leads_to_its_conversation(
    installation: Running, shop: Shop, key: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{installation.url}/ops")
    await enter(page, key)
    await page.locator("#clocks a").first.click(timeout=TIMEOUT_MS)
    await expect(page.locator("#detail .said li").first).to_be_visible(timeout=TIMEOUT_MS)
    await expect(page.locator("#detail-title")).to_be_focused()
    assert await wrong_with(page) == []
    await page.reload()
    await expect(page.locator("#detail .said li").first).to_be_visible(timeout=TIMEOUT_MS)
    await page.get_by_role("button", name="Close").click()
    await expect(page.locator("#detail-card")).to_be_hidden()


async def test_names_that_turn_the_text_around_or_show_nothing_do_neither(
    installation: Running, shop: Shop, key: str, open_page: OpenPage
) -> None:
    update = update_of(960, 960, QUESTIONS[3])
    update["message"]["from"]["first_name"] = "\u202eecila\u2066"
    await shop.post(update)
    hidden = update_of(961, 961, QUESTIONS[3])
    hidden["message"]["from"]["first_name"] = "\u3164"
    await shop.post(hidden)
    page = await open_page(f"{installation.url}/ops")
    await enter(page, key)
    row = page.locator("#conversations tbody tr", has_text="telegram:main:960")
    await expect(row.locator(".name").first).to_have_text("ecila", timeout=TIMEOUT_MS)
    assert await row.locator(".name").first.evaluate("one => getComputedStyle(one).unicodeBidi") == "isolate"
    await expect(
        page.locator("#conversations tbody tr", has_text="telegram:main:961").locator(".name").first
    ).to_have_text("961")


async def test_a_revoked_key_is_out_within_a_second_and_a_half(
    installation: Running, shop: Shop, open_page: OpenPage
) -> None:
    body = {"name": "leaves", "workspace": shop.workspace, "scopes": ["read"]}
    made = (await shop.client.post("/v1/keys", json=body)).json()
    page = await open_page(f"{installation.url}/ops")
    await enter(page, made["secret"])
    loop = asyncio.get_running_loop()
    assert (await shop.client.delete(f"/v1/keys/{made['id']}")).status_code == 204
    revoked = loop.time()
    await expect(page.locator("#enter")).to_be_visible(timeout=TIMEOUT_MS)
    # A process knows of it within a second, the page asks as often; the rest is this machine's.
    assert loop.time() - revoked < 2.5
    await expect(page.get_by_role("alert")).to_contain_text("not known")
    assert await page.evaluate("sessionStorage.getItem('key')") is None
    await expect(page.locator("#board")).to_be_hidden()


async def test_old_figures_are_marked_while_the_server_is_away(
    installation: Running, shop: Shop, key: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{installation.url}/ops")
    await enter(page, key)
    await page.context.set_offline(True)
    await expect(page.locator("#stale")).to_contain_text("These figures are of", timeout=TIMEOUT_MS)
    assert float(await page.locator("#tiles").evaluate("one => getComputedStyle(one).opacity")) < 1
    await expect(page.locator("#connection .lost")).to_be_visible()
    await picture(page, "ops-en-desktop-stale", whole=False)
    await page.context.set_offline(False)
    await expect(page.locator("#stale")).to_be_hidden(timeout=TIMEOUT_MS)


async def test_an_empty_installation_says_what_to_do_next(tmp_path: Path, open_page: OpenPage) -> None:
    running = up(tmp_path, PASOKH_ADMIN_KEY=ADMIN_KEY)
    running.start()
    running.wait_ready()
    try:
        page = await open_page(f"{running.url}/ops", size="phone")
        await page.set_viewport_size(NARROW)
        await page.locator("#key").fill(ADMIN_KEY)
        await page.keyboard.press("Enter")
        steps = page.locator("#setup li")
        await expect(steps).to_contain_text(["There is no workspace yet"], timeout=TIMEOUT_MS)
        assert await overflow_of(page) <= 0
        async with shop_at(running.url, ADMIN_KEY) as shop:
            await shop.put("", {"name": "Shop", "languages": ["en"]})
            await expect(steps).to_contain_text(["No account is connected", "There is no agent"], timeout=TIMEOUT_MS)
            await picture(page, "ops-en-360-empty")
            credentials = {"bot_token": "7000001:AAtest", "secret_token": "a-secret-of-the-webhook"}
            await shop.put("/accounts/telegram/main", {"credentials": credentials})
            await shop.put("/agents/sara", {"name": "Sara", "teams": ["default"]})
            await expect(steps).to_contain_text(["No agent is online"], timeout=TIMEOUT_MS)
            await shop.put("/agents/sara/presence", {"status": "online"})
            await expect(page.locator("#setup-card")).to_be_hidden(timeout=TIMEOUT_MS)
            await shop.put("/routing", {"rules": [{"when": {}, "then": {"skills": {"lang:{language}": 2}}}]})
            await expect(steps.first).to_contain_text("A rule that nobody can meet", timeout=TIMEOUT_MS)
    finally:
        running.stop()
