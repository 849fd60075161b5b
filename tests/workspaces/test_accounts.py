"""Accounts: checked by their channel, credentials never returned, targets only where the operator allows."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.configuration import Credential
from services.records.configuration import read_configuration
from tests.rest import Rest, StandInRules, open_rest, problem_of

MAIN = "/v1/workspaces/shop/accounts/telegram/main"
TOKEN = "123456:secret-of-the-bot"
BODY = {"name": "Bot", "credentials": {"bot_token": TOKEN}, "settings": {"username": "shop_bot"}}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        yield opened


async def stored_token(rest: Rest) -> str:
    found = await read_configuration(rest.store, "shop")
    assert found is not None
    return str(found.accounts["telegram/main"].body.credentials["bot_token"])


async def test_an_account_shows_where_its_webhook_is_and_of_credentials_that_they_are_set(rest: Rest) -> None:
    answer = await rest.request("PUT", MAIN, BODY)
    assert answer.status_code == 201
    assert answer.json() == {
        "id": "main",
        "channel": "telegram",
        "name": "Bot",
        "credentials": {"bot_token": "set"},
        "language": None,
        "api_base": None,
        "settings": {"username": "shop_bot"},
        "webhook_path": "/webhooks/telegram/shop/main",
        "health": {
            "state": "ok",
            "detail": "",
            "last_webhook_at": None,
            "last_sent_at": None,
            "last_refused_at": None,
            "last_refusal": None,
            "without_content": 0,
            "last_without_content_at": None,
            "token_expires_at": None,
        },
    }
    shown = await rest.request("GET", MAIN)
    assert shown.json() == answer.json()
    assert shown.headers["etag"] == answer.headers["etag"]
    assert await stored_token(rest) == TOKEN


async def test_a_change_of_credentials_alone_is_answered_once_no_process_knows_the_old_ones() -> None:
    async with open_rest(known_after_seconds=3_600) as rest, asyncio.timeout(60):
        await rest.workspace()
        assert (await rest.request("PUT", MAIN, BODY)).status_code == 201
        assert (await rest.request("PUT", MAIN, {**BODY, "name": "Shop"})).status_code == 200
        changed = {**BODY, "credentials": {"bot_token": f"{TOKEN}-new"}}
        answer = asyncio.create_task(rest.request("PUT", MAIN, changed))
        answered, _ = await asyncio.wait([answer], timeout=0.1)
        assert not answered
        answer.cancel()
        assert await stored_token(rest) == f"{TOKEN}-new"


async def test_no_answer_ever_holds_a_credential(rest: Rest) -> None:
    answers = [
        await rest.request("PUT", MAIN, BODY),
        await rest.request("GET", MAIN),
        await rest.request("PUT", MAIN, BODY),
    ]
    answers.append(await rest.request("GET", "/v1/workspaces/shop/accounts"))
    answers.append(await rest.request("PUT", MAIN, BODY | {"language": TOKEN}))
    answers.append(await rest.request("PUT", MAIN, BODY, if_match='"99"'))
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 422, 412]
    assert not [answer.text for answer in answers if TOKEN in answer.text]


async def test_what_the_channel_does_not_accept_is_422_at_its_pointer(rest: Rest) -> None:
    problem = problem_of(await rest.request("PUT", MAIN, {"credentials": {}}), 422)
    assert problem["errors"] == [{"pointer": "/credentials/bot_token", "detail": "bot_token is needed."}]


@pytest.mark.parametrize("name", ["secret_token", "secret_token_previous", "identity_secret"])
async def test_a_secret_that_could_be_guessed_is_422_and_an_old_one_goes_on(rest: Rest, name: str) -> None:
    for secret in ("s", "seven-7"):
        body = BODY | {"credentials": {"bot_token": TOKEN, name: secret}}
        problem = problem_of(await rest.request("PUT", MAIN, body), 422)
        assert problem["errors"][0]["pointer"] == f"/credentials/{name}"
        assert "at least 8 characters" in problem["errors"][0]["detail"]
    fine = BODY | {"credentials": {"bot_token": TOKEN, name: "eight-88"}}
    assert (await rest.request("PUT", MAIN, fine)).status_code == 201
    again = BODY | {"credentials": {"bot_token": TOKEN, name: "set"}}
    assert (await rest.request("PUT", MAIN, again)).status_code == 200


async def test_an_unknown_channel_is_404_and_says_which_there_are(rest: Rest) -> None:
    problem = problem_of(await rest.request("PUT", MAIN.replace("telegram", "fax"), {"nonsense": 1}), 404)
    assert "telegram" in str(problem["detail"])


async def test_a_credential_that_is_written_back_as_it_was_read_stays(rest: Rest) -> None:
    await rest.request("PUT", MAIN, BODY)
    changed = await rest.request("PUT", MAIN, BODY | {"credentials": {"bot_token": "set"}, "language": "fa"})
    assert (changed.status_code, changed.json()["language"]) == (200, "fa")
    assert await stored_token(rest) == TOKEN


async def test_set_stands_for_nothing_where_nothing_is(rest: Rest) -> None:
    problem = problem_of(await rest.request("PUT", MAIN, {"credentials": {"bot_token": "set"}}), 422)
    assert problem["errors"][0]["pointer"] == "/credentials/bot_token"


async def stored_secrets(rest: Rest) -> Credential:
    configuration = await read_configuration(rest.store, "shop")
    assert configuration is not None
    return configuration.accounts["telegram/main"].body.credentials["secret_token"]


@pytest.mark.parametrize(
    ("before", "written", "after"),
    [
        ("oldest-secret", ["newer-secret", "set"], ["newer-secret", "oldest-secret"]),
        (["second-one", "first-one"], ["third-one", "set", "set"], ["third-one", "second-one", "first-one"]),
        (["second-one", "first-one"], ["set"], ["second-one"]),
        (["second-one", "first-one"], "set", ["second-one", "first-one"]),
        (["second-one", "first-one"], "alone-again", "alone-again"),
    ],
)
async def test_a_secret_rotates_without_knowledge_of_the_old_one(
    rest: Rest, before: Credential, written: Credential, after: Credential
) -> None:
    await rest.request("PUT", MAIN, BODY | {"credentials": {"bot_token": TOKEN, "secret_token": before}})
    answer = await rest.request("PUT", MAIN, BODY | {"credentials": {"bot_token": "set", "secret_token": written}})
    assert answer.status_code == 200, answer.text
    assert await stored_secrets(rest) == after
    assert answer.json()["credentials"]["secret_token"] == ("set" if isinstance(after, str) else ["set"] * len(after))


async def test_set_in_a_list_stands_for_no_more_values_than_are_stored(rest: Rest) -> None:
    await rest.request("PUT", MAIN, BODY | {"credentials": {"bot_token": TOKEN, "secret_token": "the-only-one"}})
    body = BODY | {"credentials": {"bot_token": "set", "secret_token": ["new-secret", "set", "set"]}}
    problem = problem_of(await rest.request("PUT", MAIN, body), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/credentials/secret_token/2"]


async def test_a_deleted_account_is_gone(rest: Rest) -> None:
    await rest.request("PUT", MAIN, BODY)
    problem_of(await rest.request("DELETE", MAIN, if_match='"99"'), 412)
    assert (await rest.request("DELETE", MAIN)).status_code == 204
    problem_of(await rest.request("GET", MAIN), 404)
    problem_of(await rest.request("DELETE", MAIN), 404)


async def test_accounts_are_listed_by_channel_and_id(rest: Rest) -> None:
    for name in ("two", "one"):
        await rest.request("PUT", MAIN.replace("main", name), BODY)
    first = (await rest.request("GET", "/v1/workspaces/shop/accounts?limit=1")).json()
    second = (await rest.request("GET", f"/v1/workspaces/shop/accounts?limit=1&cursor={first['next']}")).json()
    assert [item["id"] for item in first["items"] + second["items"]] == ["one", "two"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("given", "api_base", "status"),
    [
        ({}, "http://127.0.0.1:9000", 422),
        ({}, "http://169.254.169.254/latest", 422),
        ({"allow_private_targets": True}, "http://127.0.0.1:9000", 201),
        ({"allowed_targets": ["127.0.0.1:9000"]}, "http://127.0.0.1:9000", 201),
        ({"allowed_targets": ["127.0.0.1:9000"]}, "http://127.0.0.1:9001", 422),
        ({"allowed_targets": ["bots.example:443"]}, "https://bots.example", 201),
        ({"allow_private_targets": True}, "ftp://127.0.0.1", 422),
        ({"allow_private_targets": True}, "http://user:pw@127.0.0.1", 422),
        ({"allow_private_targets": True}, "http://127.0.0.1:99999", 422),
        ({"allow_private_targets": True}, "nonsense", 422),
    ],
)
async def test_an_account_sends_elsewhere_only_where_the_operator_allows(
    given: dict[str, Any], api_base: str, status: int
) -> None:
    async with open_rest(**given) as rest:
        await rest.workspace()
        answer = await rest.request("PUT", MAIN, BODY | {"api_base": api_base})
        assert answer.status_code == status, answer.text
        if status == 422:
            assert answer.json()["errors"][0]["pointer"] == "/api_base"


@pytest.mark.parametrize(
    ("given", "url", "status"),
    [
        ({}, "https://shop.example.com/replies?kind=a", 201),
        ({}, "http://8.8.8.8/replies", 201),
        ({}, "http://127.0.0.1:9000/replies", 422),
        ({}, "http://localhost:9000/replies", 422),
        ({}, "http://[::1]:9000/replies", 422),
        ({}, "http://[::ffff:10.0.0.1]/replies", 422),
        ({}, "http://169.254.169.254/latest", 422),
        ({}, "http://kafka.internal/", 422),
        ({}, "ftp://shop.example.com", 422),
        ({}, "https://user:pw@shop.example.com", 422),
        ({"allow_private_targets": True}, "http://127.0.0.1:9000/replies", 201),
        ({"allowed_targets": ["127.0.0.1:9000"]}, "http://127.0.0.1:9000/replies", 201),
        ({"allowed_targets": ["127.0.0.1:9000"]}, "http://127.0.0.1:9001/replies", 422),
    ],
)
async def test_a_callback_leads_into_a_private_network_only_where_the_operator_allows(
    given: dict[str, Any], url: str, status: int
) -> None:
    async with open_rest(checks={"api": StandInRules("callback_url")}, **given) as rest:
        await rest.workspace()
        body = {"credentials": {"callback_url": url}}
        answer = await rest.request("PUT", "/v1/workspaces/shop/accounts/api/main", body)
        assert answer.status_code == status, answer.text
        if status == 422:
            assert answer.json()["errors"][0]["pointer"] == "/credentials/callback_url"
        else:
            assert url not in answer.text
