"""Who may come in, from which page, and as whom."""

import base64
import hmac
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest

from services.records.secrets import installation_secret
from services.webchat.tokens import LIFETIME, Visitor, decode_token, encode_token
from tests.rest import problem_of
from tests.webchat.harness import IDENTITY_SECRET, LINK, OLD_LINK, ORIGIN, PATH, WebchatHarness, open_webchat, proof_of

SECRET = b"s" * 32


async def test_nobody_knows_who_an_anonymous_visitor_is() -> None:
    async with open_webchat() as shop:
        first, second = await shop.session(), await shop.session(language="fa", name="Neda")
        assert first["visitor"].startswith("anon-")
        assert first["visitor"] != second["visitor"]


async def test_an_identified_visitor_is_the_same_person_on_every_device() -> None:
    async with open_webchat() as shop:
        phone = await shop.session(identity=proof_of("customer-7"))
        desk = await shop.session(identity=proof_of("customer-7"), language="lv")
        assert phone["visitor"] == desk["visitor"] == "user-customer-7"


async def test_ids_that_do_not_fit_into_a_person_are_hashed() -> None:
    async with open_webchat() as shop:
        mail = (await shop.session(identity=proof_of("neda@shop.example")))["visitor"]
        assert mail.startswith("hash-")
        assert (await shop.session(identity=proof_of(mail)))["visitor"] == f"user-{mail}"


@pytest.mark.parametrize(
    "identity",
    [
        proof_of("customer-7") | {"user_id": "customer-8"},
        proof_of("customer-7", "another-secret"),
        proof_of("customer-7") | {"user_hash": "0" * 64},
        proof_of("customer-7") | {"user_hash": "é"},
    ],
)
async def test_a_false_proof_of_identity_is_401(identity: dict[str, str]) -> None:
    async with open_webchat() as shop:
        problem_of(await shop.client.post(f"{PATH}/sessions", json={"identity": identity}), 401)


async def test_a_token_ends_with_its_account_and_does_not_come_back_with_another_of_the_name() -> None:
    async with open_webchat() as shop:
        holder = await shop.holder()
        assert await shop.messages(holder) == []
        await shop.changed(None)
        problem_of(await shop.client.get(f"{PATH}/messages", headers=holder), 404)
        await shop.changed({"identity_secret": IDENTITY_SECRET})
        problem_of(await shop.client.get(f"{PATH}/messages", headers=holder), 401)
        assert await shop.messages(await shop.holder()) == []


async def test_a_token_ends_with_the_secret_of_its_account_and_with_nothing_else() -> None:
    async with open_webchat() as shop:
        holder = await shop.holder(identity=proof_of("customer-7"))
        await shop.changed({"identity_secret": IDENTITY_SECRET, "allowed_origins": ["*"]})
        assert await shop.messages(holder) == []
        await shop.changed({"identity_secret": "set"})
        assert await shop.messages(holder) == []
        await shop.changed({"identity_secret": "another-secret"})
        problem_of(await shop.client.get(f"{PATH}/messages", headers=holder), 401)
        await shop.changed({"identity_secret": IDENTITY_SECRET})
        problem_of(await shop.client.get(f"{PATH}/messages", headers=holder), 401)


async def test_tokens_and_accounts_of_older_versions_name_no_generation_and_go_on() -> None:
    async with open_webchat() as shop:
        documents: Iterable[Any] = shop.store.documents.values()
        for document in documents:
            for account in document.get("accounts", {}).values():
                account.pop("generation")
        secret = await installation_secret(shop.store, "webchat")
        claims = {"workspace": "shop", "account": "main", "visitor": "anon-1", "expires": 2**33}
        body = f"w1.{encoded(json.dumps(claims).encode())}"
        token = f"{body}.{encoded(hmac.digest(secret, body.encode(), 'sha256'))}"
        holder = {"authorization": f"Bearer {token}"}
        assert await shop.messages(holder) == []
        await shop.changed({"identity_secret": IDENTITY_SECRET, "allowed_origins": ["*"]})
        assert await shop.messages(holder) == []
        await shop.changed({"identity_secret": "another-secret"})
        problem_of(await shop.client.get(f"{PATH}/messages", headers=holder), 401)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


async def test_a_hand_off_link_of_another_workspace_is_401() -> None:
    async with open_webchat() as shop:
        await shop.open_workspace("other")
        shop.hand_over("anon-1")
        for token in (LINK, OLD_LINK):
            problem_of(await shop.client.post("/webchat/other/main/sessions", json={"handoff": token}), 401)
            assert (await shop.client.post(f"{PATH}/sessions", json={"handoff": token})).status_code == 201


