"""What agents send goes once, whatever happens to network, page, browser and server: acceptance tests 8 and 9 of the desk."""

import asyncio
from pathlib import Path

from playwright.async_api import Page, Route, expect

from tests.browser.cutting_proxy import cutting
from tests.browser.desk import TIMEOUT_MS, offline, row_of, sign_in_link
from tests.browser.pages import OpenPage
from tests.browser.writing import (
    WritingShop,
    box_of,
    button_of,
    desk_of,
    eventually,
    kept,
    kill_browser,
    open_conversation,
    own_browser,
    stored,
)

REPLIES = "**/replies"


async def nothing_waits(page: Page) -> None:
    """Wait until the browser has nothing more to send."""

    async def is_empty() -> bool:
        return await stored(page, "send/") == []

    await eventually(is_empty, 60)


async def test_08_five_enters_a_double_click_and_a_reload_on_a_slow_network_send_once(
    open_page: OpenPage, here: WritingShop
) -> None:
    await here.private("Neda")
    page = await desk_of(open_page, here)
    held: list[Route] = []
    free = asyncio.Event()

    async def slowly(route: Route) -> None:
        held.append(route)
        # As long as the test wants, which is longer than anybody waits before a second press.
        await free.wait()
        await route.continue_()

    await page.route(REPLIES, slowly)
    box = await open_conversation(page, "Neda")
    await box.fill("It left on Monday")
    for _ in range(5):
        await box.press("Enter")
    await button_of(page, "Send").dblclick(force=True)
    await expect(box).to_have_value("")
    await expect(page.locator(".outgoing .words")).to_have_text("It left on Monday")
    await expect(page.locator(".outgoing .state")).to_have_text("On its way")
    await page.reload()
    free.set()
    await here.went_out("It left on Monday")
    await nothing_waits(page)
    await expect(page.locator(".outgoing li")).to_have_count(0)
    await expect(page.locator(".message.outbound")).to_have_count(1)
    await here.went_out("It left on Monday")
    assert len(held) >= 2


async def test_08_two_tabs_that_show_one_draft_send_it_once(open_page: OpenPage, here: WritingShop) -> None:
    conversation = await here.private("Neda")
    page = await desk_of(open_page, here)
    await (await open_conversation(page, "Neda")).fill("From two tabs")
    await kept(page, "From two tabs")
    other = await page.context.new_page()
    await other.goto(f"{here.installation.url}/desk/c/{conversation}")
    await expect(box_of(other)).to_have_value("From two tabs", timeout=TIMEOUT_MS)
    await asyncio.gather(*(button_of(one, "Send").dispatch_event("click") for one in (page, other)))
    await here.went_out("From two tabs")
    for one in (page, other):
        await expect(box_of(one)).to_have_value("")
        await nothing_waits(one)
    await here.went_out("From two tabs")
    assert len(await here.messages(conversation)) == 1


async def test_08_an_exchange_that_is_cut_at_any_byte_sends_once(open_page: OpenPage, here: WritingShop) -> None:
    conversation = await here.private("Neda")
    async with cutting(here.installation.port) as (proxy, address):
        page = await open_page(f"{address}{await sign_in_link(here.shop)}")
        box = await open_conversation(page, "Neda")
        await box.fill("whole")
        await box.press("Enter")
        await here.went_out("whole")
        await nothing_waits(page)
        [[request, answer]] = proxy.lengths
        places = [
            1,
            request // 2,
            request - 1,
            request,
            request + 1,
            request + 12,
            request + answer // 2,
            request + answer - 1,
        ]
        for place in places:
            proxy.cut_after = place
            await box.fill(f"cut after {place}")
            await box.press("Enter")
            await here.went_out(f"cut after {place}")
            await nothing_waits(page)
        assert proxy.cuts >= len(places)
        await here.went_out("whole", *(f"cut after {place}" for place in places))
        assert len(await here.messages(conversation)) == 1 + len(places)
        await page.close()


async def test_08_a_browser_that_is_killed_with_an_answer_on_its_way_sends_it_once(
    here: WritingShop, tmp_path: Path
) -> None:
    conversation = await here.private("Neda")
    async with own_browser(tmp_path) as page:
        await page.goto(f"{here.installation.url}{await sign_in_link(here.shop)}")
        await page.route(REPLIES, answered_to_nobody)
        box = await open_conversation(page, "Neda")
        await box.fill("Sent, and then a crash")
        await box.press("Enter")
        await here.went_out("Sent, and then a crash")
        await box.fill("A second one")
        await page.unroute(REPLIES)
        await page.route(REPLIES, lambda route: route.abort())
        await box.press("Enter")

        async def are_stored() -> bool:
            return len(await stored(page, "send/")) == 2

        await eventually(are_stored)
        await kill_browser(page)
    async with own_browser(tmp_path) as page:
        await page.goto(f"{here.installation.url}{await sign_in_link(here.shop)}")
        await here.went_out("Sent, and then a crash", "A second one")
        await nothing_waits(page)
        await here.went_out("Sent, and then a crash", "A second one")
    assert len(await here.messages(conversation)) == 2


