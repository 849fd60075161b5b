"""Answers of a survey stand in the conversation that they are about; no clock hears of them."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.activity import SurveyAnswer
from services.router.conversations.domain.handoff import sign_token
from tests.router.conversations.harness import HANDOFFS, ConversationsHarness

ANSWERS = [SurveyAnswer(ref="csat", question="How did it go?", value=5), SurveyAnswer(ref="why", value="quick")]


async def answered(house: ConversationsHarness, **more: Any) -> list[str]:
    told = await house.customer(9, kind="survey_answer", text=None, answers=ANSWERS, **more)
    await house.settle()
    return told


@pytest.mark.parametrize("status", ["waiting", "resolved", "closed"])
async def test_answers_stand_in_the_conversation_that_the_survey_names(status: str) -> None:
    house = ConversationsHarness()
    await house.customer(1)
    run = house.case().response_tracking.open_run()
    if status != "waiting":
        await house.resolve()
        run = None
    if status == "closed":
        await house.driver.advance(4 * 86400)
    await answered(house, conversation=house.case().id)
    await answered(house, conversation=house.case().id)
    assert (house.case().status, house.case().response_tracking.open_run()) == (status, run)
    (message,) = [message for message in house.messages() if message.answers]
    assert (message.answers, message.conversation) == (ANSWERS, house.case().id)
    assert [fact.message for fact in house.facts("survey_answered")] == ["m9"]


async def test_somebody_else_may_answer_for_the_customer() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    await answered(house, conversation=house.case().id, person="survey:main:respondent-7")
    assert [m.key for m in house.messages() if m.answers] == [house.case().key]


async def test_without_a_name_the_open_conversation_is_meant() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    await answered(house)
    assert house.messages()[-1].conversation == house.case().id


async def test_answers_without_a_conversation_wait_for_the_next() -> None:
    house = ConversationsHarness()
    await answered(house, conversation="unheard-of")
    assert (house.cases(), [m.conversation for m in house.messages()]) == ([], [""])
    await house.customer(1)
    assert {m.conversation for m in house.messages()} == {house.case().id}


async def test_a_conversation_of_another_workspace_is_none() -> None:
    house = ConversationsHarness()
    await house.customer(1, workspace="other")
    await answered(house, conversation=house.case().id)
    assert [m.conversation for m in house.messages() if m.answers] == [""]


SCORE, WHY = SurveyAnswer(ref="csat", value=4), SurveyAnswer(ref="why", value="quick")
BETTER = SurveyAnswer(ref="csat", value=5)


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "without a conversation"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1)])
async def test_parts_of_a_survey_are_one_message_in_any_order(order: tuple[int, ...], is_named: bool) -> None:
    house = ConversationsHarness()
    if is_named:
        await house.customer(1)
    at = house.driver.now
    about = {"conversation": house.case().id} if is_named else {}
    parts: list[dict[str, Any]] = [
        {"id": "part", "answers": [SCORE], "sent_at": at},
        {"id": "whole", "answers": [BETTER, WHY], "sent_at": at + timedelta(minutes=1)},
    ]
    for number in order:
        await house.customer(9, kind="survey_answer", text=None, **parts[number], **about)
    (message,) = [message for message in house.messages() if message.answers]
    assert {answer.ref: answer.value for answer in message.answers} == {"csat": 5, "why": "quick"}
    assert len(house.facts("survey_answered")) == (1 if is_named else 0)


async def test_the_token_of_a_link_names_the_conversation() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    await house.resolve()
    token = sign_token(HANDOFFS.secret, house.case().workspace, house.case().id)
    await answered(house, person="survey:main:respondent-7", details={"handoff": token})
    assert [message.conversation for message in house.messages() if message.answers] == [house.case().id]
    await answered(house, person="survey:main:respondent-8", id="x", message="m10", details={"handoff": "x" * 43})
    assert [message.conversation for message in house.messages() if message.id == "m10"] == [""]


async def test_a_rating_stands_on_one_fact_however_the_parts_come() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    at, about = house.driver.now, {"conversation": house.case().id}
    score, nps = SurveyAnswer(ref="csat", value=4), SurveyAnswer(ref="nps", value=9)
    for minute, answers in enumerate([[score], [BETTER, nps], [BETTER, nps]]):
        sent_at = at + timedelta(minutes=minute)
        await house.customer(
            9, kind="survey_answer", text=None, id=f"part-{minute}", answers=answers, sent_at=sent_at, **about
        )
    facts = [*house.facts("survey_answered"), *house.facts("message_edited")]
    assert [fact.ratings for fact in facts] == [["csat_4"], ["nps_promoter"]]
