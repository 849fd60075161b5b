"""What the bot is asked: its token, its addresses, its updates."""

import json

import pytest

from services.channels.port import Account, CredentialsRejected
from services.channels.rubika import Rubika
from services.platform.http.outgoing import HttpResponse, SendOutcomeUnknown, TransientSendError
from tests.channels.rubika.cases import CHAT, RECEIVED, SECRET, TOKEN, account, ok, refused
from tests.channels.rubika.test_send import API, ME, TOKEN_REFUSED, methods
from tests.fakes import FakeHttp, in_order

URL = "https://chat.example.com"
OURS = f"{URL}/webhooks/rubika/shop/main"
SET = ok(status="Done")
POLLED = account(credentials={"bot_token": TOKEN}, settings={"receive": "poll"})
UPDATE = {"type": "StartedBot", "chat_id": CHAT}


async def checked(http: FakeHttp, of: Account | None = None, public_url: str | None = f"{URL}/") -> str | None:
    found = await Rubika().check(of or account(), http, public_url, RECEIVED)
    return found.detail if found else None


async def test_a_check_sets_both_addresses_and_finds_all_well() -> None:
    http = FakeHttp(in_order(ME, SET, SET))
    assert await checked(http) is None
    assert methods(http) == ["getMe", "updateBotEndpoints", "updateBotEndpoints"]
    address = f"{OURS}/{SECRET}"
    assert [call.json for call in http.calls[1:]] == [
        {"url": address, "type": "ReceiveUpdate"},
        {"url": address, "type": "ReceiveInlineMessage"},
    ]


async def test_the_newest_secret_is_the_one_that_rubika_gets() -> None:
    http = FakeHttp(in_order(ME, SET, SET))
    rotating = account(credentials={"bot_token": TOKEN, "path_secret": ["a-new-secret", SECRET]})
    await checked(http, rotating)
    assert http.calls[1].json["url"] == f"{OURS}/a-new-secret"


@pytest.mark.parametrize(
    "answer",
    [
        ok(status="InvalidUrl"),
        ok(status=f"no {OURS}/{SECRET}"),
        refused("INVALID_INPUT", f"{OURS}/{SECRET} does not answer"),
    ],
)
async def test_an_address_that_rubika_does_not_take_is_said_without_its_secret(answer: HttpResponse) -> None:
    found = await checked(FakeHttp(in_order(ME, answer)))
    assert found is not None
    assert OURS in found
    assert SECRET not in found


@pytest.mark.parametrize(("of", "url"), [(POLLED, URL), (account(), None)])
async def test_without_an_address_the_token_alone_is_checked(of: Account, url: str | None) -> None:
    http = FakeHttp(in_order(ME))
    assert await checked(http, of, url) is None
    assert methods(http) == ["getMe"]


@pytest.mark.parametrize("answer", [TOKEN_REFUSED, refused("INVALID_ACCESS"), HttpResponse(401, {}, b"")])
async def test_a_token_that_is_refused_is_said_and_in_no_error(answer: HttpResponse) -> None:
    with pytest.raises(CredentialsRejected) as raised:
        await checked(FakeHttp(in_order(answer)))
    assert TOKEN not in str(raised.value)


# -- polling ---------------------------------------------------------------------------------------------------------------


async def test_a_poll_goes_on_behind_what_the_last_one_brought() -> None:
    http = FakeHttp(in_order(ok(updates=[UPDATE], next_offset_id="9001"), ok(updates=[], next_offset_id="9001")))
    first = await Rubika().poll(POLLED, http, None)
    second = await Rubika().poll(POLLED, http, first.cursor)
    assert [call.url for call in http.calls] == [f"{API}/getUpdates"] * 2
    assert [call.json.get("offset_id") for call in http.calls] == [None, "9001"]
    assert [json.loads(body) for body in first.bodies] == [{"update": UPDATE}]
    assert (second.bodies, second.cursor, second.has_more) == ([], first.cursor, False)


@pytest.mark.parametrize("offset", ["a+b/c==", "1:2", 9001])
async def test_an_offset_goes_back_as_it_came(offset: str | int) -> None:
    first = await Rubika().poll(POLLED, FakeHttp(in_order(ok(updates=[], next_offset_id=offset))), None)
    http = FakeHttp(in_order(ok(updates=[])))
    await Rubika().poll(POLLED, http, first.cursor)
    assert http.calls[0].json["offset_id"] == str(offset)


async def test_an_answer_without_an_offset_leaves_the_cursor_where_it_was() -> None:
    first = await Rubika().poll(POLLED, FakeHttp(in_order(ok(updates=[], next_offset_id="9001"))), None)
    http = FakeHttp(in_order(ok(updates=[])))
    assert (await Rubika().poll(POLLED, http, first.cursor)).cursor == first.cursor


async def test_the_offset_of_another_bot_is_not_used() -> None:
    first = await Rubika().poll(POLLED, FakeHttp(in_order(ok(updates=[], next_offset_id="9001"))), None)
    http = FakeHttp(in_order(ok(updates=[])))
    other = account(credentials={"bot_token": "ANOTHER0BOT"}, settings={"receive": "poll"})
    await Rubika().poll(other, http, first.cursor)
    assert "offset_id" not in http.calls[0].json
    assert TOKEN not in str(first.cursor)


@pytest.mark.parametrize(("next_offset", "has_more"), [("9002", True), ("9001", False)])
async def test_a_full_page_is_followed_by_the_next_unless_it_is_the_same(next_offset: str, *, has_more: bool) -> None:
    before = (await Rubika().poll(POLLED, FakeHttp(in_order(ok(updates=[], next_offset_id="9001"))), None)).cursor
    http = FakeHttp(in_order(ok(updates=[UPDATE] * 50, next_offset_id=next_offset)))
    found = await Rubika().poll(POLLED, http, before)
    assert http.calls[0].json["limit"] == 50
    assert (len(found.bodies), found.has_more) == (50, has_more)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (TOKEN_REFUSED, CredentialsRejected),
        (refused("TOO_REQUESTS"), TransientSendError),
        (HttpResponse(502, {}, b""), TransientSendError),
        (SendOutcomeUnknown(f"{API}/getUpdates broke off"), SendOutcomeUnknown),
    ],
)
async def test_a_poll_that_is_refused_says_why(answer: HttpResponse | Exception, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        await Rubika().poll(POLLED, FakeHttp(in_order(answer)), None)
    assert TOKEN not in str(raised.value)


async def test_polling_begins_without_a_call() -> None:
    assert Rubika().is_polled(POLLED.body)
    assert not Rubika().is_polled(account().body)
    await Rubika().begin_polling(POLLED, FakeHttp())
