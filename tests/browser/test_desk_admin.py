"""The set-up of the shop in a real browser: what owners do with it, in four languages, on a desktop and on a small phone."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import wrong_with
from tests.browser.desk import TIMEOUT_MS, sign_in_link
from tests.browser.loop import loop_fixture
from tests.browser.pages import OpenPage, Size, picture
from tests.live.installation import ADMIN_KEY, Running, Shop, shop_at, up

pytestmark = pytest.mark.timeout(300)

SECTIONS = (
    *("", "/agents", "/agents/sara", "/agents/+", "/teams", "/teams/vip", "/accounts", "/accounts/+"),
    *("/accounts/+email", "/accounts/webchat/main", "/routing", "/sla", "/hours", "/canned", "/canned/hello"),
    *("/keys", "/keys/+", "/settings"),
)
HOURS = {"timezone": "Asia/Tehran", "hours": {"sat": [["09:00", "13:00"], ["14:00", "18:00"]]}, "holidays": []}
STORED: dict[str, dict[str, Any]] = {
    "": {"name": "Shop", "languages": ["fa", "en"], "timezone": "Asia/Tehran", "calendar": HOURS},
    "/teams/vip": {"name": "VIP", "settings": {"offer_mode": "offer"}},
    "/agents/sara": {
        "name": "Sara",
        "teams": ["default", "vip"],
        "skills": {"lang:fa": 5, "refunds": 2},
        "role": "lead",
    },
    "/agents/reza": {"name": "رضا", "teams": ["default"], "skills": {"lang:fa": 4}, "limits": {"mail": 2}},
    "/accounts/webchat/main": {"name": "Our chat", "credentials": {"identity_secret": "a-secret-of-the-shop"}},
    "/routing": {
        "rules": [{"when": {"language": ["fa"], "sensitive": True}, "then": {"team": "vip", "priority": "high"}}]
    },
    "/sla": {"policies": [{"id": "everyone", "targets": {"first_response_seconds": 300}}]},
    "/canned/hello": {"title": "Hello", "text": "Hello {customer.name}", "language": "en", "shortcut": "hi"},
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = up(tmp_path_factory.mktemp("admin"), PASOKH_ADMIN_KEY=ADMIN_KEY)
    running.start()
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


@loop_fixture
async def shop(installation: Running) -> AsyncIterator[Shop]:
    async with shop_at(installation.url, ADMIN_KEY) as shop:
        for path, body in STORED.items():
            await shop.put(path, body)
        yield shop


async def owner(
    open_page: OpenPage,
    installation: Running,
    shop: Shop,
    *,
    locale: str = "en",
    size: Size = "desktop",
    scheme: Literal["light", "dark"] = "light",
) -> Page:
    """The overview, as the owner of the shop sees it."""
    link = await sign_in_link(shop, "sara", ("admin",))
    address = f"{installation.url}/desk/admin#{link.partition('#')[2]}"
    page = await open_page(address, locale=locale, size=size, scheme=scheme)
    await expect(page.locator("#admin-title")).to_be_visible(timeout=TIMEOUT_MS)
    return page


async def at(page: Page, installation: Running, section: str) -> None:
    await page.goto(f"{installation.url}/desk/admin{section}")
    await expect(page.locator("#admin-title")).to_be_visible(timeout=TIMEOUT_MS)
    if section in ("", "/agents", "/teams", "/accounts", "/accounts/+", "/canned", "/keys"):
        await expect(page.locator(".todo .live, .things li, .card.empty").first).to_be_visible(timeout=TIMEOUT_MS)
    else:
        await expect(page.locator("form.form").first).to_be_visible(timeout=TIMEOUT_MS)


async def save(page: Page) -> None:
    await page.locator(".save button[type=submit]").click()
    await expect(page.locator(".saved")).to_be_visible(timeout=TIMEOUT_MS)


@pytest.mark.parametrize(
    ("locale", "size", "scheme"),
    [
        ("en", "desktop", "light"),
        ("fa", "small phone", "light"),
        ("ar", "desktop", "dark"),
        ("lv", "small phone", "dark"),
    ],
)
async def test_every_page_is_for_everybody(
    open_page: OpenPage, installation: Running, shop: Shop, locale: str, size: Size, scheme: Literal["light", "dark"]
) -> None:
    page = await owner(open_page, installation, shop, locale=locale, size=size, scheme=scheme)
    assert await page.evaluate("document.documentElement.dir") == ("rtl" if locale in ("fa", "ar") else "ltr")
    for section in SECTIONS:
        await at(page, installation, section)
        mark = f"admin-{locale}-{size.replace(' ', '-')}-{scheme}{section.replace('/', '-')}"
        await picture(page, mark)
        assert await wrong_with(page) == [], mark
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{mark}: {wide} px too wide"
        # Every word is one of the language.
        shown = await page.locator("body").inner_text()
        assert not re.findall(r"\b(?:f|n|o|s|g|ng|about|new|none|step|steps|ch|health)_[a-z_]+\b", shown), mark


async def test_an_agent_is_made_gets_a_link_is_changed_and_deleted(
    open_page: OpenPage, installation: Running, shop: Shop
) -> None:
    page = await owner(open_page, installation, shop)
    await at(page, installation, "/agents/+")
    await page.locator("#field-name").fill("Ilze Bērziņa")
    await page.get_by_label("VIP").check()
    await page.locator(".save button[type=submit]").click()
    await expect(page).to_have_url(re.compile("/desk/admin/agents/ilze-berzina$"), timeout=TIMEOUT_MS)
    assert (await shop.get("/agents/ilze-berzina"))["teams"] == ["vip"]
    await page.get_by_role("button", name="Make a sign-in link", exact=True).click()
    link = page.locator(".copyable input")
    await expect(link).to_have_value(re.compile("/desk#code="), timeout=TIMEOUT_MS)
    await expect(page.locator("svg.qr")).to_be_visible()
    desk = await open_page(await link.input_value(), size="small phone")
    await expect(desk.locator(".connection .live")).to_be_attached(timeout=TIMEOUT_MS)

    await page.locator("#field-capacity").fill("many")
    await page.locator(".save button[type=submit]").click()
    await expect(page.locator("#field-capacity-problem")).to_have_text("Write a number.")
    await expect(page.locator("#field-capacity")).to_be_focused()
    await page.locator("#field-capacity").fill("7")
    await save(page)
    assert (await shop.get("/agents/ilze-berzina"))["capacity"] == 7

    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.locator("dialog button.danger").click()
    await expect(page).to_have_url(re.compile("/desk/admin/agents$"), timeout=TIMEOUT_MS)
    assert (await shop.client.get(f"/v1/workspaces/{shop.workspace}/agents/ilze-berzina")).status_code == 404


async def test_two_owners_do_not_overwrite_each_other_unasked(
    open_page: OpenPage, installation: Running, shop: Shop
) -> None:
    page = await owner(open_page, installation, shop)
    await at(page, installation, "/teams/vip")
    await page.locator("#field-name").fill("Mine")
    await shop.put("/teams/vip", {"name": "Theirs"})
    await page.locator(".save button[type=submit]").click()
    await expect(page.locator("#save-problem")).to_contain_text("Somebody changed this")
    await expect(page.locator("#field-name")).to_have_value("Mine")
    assert (await shop.get("/teams/vip"))["name"] == "Theirs"
    await page.get_by_role("button", name="Save mine over theirs").click()
    await expect(page.locator(".saved")).to_be_visible(timeout=TIMEOUT_MS)
    assert (await shop.get("/teams/vip"))["name"] == "Mine"


async def test_what_is_not_saved_is_asked_about(open_page: OpenPage, installation: Running, shop: Shop) -> None:
    page = await owner(open_page, installation, shop)
    await page.get_by_role("navigation").get_by_role("link", name="Settings").click()
    await page.locator("#field-name").fill("Another name")
    await page.get_by_role("navigation").get_by_role("link", name="Agents").click()
    await expect(page.locator("#dialog-unsaved")).to_be_visible()
    assert await wrong_with(page) == []
    await page.get_by_role("button", name="Stay here").click()
    await expect(page.locator("#field-name")).to_have_value("Another name")
    await page.go_back()
    await expect(page.locator("#dialog-unsaved")).to_be_visible()
    await page.get_by_role("button", name="Leave, do not save").click()
    await expect(page).to_have_url(re.compile("/desk/admin/?(start)?$"), timeout=TIMEOUT_MS)
    assert (await shop.get(""))["name"] == "Shop"


async def test_a_session_that_ends_is_asked_for_on_top_and_the_form_stays(
    open_page: OpenPage, installation: Running, shop: Shop
) -> None:
    page = await owner(open_page, installation, shop)
    await at(page, installation, "/teams/vip")
    await page.locator("#field-name").fill("Typed before the end")
    await page.context.clear_cookies()
    await page.locator(".save button[type=submit]").click()
    await expect(page.locator("#dialog-sign-in")).to_be_visible(timeout=TIMEOUT_MS)
    assert await wrong_with(page) == []
    body = {"name": "Sara's page", "workspace": shop.workspace, "agent": "sara", "scopes": ["admin"]}
    key = (await shop.client.post("/v1/keys", json=body)).json()["secret"]
    await page.locator("#dialog-sign-in input[name=key]").fill(key)
    await page.locator("#dialog-sign-in button[type=submit]").click()
    await expect(page.locator(".saved")).to_be_visible(timeout=TIMEOUT_MS)
    assert (await shop.get("/teams/vip"))["name"] == "Typed before the end"


async def test_settings_and_hours_are_one_workspace_and_neither_loses_the_other(
    open_page: OpenPage, installation: Running, shop: Shop
) -> None:
    before = await shop.get("")
    page = await owner(open_page, installation, shop)
    await at(page, installation, "/settings")
    await page.locator("#field-name").fill("Shop of flowers")
    await save(page)
    after = await shop.get("")
    assert (after["name"], after["calendar"], after["languages"]) == (
        "Shop of flowers",
        before["calendar"],
        before["languages"],
    )
    await at(page, installation, "/hours")
    await page.get_by_label(re.compile("^Opens on .*Saturday")).first.fill("08:30")
    await save(page)
    after = await shop.get("")
    assert after["calendar"]["hours"]["sat"][0] == ["08:30", "13:00"]
    assert after["name"] == "Shop of flowers"


async def test_a_rule_that_nobody_meets_is_said_and_an_account_says_what_is_wrong_at_its_field(
    open_page: OpenPage, installation: Running, shop: Shop
) -> None:
    page = await owner(open_page, installation, shop)
    await at(page, installation, "/routing")
    await page.get_by_role("button", name=re.compile("^Add: .*Rule")).click()
    rule = page.locator(".objects > li").nth(1)
    await (
        rule.get_by_role("group", name="Skills and languages")
        .first.get_by_role("button", name="Add", exact=True)
        .click()
    )
    await rule.get_by_label(re.compile("Skills and languages.*: what$")).first.fill("lang:zh")
    await rule.get_by_label(re.compile("^How much")).first.fill("3")
    await save(page)
    await expect(page.locator(".card.warm")).to_contain_text("lang:zh")
    assert (await shop.get("/routing"))["rules"][1]["then"]["skills"] == {"lang:zh": 3}

    # What the rules would do with a case is said by the rules as they are stored.
    tried = page.locator(".tried")
    await tried.locator("#field-tried-language").select_option("fa")
    await tried.locator("#field-tried-sensitive").select_option("yes")
    await tried.get_by_role("button", name="Try").click()
    await expect(tried.get_by_role("status")).to_contain_text("vip", timeout=TIMEOUT_MS)
    assert await wrong_with(page) == []

    await at(page, installation, "/accounts/+telegram")
    await page.locator("#field-credentials-bot_token").fill("no token")
    await page.locator(".save button[type=submit]").click()
    await expect(page.locator("#field-credentials-bot_token-problem")).to_be_visible()
    await expect(page.locator("#field-credentials-bot_token")).to_be_focused()


async def test_a_key_is_shown_once_and_taken_back(open_page: OpenPage, installation: Running, shop: Shop) -> None:
    page = await owner(open_page, installation, shop)
    await at(page, installation, "/keys/+")
    await page.locator("#field-name").fill("Reports")
    await page.locator(".save button[type=submit]").click()
    secret = await page.locator(".copyable input").input_value(timeout=TIMEOUT_MS)
    assert secret.startswith("pasokh_")
    bearer = {"authorization": f"Bearer {secret}"}
    mine = f"{installation.url}/v1/workspaces/{shop.workspace}"
    assert (await shop.client.get(mine, headers=bearer)).status_code == 200
    await page.get_by_role("button", name="I have kept it").click()
    assert secret not in await page.content()
    await page.get_by_role("button", name=re.compile("^Remove .*Reports")).click()
    await page.locator("dialog button.danger").click()
    await expect(page.locator(".things li", has_text="Reports")).to_have_count(0, timeout=TIMEOUT_MS)

    async def status() -> int:
        return (await shop.client.get(mine, headers=bearer)).status_code

    while await status() != 401:
        await page.wait_for_timeout(100)
