"""What the owner of a person's conversations does when the person is erased: content goes, counts and clocks stay."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Attachment, Participant, PersonIdentity, Reaction
from schemas.commands import AddNote, CommandResult, Forward
from schemas.erasure import ErasePerson, EraseTraces, ErasureStep
from schemas.values import EncryptedText
from services.domain.lifecycle import is_closed, is_open
from services.platform.store.collections import FACTS, OUTCOMES
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS
from services.router.conversations import erasure
from tests.fakes import START
from tests.router.conversations.harness import ConversationsHarness

PSEUDONYM = "telegram:main:erased-1"
WORDS, NAME, MAIL = "quincefritter", "Mira Example", "mira@example.com"
IDENTITIES = [PersonIdentity(kind="email", value=MAIL), PersonIdentity(kind="phone", value="+37129999999")]
EVERYTHING: dict[str, Any] = {
    "text": EncryptedText(text=WORDS),
    "person_name": NAME,
    "identities": IDENTITIES,
    "quote": f"quoted {WORDS}",
    "links": [f"https://{WORDS}.example"],
    "forwarded_from": NAME,
    "subject": WORDS,
    "participants": [Participant(address=MAIL, name=NAME)],
    "attachments": [
        Attachment(kind="image", url=f"https://files.example/{WORDS}", name=WORDS, blob="b1", size_bytes=9)
    ],
    "platform_id": "4711",
}


async def step(house: ConversationsHarness, name: ErasureStep, erasure_id: str = "e1") -> None:
    """A step, and the pages and steps that follow from it."""
    command = ErasePerson(erasure=erasure_id, step=name, pseudonym=PSEUDONYM, by="key_1", at=house.driver.now)
    sent = await house.driver.batch([house.driver.arrived("commands", "pasokh.command.erase_person", command)])
    while following := [event for event in sent if event.type == "pasokh.command.erase_person"]:
        (event,) = following
        again = house.driver.arrived("commands", event.type, ErasePerson.model_validate(event.data))
        sent = await house.driver.batch([again])


async def erase(house: ConversationsHarness) -> None:
    await step(house, "close")
    await step(house, "messages")


def stored(house: ConversationsHarness) -> bytes:
    """Every document that this owner writes alone; facts are swept (tests/router/erasure)."""
    documents = house.driver.store.documents.items()
    return orjson.dumps([[*key, one] for key, one in documents if key.collection != FACTS.name], default=str)


async def filled() -> ConversationsHarness:
    house = ConversationsHarness()
    await house.customer(1, **EVERYTHING)
    await house.assign()
    await house.reply(text=f"answer {WORDS}")
    note = AddNote(
        conversation=house.case().id,
        agent="sara",
        text=EncryptedText(text=f"note {WORDS}"),
        accepted_at=house.driver.now,
        request_hash="h",
    )
    await house.command("add_note", note)
    await house.customer(2, **{**EVERYTHING, "text": EncryptedText(text=f"more {WORDS}")})
    await house.customer(1, "reaction", reaction=Reaction(emoji="👍"), person_name=NAME, id="r1", text=None)
    return house


async def test_nothing_of_the_person_is_left_in_any_document() -> None:
    house = await filled()
    await erase(house)
    left = stored(house)
    assert [
        words for words in (WORDS, NAME, MAIL, 'telegram:main:1"', "+37129999999", "4711") if words.encode() in left
    ] == []
    assert house.driver.get(PERSONS, house.key) is None


async def test_what_stays_is_a_closed_conversation_with_its_counts() -> None:
    house = await filled()
    before = house.case()
    await erase(house)
    after = house.case()
    assert (after.status, after.person, after.key) == ("closed", PSEUDONYM, f"w/{PSEUDONYM}")
    assert (after.erased_at, after.received, after.team) == (house.driver.now, before.received, before.team)
    assert (after.opened_at, after.agent, after.requirement) == (before.opened_at, before.agent, before.requirement)
    codes = {message.content_removed.code for message in house.messages() if message.content_removed is not None}
    assert (len(house.messages()), codes) == (4, {"erased"})
    assert {message.author.id for message in house.messages()} == {PSEUDONYM, "sara"}


async def test_an_open_conversation_is_resolved_and_closed_and_its_task_ends() -> None:
    house = await filled()
    await step(house, "close")
    assert [fact.reason for fact in house.facts("resolved")] == ["erased"]
    assert [fact.previous_status for fact in house.facts("closed")] == ["resolved"]
    (closed,) = [event.data for event in house.driver.sent if event.type == "pasokh.routing.task_closed"]
    assert closed["erased"] is True
    assert [event.data for event in house.driver.sent if event.type == "pasokh.outbound.withdraw"] == [
        {"key": house.key}
    ]
    assert not [timer for timer in house.driver.timers() if house.case().id in timer.name]


async def test_subscribers_learn_the_pseudonym_and_the_conversations() -> None:
    house = await filled()
    await erase(house)
    (fact,) = [event for event in house.driver.sent if event.type == "pasokh.person.erased"]
    assert (fact.data["person"], fact.data["by"], fact.partitionkey) == (PSEUDONYM, "key_1", f"w/{PSEUDONYM}")
    assert fact.data["conversations"] == [house.case().id]
    assert b'telegram:main:1"' not in orjson.dumps(fact.data)
    assert [one.conversation for one in house.facts("erased")] == [house.case().id]


async def test_a_step_that_is_repeated_changes_nothing_more() -> None:
    house = await filled()
    await erase(house)
    documents = dict(house.driver.store.documents)
    await step(house, "close", "e2")
    await step(house, "messages", "e2")
    after = house.driver.store.documents
    assert {key: one for key, one in after.items() if key.collection != OUTCOMES.name} == {
        key: one for key, one in documents.items() if key.collection != OUTCOMES.name
    }
    assert len([event for event in house.driver.sent if event.type == "pasokh.person.erased"]) == 1


async def test_each_step_leaves_an_outcome_for_whoever_waits() -> None:
    house = await filled()
    await erase(house)
    found = [house.driver.get(OUTCOMES, f"e1/{name}") for name in ("close", "conversations")]
    assert [isinstance(one, CommandResult) and one.status for one in found] == ["applied", "applied"]


async def test_many_messages_are_emptied_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "PAGE_SIZE", 3)
    house = ConversationsHarness()
    for number in range(10):
        await house.customer(number, text=EncryptedText(text=f"{WORDS} {number}"))
    for number in range(4):
        where: dict[str, Any] = {"surface": "public", "thread": f"t{number}"}
        await house.customer(20 + number, text=EncryptedText(text=f"{WORDS} {number}"), **where)
    await erase(house)
    assert WORDS.encode() not in stored(house)
    assert [case.person for case in house.cases()] == [PSEUDONYM] * 5


@given(st.lists(st.sampled_from(["message", "edit", "reaction", "deletion", "receipt"]), max_size=6))
async def test_what_comes_late_brings_nothing_back(kinds: list[str]) -> None:
    house = await filled()
    await erase(house)
    count = len(house.messages())
    for number, kind in enumerate(kinds):
        more: dict[str, Any] = {"reaction": Reaction(emoji="👍")} if kind == "reaction" else {}
        more |= {"receipt_state": "read", "text": None} if kind == "receipt" else {}
        fields = {**EVERYTHING, **more} if kind in ("message", "edit") else {"text": None, **more}
        await house.customer(1, kind, **{**fields, **({} if kind == "message" else {"id": f"late-{number}"})})
        await house.settle()
    assert (len(house.messages()), WORDS.encode() in stored(house)) == (count, False)
    assert house.driver.get(PERSONS, house.key) is None


async def test_the_recording_of_a_call_that_comes_late_is_not_stored() -> None:
    house = ConversationsHarness()
    call = {"id": "CA1", "state": "missed"}
    await house.customer(1, "call", id="c1", text=None, call=call)
    assert [message.call is not None for message in house.messages()] == [True]
    await erase(house)
    before = stored(house)
    recording = {"kind": "audio", "url": f"https://files.example/{WORDS}"}
    await house.customer(1, "call", id="c2", text=None, call={**call, "recording": recording})
    assert (WORDS.encode() in stored(house), house.messages()[0].attachments, house.messages()[0].call) == (
        False,
        [],
        None,
    )
    assert before.count(b"erased-1") == stored(house).count(b"erased-1")


async def test_a_survey_that_is_answered_late_does_not_enter_the_erased_conversation() -> None:
    house = await filled()
    case = house.case()
    await erase(house)
    count = len(house.messages())
    answers = [{"ref": "q1", "question": "how was it", "value": 5}]
    about: dict[str, Any] = {"id": "s1", "message": "s1", "text": None, "answers": answers, "conversation": case.id}
    await house.customer(9, "survey_answer", **about)
    await house.settle()
    (answer,) = house.messages()[count:]
    assert (answer.conversation, answer.key) == ("", house.key)
    forwarded = Forward(conversation=case.id, activity=house.activity(9, "survey_answer", **{**about, "message": "s2"}))
    await house.arrives("commands", "pasokh.command.forward", forwarded)
    assert not [message for message in house.messages() if message.id == "s2"]


async def test_who_writes_again_is_a_new_person_without_a_history() -> None:
    house = await filled()
    old = house.case().id
    await erase(house)
    await house.customer(9, text=EncryptedText(text="hello"))
    (new,) = [case for case in house.cases() if case.id != old]
    assert (new.person, new.status, new.received, list(new.wrote_at)) == ("telegram:main:1", "waiting", 1, ["private"])
    person = house.driver.get(PERSONS, house.key)
    assert person is not None
    assert (person.name, person.email, person.identities, person.customer) == (None, None, [], None)


async def test_a_conversation_that_began_between_the_steps_goes_on() -> None:
    house = await filled()
    await step(house, "close")
    await house.customer(9, person_name="Somebody", text=EncryptedText(text="hello"))
    await step(house, "messages")
    going_on = house.case()
    assert (is_open(going_on.status), going_on.erased_at, going_on.key) == (True, None, house.key)
    text = next(message.text for message in house.messages() if message.id == "m9")
    assert text == EncryptedText(text="hello")
    person = house.driver.get(PERSONS, house.key)
    assert person is not None
    assert (person.name, person.open) == (None, {"": going_on.id})
    assert WORDS.encode() not in stored(house)


async def test_no_command_changes_an_erased_conversation() -> None:
    house = await filled()
    await erase(house)
    outcome = await house.reply(text="are you there")
    assert outcome.problem is not None
    assert (outcome.problem.status, outcome.problem.title) == (409, "Conversation is closed")
    note = AddNote(
        conversation=house.case().id,
        agent="sara",
        text=EncryptedText(text="a note"),
        accepted_at=house.driver.now,
        request_hash="h",
    )
    refused = await house.command("add_note", note)
    assert (refused.status, len(house.messages())) == ("refused", 4)


async def test_a_result_that_was_on_its_way_reaches_the_empty_message() -> None:
    house = await filled()
    (ours,) = [message for message in house.messages() if message.direction == "outbound"]
    await erase(house)
    await house.undelivered(ours.id)
    after = house.driver.get(MESSAGES, ours.id)
    assert after is not None
    assert (after.state, after.text, is_closed(house.case().status)) == ("failed", None, True)


async def test_a_person_goes_from_the_conversations_of_others() -> None:
    house = ConversationsHarness()
    await house.customer(1, text=EncryptedText(text="mine"), participants=[Participant(address=MAIL, name=NAME)])
    case, message = house.case(), house.messages()[0]
    foreign = message.author.model_copy(update={"id": "email:support:mira@example.com", "name": NAME})
    theirs = {"id": "m2", "author": foreign, "text": EncryptedText(text=WORDS)}
    house.driver.put(MESSAGES, "m2", type(message)(**{**_fields(message), **theirs}))
    traces = EraseTraces(
        person="email:support:mira@example.com",
        pseudonym="email:support:erased-1",
        addresses=[MAIL],
        messages=["m1", "m2", "gone"],
        conversations=[case.id, "gone"],
        at=START + timedelta(seconds=1),
    )
    await house.arrives("commands", "pasokh.command.erase_traces", traces)
    left = stored(house)
    assert [words for words in (WORDS, NAME, MAIL) if words.encode() in left] == []
    mine, empty = (house.driver.get(MESSAGES, identity) for identity in ("m1", "m2"))
    assert mine is not None
    assert empty is not None
    assert (mine.text, mine.key, empty.key) == (EncryptedText(text="mine"), house.key, house.key)
    assert (empty.author.id, empty.content_removed is not None) == ("email:support:erased-1", True)
    kept = house.driver.get(CONVERSATIONS, case.id)
    assert kept is not None
    assert (kept.status, kept.participants) == ("waiting", [])


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}
