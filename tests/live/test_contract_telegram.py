"""What Telegram posts, on a real `pasokh up`: who may, what becomes of it, and what hostile bodies cannot do."""

import copy
import json
import time
from typing import Any

import pytest

from services.demo.telegram import FakeTelegram
from tests.live.contract import NUMBERS, Desk, problem
from tests.live.installation import SECRET, update_of
from tests.live.waiting import eventually


def in_group(chat: int, author: int, text: str, topic: int | None = None) -> dict[str, Any]:
    """A message in a group, which may have topics."""
    update = update_of(next(NUMBERS), author, text)
    update["message"]["chat"] = {"id": chat, "type": "supergroup", "title": "Group"}
    if topic is not None:
        update["message"] |= {"message_thread_id": topic, "is_topic_message": True}
    return update


def edit_of(update: dict[str, Any], text: str, seconds: int = 1) -> dict[str, Any]:
    message = copy.deepcopy(update["message"])
    message |= {"text": text, "edit_date": message["date"] + seconds}
    return {"update_id": next(NUMBERS), "edited_message": message}


async def posted(desk: Desk, *updates: dict[str, Any]) -> None:
    for update in updates:
        answer = await desk.webhook(update)
        assert (answer.status_code, answer.content) == (200, b""), answer.text


async def texts(desk: Desk, chat: int) -> list[Any]:
    """What a customer said, in the order of their conversations and messages, oldest first."""
    found = [await desk.messages(one) for one in reversed(await desk.of(chat))]
    return [message["text"] for messages in found for message in messages]


async def customer_texts(desk: Desk, chat: int, count: int) -> list[Any]:
    """What a customer said, once there are that many messages."""

    async def enough() -> list[Any]:
        found = await texts(desk, chat)
        return found if len(found) >= count else []

    return await eventually(enough)


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", SECRET[:-1]])
@pytest.mark.parametrize("body", [b"[" * 10_000, b"not json", b""])
async def test_without_the_secret_nothing_is_read(desk: Desk, secret: str | None, body: bytes) -> None:
    problem(await desk.webhook(body, secret), 401)


async def test_without_the_secret_nothing_is_stored(desk: Desk) -> None:
    update = update_of(next(NUMBERS), 1, "hello")
    for secret in (None, "wrong"):
        problem(await desk.webhook(update, secret), 401)
    await desk.hears(2)
    await customer_texts(desk, 2, 1)
    assert await desk.of(1) == []
    await eventually(lambda: _counted(desk, 1))


@pytest.mark.parametrize(
    "address", ["x/{w}/main", "telegram/none/main", "telegram/{w}/none", "telegram/{w}", "telegram/{w}/main/"]
)
async def test_an_address_that_is_not_there_is_404(desk: Desk, address: str) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    path = "/webhooks/" + address.format(w=desk.workspace)
    problem(await desk.client.post(path, json=update_of(1, 1, "x"), headers=headers), 404)


async def test_a_deleted_account_takes_nothing_within_a_second(desk: Desk) -> None:
    assert (await desk.request("DELETE", "/accounts/telegram/main")).status_code == 204

    async def gone() -> bool:
        return (await desk.webhook(update_of(next(NUMBERS), 1, "x"))).status_code == 404

    await eventually(gone, 1.5)


async def test_a_changed_secret_holds_at_once(desk: Desk, own_telegram: str) -> None:
    await desk.hears(1)
    account = desk.account(own_telegram)
    account["credentials"]["secret_token"] = "another-secret"
    await desk.put("/accounts/telegram/main", account)
    assert (await desk.webhook(update_of(next(NUMBERS), 1, "x"), "another-secret")).status_code == 200


async def test_a_repeated_update_is_one_message(desk: Desk) -> None:
    first = await desk.hears(1, "once")
    await posted(desk, first, first, first)
    await posted(desk, update_of(next(NUMBERS), 1, "then"), first)
    await customer_texts(desk, 1, 2)
    await desk.hears(2)
    await customer_texts(desk, 2, 1)
    assert await texts(desk, 1) == ["once", "then"]


async def test_an_edit_finds_its_message_whichever_comes_first(desk: Desk) -> None:
    after, before = update_of(next(NUMBERS), 1, "teh order"), update_of(next(NUMBERS), 2, "teh order")
    await posted(desk, after, edit_of(after, "the order"), after)
    await posted(desk, edit_of(before, "the order"), before)
    for chat in (1, 2):

        async def edited(chat: int = chat) -> bool:
            return await texts(desk, chat) == ["the order"]

        await eventually(edited)
        [conversation] = await desk.of(chat)
        [message] = await desk.messages(conversation)
        assert message["state"] == "edited"


