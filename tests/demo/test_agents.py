"""Agents answer in the customer's language after a while, resolve what is silent, and never hammer."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from services.demo.agents import MAX_REPLIES, AgentAction, AgentSimulator
from services.demo.corpus import ANYTHING_ELSE, EXCHANGES, LANGUAGES

START = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


def conversation(status: str = "assigned", identity: str = "c1", language: str | None = "fa") -> dict[str, Any]:
    person = "telegram:main:700000001"
    return {"id": identity, "status": status, "agent": "sara", "language": language, "person": person}


def first_deed(desk: AgentSimulator, one: dict[str, Any], start: datetime = START) -> tuple[AgentAction, float]:
    for second in range(200):
        for deed in desk.poll([one], start + timedelta(seconds=second)):
            return deed, float(second)
    raise AssertionError("nothing was done")


def desk() -> AgentSimulator:
    return AgentSimulator(Random(3), run="r")


def test_answer_fits_what_was_written_last_and_is_the_same_when_it_is_tried_again() -> None:
    for language in LANGUAGES:
        people = desk()
        deed, second = first_deed(people, conversation(language=language))
        assert (deed.action, deed.agent) == ("reply", "sara")
        asked = EXCHANGES[language]["refund"][0]
        worded = people.worded(deed, asked.question.format(order=123456), language)
        assert worded.text == asked.answer
        (again,) = people.poll([conversation(language=language)], START + timedelta(seconds=second + 200))
        assert people.worded(again, "Something else.", language) == again == worded


def test_words_of_somebody_else_are_answered_in_the_language_of_the_conversation() -> None:
    people = desk()
    deed, _ = first_deed(people, conversation(language="lv"))
    assert people.worded(deed, "Sveiki, es tikai mēģinu.", "lv").text == ANYTHING_ELSE["lv"]


def test_unknown_language_is_answered_in_english() -> None:
    people = desk()
    deed, _ = first_deed(people, conversation(language=None))
    assert people.worded(deed, "?", None).text == ANYTHING_ELSE["en"]


def test_some_private_replies_have_a_picture_that_is_uploaded_once() -> None:
    people = desk()
    deeds = [first_deed(people, conversation(identity=f"c{n}") | {"surface": "private"})[0] for n in range(300)]
    with_file = [deed for deed in deeds if deed.has_file]
    assert 10 < len(with_file) < 60
    alone = desk()
    case = conversation() | {"surface": "private"}
    while not (deed := first_deed(alone, case)[0]).has_file:
        alone = AgentSimulator(alone.random, run="r")
    sent = alone.uploaded(alone.worded(deed, "?", "en"), "file-1")
    assert (sent.file, sent.text) == ("file-1", ANYTHING_ELSE["en"])
    assert alone.poll([case], START + timedelta(minutes=10)) == [sent]
    public = [first_deed(people, conversation(identity=f"p{n}") | {"surface": "public"})[0] for n in range(100)]
    assert not [deed for deed in public if deed.has_file]


def test_thinking_takes_seconds_and_sometimes_longer_than_promised() -> None:
    people = desk()
    times = [first_deed(people, conversation(identity=f"c{n}"))[1] for n in range(200)]
    assert 4 < sorted(times)[100] < 14
    assert 5 < sum(t > 20 for t in times) < 60
    assert max(times) <= 75


def test_silent_customer_is_resolved() -> None:
    assert first_deed(desk(), conversation("pending"))[0].action == "resolve"


def test_same_deed_is_not_done_again_while_its_effect_is_awaited() -> None:
    people = desk()
    deed, second = first_deed(people, conversation())
    assert people.poll([conversation()], START + timedelta(seconds=second + 30)) == []
    (again,) = people.poll([conversation()], START + timedelta(seconds=second + 200))
    assert again == deed


def test_failed_deed_is_tried_again_the_same_and_then_the_case_is_resolved() -> None:
    people = desk()
    done = []
    for second in range(300):
        now = START + timedelta(seconds=second)
        for deed in people.poll([conversation()], now):
            done.append(deed)
            people.failed(deed, now)
    assert done[0] == done[1] == done[2]
    assert done[3].action == "resolve"
    assert len(done) < 20


def test_endless_talk_is_ended() -> None:
    people, now, actions = desk(), START, []
    for _ in range(MAX_REPLIES + 1):
        deed, second = first_deed(people, conversation(), now)
        actions.append(deed.action)
        now += timedelta(seconds=second + 1)
        people.poll([conversation("pending")], now)
    assert actions == ["reply"] * MAX_REPLIES + ["resolve"]


def test_what_is_gone_is_forgotten_and_what_has_no_agent_is_left_alone() -> None:
    people = desk()
    people.poll([conversation()], START)
    assert people.poll([{**conversation(), "agent": None}], START + timedelta(seconds=500)) == []
    assert people.poll([conversation("closed")], START + timedelta(seconds=500)) == []


def test_sensitive_matter_is_not_answered_in_public_but_in_private() -> None:
    public = {**conversation(), "sensitive": True, "surface": "public"}
    deed, second = first_deed(desk(), public)
    assert (deed.action, second >= 60) == ("resolve", True)
    assert first_deed(desk(), {**public, "surface": "private"})[0].action == "reply"


def test_reopened_conversation_is_answered_under_a_key_of_its_own() -> None:
    people = desk()
    before, _ = first_deed(people, conversation())
    people.poll([], START + timedelta(seconds=300))
    again, _ = first_deed(people, conversation(), START + timedelta(seconds=400))
    assert again.key != before.key


def test_nothing_is_done_in_the_name_of_an_agent_whom_somebody_plays() -> None:
    people = AgentSimulator(Random(3), "r", frozenset({"you"}))
    played = conversation() | {"agent": "you"}
    assert not [deed for minute in range(60) for deed in people.poll([played], START + timedelta(minutes=minute))]
