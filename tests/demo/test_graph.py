"""The stand-in of the Graph API answers as Meta does, remembers what it took, and fails on request."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from services.demo.graph import FakeGraph
from services.demo.graph_messages import MetaChannel
from services.demo.numbers import EPOCH, first_number_at
from services.platform.http.multipart import FilePart, multipart_form
from tests.fakes.http import held

TOKEN = {"authorization": "Bearer EAAtoken"}
NUMBER = "/v25.0/15550100/messages"
ME = "/v25.0/me/messages"
Open = Callable[[MetaChannel], tuple[FakeGraph, httpx2.AsyncClient]]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    clients: list[httpx2.AsyncClient] = []

    def open_for(channel: MetaChannel) -> tuple[FakeGraph, httpx2.AsyncClient]:
        graph = FakeGraph(channel)
        app = Starlette(routes=[Mount(f"/{channel}", graph.app)])
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url=f"http://stand-in/{channel}", headers=TOKEN
        )
        clients.append(client)
        return graph, client

    yield open_for
    for client in clients:
        await client.aclose()


def whatsapp_text(**fields: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": "37120000001", "type": "text", "text": {"body": "Sveiki"}, **fields}


async def test_a_text_by_whatsapp_gets_an_id_of_its_own_and_is_listed(opened: Open) -> None:
    _, client = opened("whatsapp")
    answers = [(await client.post(NUMBER, json=whatsapp_text())).json() for _ in range(2)]
    assert answers[0]["contacts"] == [{"input": "37120000001", "wa_id": "37120000001"}]
    ids = [answer["messages"][0]["id"] for answer in answers]
    assert ids[0].startswith("wamid.")
    assert len(set(ids)) == 2
    listed = (await client.get("/_sent", params={"channel": "whatsapp"})).json()["items"]
    assert [(one["to"], one["text"], one["id"], one["account"]) for one in listed] == [
        ("37120000001", "Sveiki", number, "15550100") for number in ids
    ]
    assert (await client.get("/_sent", params={"channel": "instagram"})).json()["items"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"messaging_product": "sms"},
        {"to": ""},
        {"to": "x"},
        {"text": {}},
        {"text": {"body": "x" * 4097}},
        {"type": "pigeon"},
        {"context": {"message_id": "7"}},
        {"type": "image", "image": {"id": "404"}},
        {"type": "image", "image": {"link": "http://plain.example/x.png"}},
        {"type": "template", "template": {"name": "late"}},
        {"type": "reaction", "reaction": {"message_id": "7", "emoji": "👍"}},
        {"type": "interactive", "interactive": {"body": {"text": "x" * 1025}}},
    ],
)
async def test_what_whatsapp_cannot_take_is_refused(opened: Open, wrong: dict[str, Any]) -> None:
    graph, client = opened("whatsapp")
    answer = await client.post(NUMBER, json=whatsapp_text(**wrong))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)
    assert not graph.log.items


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"recipient": "US.1234", "to": None}, "Sveiki"),
        ({"type": "template", "template": {"name": "late", "language": {"code": "lv"}}}, "[template late]"),
        ({"type": "reaction", "reaction": {"message_id": "wamid.abcd", "emoji": "👍"}}, "👍"),
        ({"type": "interactive", "interactive": {"type": "button", "body": {"text": "Which?"}}}, "Which?"),
        ({"type": "image", "image": {"link": "https://shop.example/x.png", "caption": "Mug"}}, "Mug"),
    ],
)
async def test_every_kind_of_message_is_taken(opened: Open, fields: dict[str, Any], shown: str) -> None:
    graph, client = opened("whatsapp")
    assert (await client.post(NUMBER, json=whatsapp_text(**fields))).status_code == 200
    assert [one["text"] for one in graph.log.items] == [shown]


async def test_an_uploaded_file_goes_out_by_its_id_and_is_read_with_the_token_alone(opened: Open) -> None:
    _, client = opened("whatsapp")
    file = FilePart("file", "mug.png", "image/png", held(b"\x89PNG"))
    body, content_type = multipart_form({"messaging_product": "whatsapp"}, [file])
    uploaded = await client.post("/v25.0/15550100/media", content=body.open(), headers={"content-type": content_type})
    number = uploaded.json()["id"]
    sent = await client.post(NUMBER, json=whatsapp_text(type="image", image={"id": number, "caption": "Here"}))
    assert sent.status_code == 200
    node = (await client.get(f"/v25.0/{number}")).json()
    assert (node["mime_type"], node["file_size"]) == ("image/png", 4)
    assert node["url"].startswith("http://stand-in/whatsapp/")
    assert (await client.get(node["url"])).content == b"\x89PNG"
    assert (await client.get(node["url"], headers={"authorization": ""})).status_code == 401


async def test_a_picture_over_five_megabytes_is_refused_at_upload(opened: Open) -> None:
    _, client = opened("whatsapp")
    file = FilePart("file", "mug.png", "image/png", held(b"x" * 5_242_881))
    body, content_type = multipart_form({"messaging_product": "whatsapp"}, [file])
    answer = await client.post("/v25.0/15550100/media", content=body.open(), headers={"content-type": content_type})
    assert answer.json()["error"]["code"] == 100


async def test_seen_and_typing_are_actions(opened: Open) -> None:
    graph, client = opened("whatsapp")
    seen = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.abcd"}
    for body in (seen, {**seen, "typing_indicator": {"type": "text"}}):
        assert (await client.post(NUMBER, json=body)).json() == {"success": True}
    assert [(one["action"], one["target"]) for one in graph.log.items] == [
        ("seen", "wamid.abcd"),
        ("typing", "wamid.abcd"),
    ]


@pytest.mark.parametrize("channel", ["messenger", "instagram"])
async def test_a_direct_message_reaches_its_person(opened: Open, channel: MetaChannel) -> None:
    graph, client = opened(channel)
    answer = await client.post(ME, json={"recipient": {"id": "7007"}, "message": {"text": "سلام"}})
    assert answer.json()["recipient_id"] == "7007"
    assert [(one["channel"], one["to"], one["text"]) for one in graph.log.items] == [(channel, "7007", "سلام")]
    assert graph.log.items[0]["id"] == answer.json()["message_id"]


@pytest.mark.parametrize(
    ("channel", "body"),
    [
        ("messenger", {"recipient": {"id": "7"}, "message": {"text": "x" * 2001}}),
        ("instagram", {"recipient": {"id": "7"}, "message": {"text": "س" * 501}}),
        ("instagram", {"recipient": {"id": "7"}, "message": {}}),
        ("instagram", {"recipient": {}, "message": {"text": "x"}}),
        ("messenger", {"recipient": {"id": "7"}, "message": {"text": "x"}, "messaging_type": "MESSAGE_TAG"}),
        ("messenger", {"recipient": {"id": "7"}, "message": {"attachment": {"type": "image", "payload": {}}}}),
        ("messenger", {"recipient": {"id": "7"}, "sender_action": "dance"}),
    ],
)
async def test_what_a_page_cannot_send_is_refused(opened: Open, channel: MetaChannel, body: dict[str, Any]) -> None:
    graph, client = opened(channel)
    assert (await client.post(ME, json=body)).json()["error"]["code"] == 100
    assert not graph.log.items


async def test_a_comment_is_answered_in_private_once_and_reaches_its_author(opened: Open) -> None:
    graph, client = opened("instagram")
    await client.post("/_comments", json={"id": "1790", "author": "7007", "text": "4242", "username": "neda"})
    reply = {"recipient": {"comment_id": "1790"}, "message": {"text": "Here we are private."}}
    first = await client.post("/v25.0/17841400/messages", json=reply)
    assert first.json()["recipient_id"] == "7007"
    again = await client.post("/v25.0/17841400/messages", json=reply)
    assert (again.status_code, again.json()["error"]["code"]) == (400, 10900)
    assert [(one["to"], one["comment"]) for one in graph.log.items] == [("7007", "1790")]


async def test_comments_are_hidden_shown_answered_and_deleted(opened: Open) -> None:
    graph, client = opened("instagram")
    await client.post("/_comments", json={"id": "1790", "author": "7007", "text": "card", "username": "neda"})
    assert (await client.post("/v25.0/1790", params={"hide": "true"})).json() == {"success": True}
    assert (await client.get("/v25.0/1790")).json() == {
        "id": "1790",
        "text": "card",
        "from": {"id": "7007", "username": "neda"},
        "hidden": True,
    }
    assert (await client.post("/v25.0/1790", json={"hide": False})).json() == {"success": True}
    assert not graph.comments.hidden
    answered = await client.post("/v25.0/1790/replies", json={"message": "Hello"})
    assert answered.json()["id"]
    assert (await client.request("DELETE", "/v25.0/1790")).json() == {"success": True}
    assert [one.get("action") for one in graph.log.items] == ["hide", "unhide", None, "delete"]
    fields = {"fields": "mentioned_comment.comment_id(1790){text}"}
    assert (await client.get("/v25.0/17841400", params=fields)).json()["mentioned_comment"]["text"] == "card"


@pytest.mark.parametrize("channel", ["whatsapp", "messenger", "instagram"])
async def test_subscriptions_and_callbacks_are_stored(opened: Open, channel: MetaChannel) -> None:
    graph, client = opened(channel)
    graph.nodes.own_id = "17841400"
    assert (await client.get("/v25.0/me/subscribed_apps")).json() == {"data": []}
    await client.post("/v25.0/me/subscribed_apps", params={"subscribed_fields": "messages,comments"})
    [app] = (await client.get("/v25.0/17841400/subscribed_apps")).json()["data"]
    assert app.get("whatsapp_business_api_data", app)["subscribed_fields"] == ["messages", "comments"]
    callback = {"object": "page", "callback_url": "https://support.example/webhooks"}
    assert (await client.post("/v25.0/77/subscriptions", json=callback)).json() == {"success": True}
    assert (await client.get("/v25.0/77/subscriptions")).json()["data"] == [{**callback, "active": True}]
    assert (await client.post("/v25.0/77/subscriptions", json={})).json()["error"]["code"] == 100
    assert (await client.get("/v25.0/me")).json()["id"] == "17841400"


async def test_only_a_token_in_the_header_is_taken(opened: Open) -> None:
    _, client = opened("messenger")
    body = {"recipient": {"id": "7"}, "message": {"text": "x"}}
    for params, headers in (({}, {"authorization": ""}), ({"access_token": "EAAtoken"}, TOKEN)):
        answer = await client.post(ME, json=body, params=params, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)


@pytest.mark.parametrize(("path", "code"), [("/latest/me/messages", 2500), ("/v25.0/me/pigeons", 100)])
async def test_what_is_no_path_of_the_graph_is_an_error(opened: Open, path: str, code: int) -> None:
    _, client = opened("messenger")
    assert (await client.post(path, json={})).json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("fault", "status", "code", "taken"),
    [
        ({"kind": "rate_limited"}, 400, 130429, 0),
        ({"kind": "blocked"}, 400, 131026, 0),
        ({"kind": "refused", "code": 131047}, 400, 131047, 0),
        ({"kind": "error"}, 500, 1, 0),
    ],
)
async def test_faults_happen_on_request(
    opened: Open, fault: dict[str, Any], status: int, code: int, taken: int
) -> None:
    graph, client = opened("whatsapp")
    await client.post("/_faults", json=fault)
    answer = await client.post(NUMBER, json=whatsapp_text())
    assert (answer.status_code, answer.json()["error"]["code"], len(graph.log.items)) == (status, code, taken)
    assert (await client.post(NUMBER, json=whatsapp_text())).status_code == 200


async def test_no_two_messages_ever_have_one_id_also_after_a_new_start(opened: Open) -> None:
    ids = set()
    for _ in range(2):
        _, client = opened("whatsapp")
        for _ in range(2):
            answer = await client.post(NUMBER, json=whatsapp_text())
            ids.add(answer.json()["messages"][0]["id"])
    assert len(ids) == 4
    second = timedelta(seconds=1)
    assert first_number_at(EPOCH + second) - first_number_at(EPOCH) == 1_000
