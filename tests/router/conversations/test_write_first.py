"""Answers judged by windows, and messages that we write first, from the command to what the sender gets."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from schemas.channel import Capabilities, TextLimit, Window
from schemas.commands import CommandResult, WriteFirst
from schemas.outbound import MessageTemplate, OutboundMessage
from schemas.values import EncryptedText
from services.platform.store.collections import OUTCOMES
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS
from tests.fakes import START
from tests.router.conversations.harness import CAPABILITIES, ConversationsHarness

TEMPLATE = MessageTemplate(name="order_sent", language="fa", parameters=["A-1"])
LIKE_WHATSAPP = Capabilities(
    surfaces=("private",),
    text_limits=(TextLimit(limit=20, splits=True),),
    windows=(Window(seconds=86_400),),
    templates=True,
    first_contact="template",
)
LIKE_MAIL = Capabilities(surfaces=("private",), text_limits=(), first_contact="always")


def shop(capabilities: Capabilities) -> ConversationsHarness:
    return ConversationsHarness(capabilities={"telegram": capabilities})


async def write_first(found: ConversationsHarness, person: str = "telegram:main:1", **more: Any) -> CommandResult:
    command = WriteFirst(
        person=person,
        text=EncryptedText(text=more.pop("text", "hello")),
        accepted_at=found.driver.now,
        request_hash="h",
        **{"agent": "sara", **more},
    )
    arrived = found.driver.arrived("commands", "pasokh.command.write_first", command, f"w/{person}")
    await found.driver.batch([arrived])
    outcome = found.driver.get(OUTCOMES, arrived.event.id)
    assert outcome is not None
    return outcome


def outgoing(found: ConversationsHarness) -> list[OutboundMessage]:
    return [event.payload_as(OutboundMessage) for event in found.driver.sent if event.type == "pasokh.outbound.message"]


async def test_a_reply_within_the_window_carries_it_and_one_after_it_is_refused_with_the_way_out() -> None:
    found = shop(LIKE_WHATSAPP)
    await found.customer()
    await found.assign()
    assert (await found.reply()).status == "applied"
    (sent,) = outgoing(found)
    assert sent.window is not None
    assert (sent.window.since, sent.language) == (START, "en")
    found.driver.now += timedelta(hours=24)
    refused = await found.reply(language="lv")
    assert refused.problem is not None
    assert (refused.problem.status, refused.problem.title) == (409, "Window closed")
    assert refused.problem.detail == "Atbildes termiņš (24 stundas) beidzās plkst. 09:00; izmantojiet veidni."
    assert (await found.reply(template=TEMPLATE, text="")).status == "applied"
    assert outgoing(found)[-1].template == TEMPLATE
    assert outgoing(found)[-1].window is None


async def test_a_long_reply_is_one_message_in_parts() -> None:
    found = shop(LIKE_WHATSAPP)
    await found.customer()
    await found.assign()
    outcome = await found.reply(text="One is here. Two is. And three.")
    (sent,) = outgoing(found)
    assert [part.text for part in sent.parts] == ["One is here. Two is.", "And three."]
    message = found.driver.get(MESSAGES, outcome.result or "")
    assert message is not None
    assert message.text is not None
    assert message.text.text == "One is here. Two is. And three."


async def test_a_person_never_seen_is_written_to_where_the_channel_allows_it() -> None:
    found = shop(LIKE_MAIL)
    outcome = await write_first(found)
    assert (outcome.status, outcome.created) == ("applied", True)
    (sent,) = outgoing(found)
    assert (sent.address.chat, sent.author.id, sent.surface) == ("1", "sara", "private")
    case = found.driver.get(CONVERSATIONS, sent.conversation)
    assert case is not None
    # No run is open: nobody waits for an answer, so no clock of a response starts.
    assert (case.status, case.agent, case.response_tracking.open_run()) == ("pending", "sara", None)
    kinds = [event.type.removeprefix("pasokh.") for event in found.driver.sent]
    assert kinds[0] == "conversation.opened"
    assert {"routing.task_queued", "routing.task_force_assigned", "conversation.replied"} <= set(kinds)
    # The customer's answer continues it, and begins the first run.
    await found.customer()
    answered = found.driver.get(CONVERSATIONS, sent.conversation)
    assert answered is not None
    assert answered.response_tracking.open_run() is not None
    assert answered.status == "assigned"


async def test_a_repeated_command_sends_nothing_again() -> None:
    found = shop(LIKE_MAIL)
    command = WriteFirst(
        person="telegram:main:1", text=EncryptedText(text="x"), accepted_at=found.driver.now, request_hash="h"
    )
    arrived = found.driver.arrived("commands", "pasokh.command.write_first", command)
    await found.driver.batch([arrived])
    await found.driver.batch([arrived])
    assert len(outgoing(found)) == 1


async def test_a_stranger_is_refused_where_the_customer_or_a_template_comes_first() -> None:
    refused = await write_first(ConversationsHarness(capabilities=CAPABILITIES))
    assert refused.problem is not None
    assert refused.problem.title == "Customer must write first"
    found = shop(LIKE_WHATSAPP)
    refused = await write_first(found)
    assert refused.problem is not None
    assert refused.problem.title == "Template required"
    assert (await write_first(found, template=TEMPLATE)).status == "applied"


async def test_a_message_goes_on_in_the_open_conversation_and_takes_it() -> None:
    found = shop(LIKE_WHATSAPP)
    await found.customer()
    case = found.case()
    assert (await write_first(found)).status == "applied"
    after = found.driver.get(CONVERSATIONS, case.id)
    assert after is not None
    assert (after.status, after.agent) == ("pending", "sara")
    refused = await write_first(found, agent="omid")
    assert refused.problem is not None
    assert refused.problem.title == "Not the assignee"


async def test_a_conversation_that_we_begin_goes_on_in_the_windows_of_the_one_before() -> None:
    windows = (Window(seconds=86_400), Window(seconds=7 * 86_400, tag="HUMAN_AGENT", people_only=True))
    found = shop(LIKE_MAIL.model_copy(update={"windows": windows}))
    await found.customer()
    await found.assign()
    assert (await found.reply()).status == "applied"
    assert (await found.resolve("sara")).status == "applied"
    await found.driver.advance(4 * 86_400)
    assert found.case().status == "closed"
    assert (await write_first(found)).status == "applied"
    assert len(found.cases()) == 2
    # A second message in the new conversation, in which the customer has not written yet.
    assert (await found.reply()).status == "applied"
    assert [message.tag for message in outgoing(found)] == [None, "HUMAN_AGENT", "HUMAN_AGENT"]
    found.driver.now += timedelta(days=4)
    refused = await found.reply()
    assert refused.problem is not None
    assert refused.problem.title == "Window closed"


async def test_what_no_person_wrote_changes_no_status_and_stops_no_clock() -> None:
    found = shop(LIKE_WHATSAPP)
    await found.customer()
    case = found.case()
    assert (await write_first(found, agent=None)).status == "applied"
    after = found.driver.get(CONVERSATIONS, case.id)
    assert after is not None
    assert after.status == case.status
    assert after.response_tracking.open_run() == case.response_tracking.open_run()
    assert outgoing(found)[-1].author.kind == "bot"


async def test_who_blocked_the_account_is_not_written_to() -> None:
    found = shop(LIKE_MAIL)
    await found.customer()
    person = found.driver.get(PERSONS, "w/telegram:main:1")
    assert person is not None
    found.driver.put(PERSONS, person.key, replace(person, blocked=True))
    refused = await write_first(found)
    assert refused.problem is not None
    assert refused.problem.title == "Customer blocked"
