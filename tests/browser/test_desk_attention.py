"""What asks for an agent's attention at the desk: offers, presence, sounds and notifications, and who else is here.

Numbers in names are those of the acceptance tests of the desk.
"""

import asyncio
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import wrong_with
from tests.browser.desk import TIMEOUT_MS, open_desk, row_of, write
from tests.browser.pages import OpenPage, picture
from tests.live.installation import Running, Shop

LISTEN = """() => {
  window.notes = 0;
  window.stopped = 0;
  window.shown = [];
  const {start, stop} = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (...at) { window.notes += 1; return start.apply(this, at); };
  OscillatorNode.prototype.stop = function (...at) { if (!at.length) window.stopped += 1; return stop.apply(this, at); };
  class Told { static permission = 'granted'; static requestPermission = async () => 'granted';
    constructor(title, options) { this.title = title; this.options = options; window.shown.push(this); }
    close() { window.shown = window.shown.filter(one => one !== this); } }
  window.Notification = Told;
  Object.defineProperty(navigator, 'serviceWorker', {value: undefined});
}"""
"""Counts the notes that the page plays, and keeps the notifications that it shows."""
HIDE = """() => {
  Object.defineProperty(document, 'hidden', {value: true, configurable: true});
  document.hasFocus = () => false;
  document.dispatchEvent(new Event('visibilitychange'));
  dispatchEvent(new Event('blur'));
}"""


async def listening_desk(
    open_page: OpenPage, installation: Running, shop: Shop, agent: str = "sara", **more: Any
) -> Page:
    """A desk that somebody has touched, so that it may sound, with its notes counted and its notifications kept."""
    page = await open_desk(open_page, installation, shop, agent, **more)
    await page.add_init_script(f"({LISTEN})()")
    await page.reload()
    await expect(page.locator("#presence")).to_be_visible(timeout=TIMEOUT_MS)
    await page.locator(".top h1").click()
    await expect(page.locator("#bell.ready")).to_be_visible(timeout=TIMEOUT_MS)
    return page


async def offers_on(shop: Shop, seconds: int = 30) -> None:
    settings = {"offer_mode": "offer", "offer_seconds": seconds}
    await shop.put("", {"name": "Shop", "languages": ["en", "fa", "ar", "lv"], "settings": settings})


async def is_true(page: Page, script: str, seconds: float = 20) -> None:
    await page.wait_for_function(script, timeout=seconds * 1000)


async def conversation_of(shop: Shop, number: int = 0) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            found = await shop.items("/conversations")
            if len(found) > number:
                return found[number]
            await asyncio.sleep(0.05)


# -- presence ----------------------------------------------------------------------------------------------------------


