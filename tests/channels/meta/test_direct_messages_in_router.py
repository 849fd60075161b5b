"""Direct messages of Messenger and Instagram through ingest, router and sender, beyond what every channel is held to."""

import json
from datetime import timedelta
from itertools import permutations

import pytest

from schemas.configuration import Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.values import EncryptedText
from services.channels.instagram import Instagram
from services.channels.messenger import Messenger
from services.channels.port import Channel
from tests.channels.instagram import cases as instagram
from tests.channels.installation import Installation
from tests.channels.messenger import cases as messenger
from tests.channels.places import BETTER, HELLO, REPORTED, WRITTEN, Update, text_of
from tests.configuration import configure
from tests.fakes import START, FakeHttp
from tests.ingest.harness import SECRET_HEADER, Ingest

CHANNELS: dict[str, Channel] = {"messenger": Messenger(), "instagram": Instagram()}
both = pytest.mark.parametrize("name", CHANNELS)


def fresh(name: str) -> Installation:
    module = messenger if name == "messenger" else instagram
    [inbox] = [place for place in module.places() if place.name == "inbox"]
    return Installation(CHANNELS[name], module.account(), inbox)


def nobodys(event: dict[str, object]) -> dict[str, object]:
    """The event without who takes part."""
    return {field: value for field, value in event.items() if field not in ("sender", "recipient")}


@both
@pytest.mark.parametrize("is_first", [False, True], ids=["after", "before"])
async def test_an_edit_that_names_nobody_changes_its_message_and_opens_nothing(name: str, *, is_first: bool) -> None:
    at = fresh(name)
    assert at.place.edit is not None
    message, edit = at.place.message(1), nobodys(at.place.edit(1))
    for update in (*((edit, message) if is_first else (message, edit)), edit, message):
        await at.post(update)
    [found] = at.house.messages()
    assert found.text is not None
    assert (found.text.text, found.state, len(at.house.cases())) == (BETTER, "edited", 1)


@both
async def test_an_edit_of_a_message_that_never_comes_opens_no_conversation_of_nobody(name: str) -> None:
    at = fresh(name)
    assert at.place.edit is not None
    await at.post(nobodys(at.place.edit(1)))
    assert at.house.cases() == []


@both
@pytest.mark.parametrize("is_first", [False, True], ids=["after", "before"])
async def test_a_message_that_nobody_who_is_named_takes_back_is_gone(name: str, *, is_first: bool) -> None:
    at = fresh(name)
    assert at.place.deletion is not None
    message, unsent = at.place.message(1), nobodys(at.place.deletion(1))
    for update in (unsent, message) if is_first else (message, unsent):
        await at.post(update)
    [found] = at.house.messages()
    assert (found.text, found.state) == (None, "deleted")


@both
async def test_reactions_replace_each_other_and_are_taken_back(name: str) -> None:
    at = fresh(name)
    chat = messenger.CHAT if name == "messenger" else instagram.CHAT
    await at.accept_reply()
    await at.deliver()

    def react(seconds: int, **what: str) -> Update:
        return chat.event(REPORTED + timedelta(seconds=seconds), reaction={"mid": "m_ours1", **what})

    at.now = REPORTED + timedelta(seconds=9)
    await at.post(react(1, action="react", emoji="❤"), react(2, action="react", emoji="😆"))
    assert [one.emoji for one in at.reply().reactions] == ["😆"]
    await at.post(react(3, action="unreact"), react(1, action="react", emoji="❤"))
    assert [one.emoji for one in at.reply().reactions if not one.removed] == []


async def test_an_echo_with_our_id_is_the_reply_also_when_its_text_was_changed() -> None:
    at = fresh("messenger")
    await at.accept_reply()
    await at.send()
    at.now = REPORTED
    assert isinstance(at.http, FakeHttp)
    assert at.http.calls[0].json["message"]["metadata"] == at.reply().id
    await at.post(messenger.CHAT.echo(1, "Hello from the Shop", app_id=int(messenger.APP), metadata=at.reply().id))
    assert at.reply().state == "sent"
    await at.learn_results()
    assert (len(at.house.messages()), at.reply().text) == (2, EncryptedText(text=HELLO))


@both
async def test_what_another_app_writes_is_shown_and_answers_nothing(name: str) -> None:
    at = fresh(name)
    chat = messenger.CHAT if name == "messenger" else instagram.CHAT
    await at.post(at.place.message(1))
    await at.house.assign()
    at.now = REPORTED
    await at.post(chat.echo(7, "We open at nine.", app_id=99))
    assert [message.author.kind for message in at.house.messages()] == ["customer", "bot"]
    assert at.house.case().status == "assigned"
    await at.post(chat.echo(8, "I am here already."))
    assert at.house.case().status == "pending"


