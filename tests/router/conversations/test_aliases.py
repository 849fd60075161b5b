"""Our messages are known by the ids of the platform: receipts, reactions, echoes and answers find them by any of these."""

from typing import Any

import pytest

from schemas.activity import Participant, Reaction
from schemas.commands import Forward
from schemas.outbound import DeliverySent
from schemas.values import Failure
from services.domain.conversation_state import Contact
from services.domain.failure_phrases import worded
from services.platform.processing.inputs import ReceivedEvent
from services.records.conversations import PERSONS, MessageRecord
from tests.router.conversations.harness import ConversationsHarness
from tests.router.conversations.test_delivered import answered, failed, message_of

ALIAS = "a" * 32
FULL = Failure(code="mailbox_full", detail="the mailbox is full")
HEART = "❤"


async def sent(house: ConversationsHarness, message: str, *aliases: str, **more: Any) -> list[str]:
    """The platform took the reply and will name it by these ids."""
    case = house.case()
    fact = DeliverySent(
        message=message,
        conversation=case.id,
        key=case.key,
        platform_id="77",
        aliases=list(aliases or (ALIAS,)),
        attempts=1,
        at=house.driver.now,
        **more,
    )
    return await house.arrives("deliveries", "pasokh.delivery.sent", fact)


async def receipt(house: ConversationsHarness, state: str, message: str | None = ALIAS, **more: Any) -> list[str]:
    number = len(house.driver.sent) + house.driver.seq
    return await house.customer(number, "receipt", message=message, text=None, receipt_state=state, **more)


async def react(house: ConversationsHarness, emoji: str | None, message: str = ALIAS, **more: Any) -> list[str]:
    reaction = Reaction(emoji=emoji, removed=emoji is None)
    number = len(house.driver.sent) + house.driver.seq
    return await house.customer(number, "reaction", message=message, text=None, reaction=reaction, **more)


async def with_result(house: ConversationsHarness, message: str, is_first: bool, kind: str, **more: Any) -> None:
    """Something about the reply by its alias, before the result of its send or after it."""
    if not is_first:
        await sent(house, message)
    await house.customer(8, kind, message=ALIAS, **more)
    if is_first:
        await sent(house, message)


def reactions(message: MessageRecord) -> list[str | None]:
    return [one.emoji for one in message.reactions if not one.removed]


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("state", ["delivered", "read"])
async def test_a_receipt_finds_the_reply_by_its_alias_also_before_the_result_of_the_send(
    state: str, is_first: bool
) -> None:
    house, message = await answered()
    if is_first:
        assert await receipt(house, state) == []
        assert await sent(house, message) == ["reply_delivered"]
    else:
        assert await sent(house, message) == ["reply_delivered"]
        assert await receipt(house, state) == []
    assert (message_of(house, message).state, message_of(house, message).platform_id) == (state, "77")


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_receipt_about_somebody_who_got_a_copy_says_nothing_of_the_reply(is_first: bool) -> None:
    house = ConversationsHarness()
    omid = Participant(address="Omid@example.com", role="cc")
    await house.customer(participants=[omid], subject="Broken lamp")
    await house.assign()
    message = (await house.reply()).result or ""
    copy = {"person": "telegram:main:omid@example.com", "receipt_state": "failed", "failure": FULL}
    await with_result(house, message, is_first, "receipt", **copy)
    assert (message_of(house, message).state, message_of(house, message).error) == ("sent", None)
    await receipt(house, "failed", failure=FULL)
    assert message_of(house, message).error == worded(FULL, "en")