async def test_a_link_that_names_no_workspace_is_401_where_there_is_no_such_conversation() -> None:
    async with open_webchat() as shop:
        problem_of(await shop.client.post(f"{PATH}/sessions", json={"handoff": OLD_LINK}), 401)


async def test_a_made_up_hand_off_link_is_401_and_a_real_one_opens() -> None:
    async with open_webchat() as shop:
        problem_of(await shop.client.post(f"{PATH}/sessions", json={"handoff": "made-up"}), 401)
        holder = await shop.holder(handoff=LINK)
        await shop.write(holder)
        assert shop.activities[0].details["handoff"] == LINK


@pytest.mark.parametrize("path", ["/messages", "/stream"])
@pytest.mark.parametrize("bearer", [None, "", "x", "w1.e30.AAAA", "Basic abc"])
async def test_without_a_token_of_ours_it_is_401(path: str, bearer: str | None) -> None:
    async with open_webchat() as shop:
        headers = {} if bearer is None else {"authorization": f"Bearer {bearer}"}
        problem_of(await shop.client.get(f"{PATH}{path}", headers=headers), 401)


async def test_a_token_opens_its_own_account_only() -> None:
    async with open_webchat() as shop:
        holder = await shop.holder()
        problem_of(await shop.client.get("/webchat/shop/second/messages", headers=holder), 401)


async def test_a_token_ends() -> None:
    async with open_webchat() as shop:
        holder = await shop.holder()
        assert await shop.messages(holder) == []
        shop.time_source.move(LIFETIME.total_seconds())
        problem_of(await shop.client.get(f"{PATH}/messages", headers=holder), 401)


@pytest.mark.parametrize("path", ["/webchat/shop/none/sessions", "/webchat/none/main/sessions"])
async def test_an_unknown_account_is_404(path: str) -> None:
    async with open_webchat() as shop:
        problem_of(await shop.client.post(path, json={}), 404)


async def test_a_page_of_an_allowed_origin_may_call_and_read_what_is_refused() -> None:
    async with open_webchat() as shop:
        asked = {"origin": ORIGIN, "access-control-request-method": "POST"}
        answer = await shop.client.options(f"{PATH}/messages", headers=asked)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "authorization" in answer.headers["access-control-allow-headers"]
        refused = await shop.client.get(f"{PATH}/messages", headers={"origin": ORIGIN})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, ORIGIN)
        wrong = await shop.client.post(f"{PATH}/sessions", json={"nom": 1}, headers={"origin": ORIGIN})
        assert (wrong.status_code, wrong.headers["access-control-allow-origin"]) == (422, ORIGIN)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://shop.example", "https://shop.example:444", "null"])
async def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    async with open_webchat() as shop:
        for method, path in (("POST", "/sessions"), ("OPTIONS", "/sessions"), ("GET", "/messages")):
            answer = await shop.client.request(method, f"{PATH}{path}", headers={"origin": origin})
            problem_of(answer, 403)
            assert "access-control-allow-origin" not in answer.headers


async def test_our_own_page_needs_no_origin_of_the_account() -> None:
    async with open_webchat(public_url="https://support.example") as shop:
        for origin in ("http://pasokh", "https://support.example"):
            answer = await shop.client.post(f"{PATH}/sessions", json={}, headers={"origin": origin})
            assert answer.status_code == 201


async def test_who_asks_too_often_is_told_to_wait() -> None:
    async with open_webchat(visitor_requests_per_second=2) as shop:
        holder, other = await shop.holder(), await shop.holder()
        answers = [await shop.client.get(f"{PATH}/messages", headers=holder) for _ in range(9)]
        problem_of(answers[-1], 429)
        assert answers[-1].headers["retry-after"]
        assert (await shop.client.get(f"{PATH}/messages", headers=other)).status_code == 200


def visitor() -> Visitor:
    return Visitor(workspace="shop", account="main", visitor="anon-1", expires=2_000_000_000, name="نِدا")


def test_a_token_says_who_holds_it() -> None:
    assert decode_token(encode_token(visitor(), SECRET), SECRET) == visitor()


def test_a_token_of_another_installation_is_none() -> None:
    assert decode_token(encode_token(visitor(), b"t" * 32), SECRET) is None


def test_a_token_with_any_letter_changed_is_none() -> None:
    token = encode_token(visitor(), SECRET)
    for at in range(len(token)):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert decode_token(changed, SECRET) is None, at