async def test_of_two_edits_in_one_second_the_later_stays(desk: Desk) -> None:
    update = update_of(next(NUMBERS), 1, "one")
    await posted(desk, update, edit_of(update, "two"), edit_of(update, "three"))

    async def third() -> bool:
        return await texts(desk, 1) == ["three"]

    await eventually(third)


async def test_groups_make_a_public_conversation_for_each_person_chat_and_topic(desk: Desk) -> None:
    await posted(
        desk,
        in_group(-100, 21, "a"),
        in_group(-100, 21, "b"),
        in_group(-100, 21, "c", topic=5),
        in_group(-100, 22, "d"),
        in_group(-200, 21, "e"),
    )
    await desk.hears(21, "f")

    async def six() -> bool:
        return len(await customer_texts(desk, 21, 5)) == 5 and len(await customer_texts(desk, 22, 1)) == 1

    await eventually(six)
    threads = [(one["surface"], [m["text"] for m in await desk.messages(one)]) for one in await desk.of(21)]
    assert sorted(threads) == [("private", ["f"]), ("public", ["a", "b"]), ("public", ["c"]), ("public", ["e"])]
    [other] = await desk.of(22)
    assert (other["surface"], other["person"], other["sensitive"]) == ("public", "telegram:main:22", False)


async def test_a_card_number_is_masked_and_makes_the_case_sensitive(desk: Desk) -> None:
    await posted(desk, in_group(-100, 1, "my card is 4111 1111 1111 1111, help"))
    text, notice = await customer_texts(desk, 1, 2)
    assert not any(character.isdigit() for character in text)
    assert "card" not in notice
    [conversation] = await desk.of(1)
    message, told = await desk.messages(conversation)
    assert told["author"]["kind"] == "system"
    assert conversation["sensitive"] is True
    assert message["masked"] == ["card"]
    events = await desk.items(f"/conversations/{conversation['id']}/events")
    assert "4111" not in json.dumps(events)


async def test_an_album_a_command_and_a_pressed_button_are_messages_of_one_conversation(desk: Desk) -> None:
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 90, "height": 90}]
    for caption in ("look", None):
        update = update_of(next(NUMBERS), 1, "")
        update["message"] |= {"text": None, "photo": photo, "media_group_id": "7", "caption": caption}
        await posted(desk, update)
    await desk.hears(1, "/order", entities=[{"type": "bot_command", "offset": 0, "length": 6}])
    pressed = {"message_id": 4, "date": int(time.time()), "chat": {"id": 1, "type": "private"}, "text": "choose"}
    query = {"id": "99", "from": {"id": 1, "is_bot": False, "first_name": "C"}, "chat_instance": "1", "data": "yes"}
    await posted(desk, {"update_id": next(NUMBERS), "callback_query": {**query, "message": pressed}})
    await customer_texts(desk, 1, 4)
    [conversation] = await desk.of(1)
    messages = await desk.messages(conversation)
    assert [len(one["attachments"]) for one in messages] == [1, 1, 0, 0]
    assert [one["text"] for one in messages[:3]] == ["look", None, "/order"]


async def test_what_is_no_message_opens_no_conversation(desk: Desk) -> None:
    person = {"id": 1, "is_bot": False, "first_name": "C"}
    chat, bot = {"id": 1, "type": "private"}, {"user": {"id": 7000001, "is_bot": True, "first_name": "B"}}
    members = {"old_chat_member": {**bot, "status": "member"}, "new_chat_member": {**bot, "status": "kicked"}}
    joined = update_of(next(NUMBERS), 1, "")
    joined["message"] |= {"text": None, "new_chat_members": [person]}
    await posted(
        desk,
        {"update_id": next(NUMBERS), "my_chat_member": {"chat": chat, "from": person, "date": 1, **members}},
        {"update_id": next(NUMBERS), "a_kind_of_the_future": {"chat": chat, "from": person}},
        {"update_id": next(NUMBERS), "message": {"message_id": 1, "date": 1, "text": "of nobody"}},
        {"update_id": next(NUMBERS)},
        joined,
    )
    await desk.hears(2)
    await customer_texts(desk, 2, 1)
    assert len(await desk.items("/conversations")) == 1


HOSTILE = [
    ("سلام \u202eevil\u202c 👩‍👩‍👧 \U0001f1ee\U0001f1f7", "سلام \u202eevil\u202c 👩‍👩‍👧 \U0001f1ee\U0001f1f7"),
    ("nul\x00 inside", "nul inside"),
    ("half \ud83d of one", "half \ufffd of one"),
    ("$where: {'$gt': ''}; DROP TABLE x --", "$where: {'$gt': ''}; DROP TABLE x --"),
    ("x" * 100_000, "x" * 100_000),
]