@both
async def test_standby_and_plain_delivery_of_one_message_are_one(name: str) -> None:
    chat = messenger.CHAT if name == "messenger" else instagram.CHAT
    for order in permutations(("messaging", "standby")):
        at = fresh(name)
        for field in order:
            request = chat.post_entries({"id": chat.own, "time": 1, field: [chat.message(1)]})
            await at.ingest.call(request.body, path=request.path, headers={SECRET_HEADER: "", **request.headers})
        assert len({event.id for event in at.ingest.events}) == 1


@both
async def test_one_url_serves_every_account_of_a_workspace_and_no_other(name: str) -> None:
    module = messenger if name == "messenger" else instagram
    credential = "page_id" if name == "messenger" else "ig_id"
    first, second = module.account(), module.account(**{credential: "200"})
    stranger = module.account(**{credential: "300", "app_secret": "another-secret-of-another-app"})
    ingest = Ingest(at=WRITTEN)
    ingest.serve({name: CHANNELS[name]})
    accounts = {"main": first, "second": second, "stranger": stranger}
    configuration = WorkspaceConfiguration(
        workspace="shop",
        version=3,
        profile=Versioned(body=WorkspaceBody(name="Shop"), version=1, at=START),
        accounts={
            f"{name}/{one}": Versioned(body=account.body, version=2, at=START) for one, account in accounts.items()
        },
    )
    configure(ingest.store, configuration)

    def entry(own: str) -> dict[str, object]:
        message = {"mid": f"m_{own}", "text": text_of(1)}
        item = {"sender": {"id": "9"}, "recipient": {"id": own}, "timestamp": 1, "message": message}
        return {"id": own, "time": 1, "messaging": [item]}

    own = module.CHAT.own
    body = json.dumps(
        {"object": module.CHAT.subject, "entry": [entry(one) for one in (own, "200", "300", "400")]}
    ).encode()
    request = module.request(body)
    answer = await ingest.call(body, path=request.path, headers={SECRET_HEADER: "", **request.headers})
    assert answer.status == 200
    found = {(activity.account, activity.kind) for activity in ingest.activities}
    assert found == {("main", "message"), ("second", "message")}


@both
async def test_a_person_answers_for_seven_days_with_the_tag_after_the_first(name: str) -> None:
    for days, kind in ((0.9, "RESPONSE"), (2, "MESSAGE_TAG"), (6.9, "MESSAGE_TAG")):
        at = fresh(name)
        await at.post(at.place.message(1))
        await at.house.assign()
        at.now = WRITTEN + timedelta(days=days)
        assert (await at.house.reply(text=HELLO)).status == "applied"
        await at.deliver()
        assert isinstance(at.http, FakeHttp)
        [call] = at.http.calls
        assert (call.json["messaging_type"], call.json.get("tag")) == (
            kind,
            "HUMAN_AGENT" if kind == "MESSAGE_TAG" else None,
        )
    at = fresh(name)
    await at.post(at.place.message(1))
    await at.house.assign()
    at.now = WRITTEN + timedelta(days=7, minutes=1)
    refused = await at.house.reply(text=HELLO)
    assert refused.problem is not None
    assert refused.problem.detail == ("The 7-day window closed at 12:00. Wait until the customer writes again."), (
        refused.problem.detail
    )


@both
async def test_without_human_agent_a_person_answers_for_a_day(name: str) -> None:
    module = messenger if name == "messenger" else instagram
    [inbox] = [place for place in module.places() if place.name == "inbox"]
    at = Installation(CHANNELS[name], module.account({"human_agent": False}), inbox)
    await at.post(at.place.message(1))
    await at.house.assign()
    at.now = WRITTEN + timedelta(days=1, minutes=1)
    refused = await at.house.reply(text=HELLO)
    assert refused.problem is not None
    assert refused.problem.detail.startswith("The 24-hour window closed ")


@both
async def test_a_long_text_and_files_are_one_message_of_several_sends(name: str) -> None:
    at = fresh(name)
    await at.post(at.place.message(1))
    await at.house.assign()
    at.now = WRITTEN + timedelta(minutes=1)
    sentence = "این جمله تکرار می‌شود. " if name == "instagram" else "This sentence is said again. "
    text = (sentence * 75).strip()
    await at.house.reply(text=text)
    await at.deliver()
    assert isinstance(at.http, FakeHttp)
    sent = [call.json["message"]["text"] for call in at.http.calls]
    assert (" ".join(sent), len(sent) > 1) == (text, True)
    sizes = [len(one.encode()) if name == "instagram" else len(one) for one in sent]
    assert max(sizes) <= (1000 if name == "instagram" else 2000)
    at.now = REPORTED + timedelta(minutes=1)
    # An echo of each part is the reply.
    chat = messenger.CHAT if name == "messenger" else instagram.CHAT
    await at.post(*(chat.echo(number, part, app_id=int(chat.app)) for number, part in enumerate(sent, 1)))
    assert (len(at.house.messages()), at.reply().state) == (2, "sent")
