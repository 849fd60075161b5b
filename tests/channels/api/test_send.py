"""Replies to the callback: shape, signature, and what each answer means."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from schemas.activity import Address
from schemas.conversation import Author
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText
from services.channels.api import Api
from services.channels.port import CredentialsRejected, SendReceipt
from services.platform.http.outgoing import PermanentSendError, TransientSendError
from services.platform.http.standard_webhooks import verification_error
from tests.channels.api.cases import CALLBACK, PREVIOUS, RECEIVED, SECRET, account
from tests.fakes import FakeHttp, ManualTimeSource, always

REPLY = OutboundMessage(
    id="0195511e-0000-7000-8000-00000000000a",
    conversation="c-1",
    key="shop/api:main:buyer-7",
    workspace="shop",
    channel="api",
    account="main",
    surface="public",
    address=Address(chat="buyer-7", thread="post/44", reply_to="c-9"),
    author=Author(kind="agent", id="sara", name="Sara"),
    text=EncryptedText(text="در راه است"),
    accepted_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
)


async def test_a_reply_is_the_message_and_its_person() -> None:
    http = FakeHttp(always())
    assert await Api(ManualTimeSource()).send(REPLY, account(), http) == SendReceipt(REPLY.id)
    [(url, _, body, _, _)] = http.calls
    posted = json.loads(body)
    assert url == CALLBACK
    assert posted["person"] == {"id": "buyer-7"}
    assert (posted["id"], posted["text"], posted["direction"]) == (REPLY.id, "در راه است", "outbound")
    assert (posted["surface"], posted["thread"], posted["reply_to"]) == ("public", "post/44", "c-9")
    assert posted["author"] == {"kind": "agent", "id": "sara", "name": "Sara"}


async def test_every_try_has_the_same_id_and_body_and_a_signature_of_its_own_time() -> None:
    http, clock = FakeHttp(always()), ManualTimeSource()
    await Api(clock).send(REPLY, account(), http)
    clock.at += timedelta(hours=3)
    await Api(clock).send(REPLY, account(), http)
    (_, _, first, early, _), (_, _, second, late, _) = http.calls
    assert (early["webhook-id"], first) == (late["webhook-id"], second) == (REPLY.id, first)
    assert int(late["webhook-timestamp"]) - int(early["webhook-timestamp"]) == 3 * 3600
    assert verification_error(late, second, [SECRET], clock.at) is None


async def test_while_rotating_both_secrets_sign() -> None:
    http = FakeHttp(always())
    await Api(ManualTimeSource()).send(REPLY, account(secret_previous=PREVIOUS), http)
    [(_, _, body, headers, _)] = http.calls
    assert [verification_error(headers, body, [secret], ManualTimeSource().at) for secret in (SECRET, PREVIOUS)] == [
        None,
        None,
    ]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_a_receipt(status: int) -> None:
    assert await Api(ManualTimeSource()).send(REPLY, account(), FakeHttp(always(status))) == SendReceipt(REPLY.id)


@pytest.mark.parametrize("status", [301, 408, 425, 429, 500, 501, 502, 503, 504])
async def test_what_may_pass_is_tried_again(status: int) -> None:
    with pytest.raises(TransientSendError) as again:
        await Api(ManualTimeSource()).send(REPLY, account(), FakeHttp(always(status)))
    assert again.value.scope == "message"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "rejected"),
        (402, "rejected"),
        (404, "not_found"),
        (405, "rejected"),
        (409, "rejected"),
        (410, "gone"),
        (413, "too_long"),
        (415, "rejected"),
        (422, "rejected"),
        (451, "rejected"),
    ],
)
async def test_other_4xx_refuse_this_reply_for_good_and_name_the_status(status: int, code: str) -> None:
    with pytest.raises(PermanentSendError) as refused:
        await Api(ManualTimeSource()).send(REPLY, account(), FakeHttp(always(status)))
    assert (refused.value.code, refused.value.status, str(status) in str(refused.value)) == (code, status, True)


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_signature_is_the_accounts(status: int) -> None:
    with pytest.raises(CredentialsRejected) as refused:
        await Api(ManualTimeSource()).send(REPLY, account(), FakeHttp(always(status)))
    assert refused.value.status == status


@pytest.mark.parametrize(("status", "scope"), [(429, "chat"), (503, "account"), (500, "account")])
async def test_receiver_that_names_a_time_means_its_limit_for_a_person_and_its_outage_for_all(
    status: int, scope: str
) -> None:
    with pytest.raises(TransientSendError) as again:
        await Api(ManualTimeSource()).send(REPLY, account(), FakeHttp(always(status, retry_after="7")))
    assert (again.value.after, again.value.scope) == (7.0, scope)


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("7", 7.0),
        ("Sun, 01 Mar 2026 12:00:09 GMT", 9.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
async def test_it_comes_back_when_it_is_asked_to(value: str, after: float | None) -> None:
    with pytest.raises(TransientSendError) as again:
        await Api(ManualTimeSource(RECEIVED)).send(REPLY, account(), FakeHttp(always(503, retry_after=value)))
    assert again.value.after == after
