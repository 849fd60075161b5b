"""One URL for the numbers of a workspace: each account gets what is for its number, if its own secret proves the call."""

import json
from typing import Any

from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from services.channels.whatsapp import Whatsapp
from tests.channels.whatsapp.cases import CREDENTIALS, HEADER, NUMBER, SECRET, WABA, payload, signature
from tests.configuration import configure
from tests.fakes import START
from tests.ingest.harness import Ingest

SECOND = "330000000000002"
PATH = "/webhooks/whatsapp/shop/main"


def shop(**numbers: dict[str, Any]) -> Ingest:
    ingest = Ingest()
    ingest.serve({"whatsapp": Whatsapp()})
    accounts = {"main": {}, **numbers}
    configuration = WorkspaceConfiguration(
        workspace="shop",
        version=2,
        profile=Versioned(body=WorkspaceBody(name="Shop"), version=1, at=START),
        accounts={
            f"whatsapp/{name}": Versioned(
                body=AccountBody.model_validate({"credentials": {**CREDENTIALS, **changes}}), version=2, at=START
            )
            for name, changes in accounts.items()
        },
    )
    configure(ingest.store, configuration)
    return ingest


async def post(ingest: Ingest, body: bytes, secret: str = SECRET) -> list[tuple[str, str]]:
    known = len(ingest.activities)
    answer = await ingest.call(body, path=PATH, headers={HEADER: signature(body, secret)})
    assert answer.status == 200, answer.body
    return [(activity.account, activity.kind) for activity in ingest.activities[known:]]


async def test_each_number_gets_its_own_part() -> None:
    found = await post(shop(second={"phone_number_id": SECOND}), payload("two_entries"))
    assert found == [("main", "message"), ("main", "receipt"), ("main", "message"), ("second", "message")]


async def test_a_number_of_another_app_gets_nothing_and_is_counted() -> None:
    ingest = shop(second={"phone_number_id": SECOND, "app_secret": "the-secret-of-another-app"})
    found = await post(ingest, payload("two_entries"))
    assert found == [("main", "message"), ("main", "receipt"), ("main", "message")]
    assert ingest.count("rejected") == 1


async def test_a_body_for_another_number_alone_is_that_numbers() -> None:
    body = payload("text").replace(NUMBER.encode(), SECOND.encode())
    assert await post(shop(second={"phone_number_id": SECOND}), body) == [("second", "message")]
    # Nobody here has that number: the account of the path keeps that something came.
    assert await post(shop(), body) == [("main", "unknown")]


async def test_what_is_about_the_business_account_is_never_lost() -> None:
    assert await post(shop(second={"phone_number_id": SECOND}), payload("template_status")) == [("main", "unknown")]
    mixed = json.loads(payload("text").replace(NUMBER.encode(), SECOND.encode()))
    mixed["entry"] += json.loads(payload("template_status"))["entry"]
    found = await post(shop(second={"phone_number_id": SECOND}), json.dumps(mixed).encode())
    assert found == [("second", "message"), ("second", "unknown")]


async def test_a_call_with_another_secret_is_refused() -> None:
    ingest, body = shop(), payload("text")
    answer = await ingest.call(body, path=PATH, headers={HEADER: signature(body, "another")})
    assert (answer.status, ingest.activities) == (401, [])


async def test_metas_test_of_the_address_is_answered_through_the_door() -> None:
    query = f"hub.mode=subscribe&hub.verify_token={CREDENTIALS['verify_token']}&hub.challenge=42"
    answer = await shop().call(method="GET", path=PATH, query=query)
    assert (answer.status, answer.body) == (200, b"42")
    assert (
        await shop().call(method="GET", path=PATH, query=query.replace("42", "42&hub.verify_token=no"))
    ).status == 401


async def test_a_body_of_two_megabytes_is_taken() -> None:
    text = "x" * 4_000
    messages = [
        {"from": f"371260{n:05}", "id": f"wamid.{n}", "timestamp": "1772366300", "type": "text", "text": {"body": text}}
        for n in range(500)
    ]
    value = {"metadata": {"phone_number_id": NUMBER}, "messages": messages}
    body = {"object": "whatsapp_business_account", "entry": [{"id": WABA, "changes": [{"value": value}]}]}
    raw = json.dumps(body).encode()
    assert 2_000_000 < len(raw) < 3_000_000
    assert len(await post(shop(), raw)) == 500