async def answered_to_nobody(route: Route) -> None:
    """The server does it, and the page hears nothing."""
    await route.fetch()
    await route.abort()


async def test_08_a_server_that_is_killed_while_somebody_types_costs_nothing(
    open_page: OpenPage, here: WritingShop
) -> None:
    conversation = await here.private("Neda")
    await here.private("Omid")
    page = await desk_of(open_page, here)
    await (await open_conversation(page, "Omid")).fill("For later")
    box = await open_conversation(page, "Neda")
    await box.press_sequentially("Sent as it ")
    here.installation.kill()
    try:
        await box.press_sequentially("dies")
        await box.press("Enter")
        await expect(page.locator(".outgoing .state")).to_have_text(
            "Kept here; it goes when the server answers.", timeout=TIMEOUT_MS
        )
        await box.press_sequentially("Typed while it is gone")
        await expect(page.locator(".banner", has_text="No connection")).to_be_visible(timeout=TIMEOUT_MS)
    finally:
        here.installation.start()
    await asyncio.to_thread(here.installation.wait_ready)
    await here.went_out("Sent as it dies")
    await nothing_waits(page)
    await expect(box).to_have_value("Typed while it is gone")
    await kept(page, "For later", "Typed while it is gone")
    await here.went_out("Sent as it dies")
    assert [one["text"] for one in await here.messages(conversation)] == ["Sent as it dies"]


async def test_08_a_minute_without_a_connection_costs_nothing(open_page: OpenPage, here: WritingShop) -> None:
    conversation = await here.private("Neda")
    page = await desk_of(open_page, here)
    box = await open_conversation(page, "Neda")
    await page.clock.install()
    async with offline(page):
        await box.fill("first without a network")
        await box.press("Enter")
        await expect(box).to_have_value("")
        # A minute of the page's clock: its pauses between tries pass, and nothing goes.
        await page.clock.run_for(60_000)
        await box.fill("second without a network")
        await box.press("Enter")
        await expect(page.locator(".outgoing li")).to_have_count(2)
        await box.fill("a draft")
        await page.clock.run_for(1000)
    await page.clock.run_for(16_000)
    await here.went_out("first without a network", "second without a network")
    assert [one["text"] for one in await here.messages(conversation)] == [
        "first without a network",
        "second without a network",
    ]
    await expect(box).to_have_value("a draft")


async def test_08_what_waited_longer_than_ten_minutes_comes_back_and_does_not_go(
    open_page: OpenPage, here: WritingShop
) -> None:
    conversation = await here.private("Neda")
    page = await desk_of(open_page, here)
    box = await open_conversation(page, "Neda")
    await page.clock.install()
    async with offline(page):
        await box.fill("hours ago")
        await box.press("Enter")
        await expect(box).to_have_value("")
        await page.clock.fast_forward("10:30")
    await page.clock.run_for(16_000)
    await expect(box).to_have_value("hours ago", timeout=TIMEOUT_MS)
    await expect(page.locator(".composer [role=alert]")).to_contain_text("more than ten minutes")
    await nothing_waits(page)
    assert await here.messages(conversation) == []
    assert "hours ago" not in here.sent()
    await button_of(page, "Send").click()
    await page.clock.run_for(1000)
    await here.went_out("hours ago")


async def test_09_send_again_is_a_message_of_its_own_and_failures_are_seen(
    open_page: OpenPage, here: WritingShop
) -> None:
    conversation = await here.private("Neda")
    page = await desk_of(open_page, here)
    box = await open_conversation(page, "Neda")
    faults = f"{here.bot}/_faults"
    await here.shop.client.post(faults, json={"kind": "refused", "code": 400})
    await box.fill("The first try")
    await box.press("Enter")
    failed = page.locator(".message.is-failed")
    await expect(failed).to_contain_text("Not delivered", timeout=TIMEOUT_MS)
    await expect(row_of(page, "Neda").get_by_text("Not delivered")).to_be_visible(timeout=TIMEOUT_MS)
    await expect(page.locator(".unsent")).to_contain_text("was not delivered", timeout=TIMEOUT_MS)
    await failed.get_by_role("button", name="Send again").click()
    await here.went_out("The first try")
    messages = await eventually(lambda: two_with_states(here, conversation))
    assert [one["state"] for one in messages] == ["failed", "sent"]
    assert messages[0]["id"] != messages[1]["id"]
    await expect(page.locator(".message.outbound")).to_have_count(2)
    await expect(page.locator(".message.outbound .state").last).to_have_text("Sent", timeout=TIMEOUT_MS)


async def two_with_states(here: WritingShop, conversation: str) -> list[dict[str, str]] | None:
    messages = await here.messages(conversation)
    return messages if [one["state"] for one in messages] == ["failed", "sent"] else None
