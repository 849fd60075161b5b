"""What becomes of each kind of call about telephone calls."""

import pytest

from schemas.activity import Activity
from services.channels.registry import account_rules
from services.channels.voice import Voice
from tests.channels.voice.cases import AGENT, CUSTOMER, PAYLOADS, account, fixture

TABLE: dict[str, list[str]] = {
    "incoming": ["inbound customer ringing"],
    "incoming_withheld": ["inbound customer ringing"],
    "incoming_over": ["inbound customer ended 40"],
    "incoming_busy": ["inbound customer missed"],
    "incoming_failed": ["inbound customer failed"],
    "incoming_canceled": ["inbound customer abandoned"],
    # Our markup took the call, nobody else.
    "incoming_in_progress": ["inbound customer ringing"],
    "incoming_new_state": ["unknown call.huh"],
    "agent_initiated": ["inbound agent ringing"],
    "agent_ringing": ["inbound agent ringing"],
    "agent_answered": ["inbound agent answered"],
    "agent_completed": ["inbound agent answered", "inbound agent ended 31"],
    "agent_no_answer": ["inbound agent missed"],
    "agent_busy": ["inbound agent missed"],
    "agent_canceled": ["inbound agent abandoned"],
    "dial_completed": ["inbound agent answered", "inbound agent ended 31"],
    "dial_no_answer": ["inbound agent missed"],
    "dial_recorded": ["inbound agent answered", "inbound agent ended 31", "inbound customer ringing recorded"],
    "dial_new_state": ["unknown dial.huh"],
    "recording": ["inbound customer ringing recorded"],
    "recording_absent": ["unknown recording"],
    "unnamed_recording": ["unknown recording"],
    "transcription": ["message Please call me about the kettle."],
    "back_ringing": ["outbound agent ringing"],
    "back_answered": ["outbound agent answered"],
    "back_completed": ["outbound agent answered", "outbound agent ended 44"],
    "back_no_answer": ["outbound agent missed", "outbound customer failed"],
    "back_customer_ringing": ["outbound customer ringing"],
    "back_customer_answered": ["outbound customer answered"],
    "back_customer_completed": ["outbound customer answered", "outbound customer ended 38"],
    "back_customer_busy": ["outbound customer missed"],
    "foreign_leg": ["inbound agent answered"],
    "message_delivered": ["receipt delivered"],
    "bare": ["inbound customer missed"],
}


def parsed(name: str) -> list[Activity]:
    return Voice().parse(fixture(name), account())


def said(activity: Activity) -> str:
    if activity.call is None:
        words = (activity.text.text if activity.text else None) or activity.receipt_state or activity.details.get("raw")
        return f"{activity.kind} {words}"
    call = activity.call
    seconds = f" {call.seconds:g}" if call.seconds is not None else ""
    return f"{call.direction} {call.leg} {call.state}{seconds}{' recorded' if call.recording else ''}"


def test_every_fixture_has_a_row() -> None:
    assert {path.stem for path in PAYLOADS.iterdir()} == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_what_a_call_becomes(name: str) -> None:
    assert [said(one) for one in parsed(name)] == TABLE[name]


def test_all_legs_of_a_call_are_one_call_of_its_customer() -> None:
    names = [name for name in TABLE if name.startswith(("incoming_over", "agent", "dial_no", "dial_comp", "recording"))]
    found = [one for name in names if name != "recording_absent" for one in parsed(name)]
    assert {(one.person, one.message) for one in found} == {(f"voice:main:{CUSTOMER}", found[0].message)}
    back = [one for name in TABLE if name.startswith("back") for one in parsed(name)]
    assert {(one.person, one.message) for one in back} == {(f"voice:main:{CUSTOMER}", back[0].message)}
    assert back[0].message != found[0].message


def test_who_withholds_the_number_is_somebody_else_at_each_call() -> None:
    (withheld,) = parsed("incoming_withheld")
    assert withheld.person == "voice:main:CA00000000000000000000000000000001"
    assert (withheld.identities, withheld.address) == ([], None)
    (shown,) = parsed("incoming")
    assert [(one.kind, one.value, one.proven) for one in shown.identities] == [("phone", CUSTOMER, True)]


def test_a_state_is_said_twice_by_the_leg_and_by_the_end_of_dialing_under_one_id() -> None:
    assert [one.id for one in parsed("agent_completed")] == [one.id for one in parsed("dial_completed")]
    assert parsed("agent_answered")[0].id == parsed("agent_completed")[0].id