async def test_a_reply_that_fails_after_it_was_sent_is_the_agents_turn_and_the_customer_waits_again() -> None:
    house, message = await answered()
    began = house.case().response_tracking.open_run()
    assert began is not None
    await sent(house, message)
    assert (house.case().status, house.case().response_tracking.open_run()) == ("pending", None)
    error = Failure(code="not_on_whatsapp", detail="The number has no account.")
    assert await receipt(house, "failed", failure=error) == ["reply_failed", "routing.task_resumed"]
    found = message_of(house, message)
    assert (found.state, found.error, house.case().status) == ("failed", error, "assigned")
    [fact] = house.facts("reply_failed")
    assert fact.error == error
    # The run goes on as if the answer had not been given: it has the start and the kind that it had.
    again = house.case().response_tracking.open_run()
    assert again is not None
    assert (again.kind, again.started_at, again.state) == ("first_response", began.started_at, "waiting")
    assert house.case().first_response_at is None


async def test_a_failure_before_the_result_of_the_send_counts_and_gives_a_reason_where_the_platform_gives_none() -> (
    None
):
    house, message = await answered()
    await receipt(house, "failed")
    assert await sent(house, message) == ["reply_delivered", "reply_failed", "routing.task_resumed"]
    found = message_of(house, message)
    assert (found.state, found.error and found.error.code) == ("failed", "not_delivered")


async def test_what_was_delivered_never_fails_any_more_and_what_failed_may_be_delivered_after_all() -> None:
    house, message = await answered()
    await sent(house, message)
    await receipt(house, "delivered")
    assert await receipt(house, "failed") == []
    assert message_of(house, message).state == "delivered"
    house, message = await answered()
    await sent(house, message)
    await receipt(house, "failed")
    assert await receipt(house, "read") == ["reply_delivered", "pending"]
    assert (message_of(house, message).state, message_of(house, message).error) == ("read", None)
    assert house.case().first_response_at is not None


async def test_a_late_failure_of_an_answer_that_was_followed_by_another_starts_no_run() -> None:
    house, first = await answered()
    await sent(house, first)
    second = (await house.reply(text="and more")).result
    assert second is not None
    await sent(house, second, "b" * 32)
    await receipt(house, "failed")
    assert (message_of(house, first).state, house.case().response_tracking.open_run()) == ("failed", None)


async def test_a_late_failure_makes_the_run_that_is_open_begin_earlier() -> None:
    house, message = await answered()
    began = house.case().response_tracking.open_run()
    assert began is not None
    await sent(house, message)
    await house.driver.advance(60)
    await house.customer(2)
    await receipt(house, "failed")
    run = house.case().response_tracking.open_run()
    assert run is not None
    assert (run.started_at, run.messages) == (began.started_at, 2)


async def test_a_resolved_conversation_stays_so_when_its_answer_fails() -> None:
    house, message = await answered()
    await sent(house, message)
    await house.resolve()
    await receipt(house, "failed")
    assert (house.case().status, house.case().response_tracking.open_run()) == ("resolved", None)
    assert message_of(house, message).state == "failed"


# -- watermarks --------------------------------------------------------------------------------------------------------


async def test_a_watermark_covers_every_message_that_was_sent_until_then() -> None:
    house, first = await answered()
    await sent(house, first)
    await house.driver.advance(10)
    between = house.driver.now
    await house.driver.advance(10)
    second = (await house.reply(text="and more")).result
    assert second is not None
    await sent(house, second, "b" * 32)
    assert await receipt(house, "read", None, watermark=between) == []
    assert [message_of(house, message).state for message in (first, second)] == ["read", "sent"]
    assert await receipt(house, "delivered", None, watermark=house.driver.now) == []
    assert [message_of(house, message).state for message in (first, second)] == ["read", "delivered"]


async def test_a_watermark_before_the_result_of_a_send_covers_the_message_by_the_start_of_the_attempt() -> None:
    house, message = await answered()
    started = house.driver.now
    await house.driver.advance(1)
    await receipt(house, "read", None, watermark=house.driver.now)
    await house.driver.advance(1)
    assert await sent(house, message, started_at=started) == ["reply_delivered"]
    assert (message_of(house, message).state, message_of(house, message).sent_at) == ("read", started)