@pytest.mark.parametrize(("sent", "kept"), HOSTILE, ids=["scripts", "nul", "surrogate", "injection", "long"])
async def test_hostile_texts_arrive_and_do_no_harm(desk: Desk, sent: str, kept: str) -> None:
    update = update_of(next(NUMBERS), 1, sent)
    update["message"]["from"]["first_name"] = sent[:50]
    answer = await desk.webhook(json.dumps(update).encode("ascii"))
    assert answer.status_code == 200
    assert await customer_texts(desk, 1, 1) == [kept]


@pytest.mark.parametrize(
    "field",
    [
        {"message_id": 10**40},
        {"date": 10**18},
        {"date": "now"},
        {"date": -(10**12)},
        {"from": []},
        {"chat": {"id": 2**70, "type": "private"}},
        {"chat": "me"},
        {"entities": "bad", "photo": {"a": 1}, "document": 5, "reply_to_message": [[]], "location": "here"},
    ],
    ids=str,
)
async def test_fields_of_the_wrong_type_stop_nobody_behind_them(desk: Desk, field: dict[str, Any]) -> None:
    update = update_of(next(NUMBERS), 1, "odd")
    update["message"] |= field
    await posted(desk, update)
    await desk.hears(2, "after it")
    assert await customer_texts(desk, 2, 1) == ["after it"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b'{"update_id": NaN}',
        b'{"update_id": ' + b"9" * 100_000 + b"}",
        b"[]",
        b"null",
        b"{" + b",".join(b'"%d":1' % n for n in range(80_000)) + b"}",
    ],
    ids=["empty", "words", "bytes", "nan", "number", "list", "null", "keys"],
)
async def test_what_cannot_be_read_now_will_not_be_later_so_telegram_is_not_asked_to_repeat_it(
    desk: Desk, body: bytes
) -> None:
    assert (await desk.webhook(body)).status_code == 200
    assert await desk.items("/conversations") == []


@pytest.mark.parametrize("body", [b"[" * 10_000 + b"]" * 10_000, b'{"message":' * 10_000, b"[" * 900_000])
async def test_a_body_that_nests_too_deeply_is_refused_at_once(desk: Desk, body: bytes) -> None:
    began = time.monotonic()
    problem(await desk.webhook(body), 400)
    assert time.monotonic() - began < 1.0


async def test_a_body_over_one_megabyte_is_413(desk: Desk) -> None:
    problem(await desk.webhook(b" " * 1_000_001), 413)


async def test_many_customers_at_once_keep_the_order_of_each(desk: Desk) -> None:
    await desk.agent("a", capacity=1000)
    for number in range(10):
        for chat in range(1, 6):
            await desk.hears(chat, f"{number}")
    for chat in range(1, 6):
        assert await customer_texts(desk, chat, 10) == [str(number) for number in range(10)]
    await eventually(lambda: _counted(desk, 50))


async def _counted(desk: Desk, messages: int) -> bool:
    return await desk.metric("pasokh_messages_total", direction="inbound") == messages


async def test_an_agent_edits_reacts_and_deletes_at_telegram(desk: Desk, stand_in: FakeTelegram) -> None:
    await desk.agent("a")
    await desk.hears(1)
    conversation = await desk.assigned(1)
    reply = (await desk.reply(conversation["id"], "a", "Tuesday")).json()["id"]
    assert (await desk.outcome(conversation, reply))["state"] == "sent"

    async def acted(message: str, action: str, **body: Any) -> dict[str, Any]:
        answer = await desk.request("POST", f"/messages/{message}/{action}", json={"agent": "a", **body})
        assert answer.status_code == 200, answer.text

        async def done() -> list[dict[str, Any]]:
            found = await desk.messages(conversation)
            return [one for one in found if one["id"] == message and not one.get("actions")]

        return (await eventually(done))[0]

    assert (await acted(reply, "edit", text="Wednesday"))["text"] == "Wednesday"
    assert stand_in.sent[0]["text"] == "Wednesday"
    [customers] = await desk.messages(conversation, "inbound")
    assert (await acted(customers["id"], "react", emoji="👍"))["reactions"][0]["emoji"] == "👍"
    assert (await acted(reply, "delete"))["state"] == "deleted"
    assert stand_in.sent[0]["deleted"] is True
    assert [method for method, _ in stand_in.changes.accepted] == [
        "editmessagetext",
        "setmessagereaction",
        "deletemessage",
    ]