def test_a_recording_stays_at_twilio() -> None:
    call = parsed("recording")[0].call
    assert call is not None
    assert call.recording is not None
    assert call.recording.url is not None
    assert call.recording.url.endswith("/Recordings/RE1.mp3")
    assert (call.recording.platform_id, call.recording.details) == ("RE1", {"seconds": 12.0})


def test_a_telephone_of_an_agent_is_named_wherever_its_leg_is() -> None:
    settings = {"ring": [AGENT], "agents": [{"agent": "mina", "phone": AGENT}], "limit_seconds": 600}
    with_agents = account("main", settings=settings)

    def call(name: str) -> tuple[str | None, float | None]:
        found = Voice().parse(fixture(name), with_agents)[-1].call
        assert found is not None
        return found.agent, found.limit_seconds

    assert {call(name) for name in ("agent_ringing", "agent_answered", "agent_completed")} == {("mina", 600)}
    # The customer's leg is nobody's telephone, and the end of dialing names our own number.
    assert {call(name)[0] for name in ("incoming", "incoming_over", "dial_completed")} == {None}
    (without,) = parsed("agent_answered")
    assert without.call is not None
    assert (without.call.agent, without.call.limit_seconds) == (None, 14_400)
    assert 'timeLimit="600"' in answer("incoming", settings=settings)


@pytest.mark.parametrize(
    ("agents", "pointer"),
    [
        ([{"agent": "mina", "phone": AGENT}, {"agent": "ben", "phone": AGENT}], "/settings/agents/1"),
        ([{"agent": "mina", "phone": "26000001"}], "/settings/agents/0"),
        ([{"agent": "Mina X", "phone": AGENT}], "/settings/agents/0"),
        ([{"agent": "mina"}], "/settings/agents/0"),
    ],
)
def test_a_telephone_is_that_of_one_agent(agents: list[dict[str, str]], pointer: str) -> None:
    problems = account_rules(Voice()).problems(account("main", settings={"agents": agents}).body)
    assert [where for where, _ in problems] == [pointer]


# -- what the caller hears -------------------------------------------------------------------------------------------------


def answer(name: str, **changes: object) -> str:
    return Voice().response(fixture(name), account("main", **changes), []).body.decode()


def test_an_incoming_call_rings_and_each_leg_is_told_to_us() -> None:
    text = answer("incoming", settings={"ring": [AGENT, "+37129000002"], "ring_seconds": 15, "record": True})
    assert '<Dial action="https://support.example/webhooks/voice/shop/main?leg=customer&amp;' in text
    assert 'timeout="15"' in text
    assert 'callerId="+37120000001"' in text
    assert 'record="record-from-answer-dual"' in text
    assert text.count("<Number ") == 2
    assert 'leg=agent&amp;direction=inbound&amp;customer=%2B37126000001" statusCallbackEvent="initiated ringing' in text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "We will call you back."),
        ("lv-LV", "Mēs jums atzvanīsim."),
        ("ar", "سنعاود الاتصال بك."),
        ("fa", "back."),
    ],
)
def test_without_telephones_a_caller_hears_that_somebody_calls_back(language: str, words: str) -> None:
    text = answer("incoming", settings={}, language=language)
    assert words in text
    assert text.endswith("<Hangup/></Response>")


def test_a_caller_whom_nobody_took_may_leave_a_message() -> None:
    settings = {"ring": [AGENT], "voicemail": True, "transcribe": True, "said": "Speak & wait"}
    text = answer("dial_no_answer", settings=settings)
    assert "Speak &amp; wait</Say><Record " in text
    assert 'transcribe="true"' in text
    assert "<Play>https://shop.example/fa.mp3</Play>" in answer(
        "dial_no_answer", settings={"said_url": "https://shop.example/fa.mp3"}
    )


@pytest.mark.parametrize("name", ["dial_completed", "dial_recorded"])
def test_after_a_call_was_taken_nothing_more_is_said(name: str) -> None:
    assert answer(name).endswith("<Response><Hangup/></Response>")


@pytest.mark.parametrize("name", ["incoming_over", "agent_ringing", "recording", "transcription", "message_delivered"])
def test_the_answer_to_a_report_asks_for_nothing(name: str) -> None:
    assert answer(name).endswith("<Response/>")
