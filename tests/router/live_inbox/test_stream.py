"""The stream of an agent's inbox: what comes, for whom, and what a page gets that comes back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from schemas.conversation import Author, ConversationFact, ConversationOffer
from schemas.customer import CustomerFact
from schemas.envelope import Event, encode
from schemas.routing import OfferFact
from schemas.sla import Clock, ClockFact
from schemas.values import instant_text
from services.domain.conversation_state import ConversationState, OpenClock, conversation_view
from services.domain.customer_state import CustomerRecord
from services.domain.inbox import with_keys
from services.domain.read_marks import ReadMark
from services.platform.bus.port import ProducerRecord
from services.platform.core.errors import Unavailable
from services.platform.store.collections import ROWS, PartitionCheckpoint
from services.platform.store.port import Changes, Key
from services.records.agents import AGENTS, agent_id
from services.records.conversations import MESSAGES, PERSONS
from services.records.customers import CUSTOMERS
from services.records.offers import OFFERS, OfferRecord
from services.records.read_marks import READ_MARKS, ReadMarks
from services.router.live_inbox.changes import InboxChanges
from services.router.live_inbox.reading import clocks_to_come
from tests.fakes import START
from tests.rest import ADMIN_KEY
from tests.router.harness import StreamClient, StreamHarness, open_stream
from tests.router.test_bound_callers import bound_key, put_agent
from tests.router.test_inbox import case, put_case, put_customer, put_words

STREAM = "/v1/workspaces/shop/inbox/stream"
ADMIN = f"Bearer {ADMIN_KEY}"


class Inbox:
    """A workspace whose conversations change, and pages that follow it."""

    def __init__(self, harness: StreamHarness) -> None:
        self.harness, self.rest, self.facts = harness, harness.rest, 0

    async def change(self, word: str, after: ConversationState, source: str = "conversations/0", **more: Any) -> None:
        """A conversation changes: it is stored, with a fact about it, which is published."""
        put_case(self.rest, with_keys(after))
        fact = ConversationFact(
            conversation=after.id,
            key=after.key,
            snapshot=conversation_view(after),
            at=self.rest.time_source.now(),
            **more,
        )
        await self.fact(f"pasokh.conversation.{word}", fact.model_dump(mode="json"), source)

    async def fact(
        self, kind: str, data: dict[str, Any], source: str = "conversations/0", *, lost: bool = False
    ) -> None:
        """A fact is stored and published."""
        self.rest.time_source.move(0.001)
        self.facts += 1
        fact = Event(
            id=f"fact-{self.facts:04d}",
            source=source,
            type=kind,
            time=self.rest.time_source.now(),
            workspace="shop",
            partitionkey="shop/telegram:main:1",
            seq=self.facts,
            index=0,
            data=data,
        )
        self.rest.store.insert_fact(fact)
        self.rest.store.insert(
            ROWS, source, PartitionCheckpoint(seq=self.facts, decided_at=self.rest.time_source.now())
        )
        if not lost:
            await self.harness.publish(fact)

    async def open(self, agent: str = "sara", key: str = ADMIN, **headers: Any) -> "Page":
        path = STREAM if key != ADMIN else f"{STREAM}?agent={agent}"
        page = Page(await self.harness.open(path, authorization=key, **headers))
        if page.client.status == 200:
            await page.until("counts")
        return page


class Page:
    """A client of the stream, and what came."""

    def __init__(self, client: StreamClient) -> None:
        self.client = client

    def came(self, name: str) -> list[dict[str, Any]]:
        return [orjson.loads(block["data"]) for block in self.client.blocks if block.get("event") == name]

    @property
    def names(self) -> list[str]:
        return [block["event"] for block in self.client.blocks if "event" in block]

    @property
    def last_id(self) -> str:
        return [block["id"] for block in self.client.blocks if "id" in block][-1]

    def leave(self) -> None:
        self.client.gone.set()

    async def until(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        await self.client.wait_until(lambda: len(self.came(name)) >= count or self.client.ended)
        return self.came(name)


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    async with open_stream() as harness:
        put_agent(harness.rest, "sara", teams=("sales",))
        put_agent(harness.rest, "reza", teams=("sales",))
        put_agent(harness.rest, "omid", teams=("billing",))
        yield Inbox(harness)


def sales(identity: str, status: Any = "waiting", **given: Any) -> ConversationState:
    return case(identity, status, **{"team": "sales", "agent": None, **given})


async def test_it_begins_with_the_time_the_agent_and_the_counts(inbox: Inbox) -> None:
    put_case(inbox.rest, sales("c1"))
    page = await inbox.open()
    assert page.names == ["hello", "me", "counts"]
    assert inbox.harness.metrics.get_sample_value("pasokh_desk_streams", {"workspace": "shop"}) == 1
    assert page.came("hello")[0]["now"] == instant_text(inbox.rest.time_source.now())
    assert (page.came("me")[0]["id"], page.came("counts")[0]["waiting"]) == ("sara", 1)


async def test_a_change_brings_the_row_its_message_and_the_counts(inbox: Inbox) -> None:
    page = await inbox.open()
    put_customer(inbox.rest, "c1", "Neda")
    put_words(inbox.rest, "m1", "c1", "Where is my order?")
    await inbox.change("opened", replace(sales("c1"), last_message="m1"), message="m1")
    [row] = await page.until("row")
    assert (row["id"], row["customer"]["name"], row["views"]) == ("c1", "Neda", ["waiting", "team"])
    assert row["last"]["preview"] == "Where is my order?"
    assert set(row["orders"]) == {"due", "waiting", "newest"}
    [message] = await page.until("message")
    assert (message["conversation"], message["message"]["text"]) == ("c1", "Where is my order?")
    assert (await page.until("counts", 2))[-1]["waiting"] == 1


async def test_who_may_not_see_a_conversation_gets_nothing_of_it(inbox: Inbox) -> None:
    key = await bound_key(inbox.rest, "omid")
    omid, sara = await inbox.open("omid", key), await inbox.open("sara")
    put_words(inbox.rest, "m1", "c1", "a secret")
    await inbox.change("opened", replace(sales("c1"), last_message="m1"), message="m1")
    await inbox.change("opened", sales("c2", team="billing"))
    await sara.until("row")
    await omid.until("row")
    assert b"c1" not in omid.client.body
    assert b"secret" not in omid.client.body
    assert b"c2" not in sara.client.body


async def test_what_an_agent_cannot_see_any_more_is_gone_and_what_others_see_stays(inbox: Inbox) -> None:
    await inbox.change("opened", sales("c1"))
    sara, omid = await inbox.open("sara"), await inbox.open("omid")
    # Nobody has shown it since the pages are open: how it stood is read from the facts.
    await inbox.change("transferred", sales("c1", team="billing"))
    assert await sara.until("gone") == [{"id": "c1", "agent": None}]
    assert [row["id"] for row in await omid.until("row")] == ["c1"]
    assert sara.came("row") == omid.came("gone") == []


async def test_who_loses_a_conversation_reads_who_has_it(inbox: Inbox) -> None:
    await inbox.rest.request("PUT", "/v1/workspaces/shop", {"name": "Shop", "settings": {"visibility": "own"}})
    await inbox.change("assigned", sales("c1", "assigned", agent="sara"))
    sara = await inbox.open("sara")
    await inbox.change("assigned", sales("c1", "assigned", agent="reza"))
    assert await sara.until("gone") == [{"id": "c1", "agent": "reza"}]


async def test_who_never_saw_it_is_not_told_that_it_is_gone(inbox: Inbox) -> None:
    await inbox.rest.request("PUT", "/v1/workspaces/shop", {"name": "Shop", "settings": {"visibility": "own"}})
    key = await bound_key(inbox.rest, "reza")
    await inbox.change("assigned", sales("c1", "assigned", agent="sara"))
    reza, sara = await inbox.open("reza", key), await inbox.open("sara")
    await inbox.change("replied", sales("c1", "pending", agent="sara"))
    await inbox.change("opened", sales("c2"))
    assert [row["id"] for row in await sara.until("row", 2)] == ["c1", "c2"]
    await reza.until("row")
    assert b"c1" not in reza.client.body


async def test_a_page_that_comes_back_gets_what_changed_once_and_as_it_is_now(inbox: Inbox) -> None:
    page = await inbox.open()
    await inbox.change("opened", sales("c1"))
    await page.until("row")
    await page.until("counts", 2)
    await page.client.wait_until(lambda: len([b for b in page.client.blocks if "id" in b]) > 1)
    page.leave()
    for _ in range(3):
        await inbox.change("priority_changed", sales("c1", priority="urgent"))
    await inbox.change("opened", sales("c2"))
    again = await inbox.open(last_event_id=page.last_id)
    assert [(row["id"], row["priority"]) for row in again.came("row")] == [("c1", "urgent"), ("c2", "normal")]
    assert [one["reset"] for one in again.came("hello")] == [False]
    assert again.came("counts")[0]["waiting"] == 2


async def test_a_page_that_comes_back_after_it_lost_sight_of_a_conversation_is_told(inbox: Inbox) -> None:
    await inbox.change("opened", sales("c1"))
    page = await inbox.open()
    page.leave()
    await inbox.change("transferred", sales("c1", team="billing"))
    again = await inbox.open(last_event_id=page.last_id)
    assert again.came("gone") == [{"id": "c1", "agent": None}]
    by_query = await inbox.harness.open(f"{STREAM}?agent=sara&last_event_id={page.last_id}")
    await by_query.wait_until(lambda: b"event: gone" in by_query.body)


@pytest.mark.parametrize("identity", ["rubbish", "abc.def", "."])
async def test_an_id_that_nothing_is_known_of_has_all_lists_read_anew(inbox: Inbox, identity: str) -> None:
    page = await inbox.open(last_event_id=identity)
    assert [one["reset"] for one in page.came("hello")] == [True]


async def test_an_id_after_which_too_much_changed_has_all_lists_read_anew(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.router.live_inbox.missed.MAX_CASES", 2)
    page = await inbox.open()
    page.leave()
    for number in range(3):
        await inbox.change("opened", sales(f"c{number}"))
    again = await inbox.open(last_event_id=page.last_id)
    assert (again.came("hello")[0]["reset"], again.came("row")) == (True, [])


async def test_an_id_from_before_a_backup_was_restored_has_all_lists_read_anew(inbox: Inbox) -> None:
    await inbox.change("opened", sales("c1"))
    page = await inbox.open()
    page.leave()
    inbox.rest.store.insert(ROWS, "conversations/0", PartitionCheckpoint(seq=-1, decided_at=START))
    inbox.facts = 0
    again = await inbox.open(last_event_id=page.last_id)
    assert again.came("hello")[0]["reset"]


async def test_an_agent_sees_their_own_record_change(inbox: Inbox) -> None:
    page = await inbox.open()
    put_agent(inbox.rest, "sara", teams=("sales",), presence="online", load=1)
    assert [(me["presence"], me["load"]) for me in await page.until("me", 2)] == [("offline", 0), ("online", 1)]


async def test_an_agent_who_changes_team_reads_all_lists_anew_and_gets_no_more_of_the_old(inbox: Inbox) -> None:
    page = await inbox.open()
    put_agent(inbox.rest, "sara", teams=("billing",), version=2)
    assert [one["reset"] for one in await page.until("hello", 2)] == [False, True]
    await inbox.change("opened", sales("c1"))
    await inbox.change("opened", sales("c2", team="billing"))
    assert [row["id"] for row in await page.until("row")] == ["c2"]
    assert page.came("gone") == []


async def test_a_lead_sees_the_agents_of_their_teams_change_and_others_do_not(inbox: Inbox) -> None:
    put_agent(inbox.rest, "lead", teams=("sales",), role="lead")
    lead, sara = await inbox.open("lead"), await inbox.open("sara")
    await lead.client.wait_until(lambda: {one["id"] for one in lead.came("agent")} == {"lead", "sara", "reza"})
    put_agent(inbox.rest, "reza", teams=("sales",), presence="away")
    put_agent(inbox.rest, "omid", teams=("billing",), presence="away")
    await lead.client.wait_until(lambda: lead.came("agent")[-1]["presence"] == "away")
    assert {one["id"] for one in lead.came("agent")} == {"lead", "sara", "reza"}
    assert sara.came("agent") == []


def offered(identity: str, agent: str) -> ConversationState:
    offer = ConversationOffer(id=f"offer-{identity}", agent=agent, expires_at=START + timedelta(seconds=30))
    return sales(identity, "offered", offer=offer)


def offer_fact(one: ConversationState) -> dict[str, Any]:
    assert one.offer is not None
    fact = OfferFact(
        conversation=one.id,
        key=one.key,
        offer=one.offer.id,
        agent=one.offer.agent,
        team=one.team,
        channel=one.channel,
        surface=one.surface,
        at=START,
        expires_at=one.offer.expires_at,
    )
    return fact.model_dump(mode="json")


async def test_a_mention_shows_in_the_views_and_counts_of_who_is_called(inbox: Inbox) -> None:
    called, other = await inbox.open(), await inbox.open("reza")
    await inbox.change("noted", sales("c1", "assigned", agent="reza", mentioned={"sara": "n1"}))
    [row] = await called.until("row")
    assert row["views"] == ["team", "mentions"]
    assert (await called.until("counts", 2))[-1]["mentions"] == 1
    [seen] = await other.until("row")
    assert seen["views"] == ["mine", "team"]
    assert (await other.until("counts", 2))[-1]["mentions"] == 0


async def test_an_offer_comes_to_its_agent_alone_with_its_row_and_so_does_its_end(inbox: Inbox) -> None:
    sara, reza = await inbox.open("sara"), await inbox.open("reza")
    one = offered("c1", "sara")
    await inbox.change("offered", one)
    await inbox.fact("pasokh.offer.made", offer_fact(one))
    [offer] = await sara.until("offer")
    assert (offer["id"], offer["conversation"], offer["agent"]) == ("offer-c1", "c1", "sara")
    assert offer["row"]["id"] == "c1"
    put_case(inbox.rest, sales("c1"))
    await inbox.fact("pasokh.offer.expired", offer_fact(one))
    assert await sara.until("offer_ended") == [{"id": "offer-c1", "conversation": "c1", "why": "expired"}]
    await inbox.change("opened", sales("c2"))
    await reza.client.wait_until(lambda: "c2" in [row["id"] for row in reza.came("row")])
    assert reza.came("offer") == reza.came("offer_ended") == []


async def test_an_offer_that_was_made_before_the_page_opened_comes_at_once(inbox: Inbox) -> None:
    one = offered("c1", "sara")
    put_case(inbox.rest, one)
    record = OfferRecord(
        id="offer-c1", workspace="shop", conversation="c1", agent="sara", made_at=START, expires_at=START
    )
    inbox.rest.store.insert(OFFERS, "offer-c1", record)
    page = await inbox.open("sara")
    assert [offer["id"] for offer in page.came("offer")] == ["offer-c1"]
    assert (await inbox.open("reza")).came("offer") == []


def clock_fact(conversation: str) -> dict[str, Any]:
    clock = Clock(
        metric="first_response",
        policy="p",
        target_seconds=60,
        started_at=START,
        due_at=START + timedelta(seconds=60),
        state="running",
    )
    fact = ClockFact(
        conversation=conversation,
        key="k",
        workspace="shop",
        metric="first_response",
        clock=clock,
        policy_version=1,
        channel="telegram",
        account="main",
        surface="private",
        team="sales",
        priority="normal",
    )
    return fact.model_dump(mode="json")


async def test_a_clock_is_shown_once_the_conversation_shows_it(inbox: Inbox) -> None:
    await inbox.change("opened", sales("c1"))
    page = await inbox.open()
    await inbox.fact("pasokh.sla.started", clock_fact("c1"), "sla/0")
    assert (await page.until("row"))[0]["due"] is None
    started = {"first_response": OpenClock(run=1, due_at=START + timedelta(seconds=60), state="running")}
    put_case(inbox.rest, with_keys(sales("c1", clocks=started)))
    await page.client.wait_until(lambda: page.came("row")[-1]["due"] is not None)


async def test_a_beat_is_an_event(inbox: Inbox) -> None:
    async with open_stream(heartbeat_seconds=0.0) as harness:
        put_agent(harness.rest, "sara")
        page = await Inbox(harness).open()
        assert (await page.until("beat"))[0]["now"]


async def test_a_session_or_agent_that_is_gone_ends_the_stream(inbox: Inbox) -> None:
    key = await bound_key(inbox.rest, "sara")
    bound, named = await inbox.open("sara", key), await inbox.open("reza")
    [made] = (await inbox.rest.request("GET", "/v1/keys")).json()["items"]
    await inbox.rest.request("DELETE", f"/v1/keys/{made['id']}")
    await inbox.harness.streams.end_revoked()
    await bound.client.wait_until(lambda: bound.client.ended)
    await inbox.rest.store.commit(Changes(deletes=[Key(AGENTS.name, agent_id("shop", "reza"))]))
    await named.client.wait_until(lambda: named.client.ended)


async def test_other_keys_name_an_agent_and_bound_ones_no_other(inbox: Inbox) -> None:
    key = await bound_key(inbox.rest, "sara")
    answers = [
        (await inbox.rest.request("GET", path, authorization=given)).status_code
        for path, given in ((STREAM, ADMIN), (f"{STREAM}?agent=nobody", ADMIN), (f"{STREAM}?agent=reza", key))
    ]
    assert answers == [422, 422, 403]


async def test_a_lost_reader_ends_the_stream_and_nothing_is_missing_after(inbox: Inbox) -> None:
    page, bus = await inbox.open(), inbox.rest.bus
    bus.failure = Unavailable("the bus is away")
    async with bus.changed:
        bus.changed.notify_all()
    await page.client.wait_until(lambda: page.client.ended)
    bus.failure = None
    await inbox.change("opened", sales("c1"))
    again = await inbox.open(last_event_id=page.last_id)
    assert [row["id"] for row in again.came("row")] == ["c1"]


async def test_a_page_that_comes_back_hears_what_its_agent_has_read_elsewhere(inbox: Inbox) -> None:
    await inbox.change("opened", sales("c1", received=1), message="m1")
    put_words(inbox.rest, "m1", "c1", "words")
    page = await inbox.open()
    page.leave()
    inbox.rest.time_source.move(60)
    answer = await inbox.rest.request(
        "PUT", "/v1/workspaces/shop/conversations/c1/read", {"agent": "sara", "up_to": "m1"}
    )
    assert answer.status_code == 200
    again = await inbox.open(last_event_id=page.last_id)
    assert [(row["id"], row["unread"]) for row in again.came("row")] == [("c1", 0)]
    assert (await inbox.open("reza", last_event_id=page.last_id)).came("row") == []


async def test_a_mark_of_another_process_comes_too(inbox: Inbox) -> None:
    await inbox.change("opened", sales("c1", received=1))
    page = await inbox.open()
    now = inbox.rest.time_source.now()
    mark = ReadMark(order="m1", received=1, at=now)
    marks = ReadMarks(workspace="shop", conversation="c1", version=1, marks={"sara": mark}, at=now)
    inbox.rest.store.insert(READ_MARKS, "c1", marks)
    assert [(row["id"], row["unread"]) for row in await page.until("row")] == [("c1", 0)]


async def test_a_message_that_was_read_comes_though_that_is_no_fact(inbox: Inbox) -> None:
    put_customer(inbox.rest, "c1", "Neda")
    key = "shop/telegram:main:c1"
    person = inbox.rest.store.find(PERSONS, key)
    assert person is not None
    inbox.rest.store.insert(PERSONS, key, replace(person, open={"": "c1"}))
    put_words(inbox.rest, "m1", "c1", "On its way", direction="outbound", author=Author(kind="agent", id="sara"))
    await inbox.change("replied", sales("c1", "pending", agent="sara"), message="m1")
    sara, omid = await inbox.open("sara"), await inbox.open("omid")
    message = inbox.rest.store.find(MESSAGES, "m1")
    assert message is not None
    inbox.rest.store.insert(MESSAGES, "m1", replace(message, state="read"))
    receipt = Event(
        id="r1",
        source="ingest",
        type="pasokh.inbound.receipt",
        time=START,
        workspace="shop",
        partitionkey=key,
        data={},
    )
    await inbox.rest.bus.publish([ProducerRecord("inbound", 0, key, encode(receipt))])
    assert [one["message"]["state"] for one in await sara.until("message")] == ["read"]
    assert sara.came("row") == omid.came("message") == []


async def test_a_clock_that_is_never_shown_is_not_waited_for_for_ever(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.router.live_inbox.reading.MAX_LOOKS", 2)
    await inbox.change("opened", sales("c1"))
    page = await inbox.open()
    await inbox.fact("pasokh.sla.started", clock_fact("c1"), "sla/0")
    await page.until("row", 3)
    await inbox.change("opened", sales("c2"))
    await page.client.wait_until(lambda: "c2" in [row["id"] for row in page.came("row")])
    assert [row["id"] for row in page.came("row")].count("c1") == 3


async def test_of_a_clock_that_began_and_ended_the_end_counts(inbox: Inbox) -> None:
    await inbox.change("opened", sales("c1"))
    page = await inbox.open()
    for word in ("started", "fulfilled"):
        await inbox.fact(f"pasokh.sla.{word}", clock_fact("c1"), "sla/0")
    await inbox.change("opened", sales("c2"))
    await page.client.wait_until(lambda: "c2" in [row["id"] for row in page.came("row")])
    changes = InboxChanges()
    for number, word in enumerate(("started", "fulfilled"), 1):
        changes.note(
            Event(
                id=f"x{number}",
                source="sla/0",
                type=f"pasokh.sla.{word}",
                time=START,
                workspace="shop",
                partitionkey="k",
                data=clock_fact("c1"),
            )
        )
    assert clocks_to_come(changes, {"c1": sales("c1")}, START).cases == {}


# -- customers of several persons -----------------------------------------------------------------------------------------

CHAT, MAIL, OTHER = "telegram:main:1", "email:support:sara@example.com", "whatsapp:main:371"


def put_persons(inbox: Inbox) -> None:
    """The team sales has conversations with the chat's person and with another, billing with the mail's; two are a customer."""
    for number, (person, team) in enumerate(((CHAT, "sales"), (MAIL, "billing"), (OTHER, "sales"))):
        key = f"shop/{person}"
        put_case(inbox.rest, sales(f"c{number}", "resolved", person=person, key=key, team=team, agent="omid"))
    record = CustomerRecord(workspace="shop", id="cu1", persons=[CHAT, MAIL], graph="g1", updated_at=START)
    inbox.rest.store.insert(CUSTOMERS, "cu1", record)


async def customer_fact(inbox: Inbox, word: str, person: str, **given: Any) -> None:
    fact = CustomerFact(key=f"shop/{person}", workspace="shop", person=person, at=START, **given)
    await inbox.fact(f"pasokh.customer.{word}", fact.model_dump(mode="json"))


async def test_pages_are_told_whose_customer_changed_as_far_as_their_agents_see_them(inbox: Inbox) -> None:
    put_persons(inbox)
    sara, omid = await inbox.open(), await inbox.open("omid")
    await customer_fact(inbox, "joined", MAIL, customer="cu1")
    # The other person of the customer shows somebody else now, too.
    assert await sara.until("customer") == [{"persons": [CHAT]}]
    assert await omid.until("customer") == [{"persons": [MAIL, CHAT]}]
    await customer_fact(inbox, "parted", MAIL, previous_customer="cu1")
    assert await sara.until("customer", 2) == [{"persons": [CHAT]}, {"persons": [CHAT]}]
    await customer_fact(inbox, "conflict_found", CHAT, customer="cu1", others=[OTHER])
    assert (await sara.until("customer", 3))[-1] == {"persons": [CHAT, OTHER]}


async def test_page_that_comes_back_hears_whose_customer_changed_meanwhile(inbox: Inbox) -> None:
    put_persons(inbox)
    page = await inbox.open()
    await inbox.change("opened", sales("c9"))
    await page.until("row")
    page.leave()
    await customer_fact(inbox, "joined", MAIL, customer="cu1")
    again = await inbox.open(**{"last-event-id": page.last_id})
    assert again.came("customer") == [{"persons": [CHAT]}]
