"""Reading at the desk: the list is true without a reload, in the server's order, and nothing moves under who reads.

Numbers in names are those of the acceptance tests of the desk.
"""

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.desk import TIMEOUT_MS, offline, open_desk, row_of, write
from tests.browser.pages import OpenPage
from tests.live.installation import Running, Shop

SCROLL = """() => new Promise(drawn => {
  const rows = document.querySelector('#rows');
  const atEnd = rows.scrollTop + rows.clientHeight >= rows.scrollHeight - 1;
  rows.scrollTop = atEnd ? 0 : rows.scrollTop + 500;
  requestAnimationFrame(() => requestAnimationFrame(drawn));
})"""
"""Further down the list, at its end from the top again; until it is drawn."""
SHOWN = """() => [...document.querySelectorAll('.row')].map(row =>
  [row.dataset.id, row.querySelector('.when').dataset.kind, row.querySelector('.when time').dateTime])"""
PLACE = """() => {
  const thread = document.querySelector('#thread');
  const top = thread.getBoundingClientRect().top;
  const first = [...thread.querySelectorAll('.message')].find(one => one.getBoundingClientRect().bottom > top);
  return [first.id, first.getBoundingClientRect().top - top];
}"""


async def conversations(shop: Shop, count: int) -> list[str]:
    """The ids of all conversations, once there are so many and an agent has each."""
    async with asyncio.timeout(60):
        while True:
            found = [one["id"] for one in await shop.items("/conversations") if one["agent"]]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.05)


