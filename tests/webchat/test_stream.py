"""A visitor's stream: both directions, their own only, once, and resumable."""

import pytest

from tests.rest import problem_of
from tests.router.harness import StreamClient
from tests.webchat.harness import IDENTITY_SECRET, LINK, PATH, WebchatHarness, open_webchat


async def visiting(shop: WebchatHarness, **body: str) -> tuple[dict[str, str], str]:
    """The headers and the key of a new visitor."""
    session = await shop.session(**body)
    return {"authorization": f"Bearer {session['token']}"}, f"shop/webchat:main:{session['visitor']}"


def texts(client: StreamClient) -> list[str]:
    return [one["text"] for one in client.events]


async def test_both_directions_come_in_order_and_once() -> None:
    async with open_webchat() as shop:
        holder, key = await visiting(shop)
        client = await shop.stream(holder)
        assert client.headers["content-type"].startswith("text/event-stream")
        first = await shop.write(holder, "Hello")
        await shop.store_message(key, "c", "reply")
        await shop.publish_change(key)
        await shop.write(holder, "Thanks")
        await client.wait_until(lambda: len(client.events) == 3)
        assert texts(client) == ["Hello", "Good morning", "Thanks"]
        assert client.events[0] == first.json()
        assert {block["event"] for block in client.blocks if "data" in block} == {"message"}


async def test_nothing_of_others_and_no_note_comes() -> None:
    async with open_webchat() as shop:
        (holder, key), (other, _) = await visiting(shop), await visiting(shop)
        client = await shop.stream(holder)
        await shop.write(other, "not yours")
        await shop.store_message(key, "c", "note", direction="note")
        await shop.store_message(key, "c", "reply")
        await client.wait_until(lambda: client.events)
        assert texts(client) == ["Good morning"]


async def test_a_stream_begins_now_and_resumes_after_the_last_id() -> None:
    async with open_webchat() as shop:
        holder, key = await visiting(shop)
        await shop.write(holder, "before")
        client = await shop.stream(holder)
        await shop.write(holder, "one")
        await client.wait_until(lambda: client.events)
        place = next(block["id"] for block in client.blocks if "id" in block)
        client.gone.set()
        await shop.write(holder, "two")
        await shop.store_message(key, "c", "reply")
        resumed = await shop.stream(holder, last_event_id=place)
        await resumed.wait_until(lambda: len(resumed.events) == 2)
        assert (texts(client), texts(resumed)) == (["one"], ["two", "Good morning"])


async def test_an_id_of_nothing_is_422() -> None:
    async with open_webchat() as shop:
        holder, _ = await visiting(shop)
        for wrong in ("x", "e30", "MQ", "bnVsbA", "WzEsMl0", "WyIiLCJhIl0"):
            answer = await shop.client.get(f"{PATH}/stream", headers={**holder, "last-event-id": wrong})
            problem_of(answer, 422)


async def test_after_a_hand_off_the_stream_goes_on_in_the_case_it_led_to() -> None:
    async with open_webchat() as shop:
        session = await shop.session(handoff=LINK)
        client = await shop.stream({"authorization": f"Bearer {session['token']}"})
        key = shop.hand_over(session["visitor"])
        await shop.store_message(key, "case", "public", surface="public")
        await shop.store_message(key, "case", "reply")
        await shop.publish_change(f"shop/webchat:main:{session['visitor']}")
        await client.wait_until(lambda: client.events)
        assert [one["id"] for one in client.events] == ["reply"]


@pytest.mark.parametrize("change", ["deleted", "another secret"])
async def test_a_stream_ends_when_its_account_does(change: str) -> None:
    async with open_webchat() as shop:
        holder, _ = await visiting(shop)
        client = await shop.stream(holder)
        await shop.streams.end_revoked()
        await shop.changed(None if change == "deleted" else {"identity_secret": "another-secret"})
        await shop.streams.end_revoked()
        await client.wait_until(lambda: client.ended)


async def test_a_stream_outlives_other_changes_of_its_account() -> None:
    async with open_webchat() as shop:
        holder, key = await visiting(shop)
        client = await shop.stream(holder)
        await shop.changed({"identity_secret": IDENTITY_SECRET, "allowed_origins": ["*"]})
        await shop.streams.end_revoked()
        await shop.store_message(key, "c", "reply")
        await client.wait_until(lambda: client.events)
        assert not client.ended


async def test_a_visitor_has_a_bounded_number_of_streams_and_gets_places_back() -> None:
    async with open_webchat(visitor_requests_per_second=100) as shop:
        holder, _ = await visiting(shop)
        clients = [await shop.stream(holder) for _ in range(20)]
        problem_of(await shop.client.get(f"{PATH}/stream", headers=holder), 429)
        clients[0].gone.set()
        await shop.tasks[1]
        assert (await shop.stream(holder)).status == 200


async def test_a_bus_that_cannot_be_followed_makes_news_late_and_loses_none() -> None:
    async with open_webchat() as shop:
        holder, key = await visiting(shop)
        shop.tasks[0].cancel()
        client = await shop.stream(holder)
        await shop.store_message(key, "c", "reply")
        await client.wait_until(lambda: client.events)
        assert texts(client) == ["Good morning"]