async def test_a_watermark_says_nothing_of_what_failed_of_other_places_and_of_other_people() -> None:
    house, message = await answered()
    await failed(house, message, "blocked")
    await receipt(house, "read", None, watermark=house.driver.now)
    assert message_of(house, message).state == "failed"
    house, message = await answered()
    await sent(house, message)
    await receipt(house, "read", None, watermark=house.driver.now, surface="public", thread="-100")
    await receipt(house, "read", None, watermark=house.driver.now, person="telegram:main:2")
    assert message_of(house, message).state == "sent"


# -- reactions ---------------------------------------------------------------------------------------------------------


async def test_a_reaction_is_shown_on_the_message_and_a_new_one_of_the_person_replaces_it() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    await house.assign()
    before = house.case()
    assert await react(house, HEART, "m1") == ["reaction_changed"]
    await react(house, "👍", "m1")
    await react(house, HEART, "m1", person="telegram:main:2")
    # Another person's reaction is stored by the partition of the conversation.
    await house.settle()
    assert reactions(house.messages()[0]) == ["👍", HEART]
    assert [(fact.message, fact.reaction and fact.reaction.emoji) for fact in house.facts("reaction_changed")] == [
        ("m1", HEART),
        ("m1", "👍"),
        ("m1", HEART),
    ]
    assert (house.case().status, house.case().response_tracking) == (before.status, before.response_tracking)


async def test_a_reaction_that_is_taken_back_is_gone_and_one_that_arrives_late_changes_nothing() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    early = house.driver.now
    await house.driver.advance(5)
    assert await react(house, None, "m1", sent_at=house.driver.now) == []
    assert await react(house, HEART, "m1", sent_at=early) == []
    assert reactions(house.messages()[0]) == []


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_reaction_to_a_reply_of_ours_finds_it_by_its_alias(is_first: bool) -> None:
    house, message = await answered()
    if is_first:
        assert await react(house, HEART) == []
        assert await sent(house, message) == ["reply_delivered", "reaction_changed"]
    else:
        await sent(house, message)
        assert await react(house, HEART) == ["reaction_changed"]
    assert reactions(message_of(house, message)) == [HEART]


async def test_a_reaction_before_its_message_is_shown_once_that_arrives_and_opens_nothing() -> None:
    house = ConversationsHarness()
    assert await react(house, HEART, "m1") == []
    assert house.cases() == []
    assert "reaction_changed" in await house.customer(1)
    assert reactions(house.messages()[0]) == [HEART]


# -- deletions, edits, echoes, answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_reply_that_was_deleted_on_the_platform_is_shown_so(is_first: bool) -> None:
    house, message = await answered()
    await with_result(house, message, is_first, "deletion", text=None)
    found = message_of(house, message)
    assert (found.state, found.text, found.delivery) == ("deleted", None, "sent")
    assert (house.case().status, len(house.facts("reply_delivered"))) == ("pending", 1)
    await receipt(house, "read")
    assert (message_of(house, message).state, message_of(house, message).delivery) == ("deleted", "read")


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_reply_that_was_edited_on_the_platform_shows_its_new_text(is_first: bool) -> None:
    house, message = await answered()
    edit = {"author": "account", "text": {"text": "hello again"}}
    await with_result(house, message, is_first, "edit", **edit)
    found = message_of(house, message)
    assert (found.text and found.text.text, found.state) == ("hello again", "sent")
    assert len(house.cases()) == 1


# A channel that takes the echo for a customer's message, too; before the id of the reply is known it is one.
@pytest.mark.parametrize(("kind", "is_first"), [("echo", True), ("echo", False), ("message", False)])
@pytest.mark.parametrize("text", ["hello", " hello\n", "another text than we sent"])
async def test_the_echo_of_a_reply_is_no_other_message(kind: str, is_first: bool, text: str) -> None:
    house, message = await answered()
    echo = {"author": "account", "text": {"text": text}}
    await with_result(house, message, is_first, kind, **echo)
    assert [(one.id, one.state) for one in house.messages()] == [("m1", "received"), (message, "sent")]
    assert house.case().status == "pending"


