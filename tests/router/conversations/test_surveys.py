"""Answers of a survey stand in the conversation that they are about; no clock hears of them."""

from typing import Any

import pytest

from schemas.activity import SurveyAnswer
from tests.router.conversations.harness import ConversationsHarness

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
