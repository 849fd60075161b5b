"""Actions on messages: which call each is, what the answers mean, and the way from an agent's command to Telegram."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.activity import Address
from schemas.channel import ActionKind
from schemas.outbound import ChannelAction
from schemas.values import EncryptedText
from services.channels.port import CredentialsRejected, SendReceipt
from services.channels.telegram import Telegram
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.in_words import in_words
from tests.channels.telegram.cases import TOKEN, account
from tests.channels.telegram.shop import TelegramShop, accept, accept_numbered
from tests.channels.telegram.test_send import answer, refusal
from tests.fakes import FakeHttp, in_order
from tests.fakes.http import HttpCall
from tests.router.conversations.telegram import in_group, message

DONE = answer(200, {"ok": True, "result": True})


def action(kind: ActionKind, text: str | None = None, emoji: str | None = None, **address: str) -> ChannelAction:
    about = None if kind == "typing" else "77"
    return ChannelAction(
        id="a1",
        conversation="c1",
        key="shop/telegram:main:70001",
        workspace="shop",
        channel="telegram",
        account="main",
        surface="private",
        address=Address.model_validate({"chat": "70001"} | address),
        kind=kind,
        message=about and "m1",
        platform_id=about,
        text=EncryptedText(text=text) if text else None,
        emoji=emoji,
        accepted_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


async def performed(http: FakeHttp, wanted: ChannelAction) -> SendReceipt:
    return await Telegram().perform(wanted, account(), http)


# action → method and parameters
CALLS: list[tuple[ChannelAction, str, dict[str, Any]]] = [
    (action("edit", "better"), "editMessageText", {"chat_id": 70001, "message_id": 77, "text": "better"}),
    (
        action("edit", "better", via="bc1"),
        "editMessageText",
        {"business_connection_id": "bc1", "chat_id": 70001, "message_id": 77, "text": "better"},
    ),
    (action("delete"), "deleteMessage", {"chat_id": 70001, "message_id": 77}),
    (action("delete", chat="-1003", direct_topic="7"), "deleteMessage", {"chat_id": -1003, "message_id": 77}),
    (action("delete", via="bc1"), "deleteBusinessMessages", {"business_connection_id": "bc1", "message_ids": [77]}),
    (
        action("react", emoji="👍"),
        "setMessageReaction",
        {"chat_id": 70001, "message_id": 77, "reaction": [{"type": "emoji", "emoji": "👍"}]},
    ),
    (
        action("react", emoji="❤️"),
        "setMessageReaction",
        {"chat_id": 70001, "message_id": 77, "reaction": [{"type": "emoji", "emoji": "❤"}]},
    ),
    (action("react"), "setMessageReaction", {"chat_id": 70001, "message_id": 77, "reaction": []}),
    (action("typing"), "sendChatAction", {"chat_id": 70001, "action": "typing"}),
    (
        action("typing", chat="-1001", thread="33", via="bc1"),
        "sendChatAction",
        {"business_connection_id": "bc1", "chat_id": -1001, "message_thread_id": 33, "action": "typing"},
    ),
    (
        action("seen", via="bc1"),
        "readBusinessMessage",
        {"business_connection_id": "bc1", "chat_id": 70001, "message_id": 77},
    ),
]


@pytest.mark.parametrize(("wanted", "method", "parameters"), CALLS)
async def test_an_action_is_one_call(wanted: ChannelAction, method: str, parameters: dict[str, Any]) -> None:
    http = FakeHttp(in_order(DONE))
    assert await performed(http, wanted) == SendReceipt(wanted.platform_id)
    [call] = http.calls
    assert call.url == f"https://api.telegram.org/bot{TOKEN}/{method}"
    assert call.json == parameters


def test_every_action_of_the_capabilities_has_its_call() -> None:
    assert {wanted.kind for wanted, *_ in CALLS} == set(Telegram.capabilities.actions)


async def test_the_words_beside_files_are_edited_as_their_caption() -> None:
    no_text = refusal(400, "Bad Request: there is no text in the message to edit")
    http = FakeHttp(in_order(no_text, DONE))
    await performed(http, action("edit", "better"))
    assert [(call.url.rsplit("/", 1)[1], call.json.get("caption")) for call in http.calls] == [
        ("editMessageText", None),
        ("editMessageCaption", "better"),
    ]


async def test_an_edit_to_the_text_that_is_there_is_done() -> None:
    same = refusal(400, "Bad Request: message is not modified: specified new message content and reply markup are ...")
    await performed(FakeHttp(in_order(same)), action("edit", "better"))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (action("react", emoji="👍", via="bc1"), "business account"),
        (action("seen"), "business account"),
        (action("typing", chat="-1003", direct_topic="700"), "direct messages"),
    ],
)
async def test_what_telegram_has_not_is_refused_without_a_call(wanted: ChannelAction, words: str) -> None:
    with pytest.raises(PermanentSendError) as raised:
        await performed(FakeHttp(), wanted)
    assert raised.value.code == "unsupported"
    assert words in in_words(raised.value)


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (refusal(400, "Bad Request: message to edit not found"), "not_found", "not found"),
        (refusal(400, "Bad Request: message to delete not found"), "not_found", "not found"),
        (refusal(400, "Bad Request: MESSAGE_ID_INVALID"), "not_found", "MESSAGE_ID_INVALID"),
        (refusal(400, "Bad Request: message can't be deleted for everyone"), "rejected", "48 hours"),
        (refusal(400, "Bad Request: message can't be edited"), "rejected", "48 hours"),
        (refusal(400, "Bad Request: REACTION_INVALID"), "rejected", "REACTION_INVALID"),
        (refusal(403, "Forbidden: bot was blocked by the user"), "blocked", "blocked"),
    ],
)
async def test_a_refusal_has_a_stable_code_and_says_why(given: HttpResponse, code: str, words: str) -> None:
    with pytest.raises(PermanentSendError) as raised:
        await performed(FakeHttp(in_order(given)), action("delete"))
    assert raised.value.code == code
    assert words in in_words(raised.value)


async def test_a_server_that_is_older_than_a_method_does_not_cost_the_account_its_replies() -> None:
    with pytest.raises(PermanentSendError) as raised:
        await performed(FakeHttp(in_order(refusal(404, "Not Found"))), action("seen", via="bc1"))
    assert raised.value.code == "unsupported"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (refusal(429, "Too Many Requests: retry after 3", retry_after=3), TransientSendError),
        (refusal(401, "Unauthorized"), CredentialsRejected),
        (answer(504, b""), SendOutcomeUnknown),
    ],
)
async def test_other_answers_mean_what_they_mean_for_a_message(given: HttpResponse, error: type[Exception]) -> None:
    with pytest.raises(error):
        await performed(FakeHttp(in_order(given)), action("edit", "x"))


# -- from an agent's command to Telegram ---------------------------------------------------------------------------------


async def answered() -> tuple[TelegramShop, str]:
    """A private conversation that sara answered, and the id of her message."""
    shop = TelegramShop()
    await shop.receives("message", **message(5, "where is my order"))
    await shop.house.assign("sara")
    return shop, await shop.reply("on its way")


async def test_an_agent_edits_an_answer() -> None:
    shop, reply = await answered()
    assert (await shop.act("edit", reply, text={"text": "it came"})).status == "applied"
    await shop.wait(2)
    assert shop.calls()[-1] == ("editMessageText", {"chat_id": 70001, "message_id": 77, "text": "it came"})
    assert shop.message(reply).text == EncryptedText(text="it came")


async def test_an_agent_deletes_an_answer() -> None:
    shop, reply = await answered()
    await shop.act("delete", reply)
    await shop.wait(2)
    assert shop.calls()[-1] == ("deleteMessage", {"chat_id": 70001, "message_id": 77})
    assert (shop.message(reply).state, shop.message(reply).text) == ("deleted", None)


async def test_an_agent_deletes_all_that_a_long_answer_became() -> None:
    shop = TelegramShop(accept_numbered())
    await shop.receives("message", **message(5, "where is my order"))
    await shop.house.assign("sara")
    outcome = await shop.house.reply(text="A sentence of some words. " * 200)
    assert outcome.result is not None
    await shop.settle()
    # The chat's rate lets the second part wait a second.
    await shop.wait(2)
    assert [len(call.json["text"]) <= 4096 for call in shop.http.calls] == [True, True]
    await shop.act("delete", outcome.result)
    await shop.wait(3)
    assert shop.calls()[-1] == ("deleteMessages", {"chat_id": 70001, "message_ids": [77, 78]})
    assert shop.message(outcome.result).state == "deleted"


async def test_an_agent_reacts_to_what_the_customer_wrote() -> None:
    shop, _ = await answered()
    [customers, _] = shop.house.messages()
    await shop.act("react", customers.id, emoji="👍")
    await shop.wait(2)
    assert shop.calls()[-1][0] == "setMessageReaction"
    assert shop.calls()[-1][1]["message_id"] == 5
    assert [one.emoji for one in shop.message(customers.id).reactions] == ["👍"]


async def test_typing_shows_in_the_topic_of_a_group() -> None:
    shop = TelegramShop()
    forum = {"id": -1002, "type": "supergroup", "title": "Forum", "is_forum": True}
    await shop.receives("message", **in_group(5, "hello", forum, message_thread_id=44, is_topic_message=True))
    await shop.house.assign("sara")
    assert (await shop.act("typing", None)).status == "applied"
    assert shop.calls() == [("sendChatAction", {"chat_id": -1002, "message_thread_id": 44, "action": "typing"})]


async def test_a_business_chat_is_marked_as_read() -> None:
    shop = TelegramShop()
    await shop.receives("business_message", **message(5, "hello", business_connection_id="bc1"))
    await shop.house.assign("sara")
    [customers] = shop.house.messages()
    await shop.act("seen", customers.id)
    read = {"business_connection_id": "bc1", "chat_id": 70001, "message_id": 5}
    assert shop.calls() == [("readBusinessMessage", read)]


async def test_an_answer_that_is_too_old_stays_and_the_agent_reads_why() -> None:
    def respond(call: HttpCall) -> HttpResponse:
        return refusal(400, "Bad Request: message can't be deleted") if "/delete" in call.url else accept(call)

    shop = TelegramShop(respond)
    await shop.receives("message", **message(5, "where is my order"))
    await shop.house.assign("sara")
    reply = await shop.reply("on its way")
    await shop.wait(49 * 3600)
    await shop.act("delete", reply)
    after = shop.message(reply)
    assert (after.state, after.text) == ("sent", EncryptedText(text="on its way"))
    [failed] = after.actions
    assert failed.error is not None
    assert "48 hours" in failed.error.detail
