"""The stand-in answers as the Bot API does, remembers what it took, and fails as told."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from services.demo.telegram import FakeTelegram

SEND = "/bot123:abc/sendMessage"


@pytest.fixture
def stand_in() -> FakeTelegram:
    return FakeTelegram()


@pytest.fixture
async def client(stand_in: FakeTelegram) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=stand_in.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://stand-in") as client:
        yield client


async def test_sent_message_gets_a_rising_id_and_telegrams_shape(client: httpx2.AsyncClient) -> None:
    first = (await client.post(SEND, json={"chat_id": 42, "text": "سلام"})).json()
    second = (await client.post(SEND, json={"chat_id": "-100200", "text": "Paldies"})).json()
    assert first["ok"] is True
    assert first["result"]["chat"] == {"id": 42, "first_name": "Customer", "type": "private"}
    assert first["result"]["text"] == "سلام"
    assert second["result"]["message_id"] > first["result"]["message_id"]
    assert second["result"]["chat"]["type"] == "supergroup"


async def test_sent_shows_what_was_taken_after_a_number(client: httpx2.AsyncClient) -> None:
    for text in ("one", "two"):
        await client.post(SEND, json={"chat_id": 42, "text": text, "reply_parameters": {"message_id": 7}})
    everything = (await client.get("/_sent")).json()["items"]
    assert [(one["text"], one["chat_id"], one["reply_parameters"]["message_id"]) for one in everything] == [
        ("one", 42, 7),
        ("two", 42, 7),
    ]
    later = (await client.get("/_sent", params={"after": everything[0]["number"]})).json()["items"]
    assert [one["text"] for one in later] == ["two"]


@pytest.mark.parametrize(
    ("body", "description"),
    [
        ({"text": "x"}, "Bad Request: chat_id is empty"),
        ({"chat_id": "somebody", "text": "x"}, "Bad Request: chat not found"),
        ({"chat_id": 1}, "Bad Request: message text is empty"),
        ({"chat_id": 1, "text": "  "}, "Bad Request: message text is empty"),
        ({"chat_id": 1, "text": "x" * 4097}, "Bad Request: message is too long"),
        ({"chat_id": 1, "text": "😀" * 2049}, "Bad Request: message is too long"),
    ],
)
async def test_wrong_message_is_refused_and_not_taken(
    client: httpx2.AsyncClient, stand_in: FakeTelegram, body: object, description: str
) -> None:
    answer = await client.post(SEND, json=body)
    assert answer.status_code == 400
    assert answer.json() == {"ok": False, "error_code": 400, "description": description}
    assert not stand_in.sent


async def test_longest_text_is_taken(client: httpx2.AsyncClient) -> None:
    assert (await client.post(SEND, json={"chat_id": 1, "text": "x" * 4096})).status_code == 200


@pytest.mark.parametrize("path", ["/botnonsense/getMe", "/bot123:abc/sendPigeon"])
async def test_unknown_token_shape_or_method_is_404(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.post(path)
    assert (answer.status_code, answer.json()["description"]) == (404, "Not Found")


async def test_bot_knows_itself(client: httpx2.AsyncClient) -> None:
    me = (await client.get("/bot123:abc/getMe")).json()["result"]
    assert (me["id"], me["is_bot"]) == (123, True)


async def test_faults_happen_in_order_and_as_often_as_told(client: httpx2.AsyncClient) -> None:
    await client.post("/_faults", json={"kind": "rate_limited", "count": 2, "retry_after": 9})
    await client.post("/_faults", json={"kind": "blocked"})
    await client.post("/_faults", json={"kind": "error"})
    answers = [await client.post(SEND, json={"chat_id": 1, "text": "x"}) for _ in range(5)]
    assert [a.status_code for a in answers] == [429, 429, 403, 500, 200]
    assert answers[0].json() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 9",
        "parameters": {"retry_after": 9},
    }
    assert len((await client.get("/_sent")).json()["items"]) == 1


async def test_faults_can_be_seen_and_cleared(client: httpx2.AsyncClient) -> None:
    await client.post("/_faults", json={"kind": "error", "count": 3})
    assert [f["count"] for f in (await client.get("/_faults")).json()["items"]] == [3]
    await client.delete("/_faults")
    assert (await client.post(SEND, json={"chat_id": 1, "text": "x"})).status_code == 200


async def test_fault_that_is_not_known_is_refused(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/_faults", json={"kind": "meteor"})).status_code == 422


# -- changes -------------------------------------------------------------------------------------------------------------


async def changed(client: httpx2.AsyncClient, method: str, **body: object) -> tuple[bool, object]:
    answer = (await client.post(f"/bot123:abc/{method}", json=body)).json()
    return answer["ok"], answer.get("description", answer.get("result"))


async def test_a_message_is_edited_once_and_deleted(client: httpx2.AsyncClient, stand_in: FakeTelegram) -> None:
    number = (await client.post(SEND, json={"chat_id": 42, "text": "one"})).json()["result"]["message_id"]
    here = {"chat_id": 42, "message_id": number}
    assert (await changed(client, "editMessageText", **here, text="two"))[0]
    assert stand_in.sent[0]["text"] == "two"
    assert "not modified" in str(await changed(client, "editMessageText", **here, text="two"))
    assert "no caption" in str(await changed(client, "editMessageCaption", **here, caption="two"))
    assert "to edit not found" in str(await changed(client, "editMessageText", chat_id=43, message_id=number, text="x"))
    assert await changed(client, "deleteMessage", **here) == (True, True)
    assert stand_in.sent[0]["deleted"] is True
    assert "to delete not found" in str(await changed(client, "deleteMessage", **here))


async def test_some_messages_are_deleted_at_once(client: httpx2.AsyncClient, stand_in: FakeTelegram) -> None:
    sent = [await client.post(SEND, json={"chat_id": 42, "text": text}) for text in ("one", "two", "three")]
    first, _, third = (one.json()["result"]["message_id"] for one in sent)
    await changed(client, "deleteMessages", chat_id=42, message_ids=[first, third, 99])
    assert [bool(one.get("deleted")) for one in stand_in.sent] == [True, False, True]


@pytest.mark.parametrize("method", ["setMessageReaction", "sendChatAction", "readBusinessMessage"])
async def test_other_actions_are_accepted_and_remembered(
    client: httpx2.AsyncClient, stand_in: FakeTelegram, method: str
) -> None:
    assert await changed(client, method, chat_id=42) == (True, True)
    assert stand_in.changes.accepted == [(method.lower(), {"chat_id": 42})]
