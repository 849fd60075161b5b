"""The channel `api` over HTTP: signed bodies are published, others refused, and errors name the field."""

import json
from typing import Any

import pytest

from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from services.channels.api import Api
from services.platform.http.standard_webhooks import signed_headers
from services.platform.store.port import Key
from services.records.configuration import CONFIGURATIONS, version_id
from tests.fakes import START
from tests.ingest.harness import Ingest, Response

SECRET = "whsec_YW4gaW52ZW50ZWQgc2VjcmV0IG9mIHRlc3Rz"
PATH = "/webhooks/api/shop/main"
MESSAGE = {"id": "m-1", "type": "message", "person": {"id": "buyer-7"}, "surface": "private", "text": "where is it?"}


@pytest.fixture
def ingest() -> Ingest:
    made = Ingest()
    body = AccountBody(credentials={"secret": SECRET, "callback_url": "https://shop.example.com/replies"})
    configuration = WorkspaceConfiguration(
        workspace="shop",
        version=1,
        profile=Versioned(body=WorkspaceBody(name="Shop"), version=1, at=START),
        accounts={"api/main": Versioned(body=body, version=1, at=START)},
    )
    made.store.documents[Key(CONFIGURATIONS.name, version_id("shop", 1))] = configuration.model_dump(mode="json")
    made.serve({"api": Api()})
    return made


async def post(ingest: Ingest, body: Any, **changed: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = signed_headers([SECRET], "call-1", ingest.clock.now(), raw)
    return await ingest.call(raw, path=PATH, headers=headers | {k.replace("_", "-"): v for k, v in changed.items()})


async def test_a_signed_message_is_on_the_bus_before_its_200(ingest: Ingest) -> None:
    assert (await post(ingest, MESSAGE)).status == 200
    [activity] = ingest.activities
    assert (activity.kind, activity.person, activity.surface) == ("message", "api:main:buyer-7", "private")


async def test_a_list_is_as_many_events_in_order(ingest: Ingest) -> None:
    assert (await post(ingest, [MESSAGE, MESSAGE | {"id": "m-2", "text": "hello?"}])).status == 200
    assert [a.platform_id for a in ingest.activities] == ["m-1", "m-2"]


async def test_what_is_not_proven_is_401_and_stored_nowhere(ingest: Ingest) -> None:
    assert (await post(ingest, MESSAGE, webhook_signature="v1,AAAA")).status == 401
    assert (await post(ingest, MESSAGE, webhook_timestamp=str(int(START.timestamp()) - 301))).status == 401
    assert ingest.events == []


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"{", "no JSON"),
        (MESSAGE | {"person": {}}, "person/id: Field required"),
        ([MESSAGE | {"surface": "shop window"}, MESSAGE | {"person": None}], "item 1: person: Field required"),
        (b"[" * 100, "deeper"),
    ],
)
async def test_what_is_malformed_is_400_with_what_was_wrong(ingest: Ingest, body: Any, detail: str) -> None:
    answer = await post(ingest, body)
    assert answer.status == 400
    assert detail in json.loads(answer.body)["detail"]
    assert ingest.events == []


async def test_of_a_list_the_good_items_are_taken_and_the_others_named(ingest: Ingest) -> None:
    answer = await post(ingest, [MESSAGE, MESSAGE | {"id": "m-2", "surface": "shop window"}, MESSAGE | {"id": "m-3"}])
    assert answer.status == 207
    first, second, third = json.loads(answer.body)["items"]
    assert (first, third) == ({"index": 0, "id": "m-1", "taken": True}, {"index": 2, "id": "m-3", "taken": True})
    assert (second["id"], second["taken"]) == ("m-2", False)
    assert second["detail"].startswith("item 1: surface:")
    assert [a.platform_id for a in ingest.activities] == ["m-1", "m-3"]
    assert (ingest.count("received"), ingest.count("published"), ingest.count("rejected")) == (3, 2, 1)


async def test_a_card_over_two_messages_of_a_minute_is_taken_out_of_both(ingest: Ingest) -> None:
    await post(ingest, MESSAGE | {"text": "my card is 4111 1111"})
    await post(ingest, MESSAGE | {"id": "m-2", "text": "1111 1111, thanks"})
    assert [(a.kind, a.text and a.text.text) for a in ingest.activities[1:]] == [
        ("edit", "my card is [card]"),
        ("message", "[card], thanks"),
    ]
    assert ingest.activities[1].message == ingest.activities[0].message
    assert ingest.count("received") == ingest.count("published") == 3


async def test_the_address_of_a_file_keeps_no_card(ingest: Ingest) -> None:
    url = "https://cdn.example.com/4111111111111111.jpg"
    await post(ingest, MESSAGE | {"attachments": [{"url": url}, {"url": url, "name": "4111-1111-1111-1111"}]})
    assert not [e for log in ingest.events for e in [log.model_dump_json()] if "1111" in e]
    assert [a.url for a in ingest.activities[0].attachments] == ["https://cdn.example.com/[card].jpg"] * 2


async def test_an_unknown_type_is_taken_and_kept_as_unknown(ingest: Ingest) -> None:
    assert (await post(ingest, MESSAGE | {"type": "typing"})).status == 200
    assert [a.kind for a in ingest.activities] == ["unknown"]


async def test_a_card_number_never_reaches_the_bus(ingest: Ingest) -> None:
    card = "5555-5555-5555-4444"
    await post(ingest, MESSAGE | {"text": f"my card {card}", "person": {"id": "buyer-7", "name": card}})
    assert not any(b"5555" in one.value for one in ingest.bus.published)
