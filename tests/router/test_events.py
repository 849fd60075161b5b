"""The stream of facts: from now on or resumed, each fact once, in order, whatever happens to reader and client."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import Event
from services.platform.core.errors import Unavailable
from tests.examples import examples
from tests.rest import problem_of
from tests.router.harness import StreamHarness, open_stream


@pytest.fixture
async def shop() -> AsyncIterator[StreamHarness]:
    async with open_stream() as found:
        yield found


async def test_it_starts_now_and_brings_what_happens_as_cloudevents(shop: StreamHarness) -> None:
    await shop.commit_and_publish("opened")
    client = await shop.open()
    [fact] = await shop.commit_and_publish("assigned")
    assert await client.wait_for_events(1) == ["assigned"]
    assert client.headers["content-type"].startswith("text/event-stream")
    assert client.headers["cache-control"] == "no-store"
    [_, block] = client.blocks
    assert block["event"] == "pasokh.conversation.assigned"
    assert Event.model_validate_json(block["data"]) == fact


async def test_a_client_that_comes_back_gets_what_it_missed_and_then_what_happens(shop: StreamHarness) -> None:
    client = await shop.open()
    await shop.commit_and_publish("opened", "queued")
    await client.wait_for_events(2)
    client.gone.set()
    await shop.commit_and_publish("assigned")
    await shop.commit_and_publish("started", source="sla/0")
    again = await shop.open(last_event_id=client.blocks[-1]["id"])
    await shop.commit_and_publish("replied")
    assert await again.wait_for_events(3) == ["assigned", "started", "replied"]


@pytest.mark.parametrize("source", ["dispatch/0", "collector/0"])
async def test_facts_about_agents_and_accounts_are_not_lost_either(shop: StreamHarness, source: str) -> None:
    await shop.commit_and_publish("before", source=source)
    client = await shop.open()
    client.gone.set()
    await shop.commit_and_publish("changed", source=source)
    again = await shop.open(last_event_id=client.blocks[0]["id"])
    await shop.commit_and_publish("later", source=source)
    assert await again.wait_for_events(2) == ["changed", "later"]


async def test_a_client_that_left_before_the_first_fact_loses_none(shop: StreamHarness) -> None:
    await shop.commit_and_publish("before")
    client = await shop.open()
    client.gone.set()
    await shop.commit_and_publish("opened")
    again = await shop.open(last_event_id=client.blocks[0]["id"])
    assert await again.wait_for_events(1) == ["opened"]


async def test_it_goes_on_in_the_middle_of_a_batch(shop: StreamHarness) -> None:
    client = await shop.open()
    await shop.commit_and_publish("opened", "message_received", "queued")
    await client.wait_for_events(3)
    again = await shop.open(last_event_id=client.blocks[1]["id"])
    assert await again.wait_for_events(2) == ["message_received", "queued"]


async def test_what_is_published_again_is_dropped(shop: StreamHarness) -> None:
    client = await shop.open()
    facts = await shop.commit_and_publish("opened", "queued")
    await shop.publish(*facts)
    await shop.commit_and_publish("assigned")
    assert await client.wait_for_events(3) == ["opened", "queued", "assigned"]


async def test_facts_of_both_topics_come_in_the_order_of_their_times(shop: StreamHarness) -> None:
    client = await shop.open()
    paused = shop.commit("paused", source="sla/0")
    replied = shop.commit("replied")
    resumed = shop.commit("resumed", source="sla/0")
    await shop.publish(*replied, *paused, *resumed)
    assert await client.wait_for_events(3) == ["paused", "replied", "resumed"]


async def test_a_fact_that_is_committed_but_published_late_comes_once(shop: StreamHarness) -> None:
    """The commit of a process that dies is published by the next owner, after the client resumed."""
    client = await shop.open()
    late = shop.commit("opened")
    again = await shop.open(last_event_id=client.blocks[0]["id"])
    assert await again.wait_for_events(1) == ["opened"]
    await shop.publish(*late)
    await shop.commit_and_publish("queued")
    assert await again.wait_for_events(2) == ["opened", "queued"]


async def test_types_are_chosen_by_prefix_and_ids_pass_over_the_others(shop: StreamHarness) -> None:
    client = await shop.open("/v1/workspaces/shop/events?types=pasokh.sla,pasokh.conversation.op")
    await shop.commit_and_publish("opened", "queued")
    await shop.commit_and_publish("warned", source="sla/0")
    assert sorted(await client.wait_for_events(2)) == ["opened", "warned"]


async def test_control_events_and_other_workspaces_are_never_shown(shop: StreamHarness) -> None:
    client = await shop.open()
    [tick] = shop.commit("tick")
    await shop.publish(tick.model_copy(update={"type": "pasokh.control.tick"}))
    await shop.commit_and_publish("opened", workspace="other")
    await shop.commit_and_publish("queued")
    assert await client.wait_for_events(1) == ["queued"]


async def test_a_heartbeat_comes_while_nothing_happens() -> None:
    async with open_stream(heartbeat_seconds=0.01) as shop:
        client = await shop.open()
        await client.wait_until(lambda: client.body.count(b"\n\n: still here\n\n") >= 1)


async def test_a_client_that_does_not_read_fills_no_memory_and_still_gets_everything() -> None:
    async with open_stream(most=5) as shop:
        client = await shop.open()
        await shop.commit_and_publish("first")
        await client.wait_for_events(1)
        client.reads.clear()
        words = [f"word-{n}" for n in range(40)]
        for word in words:
            await shop.commit_and_publish(word)
        client.reads.set()
        assert await client.wait_for_events(41) == ["first", *words]


async def test_a_lost_reader_ends_the_stream_and_the_client_goes_on_where_it_was(shop: StreamHarness) -> None:
    client = await shop.open()
    await shop.commit_and_publish("opened")
    await client.wait_for_events(1)
    shop.rest.bus.failure = Unavailable("the bus is away")
    async with shop.rest.bus.changed:
        shop.rest.bus.changed.notify_all()
    await client.wait_until(lambda: client.ended)
    shop.rest.bus.failure = None
    shop.commit("queued")
    again = await shop.open(last_event_id=client.blocks[-1]["id"])
    assert await again.wait_for_events(1) == ["queued"]


async def test_a_key_that_is_deleted_sees_no_more() -> None:
    async with open_stream(heartbeat_seconds=0.01) as shop:
        answer = await shop.rest.request("POST", "/v1/keys", {"name": "k", "workspace": "shop", "scopes": ["read"]})
        client = await shop.open(authorization=f"Bearer {answer.json()['secret']}")
        assert client.status == 200
        await shop.rest.request("DELETE", f"/v1/keys/{answer.json()['id']}")
        shop.rest.time_source.move(600)
        await client.wait_until(lambda: client.ended)


async def test_streams_of_a_deleted_key_end_at_the_next_look_and_those_of_others_go_on() -> None:
    async with open_stream() as shop:
        made = [
            (await shop.rest.request("POST", "/v1/keys", {"name": "k", "workspace": "shop", "scopes": ["read"]})).json()
            for _ in range(2)
        ]
        first, second = [await shop.open(authorization=f"Bearer {one['secret']}") for one in made]
        admins = await shop.open()
        await shop.streams.end_revoked()
        await shop.rest.request("DELETE", f"/v1/keys/{made[0]['id']}")
        await shop.streams.end_revoked()
        await first.wait_until(lambda: first.ended)
        await shop.commit_and_publish("opened")
        for client in (second, admins):
            await client.wait_until(lambda c=client: c.events)
            assert not client.ended


async def test_streams_of_a_workspace_that_is_gone_end_at_the_next_look() -> None:
    async with open_stream() as shop:
        client = await shop.open()
        documents = shop.rest.store.documents
        shop.rest.store.documents = {k: d for k, d in documents.items() if k.collection != "configuration_heads"}
        await shop.streams.end_revoked()
        await client.wait_until(lambda: client.ended)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/workspaces/shop/events", {"authorization": "Bearer nobody"}, 401),
        ("/v1/workspaces/elsewhere/events", {}, 404),
        ("/v1/workspaces/shop/events", {"last_event_id": "made up"}, 422),
    ],
)
async def test_what_cannot_be_streamed_is_refused(
    shop: StreamHarness, path: str, headers: dict[str, str], status: int
) -> None:
    client = await shop.open(path, reads=True, **headers)
    assert client.status == status


BATCHES = st.lists(
    st.tuples(st.sampled_from(["conversations/0", "conversations/1", "sla/0", "sla/1"]), st.integers(1, 3)), max_size=12
)


@examples(15)
@given(batches=BATCHES, cuts=st.lists(st.integers(0, 40), max_size=4))
async def test_however_often_it_is_cut_each_fact_comes_once_and_in_the_order_of_its_source(
    batches: list[tuple[str, int]], cuts: list[int]
) -> None:
    async with open_stream(most=4) as shop:
        opened = await shop.open()
        place = opened.blocks[0]["id"]
        total = 0
        for source, count in batches:
            await shop.commit_and_publish(*(f"n{total + n}" for n in range(count)), source=source)
            total += count
        got: list[str] = []
        for cut in [*cuts, total]:
            client = await shop.open(last_event_id=place)
            await client.wait_for_events(total - len(got))
            kept = client.blocks[: 1 + min(cut, total - len(got))]
            got += [block["data"] for block in kept[1:]]
            place = kept[-1]["id"]
        events = [Event.model_validate_json(data) for data in got]
        assert [event.data["word"] for event in events] == [f"n{n}" for n in range(total)]


async def test_a_key_has_a_share_of_the_streams_and_others_keep_theirs() -> None:
    async with open_stream(key_streams=2, workspace_streams=3) as shop:
        one, other = await shop.rest.key("read"), await shop.rest.key("read")
        held = [await shop.open(authorization=one) for _ in range(2)]
        assert [client.status for client in held] == [200, 200]
        refused = await shop.rest.client.get("/v1/workspaces/shop/events", headers={"authorization": one})
        assert "key has 2 streams" in problem_of(refused, 429)["detail"]
        assert refused.headers["retry-after"] == "5"
        assert (await shop.open(authorization=other)).status == 200
        full = await shop.rest.client.get("/v1/workspaces/shop/events", headers={"authorization": other})
        assert "workspace has 3 streams" in problem_of(full, 429)["detail"]
        await shop.rest.workspace("another")
        assert (await shop.open("/v1/workspaces/another/events")).status == 200
        held[0].gone.set()
        await shop.tasks[1]
        assert (await shop.open(authorization=one)).status == 200
