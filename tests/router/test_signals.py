"""Signals over REST: they reach the pages of who may see the conversation, and the customer where the channel can."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import APIRouter

from schemas.activity import Address
from schemas.channel import Capabilities
from schemas.commands import PerformAction
from schemas.signals import AgentSignal
from schemas.topics import is_fact
from services.domain.channel_capabilities import ChannelCapabilities
from services.domain.signals import LIFETIME
from services.platform.bus.port import ProducerRecord
from services.platform.http.service import ServiceComponents
from services.records.conversations import CONVERSATIONS
from services.router import signals
from tests.rest import Rest, open_rest, problem_of
from tests.router.harness import open_stream
from tests.router.live_inbox.test_stream import Inbox, sales
from tests.router.test_bound_callers import SHOP, bound_key, put_agent
from tests.router.test_inbox import put_case
from tests.router.test_routes import conversation

ONE = f"{SHOP}/conversations/c1"
PRIVATE = {"private": Address(chat="42", channel="telegram", account="main")}


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    async with open_stream() as harness:
        put_agent(harness.rest, "sara", teams=("sales",))
        put_agent(harness.rest, "reza", teams=("sales",))
        put_agent(harness.rest, "omid", teams=("billing",))
        put_case(harness.rest, sales("c1"))
        yield Inbox(harness)


async def say(rest: Rest, key: str | None = None, **body: Any) -> None:
    given = {"authorization": key} if key else {}
    answer = await rest.request("POST", f"{ONE}/signal", {"agent": "sara", **body}, **given)
    assert answer.status_code == 204, answer.text


async def test_colleagues_who_may_see_it_are_told_who_reads_and_types(inbox: Inbox) -> None:
    colleague, stranger = await inbox.open("reza"), await inbox.open("omid")
    await say(inbox.rest)
    await say(inbox.rest, typing="reply")
    await say(inbox.rest, viewing=False)
    shown = await colleague.until("signal", 3)
    assert shown == [
        {"conversation": "c1", "agent": "sara", "name": "Sara", "kind": kind} for kind in ("viewing", "reply", "gone")
    ]
    assert stranger.came("signal") == []


async def test_a_page_that_opens_later_is_told_at_once(inbox: Inbox) -> None:
    first = await inbox.open("reza")
    await say(inbox.rest, typing="note")
    await first.until("signal")
    later = await inbox.open("reza")
    assert [signal["kind"] for signal in later.came("signal")] == ["note"]


async def test_who_is_not_heard_of_any_more_is_gone(inbox: Inbox) -> None:
    page = await inbox.open("reza")
    await say(inbox.rest)
    await page.until("signal")
    inbox.rest.time_source.move(LIFETIME.total_seconds())
    # Whatever comes by the log makes the reader look at the time; it looks each second anyway.
    await inbox.rest.bus.publish([ProducerRecord("routing", 0, "shop", b"{}")])
    assert [signal["kind"] for signal in await page.until("signal", 2)] == ["viewing", "gone"]


async def test_a_beat_says_it_again_and_says_nothing_of_what_the_agent_may_not_see(inbox: Inbox) -> None:
    page = await inbox.open("reza")
    for agent in ("sara", "omid"):
        key = await bound_key(inbox.rest, agent)
        body = {"viewing": "c1", "typing": "reply"}
        answer = await inbox.rest.request("POST", f"{SHOP}/agents/me/beat", body, authorization=key)
        assert answer.status_code == 204, answer.text
    assert [(s["agent"], s["kind"]) for s in await page.until("signal")] == [("sara", "reply")]


async def test_a_signal_is_no_fact_and_nothing_of_it_is_stored(shop: Rest) -> None:
    shop.store.insert(CONVERSATIONS, "c1", conversation("c1", addresses=PRIVATE))
    before = dict(shop.store.documents)
    await types(shop, "note")
    assert [(event.type, is_fact(event.type)) for event in shop.events] == [("pasokh.signal.shown", False)]
    assert dict(shop.store.documents) == before


# -- to the customer ---------------------------------------------------------------------------------------------------

CAN_TYPE = Capabilities(surfaces=("private", "public"), actions=("typing",), text_limits=())


@pytest.fixture
async def shop() -> AsyncIterator[Rest]:
    known = ChannelCapabilities({"telegram": CAN_TYPE, "email": Capabilities(surfaces=("private",), text_limits=())})
    # The same path under another prefix: the app of these tests knows no channel.
    routes = APIRouter(prefix="/able")
    routes.include_router(signals.build_router(known))
    async with open_rest([ServiceComponents(routers=[routes])]) as opened:
        await opened.workspace()
        put_agent(opened, "sara")
        put_agent(opened, "reza")
        yield opened


def typing_of(rest: Rest) -> list[PerformAction]:
    found = [event for event in rest.events if event.type == "pasokh.command.perform_action"]
    return [event.payload_as(PerformAction) for event in found]


async def types(rest: Rest, kind: str = "reply", agent: str = "sara") -> None:
    answer = await rest.request("POST", f"/able{ONE}/signal", {"agent": agent, "typing": kind})
    assert answer.status_code == 204, answer.text


async def test_the_customer_sees_typing_not_more_often_than_it_lasts(shop: Rest) -> None:
    shop.store.insert(CONVERSATIONS, "c1", conversation("c1", addresses=PRIVATE))
    for seconds in (0, 3, 3, 5):
        shop.time_source.move(seconds)
        await types(shop)
    assert [(action.kind, action.message, action.agent) for action in typing_of(shop)] == [("typing", None, "sara")] * 2


@pytest.mark.parametrize(
    ("kind", "agent", "given"),
    [
        ("note", "sara", {}),
        ("reply", "reza", {}),
        ("reply", "sara", {"status": "resolved"}),
        ("reply", "sara", {"last_surface": "public", "addresses": {"public": PRIVATE["private"]}}),
        ("reply", "sara", {"channel": "email", "addresses": {"private": Address(chat="a", channel="email")}}),
        ("reply", "sara", {"addresses": {}}),
    ],
    ids=["a note", "of another", "resolved", "in public", "a channel that cannot", "no address"],
)
async def test_nothing_else_is_shown_to_the_customer(shop: Rest, kind: str, agent: str, given: dict[str, Any]) -> None:
    shop.store.insert(CONVERSATIONS, "c1", conversation("c1", **{"addresses": PRIVATE, **given}))
    await types(shop, kind, agent)
    assert typing_of(shop) == []
    assert [event.payload_as(AgentSignal).kind for event in shop.events] == [kind]


@pytest.mark.parametrize("body", [{"typing": "song"}, {"viewing": None}, {"typing": "reply", "extra": 1}])
async def test_what_is_no_signal_is_refused(shop: Rest, body: dict[str, Any]) -> None:
    shop.store.insert(CONVERSATIONS, "c1", conversation("c1"))
    problem_of(await shop.request("POST", f"{ONE}/signal", {"agent": "sara", **body}), 422)
