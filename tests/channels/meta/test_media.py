"""Where the files of direct messages are once somebody opens them."""

import json
from typing import Any

import pytest

from schemas.activity import Attachment
from services.channels.instagram import Instagram
from services.channels.messenger import Messenger
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.instagram import cases as instagram
from tests.channels.messenger import cases as messenger
from tests.channels.meta.public_calls import refusal
from tests.fakes import FakeHttp
from tests.fakes.http import HttpCall

CHANNELS: dict[str, Any] = {"messenger": Messenger(), "instagram": Instagram()}
CASES: dict[str, Any] = {"messenger": messenger, "instagram": instagram}
both = pytest.mark.parametrize("name", CHANNELS)
OLD, NEW = "https://cdn.example.com/2.jpg", "https://cdn.example.com/2.jpg?oe=2"
FILES = [
    {"mime_type": "video/mp4", "video_data": {"url": "https://cdn.example.com/1.mp4"}},
    {"mime_type": "image/jpeg", "image_data": {"url": NEW}},
]


def picture(**changes: Any) -> Attachment:
    return Attachment(kind="image", url=OLD, platform_id="m_$a/b/1").model_copy(update=changes)


async def located(name: str, respond: Any, attachment: Attachment) -> tuple[str, list[HttpCall]]:
    http = FakeHttp(respond)
    found = await CHANNELS[name].locate(attachment, CASES[name].account(), http)
    # The address of a file is not one that takes our token.
    assert found.headers == {}
    return found.url, http.calls


def files(listed: list[dict[str, Any]]) -> Any:
    return lambda call: HttpResponse(200, {}, json.dumps({"attachments": {"data": listed}}).encode())


@both
async def test_a_file_is_where_meta_says_now(name: str) -> None:
    url, [call] = await located(name, files(FILES), picture())
    host = "graph.facebook.com" if name == "messenger" else "graph.instagram.com"
    assert (url, call.url) == (NEW, f"https://{host}/v25.0/m_%24a%2Fb?fields=attachments")


@both
@pytest.mark.parametrize(
    "respond",
    [
        lambda call: refusal(100, 33),
        lambda call: refusal(190),
        lambda call: refusal(4),
        files([]),
        files(FILES[:1]),
        files([FILES[1], FILES[0]]),
        files([{}, {"image_data": {"url": "/relative"}}]),
        lambda call: HttpResponse(502, {}, b"<html>"),
    ],
)
async def test_without_another_address_it_is_that_of_the_webhook(name: str, respond: Any) -> None:
    assert (await located(name, respond, picture()))[0] == OLD


@both
@pytest.mark.parametrize(
    "error", [TransientSendError("no"), SendOutcomeUnknown("no"), PermanentSendError("target", "no")]
)
async def test_nothing_is_lost_where_meta_cannot_be_asked(name: str, error: Exception) -> None:
    def respond(call: HttpCall) -> HttpResponse:
        raise error

    assert (await located(name, respond, picture()))[0] == OLD


@both
async def test_what_has_only_an_address_is_there_and_what_has_none_is_gone(name: str) -> None:
    assert await located(name, files(FILES), picture(platform_id=None)) == (OLD, [])
    with pytest.raises(PermanentSendError) as raised:
        await located(name, files([]), picture(url=None))
    assert raised.value.code == "not_found"


# -- files of public posts -------------------------------------------------------------------------------------------------

ADDRESS = {"image": {"src": NEW}}
FRAME = {"image": {"src": "https://cdn.example.com/frame.jpg"}, "source": NEW}
ALBUM = {"media": {}, "subattachments": {"data": [{"media": {}}, {"media": ADDRESS}]}}
POSTED: list[tuple[str, str, dict[str, Any]]] = [
    ("photo:3/0", "3?fields=images", {"images": [{"source": NEW, "width": 720}, {"source": OLD, "width": 130}]}),
    ("video:4/0", "4?fields=source", {"source": NEW}),
    ("comment:1_2/0", "1_2?fields=attachment", {"attachment": {"media": ADDRESS}}),
    ("comment:1_2/0", "1_2?fields=attachment", {"attachment": {"media": FRAME}}),
    (
        "post:1_9/0",
        "1_9?fields=attachments{media,subattachments{media}}",
        {"attachments": {"data": [{"media": ADDRESS}]}},
    ),
    ("post:1_9/1", "1_9?fields=attachments{media,subattachments{media}}", {"attachments": {"data": [ALBUM]}}),
]


@pytest.mark.parametrize(("identity", "path", "answer"), POSTED)
async def test_a_file_of_a_public_post_is_where_meta_says_now(identity: str, path: str, answer: dict[str, Any]) -> None:
    respond = HttpResponse(200, {}, json.dumps(answer).encode())
    url, [call] = await located("messenger", lambda call: respond, picture(platform_id=identity))
    assert (url, call.url) == (NEW, f"https://graph.facebook.com/v25.0/{path}")


@pytest.mark.parametrize("identity", [identity for identity, _, _ in POSTED])
@pytest.mark.parametrize("answer", [{}, {"images": [{}], "source": "/relative"}, {"attachments": {"data": []}}])
async def test_a_file_that_meta_does_not_show_is_where_the_webhook_said(identity: str, answer: dict[str, Any]) -> None:
    respond = HttpResponse(200, {}, json.dumps(answer).encode())
    assert (await located("messenger", lambda call: respond, picture(platform_id=identity)))[0] == OLD
