"""Nothing that agents type is lost, and nothing goes where it was not meant: the acceptance tests 1 to 4 of the desk."""

from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.desk import TIMEOUT_MS, row_of, sign_in_link
from tests.browser.pages import OpenPage
from tests.browser.writing import (
    WritingShop,
    box_of,
    button_of,
    desk_of,
    kept,
    kill_browser,
    kind,
    open_conversation,
    own_browser,
    stored,
    texts_stored,
)


async def test_01_both_drafts_are_there_from_every_view_after_a_reload(open_page: OpenPage, here: WritingShop) -> None:
    await here.private("Neda")
    page = await desk_of(open_page, here)
    await (await open_conversation(page, "Neda")).fill("Your parcel left on Monday 👍🏽")
    await (await kind(page, "Note")).fill("She called twice\n\nمی‌خواهد پول پس بگیرد")
    # At once: what is typed goes onto the device with the page.
    await page.reload()
    await expect(box_of(page)).to_have_value("She called twice\n\nمی‌خواهد پول پس بگیرد", timeout=TIMEOUT_MS)
    await kind(page, "Reply")
    await expect(box_of(page)).to_have_value("Your parcel left on Monday 👍🏽")
    for view in ("All of my teams", "Drafts", "Mine"):
        await page.get_by_role("link", name=view).first.click()
        await open_conversation(page, "Neda")
        await expect(box_of(page)).to_have_value("Your parcel left on Monday 👍🏽")


async def test_01_drafts_survive_a_killed_browser(here: WritingShop, tmp_path: Path) -> None:
    await here.private("Neda")
    async with own_browser(tmp_path) as page:
        await page.goto(f"{here.installation.url}{await sign_in_link(here.shop)}")
        await (await open_conversation(page, "Neda")).fill("A reply that is not sent")
        await (await kind(page, "Note")).fill("A note that is not saved")
        await kept(page, "A reply that is not sent", "A note that is not saved")
        await kill_browser(page)
    async with own_browser(tmp_path) as page:
        await page.goto(f"{here.installation.url}{await sign_in_link(here.shop)}")
        await open_conversation(page, "Neda")
        assert await texts_stored(page) == ["A note that is not saved", "A reply that is not sent"]
        await kind(page, "Reply")
        await expect(box_of(page)).to_have_value("A reply that is not sent")


async def test_02_what_is_typed_in_one_conversation_never_stands_in_another(
    open_page: OpenPage, here: WritingShop
) -> None:
    await here.private("Neda")
    await here.private("Omid")
    page = await desk_of(open_page, here)
    await (await open_conversation(page, "Neda")).fill("For Neda alone")
    await open_conversation(page, "Omid")
    await expect(box_of(page)).to_have_value("")
    # Send 0 ms after the change: in the same turn of the page.
    await open_conversation(page, "Neda")
    row = await row_of(page, "Omid").element_handle()
    await page.evaluate(
        "row => { row.click(); document.querySelector('#compose').dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true})); }",
        row,
    )
    await here.went_out("For Neda alone")
    [message] = [item for item in here.telegram.sent if item.get("text") == "For Neda alone"]
    conversation = await here.shop.get(f"/conversations/{await here.conversation_with(str(message['chat_id']))}")
    person = await here.shop.get(f"/persons/{conversation['person']}")
    assert person["name"] == "Neda"
    await expect(page.locator("#conversation-title")).to_have_text("Omid")
    await expect(box_of(page)).to_have_value("")


