"""A day at the desk: two agents and their lead on one installation with two hundred customers, from the first question to the kill of the server.

Whatever happens in it, each customer has an answer, or waits in a queue, or is with somebody who is there; and no answer goes twice.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Literal

import pytest
from playwright.async_api import expect

from tests.browser.axe import wrong_with
from tests.browser.day import Day, count_of, name_of, number_of, offer_in, offered_to, scroll_to_end, until
from tests.browser.desk import TIMEOUT_MS, write
from tests.browser.loop import loop_fixture
from tests.browser.pages import OpenPage
from tests.browser.writing import box_of, desk_of, kept, open_conversation, start_installation, stored, writing_shop
from tests.live.installation import Running
from tests.live_servers.server import free_ports

CUSTOMERS = 199
CAPACITY = 150
"""Both agents have room for all; one alone has not, so that the queue is part of the day."""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
OFFERS = {"offer_mode": "offer", "offer_seconds": 120}
"""Longer than the slowest machine needs to read one."""
REZAS_WORDS = "Reza's words, which nobody takes from him"


@pytest.fixture(scope="module")
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Running]:
    yield from start_installation(tmp_path_factory.mktemp("day"), port)


@loop_fixture
async def day(open_page: OpenPage, installation: Running, port: int) -> AsyncIterator[Day]:
    """Sara, Reza and Lea have signed in, each in a browser of their own, and have gone online by their pages."""
    async with writing_shop(installation, port, capacity=CAPACITY, online=()) as here:
        lead = {"name": "Lea", "role": "lead", "teams": ["default"], "capacity": 1}
        await here.shop.put("/agents/lea", lead)
        sara, reza, lea = [await desk_of(open_page, here, agent) for agent in ("sara", "reza", "lea")]
        day = Day(here, sara, reza, lea)
        await day.settings()
        for agent, page in day.pages.items():
            day.listen(agent, page)
            await page.get_by_role("button", name="Go online").click(timeout=TIMEOUT_MS)
            await expect(page.locator("#presence .dot.online")).to_be_visible(timeout=TIMEOUT_MS)
        yield day
        assert "Traceback" not in installation.log


# -- the day ---------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(400)
async def test_a_day_of_two_agents_and_a_lead_loses_no_customer_and_sends_nothing_twice(day: Day) -> None:
    await morning(day)
    await an_offer_is_declined_and_goes_to_the_other(day)
    for agent in ("sara", "reza", "sara", "reza", "sara", "reza"):
        customer = await day.unanswered(agent)
        await day.answer(agent, customer, f"{agent} answers {customer}")
    await the_lead_takes_a_conversation_over(day)
    await an_agent_goes_home_and_gives_back(day)
    await the_server_is_killed_while_an_agent_types(day)
    await nobody_is_forgotten(day)
    await every_answer_went_once(day)
    await the_counts_are_the_lengths_of_the_lists(day)
    await the_pages_keep_nobody_out(day)
    assert day.complaints == []


async def morning(day: Day) -> None:
    """Two hundred customers write, and somebody has each of them."""
    for first in range(1, CUSTOMERS + 1, 20):
        numbers = range(first, min(first + 20, CUSTOMERS + 1))
        await asyncio.gather(*(write(day.here.shop, one, one, f"Question {one}", name_of(one)) for one in numbers))

    async def all_have_somebody() -> bool:
        cases = await day.here.shop.items("/conversations")
        return len(cases) == CUSTOMERS and all(case["agent"] for case in cases)

    await until(all_have_somebody)
    held = Counter(case["agent"] for case in await day.here.shop.items("/conversations"))
    assert held["lea"] == 1
    assert abs(held["sara"] - held["reza"]) <= 2
    for agent, page in day.pages.items():
        await expect(count_of(page, "mine")).to_have_text(str(held[agent]), timeout=TIMEOUT_MS)
        await expect(count_of(page, "team")).to_have_text(str(CUSTOMERS), timeout=TIMEOUT_MS)


async def an_offer_is_declined_and_goes_to_the_other(day: Day) -> None:
    await day.settings(**OFFERS)
    customer = CUSTOMERS + 1
    await write(day.here.shop, customer, customer, "Whom do I talk to?", name_of(customer))
    first = await offered_to(day, customer, {"sara", "reza"})
    [second] = {"sara", "reza"} - {first}
    offer = offer_in(day.pages[first], customer)
    await expect(offer).to_contain_text("Whom do I talk to?", timeout=TIMEOUT_MS)
    await offer.locator("select").select_option("not_my_field")
    await expect(offer).to_have_count(0, timeout=TIMEOUT_MS)
    assert await offered_to(day, customer, {second}) == second
    await offer_in(day.pages[second], customer).get_by_role("button", name="Accept").click(timeout=TIMEOUT_MS)
    await expect(day.pages[second].locator("#conversation-title")).to_have_text(name_of(customer), timeout=TIMEOUT_MS)
    await day.settings()
    await day.answer(second, customer, f"You talk to {second}")
    case = await day.conversation(customer)
    assert case is not None
    assert case["agent"] == second


async def the_lead_takes_a_conversation_over(day: Day) -> None:
    customer = await day.unanswered("reza")
    await day.open("reza", customer)
    await box_of(day.reza).fill(REZAS_WORDS)
    await day.lea.get_by_role("link", name="All of my teams").click()
    await day.open("lea", customer)
    await expect(day.lea.locator(".standing b")).to_contain_text("Reza", timeout=TIMEOUT_MS)
    await day.lea.locator("#do-take-over").click()
    day.excused = "409 (Conflict)"
    await day.lea.get_by_role("dialog").get_by_role("button", name="Take over").click()
    # Her one unit is in use: she is asked whether she takes it all the same.
    await day.lea.get_by_role("button", name="Take it above my limit").click(timeout=TIMEOUT_MS)
    await expect(day.lea.locator(".standing b")).to_contain_text("With you", timeout=TIMEOUT_MS)
    day.excused = None
    await expect(day.reza.locator(".composer .advice")).to_contain_text("Lea", timeout=TIMEOUT_MS)
    await expect(day.reza.locator(".standing b")).to_contain_text("With")
    await expect(day.reza.locator(".standing b")).to_contain_text("Lea")
    await expect(box_of(day.reza)).to_have_value(REZAS_WORDS)
    await day.answer("lea", customer, f"Lea answers {customer} herself")
    assert REZAS_WORDS not in day.here.sent()


async def an_agent_goes_home_and_gives_back(day: Day) -> None:
    """What waits for Sara goes to Reza as far as he has room, and else to the queue; who was answered and writes again too."""
    answered = next(number_of(row) for row in await day.rows("mine", "sara") if not row["unanswered_since"])
    waiting = sum(bool(row["unanswered_since"]) for row in await day.rows("mine", "sara"))
    before = len(await day.rows("mine", "reza"))
    await day.sara.locator("#presence").click()
    await day.sara.locator("#presence-menu .choice", has_text="Offline").click()
    dialog = day.sara.get_by_role("dialog")
    await expect(dialog).to_contain_text(f"{waiting} customers wait for your answer", timeout=TIMEOUT_MS)
    await dialog.get_by_role("button", name="Give back").click()
    await expect(day.sara.locator("#presence .dot.offline")).to_be_visible(timeout=TIMEOUT_MS)
    await write(day.here.shop, 10_001, answered, "And when does it come?", name_of(answered))

    async def is_handed_on() -> bool:
        mine = await day.rows("mine", "sara")
        agent = await day.here.shop.get("/agents/reza")
        case = await day.conversation(answered)
        came = case is not None and case["agent"] != "sara"
        return came and not any(row["unanswered_since"] for row in mine) and agent["load"] == CAPACITY

    await until(is_handed_on)
    assert len(await day.rows("mine", "reza")) > before
    queued = [row for row in await day.rows("waiting", "reza") if row["status"] == "waiting"]
    assert queued, "nobody but Reza is there, who has no room for all"
    await expect(count_of(day.sara, "waiting")).to_have_text(str(len(queued)), timeout=TIMEOUT_MS)
    await expect(day.sara.locator("[data-presence=offline]")).to_contain_text(f"{len(queued)} customers wait")


async def the_server_is_killed_while_an_agent_types(day: Day) -> None:
    """What is typed stays, and what is sent while nobody listens goes once, when somebody does."""
    customer = await day.unanswered("reza")
    await day.open("reza", customer)
    box = box_of(day.reza)
    words = "Begun before the server went, and ended after"
    await box.press_sequentially(words[:20])
    day.excused = "net::ERR_"
    typing = asyncio.ensure_future(box.press_sequentially(words[20:], delay=20))
    try:
        await asyncio.to_thread(day.here.installation.kill)
        await typing
        await box.press("Enter")
        day.answers[words] = customer
        await expect(day.reza.locator(".outgoing .words")).to_have_text(words)
        await box.press_sequentially("A draft for later")
        for page in day.pages.values():
            await expect(page.locator(".banner", has_text="No connection")).to_be_visible(timeout=TIMEOUT_MS)
    finally:
        day.here.installation.start()
    await asyncio.to_thread(day.here.installation.wait_ready)
    for page in day.pages.values():
        await expect(page.locator(".connection .live")).to_be_visible(timeout=TIMEOUT_MS)
    day.excused = None
    await day.here.went_out(words)
    await expect(day.reza.locator(".outgoing li")).to_have_count(0, timeout=TIMEOUT_MS)
    await expect(box).to_have_value("A draft for later")
    await kept(day.reza, REZAS_WORDS, "A draft for later")
    await day.reza.reload()
    await expect(box).to_have_value("A draft for later", timeout=TIMEOUT_MS)
    await expect(day.reza.locator("#presence .dot.online")).to_be_visible(timeout=TIMEOUT_MS)


# -- the evening -----------------------------------------------------------------------------------------------------


async def nobody_is_forgotten(day: Day) -> None:
    """Each conversation, by its messages alone: its last word is ours, or it waits, or is with somebody who is online."""
    presence = {one["id"]: one["presence"] for one in await day.here.shop.items("/agents")}
    assert presence == {"sara": "offline", "reza": "online", "lea": "online"}
    cases = await day.here.shop.items("/conversations")
    assert sorted(number_of(case) for case in cases) == list(range(1, CUSTOMERS + 2))
    questions = 0
    for case in cases:
        messages = await day.here.shop.items(f"/conversations/{case['id']}/messages")
        questions += sum(one["direction"] == "inbound" for one in messages)
        if messages[-1]["direction"] == "outbound":
            assert messages[-1]["state"] in {"sent", "delivered"}, messages[-1]
        elif case["status"] == "waiting":
            assert case["agent"] is None
        else:
            assert case["status"] == "assigned", case
            assert presence[case["agent"]] == "online", case
    # One each, and one more of whom Sara had answered.
    assert questions == CUSTOMERS + 2


async def every_answer_went_once(day: Day) -> None:
    """The stand-in took what agents sent, each once and for its customer, and nothing else."""
    taken = Counter((str(one["text"]), one["chat_id"]) for one in day.here.telegram.sent)
    assert taken == Counter(day.answers.items())
    for page in day.pages.values():
        assert await stored(page, "send/") == []


async def the_counts_are_the_lengths_of_the_lists(day: Day) -> None:
    """By the API for every view, and by the pages for those of work."""
    for agent, page in day.pages.items():
        counts = await day.here.shop.get("/inbox/counts", agent=agent)
        assert counts == {view: len(await day.rows(view, agent)) for view in counts}
        for view in ("mine", "waiting", "team"):
            if counts[view]:
                await expect(count_of(page, view)).to_have_text(str(counts[view]))
            else:
                await expect(count_of(page, view)).to_have_count(0)
            await page.locator(f".views a[href='/desk/v/{view}']").click()
            await scroll_to_end(page, counts[view])


async def the_pages_keep_nobody_out(day: Day) -> None:
    """The three pages, with a conversation each and with the team beside it, in both schemes."""
    found: dict[str, list[str]] = {}
    await day.lea.goto(f"{day.here.installation.url}/desk/team")
    await expect(day.lea.locator("#team tbody tr").first).to_be_visible(timeout=TIMEOUT_MS)
    for agent, page in day.pages.items():
        if agent != "lea":
            await open_conversation(page, await page.locator(".row .who").last.inner_text())
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            found[f"{agent}, {scheme}"] = await wrong_with(page)
    assert {where: wrong for where, wrong in found.items() if wrong} == {}
