"""What we do in public on Pages and Instagram accounts: which call it becomes, and what each answer of the Graph API means."""

from typing import Any

import pytest

from schemas.activity import Address
from services.channels.account_scope import scope_of
from services.channels.instagram import Instagram
from services.channels.messenger import Messenger
from services.channels.port import Account, CredentialsRejected, SendReceipt
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.instagram import cases as instagram
from tests.channels.messenger import cases as messenger
from tests.channels.meta.public_calls import COMMENT, PLACE, action, answer, outbound, refusal
from tests.fakes import FakeHttp, in_order
from tests.fakes.http import always

FACEBOOK, GRAM = "https://graph.facebook.com/v25.0", "https://graph.instagram.com/v25.0"
CHANNELS: dict[str, tuple[Messenger | Instagram, Account, str, str, str]] = {
    "messenger": (Messenger(), messenger.account(), FACEBOOK, messenger.PAGE, messenger.TOKEN),
    "instagram": (Instagram(), instagram.account(), GRAM, instagram.SHOP, instagram.TOKEN),
}
both = pytest.mark.parametrize("name", CHANNELS)


def refused_by(code: int, subcode: int | None = None) -> FakeHttp:
    return FakeHttp(in_order(refusal(code, subcode)))


# -- answers in public -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "edge"), [("messenger", "comments"), ("instagram", "replies")])
async def test_public_answer_is_written_below_the_comment(name: str, edge: str) -> None:
    channel, account, url, own, token = CHANNELS[name]
    http = FakeHttp(in_order(answer({"id": "reply-9"})))
    receipt = await channel.send(outbound(account), account, http)
    [call] = http.calls
    assert (call.method, call.url, call.json) == ("POST", f"{url}/{COMMENT}/{edge}", {"message": "Yes, we do."})
    assert call.headers["authorization"] == f"Bearer {token}"
    assert receipt == SendReceipt("reply-9", aliases=(scope_of(account, own).message_id("reply-9"),))


async def test_page_answers_a_post_of_a_visitor_below_the_post() -> None:
    channel, account, url, _, _ = CHANNELS["messenger"]
    http = FakeHttp(in_order(answer({"id": "reply-9"})))
    await channel.send(outbound(account, reply_to=PLACE), account, http)
    assert http.calls[0].url == f"{url}/{PLACE}/comments"


@pytest.mark.parametrize(
    ("reply_to", "named"), [(COMMENT, {"media_id": PLACE, "comment_id": COMMENT}), (PLACE, {"media_id": PLACE})]
)
async def test_instagram_answers_a_mention_as_the_account_that_is_mentioned(
    reply_to: str, named: dict[str, str]
) -> None:
    channel, account, url, own, _ = CHANNELS["instagram"]
    http = FakeHttp(in_order(answer({"id": "reply-9"})))
    await channel.send(outbound(account, via="mention", reply_to=reply_to), account, http)
    assert (http.calls[0].url, http.calls[0].json) == (f"{url}/{own}/mentions", {**named, "message": "Yes, we do."})


async def test_live_comment_takes_no_public_answer_and_no_call_is_made() -> None:
    channel, account, *_ = CHANNELS["instagram"]
    with pytest.raises(PermanentSendError, match="in private while the video is live") as raised:
        await channel.send(outbound(account, via="live"), account, FakeHttp())
    assert raised.value.code == "unsupported"


@both
@pytest.mark.parametrize(
    ("code", "subcode", "error", "verdict"),
    [
        (100, 33, PermanentSendError, "not_found"),
        (506, None, PermanentSendError, "duplicate"),
        (100, None, PermanentSendError, "rejected"),
        (368, None, PermanentSendError, "blocked_by_platform"),
        (190, 463, CredentialsRejected, None),
        (200, None, CredentialsRejected, None),
        (10, None, CredentialsRejected, None),
        # A subcode that nobody knows says more about the message than about the account.
        (10, 777, PermanentSendError, "rejected"),
        (200, 777, PermanentSendError, "rejected"),
        (4, None, TransientSendError, None),
        (32, None, TransientSendError, None),
        (613, None, TransientSendError, None),
        (2, None, TransientSendError, None),
    ],
)
async def test_refusals_of_a_public_answer(
    name: str, code: int, subcode: int | None, error: type[Exception], verdict: str | None
) -> None:
    channel, account, *_ = CHANNELS[name]
    with pytest.raises(error) as raised:
        await channel.send(outbound(account), account, refused_by(code, subcode))
    assert getattr(raised.value, "code", None) == verdict


@both
async def test_gateway_that_answers_for_meta_leaves_a_public_answer_unknown(name: str) -> None:
    channel, account, *_ = CHANNELS[name]
    with pytest.raises(SendOutcomeUnknown):
        await channel.send(outbound(account), account, FakeHttp(always(502, b"Bad gateway")))


# -- private replies -------------------------------------------------------------------------------------------------


@both
async def test_private_reply_names_the_comment_and_learns_whom_it_reached(name: str) -> None:
    channel, account, url, own, _ = CHANNELS[name]
    http = FakeHttp(in_order(answer({"recipient_id": "psid-1", "message_id": "m_1"})))
    receipt = await channel.send(outbound(account, private=True), account, http)
    [call] = http.calls
    body = {"recipient": {"comment_id": COMMENT}, "message": {"text": "Yes, we do."}}
    assert (call.url, call.json) == (f"{url}/me/messages", body)
    aliases = (scope_of(account, own).message_id("m_1"),)
    assert receipt == SendReceipt("m_1", address=Address(chat="psid-1"), aliases=aliases, person="psid-1")


