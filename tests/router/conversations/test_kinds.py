"""Each kind of activity from a webhook's body to what the agent finds: by a scripted channel, the channel `api` and Telegram."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.activity import Participant, PersonIdentity, PostContext
from schemas.contact import ContactFact
from schemas.outbound import OutboundMessage, ReplyReference
from services.channels.api import Api
from services.channels.telegram import Telegram
from services.platform.store.port import Query
from services.records.conversations import MESSAGES
from services.rest.albums import grouped_views, read_whole_albums
from services.rest.views import AlbumView, message_view
from tests.router.conversations.real_path import RealPath, ScriptedChannel

BUYER = {"id": "1"}
CARD = "4539578763621486"


def scripted(kind: str, number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"{kind}-{number}", "kind": kind, "message": f"m{number}", "address": {"chat": "1"}, **fields}


def message(number: int, **fields: Any) -> dict[str, Any]:
    return scripted("message", number, text={"text": f"text {number}"}, **fields)


def contact_facts(path: RealPath) -> list[str]:
    facts = [event for event in path.house.driver.sent if event.type.startswith("pasokh.contact.")]
    assert all(ContactFact.model_validate(event.data).state == event.type.split(".")[2] for event in facts)
    return [event.type for event in facts]


# -- persons -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [Api(), ScriptedChannel()], ids=lambda channel: channel.name)
async def test_opted_out_opted_in_and_blocked_are_three_things(channel: Any) -> None:
    path = RealPath(channel)
    item: dict[str, dict[str, Any]] = {
        state: {"type": "contact", "id": state, "person": BUYER, "state": state}
        if channel.name == "api"
        else scripted("follow", number, contact_state=state)
        for number, state in enumerate(("opted_out", "blocked", "unblocked", "opted_in"))
    }
    await path.post(item["opted_out"])
    assert (path.person().consent, path.person().blocked) == ("opted_out", False)
    await path.post(item["blocked"])
    assert (path.person().consent, path.person().blocked) == ("opted_out", True)
    path.house.driver.now = path.house.driver.now.replace(year=2031)
    await path.post(item["unblocked"], item["opted_in"], item["opted_in"])
    assert (path.person().consent, path.person().blocked) == ("opted_in", False)
    assert [name.split(".")[2] for name in contact_facts(path)] == list(item)
    assert path.house.cases() == []


async def test_what_is_known_already_is_no_fact() -> None:
    path = RealPath(ScriptedChannel())
    for number in range(3):
        await path.post(scripted("follow", number, contact_state="opted_out"))
    assert contact_facts(path) == ["pasokh.contact.opted_out"]


async def test_an_older_decision_that_arrives_late_changes_nothing() -> None:
    path = RealPath(ScriptedChannel())
    later, earlier = "2026-03-02T09:00:00Z", "2026-03-02T08:00:00Z"
    await path.post(scripted("follow", 1, contact_state="opted_out", sent_at=later))
    await path.post(scripted("follow", 2, contact_state="opted_in", sent_at=earlier))
    assert path.person().consent == "opted_out"


async def test_telegram_tells_who_blocked_the_bot_and_whose_number_a_card_shows() -> None:
    path, chat = RealPath(Telegram()), {"id": 1, "type": "private"}
    sender = {"id": 1, "is_bot": False, "first_name": "Neda", "username": "neda_k", "language_code": "fa"}
    shared = {"phone_number": "+989120000001", "first_name": "Neda", "user_id": 1}
    about = {"message_id": 5, "date": 1764000000, "chat": chat, "from": sender}
    await path.post_object({"update_id": 1, "message": {**about, "contact": shared}})
    assert path.person().phone == "+989120000001"
    assert path.person().identities == [
        PersonIdentity(kind="username", value="neda_k", proven=True),
        PersonIdentity(kind="phone", value="+989120000001", proven=True),
    ]
    another = {**about, "message_id": 6, "contact": {**shared, "phone_number": "+989120000002", "user_id": 2}}
    await path.post_object({"update_id": 2, "message": another})
    assert path.person().phone == "+989120000001"
    members = {"old_chat_member": {"status": "member"}, "new_chat_member": {"status": "kicked"}}
    await path.post_object(
        {"update_id": 3, "my_chat_member": {"chat": chat, "from": sender, "date": 1764000001, **members}}
    )
    assert (path.person().blocked, contact_facts(path)) == (True, ["pasokh.contact.blocked"])


async def test_identities_are_collected_and_what_was_proven_stays_proven() -> None:
    path = RealPath(Api())
    email = {"kind": "email", "value": "neda@example.com"}
    await path.post({"type": "contact", "id": "1", "person": {**BUYER, "identities": [{**email, "proven": True}]}})
    told = {"email": "neda@example.com", "phone": "+37120000001", "identities": ["what", {"kind": "fax", "value": "1"}]}
    await path.post({"type": "message", "id": "2", "text": "hello", "person": {**BUYER, **told}})
    assert {(i.kind, i.value, i.proven) for i in path.person().identities} == {
        ("email", "neda@example.com", True),
        ("phone", "+37120000001", False),
    }
    assert (path.person().email, path.person().phone) == ("neda@example.com", "+37120000001")


# -- mail --------------------------------------------------------------------------------------------------------------


async def test_a_mail_has_a_subject_and_everybody_of_the_thread() -> None:
    path = RealPath(Api())
    omid, sara = {"address": "omid@example.com", "role": "cc"}, {"address": "Sara@example.com", "name": "Sara"}
    mail: dict[str, Any] = {"type": "message", "person": BUYER, "text": "see below"}
    await path.post({**mail, "id": "1", "subject": "Broken lamp", "participants": [omid, {"name": "nobody"}]})
    await path.post({**mail, "id": "2", "subject": "Re: Broken lamp", "participants": [sara, {**omid, "name": "Omid"}]})
    case, (first, second) = path.house.case(), path.house.messages()
    assert (case.subject, case.surface) == ("Broken lamp", "private")
    assert case.participants == [
        Participant(address="omid@example.com", name="Omid", role="cc"),
        Participant(address="Sara@example.com", name="Sara"),
    ]
    assert (first.subject, second.subject) == ("Broken lamp", "Re: Broken lamp")
    assert first.participants == [Participant(address="omid@example.com", role="cc")]


async def test_an_answer_to_a_mail_names_the_mail_and_goes_to_everybody() -> None:
    path = RealPath(Api())
    omid = {"address": "omid@example.com", "role": "cc"}
    for number, subject in enumerate(("Broken lamp", "Re: Broken lamp"), 1):
        item = {"type": "message", "id": f"<{number}@mail>", "person": BUYER, "text": "x", "subject": subject}
        await path.post({**item, "participants": [omid]})
    await path.house.assign()
    assert (await path.house.reply()).status == "applied"
    (event,) = [event for event in path.house.driver.sent if event.type == "pasokh.outbound.message"]
    sent = event.payload_as(OutboundMessage)
    assert sent.participants == [Participant(address="omid@example.com", role="cc")]
    assert sent.in_reply_to == ReplyReference(
        platform_id="<2@mail>", subject="Re: Broken lamp", references=["<1@mail>"]
    )


async def test_an_answer_to_a_chat_refers_to_nothing() -> None:
    path = RealPath(Api())
    await path.post({"type": "message", "id": "1", "person": BUYER, "text": "x"})
    await path.house.assign()
    assert (await path.house.reply()).status == "applied"
    (event,) = [event for event in path.house.driver.sent if event.type == "pasokh.outbound.message"]
    sent = event.payload_as(OutboundMessage)
    assert (sent.participants, sent.in_reply_to) == ([], None)


async def test_an_automatic_mail_through_the_api_opens_nothing() -> None:
    path = RealPath(Api())
    away = {"type": "message", "person": BUYER, "id": "1", "text": "I am away", "automatic": True}
    assert await path.post(away) == []
    assert [m.text.text for m in path.house.messages() if m.text] == ["I am away"]


async def test_a_card_in_a_subject_is_masked_and_the_log_never_has_it() -> None:
    path = RealPath(Api())
    mail: dict[str, Any] = {"type": "message", "id": "1", "person": BUYER, "text": "x", "subject": f"card {CARD}"}
    await path.post({**mail, "participants": [{"address": "a@b.example", "name": CARD}], "review": {"title": CARD}})
    assert not any(CARD.encode() in event for event in path.events)
    assert path.house.messages()[0].subject == "card [card]"


# -- public places -----------------------------------------------------------------------------------------------------


async def test_where_a_comment_stands_is_shown() -> None:
    path = RealPath(Api())
    where = {"post": "p1", "parent": "c1", "permalink": "https://shop.example/p1#c2"}
    item = {"type": "message", "id": "c2", "person": BUYER, "surface": "public", "thread": "p1", "text": "nice"}
    await path.post({**item, "context": where})
    view = message_view(path.house.messages()[0]).model_dump(mode="json")
    assert view["context"] == where == PostContext(**where).model_dump()
    assert {"review", "call", "answers", "album", "subject", "participants", "automatic"}.isdisjoint(view)


async def test_a_review_through_the_api_is_public_and_reopens_at_one_star() -> None:
    path = RealPath(Api())
    await path.post({"type": "message", "id": "r1", "person": BUYER, "review": {"stars": 5}})
    case = path.house.case()
    assert (case.surface, case.thread, case.sentiment) == ("public", "r1", "positive")
    await path.house.resolve()
    edit = {"type": "edit", "id": "e1", "message": "r1", "person": BUYER, "text": "It broke", "review": {"stars": 1}}
    facts = await path.post(edit)
    assert "conversation.reopened" in facts
    assert path.house.case().status == "waiting"
    assert [m.review.stars for m in path.house.messages() if m.review] == [1]
    assert path.house.case().sentiment == "negative"


# -- calls and surveys -------------------------------------------------------------------------------------------------


async def test_a_missed_call_through_the_api_is_a_conversation() -> None:
    path = RealPath(Api())
    states = [("customer", "ringing"), ("agent", "ringing"), ("agent", "missed"), ("customer", "ended")]
    for number, (leg, state) in enumerate(states):
        call = {"id": "C1", "leg": leg, "state": state, "seconds": number}
        await path.post({"type": "call", "id": str(number), "person": BUYER, "call": call})
    (shown,) = path.house.messages()
    view = message_view(shown).model_dump(mode="json")
    assert view["call"] == {"id": "C1", "direction": "inbound", "state": "missed", "seconds": 3.0}
    assert (view["text"], path.house.case().status) == ("Missed call", "waiting")


async def test_a_call_is_masked_like_everything() -> None:
    path = RealPath(ScriptedChannel())
    recording = {"kind": "audio", "url": f"https://calls.example/{CARD}.mp3"}
    call = {"id": "C1", "state": "missed", "recording": recording}
    await path.post(scripted("call", 1, call=call))
    assert not any(CARD.encode() in event for event in path.events)


async def test_answers_of_a_survey_through_the_api() -> None:
    path = RealPath(Api())
    await path.post({"type": "message", "id": "1", "person": BUYER, "text": "hello"})
    await path.house.resolve()
    case, answers = (
        path.house.case().id,
        [{"ref": "csat", "question": "Happy?", "value": 5}, {"ref": "why", "value": CARD}],
    )
    item = {"type": "survey_answer", "id": "s1", "person": {"id": "respondent"}, "conversation": case}
    assert await path.post({**item, "answers": answers}) == ["command.forward", "conversation.survey_answered"]
    (shown,) = [m for m in path.house.messages() if m.answers]
    assert [(answer.ref, answer.value) for answer in shown.answers] == [("csat", 5.0), ("why", "[card]")]
    assert (shown.conversation, path.house.case().status) == (case, "resolved")


# -- albums ------------------------------------------------------------------------------------------------------------


async def test_an_album_of_telegram_is_shown_as_one_message() -> None:
    path = RealPath(Telegram())
    about = {"chat": {"id": 1, "type": "private"}, "from": {"id": 1, "is_bot": False, "first_name": "Neda"}}
    for number in range(3):
        photo = [{"file_id": f"f{number}", "file_unique_id": f"u{number}", "width": 9, "height": 9}]
        part: dict[str, Any] = {"message_id": number + 1, "date": 1764000000, "media_group_id": "77", "photo": photo}
        caption = {"caption": "see the cracks"} if number == 1 else {}
        await path.post_object({"update_id": number + 1, "message": {**about, **part, **caption}})
    await path.post_object({"update_id": 9, "message": {**about, "message_id": 9, "date": 1764000001, "text": "well?"}})
    records = path.house.messages()
    album, alone = grouped_views(records)
    assert (album.text, alone.text, alone.album) == ("see the cracks", "well?", None)
    assert album.id == records[0].id
    assert [file.platform_id for file in album.attachments] == ["f0", "f1", "f2"]
    assert album.album is not None
    assert (album.album.id, album.album.messages) == ("77", [record.id for record in records[:3]])
    assert len({file.id for file in album.attachments}) == 3


async def test_the_last_album_of_a_page_is_whole() -> None:
    path = RealPath(ScriptedChannel())
    await path.post(message(1), *(message(n, album="A") for n in (2, 3, 4)), message(5, album="B"), message(6))
    query = Query(MESSAGES.name, "conversation", {"workspace": "w", "conversation": path.house.case().id}, limit=2)
    pages, cursor = [], None
    while True:
        records, cursor = await read_whole_albums(path.house.driver.store, replace(query, after=cursor))
        pages.append([view.id for view in grouped_views(records)])
        if cursor is None:
            break
    assert pages == [["m1", "m2"], ["m5", "m6"]]


async def test_a_deleted_file_of_an_album_is_seen_to_be_deleted() -> None:
    path = RealPath(ScriptedChannel())
    await path.post(*(message(n, album="A") for n in (1, 2, 3)), scripted("deletion", 2))
    views = grouped_views(path.house.messages())
    assert [(view.id, view.state, view.album) for view in views] == [
        ("m1", "received", AlbumView(id="A", messages=["m1"])),
        ("m2", "deleted", AlbumView(id="A", messages=["m2"])),
        ("m3", "received", AlbumView(id="A", messages=["m3"])),
    ]


# -- what is on the log ------------------------------------------------------------------------------------------------


async def test_an_event_leaves_out_what_has_its_default() -> None:
    path = RealPath(ScriptedChannel())
    await path.post(message(1))
    assert len(path.events[0]) < 700
    for absent in (b"details", b"attachments", b"null", b"answers"):
        assert absent not in path.events[0].replace(b'"traceparent":null,"seq":null,"index":null', b"")


async def test_words_of_the_version_before_are_read() -> None:
    path = RealPath(ScriptedChannel())
    known = {"email": "neda@example.com", "phone": "+37120000001", "language_code": "lv", "media_group_id": "77"}
    await path.post(message(1, details=known))
    await path.post(scripted("follow", 2, details={"state": "blocked"}))
    assert (path.person().email, path.person().phone, path.person().blocked) == (
        "neda@example.com",
        "+37120000001",
        True,
    )
    assert path.house.messages()[0].album == "77"
    await path.post(scripted("follow", 3, details={"state": "unblocked"}))
    assert path.person().blocked is False