def test_a_token_is_a_jwt_that_any_library_reads() -> None:
    claims = jwt.decode(encode_token(visitor(), SECRET), SECRET, algorithms=["HS256"])

    assert claims == {
        "workspace": "shop",
        "account": "main",
        "visitor": "anon-1",
        "name": "نِدا",
        "generation": 0,
        "exp": 2_000_000_000,
    }


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({}, {"typ": "JWT"}),
        ({"exp": None}, {"typ": "pasokh-visitor+jwt"}),
        ({"exp": "soon"}, {"typ": "pasokh-visitor+jwt"}),
        ({"workspace": 7}, {"typ": "pasokh-visitor+jwt"}),
    ],
)
def test_a_token_of_another_purpose_or_shape_is_none(claims: dict[str, object], header: dict[str, str]) -> None:
    good = {"workspace": "shop", "account": "main", "visitor": "anon-1", "exp": 2_000_000_000}
    given = {name: value for name, value in {**good, **claims}.items() if value is not None}

    assert decode_token(jwt.encode(given, SECRET, "HS256", headers=header), SECRET) is None


def test_a_token_without_a_signature_is_none() -> None:
    claims = {"workspace": "shop", "account": "main", "visitor": "anon-1", "exp": 2_000_000_000}
    token = jwt.encode(claims, "", "none", headers={"typ": "pasokh-visitor+jwt"})

    assert decode_token(token, SECRET) is None


FORMER_TOKEN = (
    "w1.eyJ3b3Jrc3BhY2UiOiJzaG9wIiwiYWNjb3VudCI6Im1haW4iLCJ2aXNpdG9yIjoiYW5vbi0xIiwiZ"
    "XhwaXJlcyI6MjAwMDAwMDAwMCwibmFtZSI6ItmG2ZDYr9inIiwiZ2VuZXJhdGlvbiI6MH0.LphmgV_bg"
    "7iVcdjTlZmMld9IthdS9CKJm42BEUu33jI"
)
"""Given out by the version before tokens were JWTs, for `visitor()` under `SECRET`."""


def test_a_token_given_out_before_tokens_were_jwts_stays_valid() -> None:
    assert decode_token(FORMER_TOKEN, SECRET) == visitor()


def test_a_former_token_with_any_letter_changed_is_none() -> None:
    for at in range(len(FORMER_TOKEN)):
        changed = FORMER_TOKEN[:at] + ("A" if FORMER_TOKEN[at] != "A" else "B") + FORMER_TOKEN[at + 1 :]
        assert decode_token(changed, SECRET) is None, at


def test_the_secret_of_the_shop_is_in_no_token() -> None:
    assert IDENTITY_SECRET not in encode_token(visitor(), SECRET)
    assert timedelta(days=7) < LIFETIME


def elsewhere(shop: WebchatHarness) -> httpx2.AsyncClient:
    """A client of another address."""
    transport = httpx2.ASGITransport(shop.app, client=("192.0.2.99", 5))
    return httpx2.AsyncClient(transport=transport, base_url="http://pasokh")


async def test_one_address_makes_a_bounded_number_of_new_visitors_and_others_still_come() -> None:
    async with open_webchat(address_visitors_per_minute=3, account_visitors_per_minute=5) as shop:
        for _ in range(3):
            await shop.session()
        refused = await shop.client.post(f"{PATH}/sessions", json={})
        assert "from this address" in problem_of(refused, 429)["detail"]
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        async with elsewhere(shop) as other:
            assert [(await other.post(f"{PATH}/sessions", json={})).status_code for _ in range(2)] == [201, 201]
            problem_of(await other.post(f"{PATH}/sessions", json={}), 429)
        # Who the shop vouches for is nobody made up.
        assert (await shop.session(identity=proof_of("customer-7")))["visitor"] == "user-customer-7"


async def test_one_address_writes_a_bounded_number_of_bytes_and_a_repeat_costs_nothing() -> None:
    async with open_webchat(address_chat_bytes_per_minute=100_000) as shop:
        holder, identity = await shop.holder(), str(uuid4())
        assert (await shop.write(holder, "س" * 9000, identity)).status_code == 201
        for _ in range(4):
            assert (await shop.write(holder, "س" * 9000)).status_code == 201
        assert "bytes from this address" in problem_of(await shop.write(holder, "س" * 9000), 429)["detail"]
        assert (await shop.write(holder, "س" * 9000, identity)).status_code == 201
        holder_elsewhere = await shop.holder()
        async with elsewhere(shop) as other:
            body = {"id": str(uuid4()), "text": "hello"}
            assert (await other.post(f"{PATH}/messages", json=body, headers=holder_elsewhere)).status_code == 201


async def test_streams_of_one_address_are_bounded_and_those_of_another_are_not_touched() -> None:
    async with open_webchat(address_chat_streams=2, visitor_requests_per_second=100) as shop:
        for _ in range(2):
            await shop.stream(await shop.holder())
        problem_of(await shop.client.get(f"{PATH}/stream", headers=await shop.holder()), 429)