async def test_14_every_new_conversation_appears_without_a_reload(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    page = await open_desk(open_page, desk_installation, desk_shop)
    await page.locator("#sort").select_option("newest")
    await expect(page.locator(".empty").first).to_be_visible(timeout=TIMEOUT_MS)
    await page.evaluate("window.notReloaded = true")
    count = 200
    for number in range(1, count + 1):
        await write(desk_shop, number, number, f"Question {number}")
    made = await conversations(desk_shop, count)
    await expect(page.locator(".views .count.hot")).to_have_text(str(count), timeout=TIMEOUT_MS)
    await expect(page.locator(".rows li").first).to_have_attribute("aria-setsize", str(count), timeout=TIMEOUT_MS)
    # The document holds a window of them: each is seen on the way down.
    seen: set[str] = set()
    async with asyncio.timeout(TIMEOUT_MS / 1000):
        while not seen >= set(made):
            seen |= {one for one, *_ in await page.evaluate(SHOWN)}
            await page.evaluate(SCROLL)
    assert seen == set(made)
    assert await page.evaluate("window.notReloaded")


@pytest.mark.parametrize("sort", ["due", "waiting", "newest"])
async def test_20_the_order_that_came_about_is_the_order_after_a_reload(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop, sort: str
) -> None:
    await desk_shop.put("/sla", {"policies": [{"id": "all", "when": {}, "targets": {"first_response_seconds": 3600}}]})
    page = await open_desk(open_page, desk_installation, desk_shop)
    await page.locator("#sort").select_option(sort)
    number = 0
    for chat in (1, 2, 3, 4, 5, 6):
        number += 1
        await write(desk_shop, number, chat, f"Question {chat}", f"Customer {chat}")
    made = await conversations(desk_shop, 6)
    # Answers, second questions, changed priorities: all that moves rows.
    assert (await desk_shop.reply(made[0], "sara", "Yes.")).status_code == 201
    assert (await desk_shop.reply(made[3], "sara", "No.")).status_code == 201
    for chat in (2, 5, 2, 2, 1):
        number += 1
        await write(desk_shop, number, chat, f"And {number}?", f"Customer {chat}")
    body = {"agent": "sara", "priority": "urgent"}
    path = f"/v1/workspaces/{desk_shop.workspace}/conversations/{made[2]}/priority"
    assert (await desk_shop.client.post(path, json=body)).status_code == 200
    # Clocks follow a moment later. In the end the page that lived through it, one that is opened now, and REST agree.
    other = await page.context.new_page()
    await other.goto(f"{desk_installation.url}/desk")
    await other.locator("#sort").select_option(sort)
    async with asyncio.timeout(TIMEOUT_MS / 1000):
        while True:
            rows = (await desk_shop.get("/inbox", agent="sara", view="mine", sort=sort))["items"]
            stored = [[row["id"], *_time_of(row, sort)] for row in rows]
            if [await page.evaluate(SHOWN), await other.evaluate(SHOWN)] == [stored, stored]:
                break
            await asyncio.sleep(0.05)
    # The time that a row shows is the one that it is sorted by.
    for kind in {kind for _, kind, _ in stored}:
        shown = [at for _, one, at in stored if one == kind]
        assert shown == sorted(shown, reverse=sort == "newest")


def _time_of(row: dict[str, Any], sort: str) -> tuple[str, str]:
    """What the time of a row is of, and the time."""
    if sort == "due" and row["due"] is not None:
        return "due", row["due"]["at"]
    if sort != "newest" and row["unanswered_since"] is not None:
        return "since", row["unanswered_since"]
    return "last", row["last"]["at"]


async def test_20_a_row_that_is_about_to_be_pressed_does_not_move(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    page = await open_desk(open_page, desk_installation, desk_shop)
    await page.locator("#sort").select_option("newest")
    for chat in (1, 2, 3):
        await write(desk_shop, chat, chat, "Hello", f"Customer {chat}")
    await expect(page.locator(".row")).to_have_count(3, timeout=TIMEOUT_MS)
    row = row_of(page, "Customer 1")
    await row.hover()
    await page.mouse.down()
    await write(desk_shop, 4, 4, "Hello", "Customer 4")
    await expect(page.locator(".views .count.hot")).to_have_text("4", timeout=TIMEOUT_MS)
    assert len(await page.evaluate(SHOWN)) == 3
    await page.mouse.up()
    await expect(page.locator("#conversation-title")).to_have_text("Customer 1", timeout=TIMEOUT_MS)
    await expect(page.locator(".row")).to_have_count(4, timeout=TIMEOUT_MS)


async def test_21_nothing_moves_under_who_reads_further_up(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    for number in range(1, 121):
        await write(desk_shop, number, 1, f"Message {number}. " + "A longer line. " * (number % 7), "Neda")
    [conversation] = await conversations(desk_shop, 1)
    page = await open_desk(open_page, desk_installation, desk_shop)
    await row_of(page, "Neda").click()
    await expect(page.locator(".message").last).to_contain_text("Message 120", timeout=TIMEOUT_MS)
    await page.evaluate("document.querySelector('#thread').scrollTop = 1200")
    before = await page.evaluate(PLACE)
    for number in range(121, 146):
        await write(desk_shop, number, 1, f"Message {number}", "Neda")
        await write(desk_shop, 1000 + number, number, "Elsewhere", f"Customer {number}")
    await expect(page.locator(".to-end")).to_contain_text("25", timeout=TIMEOUT_MS)
    after = await page.evaluate(PLACE)
    assert after[0] == before[0]
    assert abs(after[1] - before[1]) <= 1
    # Older ones come in above, and what is read stays where it is.
    await page.evaluate("document.querySelector('#thread').scrollTop = 300")
    here = await page.evaluate(PLACE)
    await expect(page.locator(".message", has_text="Message 60.")).to_be_attached(timeout=TIMEOUT_MS)
    there = await page.evaluate(PLACE)
    assert there[0] == here[0]
    assert abs(there[1] - here[1]) <= 1
    await page.locator(".to-end").click()
    await expect(page.locator(".message").last).to_contain_text("Message 145", timeout=TIMEOUT_MS)
    # At the end it follows.
    await write(desk_shop, 146, 1, "Message 146", "Neda")
    await expect(page.locator(".message").last).to_contain_text("Message 146", timeout=TIMEOUT_MS)
    await expect(page.locator(".message").last).to_be_in_viewport(timeout=TIMEOUT_MS)
    assert conversation in page.url


async def test_22_a_long_thread_is_read_to_its_beginning(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    count = 420
    for number in range(1, count + 1):
        await write(desk_shop, number, 1, f"Message {number}.", "Neda")
    await conversations(desk_shop, 1)
    page = await open_desk(open_page, desk_installation, desk_shop)
    await row_of(page, "Neda").click()
    await expect(page.locator(".message").last).to_contain_text(f"Message {count}.", timeout=TIMEOUT_MS)
    seen: set[str] = set()
    async with asyncio.timeout(60):
        while "Message 1." not in seen:
            seen |= set(await page.locator(".message .said").all_inner_texts())
            await page.evaluate("document.querySelector('#thread').scrollTop = 0")
            await asyncio.sleep(0.02)
    assert {f"Message {number}." for number in range(1, count + 1)} <= seen
    # However long it is, the document is not.
    assert await page.locator(".message").count() <= 300
    async with asyncio.timeout(60):
        while (
            await page.locator(".message").last.inner_text() != ""
            and not await page.locator(".message", has_text=f"Message {count}.").count()
        ):
            await page.evaluate("document.querySelector('#thread').scrollTop = 1e9")
            await asyncio.sleep(0.02)


async def test_without_a_network_it_says_so_and_what_was_missed_comes_by_itself(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await write(desk_shop, 1, 1, "Before", "Neda")
    page = await open_desk(open_page, desk_installation, desk_shop)
    await row_of(page, "Neda").click()
    await expect(page.locator(".message")).to_have_count(1, timeout=TIMEOUT_MS)
    async with offline(page):
        await expect(page.locator(".banner.warm")).to_be_visible(timeout=TIMEOUT_MS)
        await expect(page.locator("#desk.stale")).to_be_attached()
        await write(desk_shop, 2, 1, "Meanwhile", "Neda")
        await write(desk_shop, 3, 2, "Somebody else", "Omar")
    await expect(page.locator(".message").last).to_contain_text("Meanwhile", timeout=TIMEOUT_MS)
    await expect(row_of(page, "Omar")).to_be_visible(timeout=TIMEOUT_MS)
    await expect(page.locator(".banner.warm")).to_have_count(0, timeout=TIMEOUT_MS)


async def test_what_is_taken_from_somebody_who_sees_their_own_alone_says_who_has_it(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await desk_shop.put("", {"name": "Shop", "settings": {"visibility": "own"}})
    await desk_shop.put("/agents/reza/presence", {"status": "away"})
    await write(desk_shop, 1, 1, "Hello", "Neda")
    [conversation] = await conversations(desk_shop, 1)
    page = await open_desk(open_page, desk_installation, desk_shop)
    await row_of(page, "Neda").click()
    await expect(page.locator(".message")).to_have_count(1, timeout=TIMEOUT_MS)
    path = f"/v1/workspaces/{desk_shop.workspace}/conversations/{conversation}/transfer"
    assert (await desk_shop.client.post(path, json={"to_agent": "reza"})).status_code == 200
    await expect(page.locator(".body .banner")).to_contain_text("Reza", timeout=TIMEOUT_MS)
    await expect(page.locator(".row")).to_have_count(0, timeout=TIMEOUT_MS)
    await expect(page.locator(".message")).to_have_count(1)


async def test_an_agent_changes_the_priority_and_sees_the_one_before_where_it_is_refused(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    page = await open_desk(open_page, desk_installation, desk_shop)
    await write(desk_shop, 1, 1, "Question", "Neda")
    [made] = await conversations(desk_shop, 1)
    await row_of(page, "Neda").click(timeout=TIMEOUT_MS)
    await page.locator("#priority").select_option("high")
    await expect(row_of(page, "Neda").locator(".chip.high")).to_be_visible(timeout=TIMEOUT_MS)
    assert (await desk_shop.get(f"/conversations/{made}"))["priority"] == "high"
    refused = {"status": 409, "code": "finished", "title": "Finished", "detail": "It is over."}
    await page.route("**/priority", lambda route: route.fulfill(status=409, json=refused))
    # Looked at with every frame: the next sentence takes its place in the live region.
    announced = asyncio.create_task(
        page.wait_for_function("() => document.querySelector('#said').textContent.includes('It is over.')")
    )
    await page.locator("#priority").select_option("low")
    await announced
    await expect(page.locator(".notice", has_text="It is over.")).to_be_attached(timeout=TIMEOUT_MS)
    await expect(page.locator("#priority")).to_have_value("high")
