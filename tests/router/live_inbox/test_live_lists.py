"""What a page makes of the events of its stream is what it would read anew: lists, orders and counts, after thousands of changes.

Acceptance tests 19 and 20 of the desk, and 37 for the stream.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any, get_args

import orjson
import pytest

from schemas.configuration import Visibility
from schemas.conversation import ConversationOffer
from services.domain.conversation_state import ConversationState
from services.domain.inbox import InboxSort, InboxView, with_keys
from services.domain.lifecycle import STATUSES, is_offered, is_with_agent
from services.domain.response_tracking import ResponseTracking
from services.platform.store.port import Key
from services.records.mentions import MENTIONS, mention_id, mentions_of
from tests.examples import scaled
from tests.fakes import START
from tests.router.harness import open_stream
from tests.router.live_inbox.test_stream import Inbox, Page, sales
from tests.router.test_bound_callers import bound_key, put_agent
from tests.router.test_inbox import INBOX, case, due, put_words, waits

VIEWS: tuple[InboxView, ...] = get_args(InboxView)
SORTS: tuple[InboxSort, ...] = get_args(InboxSort)
FACTS, CASES, LOOK_EVERY = scaled(10_000), 60, scaled(1000)
AGENTS = {"sara": ("sales",), "reza": ("sales", "billing"), "omid": ("billing",)}
OTHERS = "hidden"
"""Begins the ids of conversations that sara never may see, and is in their texts."""


class Lists:
    """What a page knows: the rows that it read at its beginning, and what the events made of them."""

    def __init__(self, inbox: Inbox, page: Page, agent: str, rows: list[dict[str, Any]]) -> None:
        self.inbox, self.page, self.agent = inbox, page, agent
        self.rows = {row["id"]: row for row in rows}
        self.counts: dict[str, int] = {}
        self._taken = 0

    def come_back(self, page: Page) -> None:
        """Go on with another stream, after all that came on the one before."""
        self.follow()
        self.page, self._taken = page, 0
        assert [one["reset"] for one in page.came("hello")] == [False]

    def follow(self) -> None:
        """Take in the events that came."""
        blocks = self.page.client.blocks
        for block in blocks[self._taken :]:
            self._take(block.get("event"), block.get("data", "null"))
        self._taken = len(blocks)

    def _take(self, name: str | None, text: str) -> None:
        data = orjson.loads(text)
        if name == "row":
            self.rows[data["id"]] = data
        elif name == "gone":
            self.rows.pop(data["id"], None)
        elif name == "counts":
            self.counts = data

    def shown(self, view: str, sort: str) -> list[str]:
        """A list as the page shows it."""
        found = [row for row in self.rows.values() if view in row["views"]]
        return [row["id"] for row in sorted(found, key=lambda row: row["orders"][sort])]

    async def read(self, view: str, sort: str) -> list[str]:
        """The list as it is read anew."""
        path = f"{INBOX}?agent={self.agent}&view={view}&sort={sort}&limit=100"
        answer = (await self.inbox.rest.request("GET", path)).json()
        assert answer["next"] is None
        return [row["id"] for row in answer["items"]]

    async def agree(self) -> None:
        """Wait until the page shows what is read anew, and counts what it shows."""
        read = {(view, sort): await self.read(view, sort) for view in VIEWS for sort in SORTS}

        def is_right() -> bool:
            self.follow()
            counted = {view: len(self.shown(view, "due")) for view in VIEWS}
            return self.counts == counted and all(self.shown(*one) == ids for one, ids in read.items())

        await self.page.client.wait_until(is_right)
        counts = (await self.inbox.rest.request("GET", f"{INBOX}/counts?agent={self.agent}")).json()
        assert counts == {view: len(read[view, "due"]) for view in VIEWS} == self.counts


async def follow(inbox: Inbox, agent: str, key: str | None = None) -> Lists:
    page = await inbox.open(agent, **({"key": key} if key else {}))
    rows: dict[str, dict[str, Any]] = {}
    for view in VIEWS:
        answer = await inbox.rest.request("GET", f"{INBOX}?agent={agent}&view={view}&limit=100")
        rows |= {row["id"]: row for row in answer.json()["items"]}
    return Lists(inbox, page, agent, list(rows.values()))


def changed(random: Random, identity: str, minute: int, *, others: bool = False) -> ConversationState:
    status = random.choice(STATUSES)
    agents = ["omid"] if others else [*AGENTS]
    agent = random.choice(agents) if is_with_agent(status) or status == "resolved" else None
    offer = ConversationOffer(id=f"o-{identity}", agent=random.choice(agents), expires_at=START)
    return with_keys(
        case(
            identity,
            status,
            team="billing" if others else random.choice(["sales", "billing"]),
            agent=agent,
            offer=offer if is_offered(status) else None,
            last_at=START + timedelta(minutes=minute),
            response_tracking=random.choice([ResponseTracking(), waits(minute)]),
            clocks=random.choice([{}, due(random.randrange(50))]),
            snoozed_until=random.choice([None, None, START]),
            mentioned={} if others else random.choice([{}, {}, {"sara": "n1"}, {"reza": "n2", "omid": "n3"}]),
        )
    )


def put_mentions(inbox: Inbox, one: ConversationState) -> None:
    for agent in AGENTS:
        inbox.rest.store.documents.pop(Key(MENTIONS.name, mention_id(one.id, agent)), None)
    for identity, mention in mentions_of(one).items():
        inbox.rest.store.insert(MENTIONS, identity, mention)


async def opened(visibility: Visibility) -> AsyncIterator[Inbox]:
    async with open_stream() as harness:
        body = {"name": "Shop", "settings": {"visibility": visibility}}
        assert (await harness.rest.request("PUT", "/v1/workspaces/shop", body)).status_code == 200
        for agent, teams in AGENTS.items():
            put_agent(harness.rest, agent, teams=teams)
        yield Inbox(harness)


@pytest.fixture(params=["team", "own"])
async def inbox(request: pytest.FixtureRequest) -> AsyncIterator[Inbox]:
    async for one in opened(request.param):
        yield one


@pytest.mark.parametrize(("inbox", "facts"), [("team", FACTS), ("own", FACTS // 5)], indirect=["inbox"])
async def test_19_and_20_after_random_facts_counts_and_live_orders_are_those_of_the_lists(
    inbox: Inbox, facts: int
) -> None:
    """19: badge and list disagree. 20: order and shown time disagree; live order is the order after a reload."""
    random = Random(20)
    pages = [await follow(inbox, agent) for agent in AGENTS]
    for number in range(1, facts + 1):
        one = changed(random, f"c{random.randrange(CASES):02d}", number % 500)
        put_mentions(inbox, one)
        await inbox.change("priority_changed", one)
        if number % LOOK_EVERY == 0:
            for page in pages:
                await page.agree()


@pytest.mark.parametrize("sort", SORTS)
async def test_20_another_message_of_who_waits_moves_nothing_but_where_the_newest_is_first(
    inbox: Inbox, sort: InboxSort
) -> None:
    """20: a customer's second reply sinks the row; the new one stands on top in "oldest first"."""
    page = await follow(inbox, "sara")
    first = [
        sales(f"c{number}", last_at=START + timedelta(minutes=number), response_tracking=waits(number))
        for number in range(3)
    ]
    for one in first:
        await inbox.change("opened", one)
    await page.agree()
    for number in range(3, 6):
        again = replace(first[0], last_at=START + timedelta(minutes=number))
        await inbox.change("message_received", again)
        await page.agree()
        expected = ["c0", "c2", "c1"] if sort == "newest" else ["c0", "c1", "c2"]
        assert page.shown("waiting", sort) == expected


