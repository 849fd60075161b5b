"""Each response of Typeform, and what it becomes."""

import json

import pytest

from schemas.activity import Activity, PersonIdentity, SurveyAnswer
from services.channels.port import InvalidPayload, InvalidSignature
from services.channels.survey import Survey
from services.platform.http.outgoing import PermanentSendError
from tests.channels.survey.cases import PAYLOADS, SECRET, account, payload, request, signature
from tests.channels.test_every_channel import message_to
from tests.fakes import FakeHttp

CONVERSATION = "0195511e-0000-7000-8000-00000000000b"
KINDS = {
    "response": "survey_answer",
    "response_again": "survey_answer",
    "response_partial": "survey_answer",
    "response_of_nobody": "survey_answer",
    "response_with_score": "survey_answer",
    "response_of_group": "survey_answer",
    "answer_of_unheard_type": "survey_answer",
    "event_unheard_of": "unknown",
}


def only(name: str) -> Activity:
    [activity] = Survey().parse(request(payload(name)), account())
    return activity


def test_every_fixture_is_in_the_table() -> None:
    assert {path.stem for path in PAYLOADS.iterdir()} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_response_is_the_answers_of_a_survey(name: str) -> None:
    assert (only(name).kind, only(name).surface) == (KINDS[name], "private")


def test_answers_have_the_stable_ref_the_question_and_the_value_of_their_type() -> None:
    values = {one.ref: one.value for one in only("response").answers}
    assert values == {
        "csat": 5,
        "nps": 9,
        "why": "Sara answered within a minute.",
        "how": "Telegram",
        "what": ["Delivery", "Payment", "The whistle"],
        "mail": "anna@example.org",
        "phone": "+37126000001",
        "again": True,
        "when": "2026-03-01",
        "photo": "https://api.typeform.com/responses/files/invented/kettle.png",
        "tip": {"amount": "2.00", "success": True},
        "page": "https://shop.example/kettles",
    }
    questions = {one.ref: one.question for one in only("response").answers}
    assert (questions["csat"], questions["why"]) == ("How did we do?", "Why?")
    assert only("response_of_group").answers == [SurveyAnswer(ref="inner", question="And the parcel?", value=4)]
    assert only("response_with_score").answers == [SurveyAnswer(ref="score", value=7)]


def test_hidden_fields_say_which_conversation_and_who() -> None:
    said = only("response")
    assert (said.conversation, said.person_name) == (CONVERSATION, "Anna")
    assert said.identities == [
        PersonIdentity(kind="email", value="anna@example.org"),
        PersonIdentity(kind="phone", value="+37126000001"),
    ]
    assert only("response_with_score").person == "survey:main:anna@example.org"
    assert only("response_of_nobody").person == "survey:main:invented0token0of0nobody00000000"


def test_a_response_is_one_message_and_a_repeat_is_one_activity() -> None:
    whole, again, part = only("response"), only("response_again"), only("response_partial")
    assert whole.id == again.id
    assert part.id != whole.id
    assert whole.message == part.message
    assert part.details["is_partial"] is True


def test_a_hidden_token_is_that_of_a_hand_off() -> None:
    body = json.loads(payload("response"))
    body["form_response"]["hidden"] = {"token": "a-token-of-a-link"}
    [said] = Survey().parse(request(json.dumps(body).encode()), account())
    assert (said.details["handoff"], said.conversation) == ("a-token-of-a-link", None)


def test_what_is_no_response_keeps_its_type_alone() -> None:
    assert only("event_unheard_of").details == {"raw": "form_started"}


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"7"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        Survey().parse(request(body), account())


def test_every_live_secret_signs() -> None:
    rotating = account(secret=["a-newer-text-of-ours", SECRET])
    body = payload("response")
    for secret in ("a-newer-text-of-ours", SECRET):
        Survey().verify(request(body, signature(body, secret)), rotating)
    with pytest.raises(InvalidSignature):
        Survey().verify(request(body, signature(body, "another-text")), rotating)
    with pytest.raises(InvalidSignature):
        Survey().verify(request(body, {}), rotating)


async def test_nothing_is_sent_to_a_survey() -> None:
    with pytest.raises(PermanentSendError) as raised:
        await Survey().send(message_to(Survey(), account()), account(), FakeHttp())
    assert raised.value.code == "unsupported"
