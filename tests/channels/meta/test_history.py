"""Direct messages that the Graph API tells afterwards: after an outage, and where a webhook does not say who wrote them."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from schemas.activity import Activity
from services.channels.instagram import Instagram
from services.channels.messenger import Messenger
from services.channels.port import CredentialsRejected
from services.platform.http.outgoing import HttpResponse
from services.records.conversations import PERSONS
from tests.channels.instagram import cases as instagram
from tests.channels.installation import Installation
from tests.channels.messenger import cases as messenger
from tests.channels.meta.graph_pages import NOW, GraphPages
from tests.channels.meta.public_calls import refusal
from tests.channels.meta.test_catch_up import at, walk
from tests.channels.places import REPORTED
from tests.fakes import FakeHttp
from tests.fakes.http import HttpCall

CHANNELS: dict[str, Any] = {"messenger": Messenger(), "instagram": Instagram()}
CASES: dict[str, Any] = {"messenger": messenger, "instagram": instagram}
both = pytest.mark.parametrize("name", CHANNELS)
CDN = "https://cdn.example.com"


def told(name: str, number: int, minutes: float, *, ours: bool = False, **more: Any) -> dict[str, Any]:
    """A message as the Graph API tells it."""
    chat = CASES[name].CHAT
    parties = [{"id": chat.own, "name": "Kettles"}, {"id": chat.customer, "name": "Anna"}]
    sender, to = parties if ours else reversed(parties)
    mid = f"m_ours{number}" if ours else f"m_theirs{number}"
    return {"id": mid, "created_time": at(minutes), "from": sender, "to": {"data": [to]}, **more}


async def found(name: str, *messages: dict[str, Any]) -> list[Activity]:
    chat = {"id": "t_1", "updated_time": at(1), "messages": {"data": list(messages)}}
    pages = GraphPages({"me/conversations": [chat]})
    activities, _, http = await walk(CHANNELS[name], CASES[name].account(), pages)
    [call] = [call for call in http.calls if "me/conversations" in call.url]
    assert parse_qs(urlsplit(call.url).query)["platform"] == [name]
    return [activity for activity in activities if activity.kind != "contact"]


@both
async def test_a_person_has_the_name_that_the_api_tells_and_is_named_once(name: str) -> None:
    names = {"username": "anna.k"} if name == "instagram" else {"name": "Anna"}
    message = told(name, 1, 5, message="text 1")
    message["from"] = {"id": message["from"]["id"], **names}
    chats = [{"updated_time": at(1), "messages": {"data": [told(name, 2, 4, ours=True, message="yes"), message]}}]
    channel, account = CHANNELS[name], CASES[name].account()
    activities, _, _ = await walk(channel, account, GraphPages({"me/conversations": chats}))
    [known] = [activity for activity in activities if activity.kind == "contact"]
    later = [{**message, "id": "m_theirs9", "created_time": at(0.5)}]
    again, _, _ = await walk(
        channel, account, GraphPages({"me/conversations": [{"updated_time": at(0), "messages": {"data": later}}]})
    )
    assert (known.person, known.person_name) == (activities[0].person, next(iter(names.values())))
    assert [(one.value, one.proven) for one in known.identities] == ([("anna.k", True)] if name == "instagram" else [])
    assert [activity.id for activity in again if activity.kind == "contact"] == [known.id]


@both
async def test_a_name_opens_no_conversation_and_stands_on_the_person(name: str) -> None:
    place = next(place for place in CASES[name].places() if place.name == "inbox")
    house = Installation(CHANNELS[name], CASES[name].account(), place)
    event = {**house.place.message(1), "profile": {"name": "Anna"}}
    del event["message"]
    await house.post(event)
    assert house.house.cases() == []
    await house.post(house.place.message(1))
    [person] = house.house.driver.store.all(PERSONS)
    assert person.name == "Anna"


@both
async def test_messages_of_an_outage_are_those_that_the_webhook_would_have_brought(name: str) -> None:
    chat = CASES[name].CHAT
    first, answer = await found(
        name,
        told(name, 2, 3, ours=True, message="It is back on Monday."),
        told(name, 1, 5, message="text 1"),
        told(name, 3, 60 * 40, message="too long ago"),
    )
    [message] = CHANNELS[name].parse(chat.post([chat.message(1)]), CASES[name].account())
    [echo] = CHANNELS[name].parse(chat.post([chat.echo(2, "It is back on Monday.")]), CASES[name].account())
    assert (first.id, first.message, first.kind) == (message.id, message.message, "message")
    assert (answer.id, answer.message, answer.kind, answer.author) == (echo.id, echo.message, "echo", "account")
    assert (first.person, answer.person) == (message.person, message.person)
    assert first.sent_at == NOW - timedelta(minutes=5)


@both
async def test_files_of_a_message_are_those_of_its_webhook(name: str) -> None:
    files = [
        {"id": "1", "mime_type": "image/jpeg", "image_data": {"url": f"{CDN}/1.jpg", "width": 1}},
        {"id": "2", "mime_type": "video/mp4", "video_data": {"url": f"{CDN}/2.mp4"}},
        {"id": "3", "mime_type": "audio/mp4", "file_url": f"{CDN}/3.m4a"},
        {"id": "4", "mime_type": "application/pdf", "name": "4.pdf", "file_url": f"{CDN}/4.pdf"},
    ]
    share = {"data": [{"link": f"{CDN}/post.jpg", "name": "A post"}]}
    [message] = await found(name, told(name, 1, 5, attachments={"data": files}, shares=share))
    shown = [(one.kind, one.url) for one in message.attachments]
    assert shown == [
        ("image", f"{CDN}/1.jpg"),
        ("video", f"{CDN}/2.mp4"),
        ("audio", f"{CDN}/3.m4a"),
        ("file", f"{CDN}/4.pdf"),
        ("other", f"{CDN}/post.jpg"),
    ]


@both
async def test_a_message_of_a_type_that_the_api_does_not_tell_is_there_all_the_same(name: str) -> None:
    [message] = await found(name, told(name, 1, 5, message=""))
    assert (message.kind, [one.details for one in message.attachments]) == ("message", [{"type": "unsupported"}])


@both
@pytest.mark.parametrize(
    "strange", [{"from": {"id": "1"}, "to": {"data": [{"id": "2"}]}}, {"from": {}}, {"id": None}, {"created_time": ""}]
)
async def test_a_message_that_does_not_name_the_account_is_left_out(name: str, strange: dict[str, Any]) -> None:
    assert await found(name, {**told(name, 1, 5, message="text 1"), **strange}) == []


@both
async def test_an_account_whose_app_may_not_read_chats_is_asked_for_the_rest(name: str) -> None:
    pages = GraphPages(refused={"me/conversations": 200})
    activities, cursor, _ = await walk(CHANNELS[name], CASES[name].account(), pages)
    assert (activities, cursor is not None) == ([], True)


# -- messages of nobody who is named -------------------------------------------------------------------------------------


async def test_a_message_whose_webhook_does_not_say_who_wrote_it_is_read() -> None:
    channel, account, chat = Instagram(), instagram.account(), instagram.CHAT
    event = {"timestamp": 1, "message_edit": {"mid": "m_theirs1", "num_edit": 0}}
    for body in (
        chat.post_entries({"id": chat.own, "time": 1, "messaging": [event]}),
        chat.post_entries({"id": chat.own, "time": 1, "changes": [{"field": "messages", "value": event}]}),
        chat.post_entries({"id": chat.own, "time": 1, "field": "messages", "value": event}),
        chat.post_entries({"id": chat.own, "time": 1, "messaging": [{**event, "sender": None}]}),
    ):
        assert channel.named(body, account) == ["m_theirs1"]
    whole = {**event, "sender": {"id": chat.customer}}
    assert channel.named(chat.post_entries({"id": chat.own, "messaging": [whole]}), account) == []
    assert channel.named(chat.post_entries({"id": "424242", "messaging": [event]}), account) == []

    http = FakeHttp(lambda call: HttpResponse(200, {}, json.dumps(told("instagram", 1, 5, message="text 1")).encode()))
    [told_by_meta] = await channel.fetch(["m_theirs1"], account, http)
    assert http.calls[0].url.split("?")[0] == "https://graph.instagram.com/v25.0/m_theirs1"
    [read] = channel.parse(instagram.request(told_by_meta), account)
    [message] = channel.parse(
        chat.post([chat.event(REPORTED, message={"mid": "m_theirs1", "text": "text 1"})]), account
    )
    assert (read.kind, read.id, read.person) == ("message", message.id, message.person)


async def test_mentions_and_messages_are_read_each_at_its_place() -> None:
    def respond(call: HttpCall) -> HttpResponse:
        if "mentioned_media" in call.url:
            return refusal(100, 33)
        return HttpResponse(200, {}, json.dumps(told("instagram", 1, 5, message="text 1")).encode())

    http = FakeHttp(respond)
    assert len(await Instagram().fetch(["17900000000000005", "aWdf_theirs1"], instagram.account(), http)) == 1
    assert [call.url.split("/v25.0/")[1].split("?")[0] for call in http.calls] == [instagram.SHOP, "aWdf_theirs1"]


async def test_a_message_that_is_gone_is_left_out_and_a_refused_token_is_an_error() -> None:
    gone = FakeHttp(lambda call: refusal(100, 33))
    assert await Instagram().fetch(["m_theirs1"], instagram.account(), gone) == []
    with pytest.raises(CredentialsRejected):
        await Instagram().fetch(["m_theirs1"], instagram.account(), FakeHttp(lambda call: refusal(190)))