async def test_an_echo_proves_that_a_reply_with_a_doubtful_outcome_was_sent() -> None:
    house, message = await answered()
    await failed(house, message, "outcome_unknown")
    assert house.case().status == "assigned"
    echo = {"message": ALIAS, "own_reply": True, "author": "bot", "platform_id": "77", "text": {"text": "hello"}}
    assert await house.customer(8, "echo", **echo) == ["reply_delivered", "pending"]
    found = message_of(house, message)
    assert (found.state, found.error, found.platform_id) == ("sent", None, "77")
    # By the id of the echo the reply is known from then on.
    await receipt(house, "read")
    assert message_of(house, message).state == "read"


async def test_the_echo_of_an_unsettled_reply_is_no_other_message_when_it_quotes_a_message_of_ours() -> None:
    house, first = await answered()
    await sent(house, first)
    second = await house.reply(text="and one thing more")
    # What it quotes is known by an alias; the echo itself is not.
    echo = {"message": "b" * 32, "author": "account", "text": {"text": "and one thing more"}, "replies_to": [ALIAS]}
    assert await house.customer(8, "echo", **echo) == ["reply_delivered"]
    assert [(one.id, one.state) for one in house.messages()[1:]] == [(first, "sent"), (second.result, "sent")]


async def test_an_echo_of_our_own_application_that_fits_no_reply_is_no_message() -> None:
    house, _ = await answered()
    assert await house.customer(8, "echo", message="x" * 32, own_reply=True, author="bot") == []
    assert len(house.messages()) == 2


async def test_an_echo_that_was_deleted_before_it_came_is_shown_so_and_answers_nothing() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    await house.customer(8, "deletion", message="m8", text=None)
    assert await house.customer(8, "echo", author="account") == ["message_deleted"]
    assert (house.messages()[-1].state, house.case().status) == ("deleted", "waiting")


async def test_an_answer_to_a_reply_of_ours_names_it() -> None:
    house, message = await answered()
    await sent(house, message)
    await house.customer(9, replies_to=["unknown", ALIAS])
    assert house.messages()[-1].reply_to == message


async def test_a_reaction_of_the_person_who_goes_on_in_private_reaches_the_conversations_partition() -> None:
    house, message = await answered()
    await sent(house, message)
    assert await react(house, HEART, person="telegram:main:2") == ["command.forward"]
    event = house.driver.sent[-1]
    assert event.partitionkey == house.case().key
    assert await house.arrives("commands", event.type, event.payload_as(Forward)) == ["reaction_changed"]
    assert reactions(message_of(house, message)) == [HEART]


@pytest.mark.parametrize("kind", ["receipt", "reaction", "deletion", "edit"])
async def test_our_own_id_counts_for_the_person_alone_whom_the_reply_went_to(kind: str) -> None:
    house, message = await answered()
    before = message_of(house, message)
    fields: dict[str, Any] = {
        "message": "f" * 32,
        "aliases": [message],
        "receipt_state": "read",
        "reaction": Reaction(emoji=HEART),
        "text": None,
        "author": "account",
    }
    other = house.activity(70, kind, person="telegram:main:2", **fields)
    assert await house.arrives("inbound", f"pasokh.inbound.{kind}", other) == []
    assert message_of(house, message) == before
    await house.customer(71, kind, **fields)
    assert message_of(house, message) != before


async def test_a_watermark_of_the_person_who_goes_on_in_private_covers_the_conversation_of_another_partition() -> None:
    house, message = await answered()
    await sent(house, message)
    other = "w/telegram:main:2"
    contact = Contact(
        key=other, workspace="w", person="telegram:main:2", seen_at=house.driver.now, forwarded_to=house.case().id
    )
    house.driver.put(PERSONS, other, contact)
    assert await receipt(house, "read", None, watermark=house.driver.now, person="telegram:main:2") == [
        "command.forward"
    ]
    assert message_of(house, message).state == "sent"
    event = house.driver.sent[-1]
    assert event.partitionkey == house.case().key
    await house.driver.batch([ReceivedEvent(event, "commands", 99)])
    assert message_of(house, message).state == "read"
