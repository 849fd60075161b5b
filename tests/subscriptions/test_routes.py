"""Webhooks over REST: subscriptions, secrets shown once, the ledger, and replays as events on the log."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from schemas.envelope import Event
from schemas.webhooks import DeliveryAttempt, Webhook
from services.platform.bus.port import partition_for
from services.platform.http.standard_webhooks import decode_secret
from services.records.configuration import read_configuration
from services.records.subscriptions import (
    WEBHOOK_DELIVERIES,
    WEBHOOK_ENDPOINTS,
    DeliveryRecord,
    EndpointState,
    delivery_id,
    endpoint_id,
)
from tests.fakes import START
from tests.rest import Rest, open_rest, problem_of

ALL = "/v1/workspaces/shop/webhooks"
CRM = f"{ALL}/crm"
BODY: dict[str, Any] = {"url": "https://crm.example.com/hook", "types": ["pasokh.conversation."]}
SECRET = "whsec_YW4gaW52ZW50ZWQgc2VjcmV0IG9mIHRlc3Rz"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        yield opened


async def stored(rest: Rest) -> Webhook:
    found = await read_configuration(rest.store, "shop")
    assert found is not None
    return found.webhooks["crm"].body


async def test_a_secret_that_is_made_is_shown_this_once(rest: Rest) -> None:
    made = await rest.request("PUT", CRM, BODY)
    assert made.status_code == 201
    assert len(decode_secret(made.json()["secret"])) == 32
    assert (await stored(rest)).secret == made.json()["secret"]
    for shown in (await rest.request("GET", CRM), await rest.request("PUT", CRM, BODY), await rest.request("GET", ALL)):
        assert made.json()["secret"] not in shown.text
    assert (await stored(rest)).secret == made.json()["secret"]
    assert (await rest.request("GET", CRM)).json() == {"id": "crm", **BODY, "secret": "set", "disabled": False}


async def test_a_secret_that_is_given_is_never_shown(rest: Rest) -> None:
    answer = await rest.request("PUT", CRM, BODY | {"secret": SECRET})
    assert (answer.status_code, answer.json()["secret"]) == (201, "set")
    assert (await stored(rest)).secret == SECRET


async def test_while_a_secret_is_rotated_both_sign_for_a_day(rest: Rest) -> None:
    first = (await rest.request("PUT", CRM, BODY)).json()["secret"]
    await rest.request("PUT", CRM, BODY | {"secret": SECRET})
    rotating, now = await stored(rest), rest.time_source.now()
    assert rotating.secrets(now) == [SECRET, first]
    assert rotating.secrets(now + timedelta(hours=24)) == [SECRET]
    await rest.request("PUT", CRM, BODY | {"secret": "set", "url": "https://crm.example.com/other"})
    assert (await stored(rest)).secrets(now) == [SECRET, first]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"url": "http://127.0.0.1:9000/"}, "/url"),
        ({"url": "http://localhost/"}, "/url"),
        ({"url": "file:///etc/passwd"}, "/url"),
        ({"url": "crm"}, "/url"),
        ({"types": ["pasokh.conversation.openned"]}, "/types/0"),
        ({"types": ["pasokh.sla.", "pasokh.inbound."]}, "/types/1"),
        ({"types": []}, "/types"),
        ({"types": ["conversation."]}, "/types/0"),
        ({"secret": "short"}, "/secret"),
        ({"secret": "set"}, "/secret"),
        ({"secrets": SECRET}, "/secrets"),
    ],
)
async def test_what_could_not_work_is_422_at_its_pointer(rest: Rest, changed: dict[str, Any], pointer: str) -> None:
    problem = problem_of(await rest.request("PUT", CRM, BODY | changed), 422)
    assert problem["errors"][0]["pointer"] == pointer


async def test_the_operator_may_allow_private_targets() -> None:
    async with open_rest(allowed_targets=["127.0.0.1:9000"]) as rest:
        await rest.workspace()
        assert (await rest.request("PUT", CRM, BODY | {"url": "http://127.0.0.1:9000/a?b=c"})).status_code == 201


async def test_etag_and_if_match_guard_a_subscription(rest: Rest) -> None:
    made = await rest.request("PUT", CRM, BODY)
    problem_of(await rest.request("PUT", CRM, BODY, if_match='"99"'), 412)
    again = await rest.request("PUT", CRM, BODY, if_match=made.headers["etag"])
    assert again.status_code == 200
    problem_of(await rest.request("DELETE", CRM, if_match=made.headers["etag"]), 412)
    assert (await rest.request("DELETE", CRM)).status_code == 204
    for path in (CRM, f"{CRM}/deliveries"):
        problem_of(await rest.request("GET", path), 404)
    problem_of(await rest.request("DELETE", CRM), 404)


async def test_only_an_admin_sends_facts_elsewhere(rest: Rest) -> None:
    await rest.request("PUT", CRM, BODY)
    key = await rest.key("write")
    assert (await rest.request("GET", CRM, authorization=key)).status_code == 200
    problem_of(await rest.request("PUT", CRM, BODY, authorization=key), 403)
    problem_of(await rest.request("POST", f"{CRM}/replay", {"event": "x"}, authorization=key), 403)


async def test_the_ledger_shows_tries_and_what_comes_next_newest_first(rest: Rest) -> None:
    await rest.request("PUT", CRM, BODY)
    for number in range(3):
        record = DeliveryRecord(
            workspace="shop",
            webhook="crm",
            event=f"e{number}",
            type="pasokh.conversation.opened",
            conversation="c1",
            endpoint=endpoint_id(0, "shop", "crm"),
            state="pending" if number else "delivered",
            attempts=1,
            at=START + timedelta(seconds=number),
            next_at=START + timedelta(seconds=10) if number else None,
            recent_attempts=[DeliveryAttempt(at=START, status=503)],
            expires_at=START + timedelta(days=30),
        )
        rest.store.insert(WEBHOOK_DELIVERIES, delivery_id("shop", "crm", f"e{number}"), record)
    first = (await rest.request("GET", f"{CRM}/deliveries?limit=2")).json()
    second = (await rest.request("GET", f"{CRM}/deliveries?limit=2&cursor={first['next']}")).json()
    assert [item["event"] for item in first["items"] + second["items"]] == ["e2", "e1", "e0"]
    assert first["items"][0] == {
        "event": "e2",
        "type": "pasokh.conversation.opened",
        "conversation": "c1",
        "state": "pending",
        "attempts": 1,
        "created_at": "2026-03-02T09:00:02.000000Z",
        "next_try_at": "2026-03-02T09:00:10.000000Z",
        "tries": [{"at": "2026-03-02T09:00:00.000000Z", "status": 503, "detail": None}],
    }
    delivered = (await rest.request("GET", f"{CRM}/deliveries?state=delivered")).json()
    assert [item["event"] for item in delivered["items"]] == ["e0"]
    problem_of(await rest.request("GET", f"{CRM}/deliveries?state=lost"), 422)


async def test_an_endpoint_that_is_gone_is_shown_as_disabled_until_it_is_written_again(rest: Rest) -> None:
    made = await rest.request("PUT", CRM, BODY)
    version = int(made.headers["etag"].strip('"'))
    rest.store.insert(
        WEBHOOK_ENDPOINTS, endpoint_id(0, "shop", "crm"), EndpointState(workspace="shop", webhook="crm", gone=version)
    )
    assert (await rest.request("GET", CRM)).json()["disabled"] is True
    assert (await rest.request("GET", ALL)).json()["items"][0]["disabled"] is True
    problem_of(await rest.request("POST", f"{CRM}/replay", {"since": "2026-03-01T00:00:00Z"}), 409)
    await rest.request("PUT", CRM, BODY)
    assert (await rest.request("GET", CRM)).json()["disabled"] is False


def insert_fact(rest: Rest, workspace: str = "shop") -> Event:
    key = f"{workspace}/telegram:main:1"
    fact = Event(
        id="e1",
        source="conversations/0",
        type="pasokh.conversation.opened",
        time=START,
        workspace=workspace,
        partitionkey=key,
        data={},
    )
    rest.store.insert_fact(fact)
    return fact


async def test_a_replay_of_one_fact_goes_to_the_partition_that_owns_it(rest: Rest) -> None:
    await rest.request("PUT", CRM, BODY)
    fact = insert_fact(rest)
    answer = await rest.request("POST", f"{CRM}/replay", {"event": "e1"})
    assert (answer.status_code, answer.headers["location"]) == (202, f"{CRM}/deliveries")
    [event] = rest.events
    assert (event.type, event.id) == ("pasokh.control.webhook_replay", answer.json()["id"])
    assert event.data == {"workspace": "shop", "webhook": "crm", "event": "e1", "since": None, "until": None}
    logs = [place for place, log in rest.bus.logs.items() if log]
    assert logs == [("conversations", partition_for(fact.partitionkey, rest.bus.partitions))]


async def test_a_replay_of_a_span_goes_to_every_partition_and_ends_now(rest: Rest) -> None:
    await rest.request("PUT", CRM, BODY)
    answer = await rest.request("POST", f"{CRM}/replay", {"since": "2026-03-01T00:00:00Z"}, idempotency_key="a")
    again = await rest.request("POST", f"{CRM}/replay", {"since": "2026-03-01T00:00:00Z"}, idempotency_key="a")
    assert (answer.status_code, answer.json()) == (202, again.json())
    assert {event.data["until"] for event in rest.events} == {"2026-03-02T09:00:00.000000Z"}
    assert [len(log) for log in rest.bus.logs.values() if log] == [1] * rest.bus.partitions


async def test_a_key_of_one_replay_is_no_key_of_another(rest: Rest) -> None:
    for name in ("crm", "other"):
        await rest.request("PUT", CRM.replace("crm", name), BODY)
    since = {"since": "2026-03-01T00:00:00Z"}
    assert (await rest.request("POST", f"{CRM}/replay", since, idempotency_key="a")).status_code == 202
    other = {"since": "2026-03-01T00:00:01Z"}
    problem_of(await rest.request("POST", f"{CRM}/replay", other, idempotency_key="a"), 409)
    problem_of(await rest.request("POST", f"{CRM.replace('crm', 'other')}/replay", since, idempotency_key="a"), 409)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"event": "e1", "since": "2026-03-01T00:00:00Z"},
        {"until": "2026-03-01T00:00:00Z"},
        {"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"},
        {"event": "never"},
        {"since": 1_772_323_200},
        {"since": "1772323200"},
        {"since": "2026-03-01"},
        {"since": "2026-03-01T00:00:00"},
        {"since": "0001-01-01T00:00:00+10:00"},
        {"since": "9999-12-31T23:59:59-10:00"},
    ],
)
async def test_a_replay_that_names_nothing_is_422(rest: Rest, body: dict[str, Any]) -> None:
    await rest.request("PUT", CRM, BODY)
    problem_of(await rest.request("POST", f"{CRM}/replay", body), 422)


async def test_another_workspaces_fact_is_not_there(rest: Rest) -> None:
    await rest.request("PUT", CRM, BODY)
    insert_fact(rest, workspace="other")
    problem_of(await rest.request("POST", f"{CRM}/replay", {"event": "e1"}), 422)