async def test_03_twenty_changes_in_two_seconds_leave_four_drafts_as_they_were_typed(
    open_page: OpenPage, here: WritingShop
) -> None:
    await here.private("Neda")
    await here.private("Omid")
    page = await desk_of(open_page, here)
    await open_conversation(page, "Neda")
    names, kinds = ("Neda", "Omid"), ("Reply", "Note")
    expected: dict[tuple[str, str], str] = {}
    for change in range(20):
        name, chosen = names[change // 2 % 2], kinds[change % 2]
        await open_conversation(page, name)
        await (await kind(page, chosen)).press_sequentially(f"{change} ")
        expected[name, chosen] = expected.get((name, chosen), "") + f"{change} "
    await kept(page, *expected.values())
    assert len(expected) == 4
    for (name, chosen), text in expected.items():
        await open_conversation(page, name)
        await kind(page, chosen)
        await expect(box_of(page)).to_have_value(text)


async def test_03_ten_drafts_survive_another_language_and_signing_out_and_nobody_else_sees_them(
    open_page: OpenPage, here: WritingShop
) -> None:
    for number in range(10):
        await here.private(f"Customer {number}")
    page = await desk_of(open_page, here)
    for number in range(10):
        await (await open_conversation(page, f"Customer {number}")).fill(f"draft {number}")
    await kept(page, *(f"draft {number}" for number in range(10)))
    await page.evaluate("localStorage.setItem('pasokh-desk-settings', JSON.stringify({language: 'fa'}))")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "fa", timeout=TIMEOUT_MS)
    await page.evaluate("localStorage.setItem('pasokh-desk-settings', JSON.stringify({language: 'en'}))")
    await page.reload()
    await page.get_by_role("button", name="Sara").click()
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("dialog", name="Sign out").get_by_role("button", name="Sign out", exact=True).click()
    await expect(page.get_by_label("Your key")).to_be_visible(timeout=TIMEOUT_MS)
    await sign_in_as(page, here, "lea")
    await page.get_by_role("link", name="All of my teams").click()
    await open_conversation(page, "Customer 3")
    await expect(box_of(page)).to_have_value("")
    await expect(page.locator(".chip.draft")).to_have_count(0)
    assert len(await stored(page)) == 10
    await sign_in_as(page, here, "sara")
    for number in range(10):
        await open_conversation(page, f"Customer {number}")
        await expect(box_of(page)).to_have_value(f"draft {number}")


async def sign_in_as(page: Page, here: WritingShop, agent: str) -> None:
    """Follow a link; the page is another then, not the same with another fragment."""
    await page.goto("about:blank")
    await page.goto(f"{here.installation.url}{await sign_in_link(here.shop, agent)}")


async def test_03_signing_out_can_erase_them(open_page: OpenPage, here: WritingShop) -> None:
    await here.private("Neda")
    page = await desk_of(open_page, here)
    await (await open_conversation(page, "Neda")).fill("nobody's business")
    await kept(page, "nobody's business")
    await page.get_by_role("button", name="Sara").click()
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("button", name="Erase the drafts and sign out").click()
    await expect(page.get_by_label("Your key")).to_be_visible(timeout=TIMEOUT_MS)
    assert await stored(page, "") == []


async def test_04_a_session_that_ends_while_somebody_types_costs_nothing(
    open_page: OpenPage, here: WritingShop
) -> None:
    await here.private("Neda")
    page = await desk_of(open_page, here)
    box = await open_conversation(page, "Neda")
    await box.press_sequentially("Half of a sent")
    [session] = (await page.evaluate("fetch('/v1/desk/sessions').then(answer => answer.json())"))["items"]
    assert (await here.shop.client.delete(f"/v1/desk/sessions/{session['id']}")).status_code == 204
    await box.press_sequentially("ence, and the rest of it")
    await expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible(timeout=TIMEOUT_MS)
    # What is typed once the dialog is there goes into the dialog.
    written = await box.input_value()
    assert written.startswith("Half of a sent")
    made = await here.shop.client.post(
        "/v1/keys", json={"name": "Sara", "workspace": here.shop.workspace, "agent": "sara", "scopes": ["desk"]}
    )
    await page.get_by_label("Your key").fill(made.json()["secret"])
    await page.get_by_role("dialog").get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("dialog")).to_have_count(0, timeout=TIMEOUT_MS)
    await expect(box_of(page)).to_have_value(written)
    await button_of(page, "Send").click()
    await here.went_out(written)