async def test_private_reply_to_a_post_names_the_post() -> None:
    channel, account, *_ = CHANNELS["messenger"]
    http = FakeHttp(in_order(answer({"recipient_id": "psid-1", "message_id": "m_1"})))
    await channel.send(outbound(account, private=True, post=PLACE), account, http)
    assert http.calls[0].json["recipient"] == {"post_id": PLACE}


@both
@pytest.mark.parametrize(
    ("code", "subcode", "verdict"),
    [
        (10900, None, "private_reply_used"),
        (10901, None, "private_reply_too_late"),
        (10903, None, "blocked"),
        (551, None, "blocked"),
        (100, 33, "not_found"),
        (10, 2018278, "window_closed"),
    ],
)
async def test_refusals_of_a_private_reply(name: str, code: int, subcode: int | None, verdict: str) -> None:
    channel, account, *_ = CHANNELS[name]
    with pytest.raises(PermanentSendError) as raised:
        await channel.send(outbound(account, private=True), account, refused_by(code, subcode))
    assert raised.value.code == verdict


# -- actions -----------------------------------------------------------------------------------------------------------

BETTER = {"text": {"text": "Yes, within two days."}}
TO_PERSON = {"recipient": {"id": "person-7"}}
REACTED = {**TO_PERSON, "sender_action": "react"}
Call = tuple[str, str, Any]
PERFORMED: list[tuple[str, str, str, dict[str, Any], Call]] = [
    ("messenger", "hide", "public", {}, ("POST", COMMENT, {"is_hidden": True})),
    ("messenger", "unhide", "public", {}, ("POST", COMMENT, {"is_hidden": False})),
    ("messenger", "delete", "public", {}, ("DELETE", COMMENT, None)),
    ("messenger", "edit", "public", BETTER, ("POST", COMMENT, {"message": "Yes, within two days."})),
    ("messenger", "react", "public", {"emoji": "\U0001f44d"}, ("POST", f"{COMMENT}/likes", None)),
    ("messenger", "react", "public", {"emoji": None}, ("DELETE", f"{COMMENT}/likes", None)),
    ("instagram", "hide", "public", {}, ("POST", COMMENT, {"hide": True})),
    ("instagram", "unhide", "public", {}, ("POST", COMMENT, {"hide": False})),
    ("instagram", "delete", "public", {}, ("DELETE", COMMENT, None)),
    ("messenger", "typing", "private", {}, ("POST", "me/messages", {**TO_PERSON, "sender_action": "typing_on"})),
    ("instagram", "seen", "private", {}, ("POST", "me/messages", {**TO_PERSON, "sender_action": "mark_seen"})),
    (
        *("messenger", "react", "private", {"emoji": "😊"}),
        ("POST", "me/messages", {**REACTED, "payload": {"message_id": COMMENT, "reaction": "😊"}}),
    ),
    (
        *("instagram", "react", "private", {"emoji": "❤"}),
        ("POST", "me/messages", {**REACTED, "payload": {"message_id": COMMENT, "reaction": "love"}}),
    ),
    (
        *("instagram", "react", "private", {"emoji": None}),
        ("POST", "me/messages", {**TO_PERSON, "sender_action": "unreact", "payload": {"message_id": COMMENT}}),
    ),
]


@pytest.mark.parametrize(("name", "kind", "surface", "more", "call"), PERFORMED)
async def test_an_action_is_one_call(name: str, kind: str, surface: str, more: dict[str, Any], call: Call) -> None:
    channel, account, url, _, token = CHANNELS[name]
    http = FakeHttp(in_order(answer({"success": True})))
    await channel.perform(action(account, kind, surface, **more), account, http)
    method, path, body = call
    [made] = http.calls
    assert (made.method, made.url, made.json) == (method, f"{url}/{path}", body)
    assert made.headers["authorization"] == f"Bearer {token}"


@pytest.mark.parametrize(
    ("name", "kind", "surface", "more"),
    [
        ("messenger", "react", "public", {"emoji": "❤"}),
        ("messenger", "edit", "private", BETTER),
        ("messenger", "hide", "private", {}),
        ("instagram", "edit", "public", BETTER),
        ("instagram", "react", "public", {"emoji": "❤"}),
        ("instagram", "react", "private", {"emoji": "😊"}),
    ],
)
async def test_what_a_platform_cannot_do_is_refused_without_a_call(
    name: str, kind: str, surface: str, more: dict[str, Any]
) -> None:
    channel, account, *_ = CHANNELS[name]
    with pytest.raises(PermanentSendError) as raised:
        await channel.perform(action(account, kind, surface, **more), account, FakeHttp())
    assert raised.value.code == "unsupported"


@both
def test_the_capabilities_are_what_can_be_done(name: str) -> None:
    capabilities = CHANNELS[name][0].capabilities
    performed = {(kind, surface) for owner, kind, surface, *_ in PERFORMED if owner == name}
    stated = {(kind, side) for side in ("private", "public") for kind in capabilities.actions_on(side)}
    shared = {("typing", "private"), ("seen", "private")}
    assert stated == performed | shared


@both
async def test_deleting_what_is_gone_says_so(name: str) -> None:
    channel, account, *_ = CHANNELS[name]
    with pytest.raises(PermanentSendError) as raised:
        await channel.perform(action(account, "delete", "public"), account, refused_by(100, 33))
    assert raised.value.code == "not_found"


@both
@pytest.mark.parametrize("respond", [always(502, b"Bad gateway"), always(400, b"{}"), always(500)])
async def test_no_error_of_an_action_quotes_the_token(name: str, respond: Any) -> None:
    channel, account, _, _, token = CHANNELS[name]
    with pytest.raises((SendOutcomeUnknown, PermanentSendError, TransientSendError)) as raised:
        await channel.perform(action(account, "hide", "public"), account, FakeHttp(respond))
    assert token not in str(raised.value)
