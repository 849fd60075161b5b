"""WhatsApp through the whole installation: windows and templates, typing, numbers that change, consent, calls, long answers."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from schemas.commands import PerformAction
from schemas.outbound import MessageTemplate
from schemas.values import AgentLanguage
from services.channels.whatsapp import Whatsapp
from services.platform.http.outgoing import HttpResponse
from services.platform.processing.inputs import ReceivedEvent
from services.records.conversations import PERSONS
from tests.channels.installation import Installation
from tests.channels.places import HEART, HELLO, REPORTED, WRITTEN, Place, text_of
from tests.channels.whatsapp.cases import CUSTOMER, GROUP, account, call_of, item, places
from tests.fakes import FakeHttp
from tests.fakes.http import HttpCall

TEMPLATE = MessageTemplate(name="order_ready", language="lv", parameters=["Sara", "1001"])
DAY = timedelta(days=1)


def place(name: str = "private") -> Place:
    [found] = [one for one in places() if one.name == name]
    return found


def installation() -> Installation:
    at = Installation(Whatsapp(), account(), place())
    at.house.key = f"shop/whatsapp:main:{CUSTOMER}"
    return at


def system(**fields: Any) -> Any:
    return item("messages", REPORTED, id="wamid.system", type="system", **{"from": CUSTOMER, "system": fields})


async def assigned() -> Installation:
    at = installation()
    await at.post(at.place.message(1))
    await at.house.assign()
    return at


def calls(at: Installation) -> list[HttpCall]:
    """The calls to Meta."""
    assert isinstance(at.http, FakeHttp)
    return at.http.calls


async def refusal(at: Installation, language: AgentLanguage | None = None) -> tuple[int, str, str]:
    outcome = await at.house.reply(language=language or "en")
    assert outcome.problem is not None
    return outcome.problem.status, outcome.problem.title, outcome.problem.detail


# -- the window ----------------------------------------------------------------------------------------------------------


async def test_after_24_hours_an_agent_reads_why_and_a_template_goes_out() -> None:
    at = await assigned()
    at.now = WRITTEN + DAY - timedelta(seconds=1)
    assert (await at.house.reply()).status == "applied"
    at.now = WRITTEN + DAY
    assert await refusal(at) == (409, "Window closed", "The 24-hour window closed at 12:00; use a template.")
    assert (await refusal(at, "fa"))[2] == "مهلت ۲۴ ساعته در ساعت ۱۲:۰۰ تمام شد؛ از یک قالب استفاده کنید."
    assert (await at.house.reply(text="Your order is ready.", template=TEMPLATE)).status == "applied"
    await at.deliver()
    [call] = [call for call in calls(at) if call.json["type"] == "template"]
    assert call.json["template"]["name"] == "order_ready"
    assert at.house.messages()[-1].state == "sent"


async def test_a_message_that_the_window_overtakes_on_its_way_is_not_sent() -> None:
    at = await assigned()
    at.now = WRITTEN + DAY - timedelta(minutes=1)
    await at.house.reply()
    at.now = WRITTEN + DAY
    await at.deliver()
    assert calls(at) == []
    failed = at.reply()
    assert failed.error is not None
    assert (failed.state, failed.error.code) == ("failed", "window_closed")
    assert failed.error.detail == "The 24-hour window closed at 12:00; use a template."


async def test_another_message_of_the_customer_opens_the_window_again() -> None:
    at = await assigned()
    at.now = WRITTEN + 2 * DAY
    await at.post(
        item("messages", at.now, id="wamid.later", type="text", text={"body": "Hello?"}, **{"from": CUSTOMER})
    )
    assert (await at.house.reply()).status == "applied"


async def test_a_closed_window_that_only_meta_knows_of_has_the_same_code() -> None:
    at = await assigned()
    at.now = WRITTEN + timedelta(hours=1)
    await at.house.reply()
    await at.deliver()
    errors = [{"code": 131047, "title": "Re-engagement message"}]
    await at.post(item("statuses", at.now, id="wamid.ours-1", status="failed", recipient_id=CUSTOMER, errors=errors))
    failed = at.reply()
    assert failed.error is not None
    assert (failed.state, failed.error.code) == ("failed", "window_closed")
    assert at.house.case().status == "assigned"


# -- consent -------------------------------------------------------------------------------------------------------------


async def test_who_stopped_marketing_gets_no_template_and_still_their_answers() -> None:
    at = await assigned()
    at.now = REPORTED
    await at.post(at.place.contact_states["opted_out"])
    refused = await at.house.reply(template=TEMPLATE)
    assert refused.problem is not None
    assert refused.problem.title == "Opted out"
    assert (await at.house.reply()).status == "applied"
    await at.post(at.place.contact_states["opted_in"])
    assert (await at.house.reply(template=TEMPLATE)).status == "applied"


# -- people --------------------------------------------------------------------------------------------------------------


async def test_a_changed_number_stands_on_the_person_of_the_old_and_of_the_new_one() -> None:
    at = await assigned()
    await at.post(system(type="user_changed_number", wa_id="37126000002"))
    names: dict[str, list[str]] = {}
    for number in (CUSTOMER, "37126000002"):
        person = at.house.driver.get(PERSONS, f"shop/whatsapp:main:{number}")
        assert person is not None
        names[number] = sorted(identity.value for identity in person.identities)
    both = [f"+{CUSTOMER}", "+37126000002"]
    assert names == {CUSTOMER: both, "37126000002": both}
    assert [message.direction for message in at.house.messages()] == ["inbound", "note"]


NEW_NUMBER = "37126000002"
MOVED = REPORTED + timedelta(minutes=1)


def text_from(number: str, text: str, at: datetime, identity: str) -> Any:
    return item("messages", at, id=identity, type="text", text={"body": text}, **{"from": number})


def shown_texts(at: Installation, conversation: str) -> list[str]:
    """What customer and agents wrote in a conversation, in order; notes of the system left out."""
    messages = [one for one in at.house.messages() if one.conversation == conversation and one.direction != "note"]
    return [one.text.text for one in messages if one.text is not None]


async def test_who_has_another_number_goes_on_in_the_same_conversation_and_is_answered_there() -> None:
    at = await assigned()
    [case] = at.house.cases()
    at.now = REPORTED
    await at.post(system(type="user_changed_number", wa_id=NEW_NUMBER))
    at.now = MOVED
    await at.post(text_from(NEW_NUMBER, "it is me", MOVED, "wamid.moved"))
    assert [one.id for one in at.house.cases()] == [case.id]
    assert shown_texts(at, case.id) == [text_of(1), "it is me"]
    assert (await at.house.reply(text=HELLO)).status == "applied"
    await at.deliver()
    assert calls(at)[-1].json["to"] == NEW_NUMBER
    notes = [one.text.text for one in at.house.messages() if one.direction == "note" and one.text is not None]
    assert notes == [
        f"The customer goes on as {NEW_NUMBER}: the platform reports another number or id. Answers go there."
    ]
    await at.post(item("statuses", MOVED, id="wamid.ours-1", status="read", recipient_id=NEW_NUMBER))
    assert at.reply().state == "read"


async def test_a_message_of_the_new_number_that_comes_before_the_report_moves_into_the_conversation() -> None:
    at = await assigned()
    [case] = at.house.cases()
    at.now = MOVED
    await at.post(text_from(NEW_NUMBER, "it is me", MOVED, "wamid.moved"))
    assert len(at.house.cases()) == 2
    await at.post(system(type="user_changed_number", wa_id=NEW_NUMBER))
    assert shown_texts(at, case.id) == [text_of(1), "it is me"]
    assert [one.status for one in at.house.cases() if one.id != case.id] == ["resolved"]


async def test_whoever_gets_the_old_number_later_has_a_conversation_of_their_own() -> None:
    at = await assigned()
    [case] = at.house.cases()
    at.now = REPORTED
    await at.post(system(type="user_changed_number", wa_id=NEW_NUMBER))
    at.now = MOVED
    await at.post(text_from(CUSTOMER, "who are you", MOVED, "wamid.stranger"))
    assert shown_texts(at, case.id) == [text_of(1)]
    assert len(at.house.cases()) == 2


async def test_a_second_change_and_one_back_to_the_first_number_stay_in_the_conversation() -> None:
    at = await assigned()
    [case] = at.house.cases()
    third, back = REPORTED + timedelta(minutes=2), REPORTED + timedelta(minutes=3)
    at.now = REPORTED
    await at.post(system(type="user_changed_number", wa_id=NEW_NUMBER))
    changed = {"from": NEW_NUMBER, "system": {"type": "user_changed_number", "wa_id": "37126000003"}}
    at.now = third
    await at.post(item("messages", third, id="wamid.second", type="system", **changed))
    await at.post(text_from("37126000003", "third", third, "wamid.third"))
    returned = {"from": "37126000003", "system": {"type": "user_changed_number", "wa_id": CUSTOMER}}
    at.now = back
    await at.post(item("messages", back, id="wamid.back", type="system", **returned))
    await at.post(text_from(CUSTOMER, "first again", back, "wamid.first-again"))
    assert [one.id for one in at.house.cases()] == [case.id]
    assert shown_texts(at, case.id) == [text_of(1), "third", "first again"]
    assert (await at.house.reply(text=HELLO)).status == "applied"
    await at.deliver()
    assert calls(at)[-1].json["to"] == CUSTOMER


async def test_what_a_customer_decided_about_messages_holds_for_the_new_number() -> None:
    at = await assigned()
    at.now = REPORTED
    await at.post(at.place.contact_states["opted_out"])
    await at.post(system(type="user_changed_number", wa_id=NEW_NUMBER))
    person = at.house.driver.get(PERSONS, f"shop/whatsapp:main:{NEW_NUMBER}")
    assert person is not None
    assert person.consent == "opted_out"


async def test_a_changed_number_without_a_conversation_opens_none() -> None:
    at = installation()
    await at.post(system(type="user_changed_number", wa_id=NEW_NUMBER))
    assert at.house.cases() == []


async def test_a_card_number_in_a_group_leads_to_a_private_chat_with_the_same_person() -> None:
    at = Installation(Whatsapp(), account(), place("group"))
    member = {"from": CUSTOMER, "group_id": GROUP}
    text = {"body": "My card is 4111 1111 1111 1111"}
    await at.post(item("messages", WRITTEN, id="wamid.1", type="text", text=text, **member))
    at.now = REPORTED
    await at.deliver()
    [call] = calls(at)
    assert (call.json["to"], call.json["recipient_type"]) == (GROUP, "group")
    assert call.json["text"]["body"] == (
        "To protect your personal information, please send us a private message: we go on there. "
        "Please do not write personal or bank details here."
    )
    later = REPORTED + timedelta(minutes=1)
    at.now = later
    private = {"from": CUSTOMER, "type": "text", "text": {"body": "Here I am"}}
    await at.post(item("messages", later, id="wamid.2", **private))
    [case] = at.house.cases()
    assert set(case.addresses) == {"public", "private"}
    assert case.addresses["private"].chat == CUSTOMER


# -- what is shown and done ----------------------------------------------------------------------------------------------


async def test_typing_answers_the_latest_message_of_the_customer() -> None:
    at = await assigned()
    await at.post(at.place.message(2))
    known: Any = {"conversation": at.house.case().id, "agent": "sara", "accepted_at": at.now, "request_hash": "h"}
    outcome = await at.house.command("perform_action", PerformAction(kind="typing", **known))
    assert outcome.status == "applied", outcome.problem
    [event] = [one for one in at.house.driver.sent if one.type == "pasokh.outbound.action"]
    await at.sender.batch([ReceivedEvent(event, "outbound", 1)])
    await at.sender.complete_all_effects()
    [call] = calls(at)
    assert call.json == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.2",
        "typing_indicator": {"type": "text"},
    }


async def test_a_pressed_button_is_a_message_that_waits_for_an_answer() -> None:
    at = installation()
    button = {"payload": "confirm-1001", "text": "Confirm"}
    await at.post(item("messages", WRITTEN, id="wamid.button", type="button", button=button, **{"from": CUSTOMER}))
    [message] = at.house.messages()
    assert message.text is not None
    assert message.text.text == "Confirm"
    assert at.house.case().status == "waiting"


async def test_a_form_stands_in_the_conversation_with_its_answers() -> None:
    at = installation()
    form = {"name": "flow", "body": "Sent", "response_json": '{"size": "L", "colour": "blue"}'}
    interactive = {"type": "nfm_reply", "nfm_reply": form}
    fields = {"from": CUSTOMER, "interactive": interactive}
    await at.post(item("messages", WRITTEN, id="wamid.form", type="interactive", **fields))
    [message] = at.house.messages()
    assert [(answer.ref, answer.value) for answer in message.answers] == [("size", "L"), ("colour", "blue")]


async def test_a_missed_call_waits_for_an_answer_and_a_taken_one_does_not() -> None:
    sides = {"from": CUSTOMER, "to": "37120000001", "direction": "USER_INITIATED"}
    missed, taken = installation(), installation()
    for at, end in ((missed, {"status": "FAILED"}), (taken, {"status": "COMPLETED", "duration": 95})):
        await at.post(item("calls", WRITTEN, id="wacid.1", event="connect", **sides))
        assert at.house.messages() == []
        await at.post(item("calls", REPORTED, id="wacid.1", event="terminate", **end, **sides))
    [shown] = missed.house.messages()
    assert (shown.text and shown.text.text, missed.house.case().status) == ("Missed call", "waiting")
    [shown] = taken.house.messages()
    assert shown.call is not None
    assert (shown.text and shown.text.text, shown.call.seconds) == ("Call", 95)
    assert taken.house.case().status == "resolved"


async def test_a_call_of_ours_that_was_taken_is_an_answer() -> None:
    at = await assigned()
    at.now = REPORTED
    sides = {"from": "37120000001", "to": CUSTOMER, "direction": "BUSINESS_INITIATED"}
    await at.post(item("statuses", REPORTED, id="wacid.2", type="call", status="RINGING", recipient_id=CUSTOMER))
    await at.post(item("statuses", REPORTED, id="wacid.2", type="call", status="ACCEPTED", recipient_id=CUSTOMER))
    await at.post(item("calls", REPORTED, id="wacid.2", event="terminate", status="COMPLETED", duration=30, **sides))
    assert at.house.messages()[-1].direction == "outbound"
    assert at.house.case().status == "pending"


async def test_the_parts_of_a_long_answer_have_statuses_of_their_own_and_count_for_the_answer() -> None:
    at = await assigned()
    at.now = REPORTED
    assert (await at.house.reply(text="A sentence. " * 500)).status == "applied"
    await at.send()
    await at.sender.complete_all_effects()
    sent = [call.json for call in calls(at)]
    assert [len(body["text"]["body"]) <= 4096 for body in sent] == [True, True]
    own = [body["biz_opaque_callback_data"] for body in sent]
    assert own[1] == f"{own[0]}.2"
    # Before the result: our own id, which Meta repeats, finds the answer.
    status = {"id": "wamid.ours-2", "status": "read", "recipient_id": CUSTOMER, "biz_opaque_callback_data": own[1]}
    await at.post(item("statuses", REPORTED, **status))
    assert at.reply().state == "read"
    await at.learn_results()
    assert at.reply().state == "read"


async def test_a_webhook_of_a_day_of_statuses_is_one_call() -> None:
    at = await assigned()
    statuses = [
        item("statuses", REPORTED, id=f"wamid.else-{n}", status="read", recipient_id=f"371260{n:05}")
        for n in range(1_000)
    ]
    answered = call_of(statuses)
    assert len(answered.body) < Whatsapp().capabilities.max_body_bytes
    await at.post(*statuses)
    assert len(at.ingest.events) == 1_001


async def test_an_answer_whose_result_was_lost_is_known_by_metas_id_once_a_status_names_both() -> None:
    lost = replace(place(), accepted=lambda n: HttpResponse(502, {}, b"<html>"))
    at = Installation(Whatsapp(), account(), lost)
    at.house.key = f"shop/whatsapp:main:{CUSTOMER}"
    await at.accept_reply()
    await at.deliver()
    unknown = at.reply().error
    assert unknown is not None
    assert unknown.code == "outcome_unknown"
    at.now = REPORTED
    about = {"id": "wamid.ours-1", "recipient_id": CUSTOMER}
    await at.post(item("statuses", status="sent", biz_opaque_callback_data=at.reply().id, **about))
    assert (at.reply().state, at.reply().platform_id) == ("sent", "wamid.ours-1")
    # A reaction has Meta's id alone; so has a status of a message whose reference Meta has forgotten.
    reaction = {"message_id": "wamid.ours-1", "emoji": HEART}
    await at.post(
        item("statuses", status="read", **about),
        item("messages", REPORTED, id="wamid.heart", type="reaction", reaction=reaction, **{"from": CUSTOMER}),
    )
    assert (at.reply().state, [one.emoji for one in at.reply().reactions]) == ("read", [HEART])