async def test_an_agent_goes_online_away_with_a_reason_and_offline_giving_back(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    page = await open_desk(open_page, desk_installation, desk_shop, "reza")
    await expect(page.locator("[data-presence=offline]")).to_be_visible(timeout=TIMEOUT_MS)
    await page.get_by_role("button", name="Go online").click()
    await expect(page.locator("#presence .dot.online")).to_be_visible(timeout=TIMEOUT_MS)
    await expect(page.locator("[data-presence]")).to_have_count(0)
    await page.locator("#presence").click()
    await page.get_by_role("button", name="Lunch").click()
    await expect(page.locator("#presence")).to_contain_text("Away (Lunch)", timeout=TIMEOUT_MS)
    await expect(page.locator("#presence")).to_be_focused()
    await page.locator("#presence").click()
    await page.locator("#presence-menu .choice", has_text="Online").click()
    await expect(page.locator("#presence .dot.online")).to_be_visible(timeout=TIMEOUT_MS)
    await desk_shop.put("/agents/sara/presence", {"status": "offline"})
    await write(desk_shop, 1, 11, "Where is my order?", "Neda")
    await expect(row_of(page, "Neda")).to_be_visible(timeout=TIMEOUT_MS)
    dialog = page.get_by_role("dialog")
    await page.locator("#presence").click()
    await page.get_by_role("button", name="Break").click()
    await expect(dialog).to_contain_text("1 customer waits for your answer", timeout=TIMEOUT_MS)
    await dialog.get_by_role("button", name="Keep").click()
    await expect(page.locator("#presence")).to_contain_text("Away (Break)", timeout=TIMEOUT_MS)
    assert (await conversation_of(desk_shop))["agent"] == "reza"
    await page.locator("#presence").click()
    await page.locator("#presence-menu .choice", has_text="Online").click()
    await expect(page.locator("#presence .dot.online")).to_be_visible(timeout=TIMEOUT_MS)
    await page.locator("#presence").click()
    await page.locator("#presence-menu .choice", has_text="Offline").click()
    await expect(dialog).to_contain_text("1 customer waits for your answer", timeout=TIMEOUT_MS)
    await expect(dialog).to_contain_text("Neda")
    await dialog.get_by_role("button", name="Give back").click()
    await expect(page.locator("#presence .dot.offline")).to_be_visible(timeout=TIMEOUT_MS)
    await expect(page.locator("[data-presence=offline]")).to_contain_text("1 customer waits", timeout=TIMEOUT_MS)
    assert (await conversation_of(desk_shop))["agent"] is None


async def test_who_finishes_first_may_stay_after_all(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await write(desk_shop, 1, 11, "Where is my order?", "Neda")
    page = await open_desk(open_page, desk_installation, desk_shop)
    await expect(row_of(page, "Neda")).to_be_visible(timeout=TIMEOUT_MS)
    await page.locator("#presence").click()
    await page.locator("#presence-finish").check()
    await page.get_by_role("button", name="Break").click()
    await expect(page.locator("[data-presence=next]")).to_be_visible(timeout=TIMEOUT_MS)
    await page.get_by_role("button", name="Stay online").click()
    await expect(page.locator("[data-presence=next]")).to_have_count(0, timeout=TIMEOUT_MS)
    await expect(page.locator("#presence .dot.online")).to_be_visible()


# -- offers ------------------------------------------------------------------------------------------------------------


async def test_an_offer_is_reached_by_f6_and_takes_no_focus(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await offers_on(desk_shop)
    page = await listening_desk(open_page, desk_installation, desk_shop)
    await page.locator("#search").focus()
    await write(desk_shop, 1, 11, "Where is my order?", "Neda")
    offer = page.get_by_role("region", name="1 offer")
    await expect(offer).to_contain_text("Neda", timeout=TIMEOUT_MS)
    await expect(offer).to_contain_text("Where is my order?")
    await expect(page.locator("#search")).to_be_focused()
    await expect(page.locator("#said")).to_contain_text("F6 leads to it")
    assert 0 < int(await page.locator(".offer-left [aria-hidden]").inner_text()) <= 30
    await is_true(page, "() => window.notes >= 3")
    await is_true(page, "() => window.notes >= 6")
    assert await wrong_with(page) == []
    await picture(page, "desk-offer")
    await page.keyboard.press("F6")
    await expect(page.get_by_role("button", name="Accept")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#conversation-title")).to_have_text("Neda", timeout=TIMEOUT_MS)
    await expect(offer).to_have_count(0, timeout=TIMEOUT_MS)
    assert (await conversation_of(desk_shop))["agent"] == "sara"
    heard = await page.evaluate("() => window.notes")
    await page.wait_for_timeout(6000)
    assert await page.evaluate("() => window.notes") == heard, "what one took oneself is not told"


async def test_a_declined_offer_goes_on_with_its_reason_and_a_missed_one_leads_back(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await offers_on(desk_shop, 5)
    page = await open_desk(open_page, desk_installation, desk_shop)
    await expect(page.locator("#presence")).to_be_visible(timeout=TIMEOUT_MS)
    await write(desk_shop, 1, 11, "Hello", "Neda")
    decline = page.locator(".offer select")
    await expect(decline).to_be_visible(timeout=TIMEOUT_MS)
    await decline.select_option("busy")
    await expect(page.locator(".notices")).to_contain_text("Declined", timeout=TIMEOUT_MS)
    for chat in (12, 13):
        await write(desk_shop, chat, chat, "Hello", f"Customer {chat}")
    lowered = page.locator("[data-presence=lowered]")
    await expect(lowered).to_contain_text("You missed offers", timeout=TIMEOUT_MS)
    await expect(page.locator("#presence")).to_contain_text("Away (missed offers)")
    await lowered.get_by_role("button", name="I'm back").click()
    await expect(page.locator("#presence .dot.online")).to_be_visible(timeout=TIMEOUT_MS)
    await expect(lowered).to_have_count(0)


# -- who else is here --------------------------------------------------------------------------------------------------


async def test_12_two_who_write_see_each_other(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await write(desk_shop, 1, 11, "Where is my order?", "Neda")
    case = await conversation_of(desk_shop)
    sara = await open_desk(open_page, desk_installation, desk_shop)
    lea = await open_desk(open_page, desk_installation, desk_shop, "lea")
    for page in (sara, lea):
        await page.goto(f"{desk_installation.url}/desk/c/{case['id']}")
        await expect(page.locator("#conversation-title")).to_have_text("Neda", timeout=TIMEOUT_MS)
    await expect(sara.locator("[data-who]")).to_contain_text(re.compile("Lea.?: reads this"), timeout=TIMEOUT_MS)
    await expect(lea.locator("[data-who]")).to_contain_text(re.compile("Sara.?: reads this"), timeout=TIMEOUT_MS)
    await sara.locator("#compose").press_sequentially("I look")
    await expect(lea.locator("[data-who]")).to_contain_text(re.compile("Sara.?: writes an answer"), timeout=2000)
    await lea.goto(f"{desk_installation.url}/desk/v/team")
    await expect(row_of(lea, "Neda")).to_contain_text(re.compile("Sara.? writes"), timeout=TIMEOUT_MS)
    # Said as the page goes, or else known by its silence after 20 seconds.
    await expect(sara.locator("[data-who]")).to_have_count(0, timeout=TIMEOUT_MS)


async def test_13_who_reads_stays_and_who_hides_the_page_is_gone(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await write(desk_shop, 1, 11, "Where is my order?", "Neda")
    case = await conversation_of(desk_shop)
    sara = await open_desk(open_page, desk_installation, desk_shop)
    lea = await open_desk(open_page, desk_installation, desk_shop, "lea")
    for page in (lea, sara):
        await page.goto(f"{desk_installation.url}/desk/c/{case['id']}")
    who = sara.locator("[data-who]")
    await expect(who).to_contain_text(re.compile("Lea.?: reads this"), timeout=TIMEOUT_MS)
    # Longer than a signal lives: the beats say it again.
    seen = await sara.evaluate("""async () => {
      for (let second = 0; second < 45; second += 1) {
        if (!document.querySelector('[data-who]')) return second;
        await new Promise(done => setTimeout(done, 1000));
      }
      return 'all the time';
    }""")
    assert seen == "all the time"
    await lea.evaluate(HIDE)
    await expect(who).to_have_count(0, timeout=TIMEOUT_MS)


# -- alerts ------------------------------------------------------------------------------------------------------------


async def allow(page: Page) -> None:
    """Switch notifications on, as an agent does."""
    await page.get_by_role("button", name="Sara", exact=True).click()
    await page.locator("#set-notifications").check()
    await page.keyboard.press("Escape")


async def test_15_a_hidden_desk_sounds_counts_and_notifies(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    page = await listening_desk(open_page, desk_installation, desk_shop)
    await allow(page)
    await page.evaluate(HIDE)
    await write(desk_shop, 1, 11, "Where is my order? My card is 4242", "Neda")
    await is_true(page, "() => window.notes > 0 && window.shown.length === 1 && document.title.startsWith('(1)')", 10)
    told = await page.evaluate("() => [window.shown[0].title, window.shown[0].options.body, document.title]")
    assert told[:2] == ["Given to you: \u2068Neda\u2069", "Telegram"]
    assert "order" not in " ".join(told)


async def test_15_an_old_message_that_is_given_to_me_alerts(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await desk_shop.put("/agents/sara/presence", {"status": "offline"})
    await write(desk_shop, 1, 11, "Where is my order?", "Neda")
    case = await conversation_of(desk_shop)
    page = await listening_desk(open_page, desk_installation, desk_shop)
    await allow(page)
    await (
        page.get_by_role("button", name="Online", exact=True).or_(page.get_by_role("button", name="Go online")).click()
    )
    await is_true(page, "() => window.shown.some(one => one.title.startsWith('Given to you'))", 10)
    assert (await desk_shop.get(f"/conversations/{case['id']}"))["agent"] == "sara"


async def test_16_others_cases_are_silent_and_a_sound_stops_where_it_is_over(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await offers_on(desk_shop)
    sara = await listening_desk(open_page, desk_installation, desk_shop)
    lea = await listening_desk(open_page, desk_installation, desk_shop, "lea")
    await write(desk_shop, 1, 11, "Hello", "Neda")
    await is_true(sara, "() => window.notes >= 3")
    await expect(lea.locator(".offer")).to_have_count(0)
    assert await lea.evaluate("() => window.notes") == 0, "an offer to another is silent"
    case = await conversation_of(desk_shop)
    answer = await desk_shop.client.post(
        f"/v1/workspaces/{desk_shop.workspace}/conversations/{case['id']}/resolve", json={}
    )
    assert answer.status_code == 200, answer.text
    await expect(sara.locator(".offer")).to_have_count(0, timeout=TIMEOUT_MS)
    heard = await sara.evaluate("() => window.notes")
    await sara.wait_for_timeout(6000)
    assert await sara.evaluate("() => window.notes") == heard


async def test_16_of_two_tabs_one_sounds(open_page: OpenPage, desk_installation: Running, desk_shop: Shop) -> None:
    first = await listening_desk(open_page, desk_installation, desk_shop)
    second = await first.context.new_page()
    await second.add_init_script(f"({LISTEN})()")
    await second.goto(f"{desk_installation.url}/desk")
    await expect(second.locator("#presence")).to_be_visible(timeout=TIMEOUT_MS)
    await second.locator(".top h1").click()
    await write(desk_shop, 1, 11, "Hello", "Neda")
    for page in (first, second):
        await expect(row_of(page, "Neda")).to_be_visible(timeout=TIMEOUT_MS)
    await is_true(first, "() => window.notes > 0")
    assert await second.evaluate("() => window.notes") == 0


async def test_17_what_came_while_the_agent_was_off_is_one_summary(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    page = await listening_desk(open_page, desk_installation, desk_shop)
    await allow(page)
    await page.context.set_offline(True)
    await page.evaluate("() => dispatchEvent(new Event('offline'))")
    for chat in range(30):
        await write(desk_shop, chat + 1, chat + 1, "Hello", f"Customer {chat}")
    # What is given to the agent after the page came back is news, and sounds.
    async with asyncio.timeout(30):
        while True:
            if sum(one["agent"] == "sara" for one in await desk_shop.items("/conversations")) == 30:
                break
            await asyncio.sleep(0.05)
    await page.context.set_offline(False)
    await page.evaluate("() => dispatchEvent(new Event('online'))")
    await expect(page.locator(".notices")).to_contain_text("While you were away: 30 customers", timeout=TIMEOUT_MS)
    assert await page.evaluate("() => [window.notes, window.shown.length]") == [0, 0]
    await is_true(page, "() => document.title.startsWith('(30)')")


async def test_23_reading_and_typing_take_few_requests(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await desk_shop.put("", {"name": "Shop", "languages": ["en"], "settings": {"beat_seconds": 5}})
    await write(desk_shop, 1, 11, "Hello", "Neda")
    case = await conversation_of(desk_shop)
    page = await open_desk(open_page, desk_installation, desk_shop)
    await page.goto(f"{desk_installation.url}/desk/c/{case['id']}")
    await expect(page.locator("#compose")).to_be_visible(timeout=TIMEOUT_MS)
    await expect(page.locator("#presence")).to_be_visible(timeout=TIMEOUT_MS)
    await page.wait_for_timeout(3000)
    made: list[str] = []
    page.on("request", lambda request: made.append(f"{request.method} {request.url.rpartition('/')[2]}"))
    for number in range(20):
        await write(desk_shop, number + 2, 11, f"Message {number}")
    await expect(page.locator(".message").nth(15)).to_be_attached(timeout=TIMEOUT_MS)
    await page.wait_for_timeout(11_000)
    beats = [one for one in made if one.endswith("beat")]
    assert 1 <= len(beats) <= 3
    others = [one for one in made if not one.endswith("beat")]
    assert [one for one in others if "signal" in one] == [], "the beats say where the agent is"
    assert len(others) <= 8, others


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("fa", "rtl"), ("ar", "rtl"), ("lv", "ltr")])
@pytest.mark.parametrize("size", ["desktop", "small phone"])
async def test_the_settings_and_the_menu_hold_to_axe_in_every_language(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop, language: str, direction: str, size: str
) -> None:
    scheme = "dark" if language in ("fa", "lv") else "light"
    page = await open_desk(open_page, desk_installation, desk_shop, locale=language, size=size, scheme=scheme)
    await expect(page.locator("html")).to_have_attribute("dir", direction, timeout=TIMEOUT_MS)
    await page.locator("#presence").click()
    await expect(page.locator("#presence-menu")).to_be_visible()
    assert await wrong_with(page) == []
    await picture(page, f"desk-presence-{language}-{size.replace(' ', '-')}", whole=False)
    await page.keyboard.press("Escape")
    await expect(page.locator("#presence-menu")).to_have_count(0)
    await page.locator(".top button[aria-haspopup=dialog]").click()
    await expect(page.locator(".sessions li")).to_have_count(1, timeout=TIMEOUT_MS)
    assert await wrong_with(page) == []
    await picture(page, f"desk-settings-{language}-{size.replace(' ', '-')}", whole=False)
    wide = await page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "nothing scrolls sideways"


# -- who does not answer -----------------------------------------------------------------------------------------------


async def test_30_an_offer_that_nobody_answers_goes_to_the_next_agent_in_time(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    seconds = 5
    await offers_on(desk_shop, seconds)
    await desk_shop.put("/agents/reza/presence", {"status": "online"})
    desks = {agent: await open_desk(open_page, desk_installation, desk_shop, agent) for agent in ("sara", "reza")}
    for page in desks.values():
        await expect(page.locator("#presence")).to_be_visible(timeout=TIMEOUT_MS)
    await write(desk_shop, 1, 11, "Where is my order?", "Neda")
    case = await conversation_of(desk_shop)
    first, second = await offers_of(desk_shop, case["id"], 2)
    assert {first["agent"], second["agent"]} == {"sara", "reza"}
    made = [datetime.fromisoformat(one["time"]) for one in (first, second)]
    assert timedelta(seconds=seconds - 1) <= made[1] - made[0] <= timedelta(seconds=seconds + 1)
    offer = desks[second["agent"]].locator(".offer")
    await expect(offer).to_contain_text("Neda", timeout=TIMEOUT_MS)
    await expect(desks[first["agent"]].locator(".offer")).to_have_count(0)
    await offer.get_by_role("button", name="Accept").click()
    title = desks[second["agent"]].locator("#conversation-title")
    await expect(title).to_have_text("Neda", timeout=TIMEOUT_MS)
    after = await desk_shop.get(f"/conversations/{case['id']}")
    assert (after["agent"], after["opened_at"]) == (second["agent"], case["opened_at"])


async def offers_of(shop: Shop, conversation: str, count: int) -> list[dict[str, Any]]:
    """The first offers of a conversation, as facts with their agent, once there are so many."""
    async with asyncio.timeout(30):
        while True:
            facts = await shop.items(f"/conversations/{conversation}/events")
            made = [{"time": one["time"], **one["data"]} for one in facts if one["type"] == "pasokh.offer.made"]
            if len(made) >= count:
                return made[:count]
            await asyncio.sleep(0.05)


async def test_33_a_snooze_outlasts_thanks_where_that_was_chosen_and_says_until_when(
    open_page: OpenPage, desk_installation: Running, desk_shop: Shop
) -> None:
    await write(desk_shop, 1, 11, "Where is my order?", "Neda")
    case = await conversation_of(desk_shop)
    page = await open_desk(open_page, desk_installation, desk_shop)
    await page.goto(f"{desk_installation.url}/desk/c/{case['id']}")
    await page.locator("#do-snooze").click()
    await page.locator("#snooze-wake").uncheck()
    await page.get_by_role("button", name=re.compile("In three hours")).click()
    await expect(page.locator(".standing .chip", has_text="Snoozed until")).to_be_visible(timeout=TIMEOUT_MS)
    until = (await desk_shop.get(f"/conversations/{case['id']}"))["snoozed_until"]
    await page.goto(f"{desk_installation.url}/desk/v/snoozed")
    await expect(row_of(page, "Neda")).to_contain_text("Snoozed until", timeout=TIMEOUT_MS)
    await write(desk_shop, 2, 11, "Thanks!", "Neda")
    await expect(row_of(page, "Neda")).to_contain_text("Thanks!", timeout=TIMEOUT_MS)
    assert (await desk_shop.get(f"/conversations/{case['id']}"))["snoozed_until"] == until
    # With the other choice the customer's word ends it, and the same time is offered again.
    await page.goto(f"{desk_installation.url}/desk/c/{case['id']}")
    await page.locator("#do-unsnooze").click()
    await page.locator("#do-snooze").click()
    await page.get_by_role("button", name=re.compile("In three hours")).click()
    await expect(page.locator("#do-unsnooze")).to_be_visible(timeout=TIMEOUT_MS)
    await write(desk_shop, 3, 11, "One more thing", "Neda")
    await expect(page.locator("#do-snooze")).to_be_visible(timeout=TIMEOUT_MS)
    await page.locator("#do-snooze").click()
    await expect(page.get_by_role("button", name=re.compile("The same time again"))).to_be_visible()