async def test_37_no_byte_of_what_an_agent_may_not_see_is_on_their_stream(inbox: Inbox) -> None:
    """37: agents see other teams' last message."""
    random = Random(37)
    key = await bound_key(inbox.rest, "sara")
    sara, omid = await inbox.open("sara", key), await inbox.open("omid")
    for number in range(300):
        one = changed(random, f"{OTHERS}-{number % 20}", number, others=True)
        put_words(inbox.rest, f"m{number}", one.id, f"{OTHERS} words")
        await inbox.change(
            random.choice(["message_received", "assigned", "transferred", "resolved"]),
            replace(one, last_message=f"m{number}"),
            message=f"m{number}",
        )
    await inbox.change("opened", sales("seen"))
    await sara.client.wait_until(lambda: "seen" in [row["id"] for row in sara.came("row")])
    await omid.client.wait_until(lambda: OTHERS.encode() in omid.client.body)
    assert OTHERS.encode() not in sara.client.body
    again = await inbox.open("sara", key, last_event_id=sara.last_id)
    assert OTHERS.encode() not in again.client.body
    for view in VIEWS:
        answer = await inbox.rest.request("GET", f"{INBOX}?view={view}", authorization=key)
        assert OTHERS not in answer.text


async def test_however_often_the_page_is_cut_its_lists_are_whole(inbox: Inbox) -> None:
    """It comes back with its last id while conversations go on to change; nothing is read anew."""
    random = Random(10)
    lists = await follow(inbox, "reza")

    async def change(number: int) -> None:
        one = changed(random, f"c{random.randrange(20):02d}", number)
        put_mentions(inbox, one)
        await inbox.change("priority_changed", one)

    for number in range(0, 400, 10):
        lists.page.leave()
        for step in range(5):
            await change(number + step)
        async with asyncio.TaskGroup() as group:
            opening = group.create_task(inbox.open("reza", last_event_id=lists.page.last_id))
            for step in range(5, 10):
                group.create_task(change(number + step))
        lists.come_back(opening.result())
    await lists.agree()
