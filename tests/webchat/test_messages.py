"""What a visitor writes stands on the log before the answer, once; and what they read is theirs alone."""

from typing import Any
from uuid import uuid4

import pytest

from services.platform.core.errors import Unavailable
from tests.rest import problem_of
from tests.webchat.harness import LINK, PATH, conversation_of, open_webchat


async def test_the_answer_is_the_message_as_it_is_read_later() -> None:
    async with open_webchat() as shop:
        session = await shop.session(name="Neda", language="fa")
        holder = {"authorization": f"Bearer {session['token']}"}
        answer = await shop.write(holder, "سلام، سفارش من کجاست؟")
        assert answer.status_code == 201
        assert await shop.messages(holder) == [answer.json()]
        assert "intent_suggested" not in answer.json()
        person = f"webchat:main:{session['visitor']}"
        assert answer.json()["author"] == {"kind": "customer", "id": person, "name": "Neda"}
        assert answer.json()["conversation"] == conversation_of(person)
        (activity,) = shop.activities
        assert (activity.person, activity.language, activity.intent) == (person, "fa", "order_status")
        assert activity.address is not None
        assert activity.address.chat == session["visitor"]


async def test_a_repeated_id_gives_the_first_answer_and_is_one_message() -> None:
    async with open_webchat() as shop:
        holder, identity = await shop.holder(), str(uuid4())
        first = await shop.write(holder, "one", identity)
        again = await shop.write(holder, "another text", identity.upper())
        assert (again.status_code, again.json()) == (201, first.json())
        assert len(shop.activities) == 1


async def test_a_repeat_before_the_first_is_stored_is_the_same_event() -> None:
    async with open_webchat(wait_seconds=0) as shop:
        shop.keeps = False
        holder, identity = await shop.holder(), str(uuid4())
        await shop.write(holder, "one", identity)
        await shop.write(holder, "one", identity)
        first, again = shop.activities
        assert (first.id, first.message) == (again.id, again.message)


async def test_two_visitors_may_use_the_same_id() -> None:
    async with open_webchat() as shop:
        identity, neda, omid = str(uuid4()), await shop.holder(), await shop.holder()
        one, two = await shop.write(neda, "one", identity), await shop.write(omid, "two", identity)
        assert one.json()["id"] != two.json()["id"]
        assert [message["text"] for message in await shop.messages(neda)] == ["one"]
        assert [message["text"] for message in await shop.messages(omid)] == ["two"]


async def test_a_card_number_reaches_neither_log_nor_answer() -> None:
    async with open_webchat() as shop:
        answer = await shop.write(await shop.holder(name="4111111111111111"), "card 4111 1111 1111 1111")
        assert answer.json()["masked"] == ["card"]
        assert "1111" not in answer.text
        assert not any(b"1111 1111" in one.value for log in shop.bus.logs.values() for one in log)
        assert shop.activities[0].person_name != "4111111111111111"


async def test_when_the_router_is_late_the_message_is_kept_and_said_to_be() -> None:
    async with open_webchat(wait_seconds=0.01) as shop:
        shop.keeps = False
        holder = await shop.holder()
        answer = await shop.write(holder, "Hello")
        assert answer.status_code == 202
        assert (answer.json()["text"], answer.json()["conversation"]) == ("Hello", None)
        assert len(shop.activities) == 1


async def test_without_a_bus_nothing_is_promised() -> None:
    async with open_webchat() as shop:
        holder = await shop.holder()
        shop.bus.failure = Unavailable("away")
        problem_of(await shop.write(holder), 503)


@pytest.mark.parametrize(
    "body",
    [
        {"id": "not-a-uuid", "text": "x"},
        {"id": str(uuid4()), "text": " \n "},
        {"id": str(uuid4()), "text": "x" * 10_001},
        {"id": str(uuid4()), "text": "\u200b\u3164\u2800"},
        {"id": str(uuid4())},
        {"id": str(uuid4()), "text": "x", "more": 1},
    ],
)
async def test_what_is_no_message_is_422(body: dict[str, str]) -> None:
    async with open_webchat() as shop:
        answer = await shop.client.post(f"{PATH}/messages", json=body, headers=await shop.holder())
        problem_of(answer, 422)


@pytest.mark.parametrize(
    ("written", "kept"),
    [(r"late \ud83d!", "late \ufffd!"), (r"la\u0000te", "late"), (r"\ud83d\ude00 \ud83d", "\U0001f600 \ufffd")],
)
async def test_a_broken_character_loses_no_message(written: str, kept: str) -> None:
    async with open_webchat() as shop:
        body = f'{{"id": "{uuid4()}", "text": "{written}"}}'.encode()
        answer = await shop.client.post(f"{PATH}/messages", content=body, headers=await shop.holder())
        assert (answer.status_code, answer.json()["text"]) == (201, kept)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"language": "klingon!"}, 201),
        ({"language": -2.5e50}, 201),
        ({"language": {"tag": ["fa"]}}, 201),
        ({"language": None, "name": None}, 201),
        ({"name": "\u200b"}, 422),
    ],
)
async def test_a_session_needs_no_language_and_no_name_that_shows_nothing(body: dict[str, Any], status: int) -> None:
    async with open_webchat() as shop:
        assert (await shop.client.post(f"{PATH}/sessions", json=body)).status_code == status


async def test_a_body_over_the_limit_is_413() -> None:
    async with open_webchat() as shop:
        holder = await shop.holder()
        answer = await shop.client.post(f"{PATH}/messages", content=b" " * 1_000_001, headers=holder)
        problem_of(answer, 413)


async def test_replies_are_read_and_notes_are_not() -> None:
    async with open_webchat() as shop:
        session = await shop.session()
        holder, person = {"authorization": f"Bearer {session['token']}"}, f"webchat:main:{session['visitor']}"
        await shop.write(holder)
        key = f"shop/{person}"
        await shop.store_message(key, conversation_of(person), "note", direction="note")
        await shop.store_message(key, conversation_of(person), "reply")
        await shop.store_message("shop/webchat:main:other", "other", "other")
        found = await shop.messages(holder)
        assert [(one["direction"], one["text"]) for one in found] == [
            ("inbound", "Hello"),
            ("outbound", "Good morning"),
        ]
        assert [one["id"] for one in await shop.messages(holder, limit=1)] == [found[0]["id"]]


async def test_after_a_hand_off_the_private_side_of_that_case_is_read_and_nothing_else() -> None:
    async with open_webchat() as shop:
        session = await shop.session(handoff=LINK)
        holder = {"authorization": f"Bearer {session['token']}"}
        key = shop.hand_over(session["visitor"])
        await shop.store_message(key, "case", "before", surface="public")
        await shop.store_message(key, "case", "reply")
        await shop.store_message(key, "another case", "other")
        assert [one["id"] for one in await shop.messages(holder)] == ["reply"]


@pytest.mark.parametrize("given", [{"private_person": "webchat:main:other"}, {"status": "closed"}])
async def test_a_case_that_is_with_somebody_else_or_closed_is_not_shown(given: dict[str, Any]) -> None:
    async with open_webchat() as shop:
        session = await shop.session(handoff=LINK)
        key = shop.hand_over(session["visitor"], **given)
        await shop.store_message(key, "case", "reply")
        assert await shop.messages({"authorization": f"Bearer {session['token']}"}) == []
