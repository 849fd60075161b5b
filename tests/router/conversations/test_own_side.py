"""What our own side says elsewhere is an answer in the conversation, and no case of its own."""

from datetime import timedelta
from typing import Any

from schemas.activity import Address
from schemas.commands import Forward, Transfer
from schemas.conversation import MessageState
from schemas.routing import TaskForceAssigned
from services.records.conversations import PERSONS
from tests.router.conversations.harness import ConversationsHarness
from tests.router.conversations.telegram import GROUP, PRIVATE, activities, arrive, in_group, message, texts, update

OWNER: dict[str, Any] = {"id": 5, "is_bot": False, "first_name": "Owner"}
BUSINESS: dict[str, Any] = {"business_connection_id": "bc"}
ANONYMOUS: dict[str, Any] = {"from": {"id": 1087968824, "is_bot": True, "first_name": "Group"}, "sender_chat": GROUP}
NEWS: dict[str, Any] = {"id": -1009, "type": "channel", "title": "News"}
AS_NEWS: dict[str, Any] = {"from": {"id": 136817688, "is_bot": True, "first_name": "Channel"}, "sender_chat": NEWS}


async def asked_by_phone(house: ConversationsHarness) -> None:
    await update(house, "business_message", **message(1, "where is my order", **BUSINESS))


async def owner_says(house: ConversationsHarness, text: str = "tomorrow", number: int = 2, **more: Any) -> list[str]:
    await house.driver.advance(60)
    body = message(number, text, date=house.driver.now, sender=OWNER, **BUSINESS, **more)
    return await update(house, "business_message", **body)


async def test_the_owners_answer_by_phone_stands_in_the_conversation_as_sent() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    await owner_says(house)
    answer = house.messages()[-1]
    assert texts(house) == ["where is my order", "tomorrow"]
    assert (answer.direction, answer.author.kind, answer.author.name, answer.state) == (
        "outbound",
        "account",
        "Owner",
        "sent",
    )


async def test_what_telegram_says_by_itself_while_the_shop_is_closed_answers_nobody() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    await owner_says(house, "We open at nine.", is_from_offline=True)
    away = house.messages()[-1]
    assert (away.direction, away.author.kind, away.automatic) == ("outbound", "bot", True)
    assert [(fact.author, fact.first_response) for fact in house.facts("reply_delivered")] == [("bot", None)]
    assert house.case().first_response_at is None
    assert house.case().status == "waiting"


async def test_a_channels_post_and_its_edit_are_nobodys_message() -> None:
    house = ConversationsHarness()
    post = {"message_id": 12, "chat": NEWS, "sender_chat": NEWS, "date": 1_700_000_000, "text": "New goods"}
    assert await update(house, "channel_post", **post) == []
    assert await update(house, "edited_channel_post", **post | {"text": "New goods!", "edit_date": 1_700_000_009}) == []
    assert (house.cases(), house.messages()) == ([], [])


async def test_it_is_the_first_response_counted_when_it_was_said() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    asked_at = house.driver.now
    await owner_says(house)
    (fact,) = house.facts("reply_delivered")
    assert fact.author == "account"
    assert fact.first_response is not None
    assert fact.first_response.stopped_at - asked_at == timedelta(seconds=60)
    assert house.case().first_response_at == fact.first_response.stopped_at


async def test_with_an_agent_it_becomes_pending_as_after_the_agents_own_reply() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    await house.assign("sara")
    assert await owner_says(house) == ["replied", "pending", "reply_delivered"]
    assert (house.case().status, house.case().agent) == ("pending", "sara")


async def test_a_waiting_case_leaves_the_queue_and_comes_back_with_the_customers_next_message() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    assert "routing.task_closed" in await owner_says(house)
    assert (house.case().status, house.case().agent) == ("pending", None)
    again = await update(house, "business_message", **message(3, "and when", date=house.driver.now, **BUSINESS))
    assert again == ["message_received", "queued", "routing.task_queued"]
    assert house.case().status == "waiting"


async def test_an_assignment_that_was_on_its_way_gives_nobody_what_is_answered() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    await owner_says(house)
    assert await house.assign("sara") == []
    assert house.case().agent is None


async def test_what_left_the_queue_can_still_be_given_to_somebody() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    await owner_says(house)
    sent = len(house.driver.sent)
    fields: dict[str, Any] = {"conversation": house.case().id, "accepted_at": house.driver.now, "request_hash": "h"}
    assert (await house.command("transfer", Transfer(to_agent="sara", **fields))).status == "applied"
    emitted = {event.type: event.data for event in house.driver.sent[sent:]}
    # One event, so that nobody else gets it in between.
    assert "pasokh.routing.task_queued" not in emitted
    assert TaskForceAssigned.model_validate(emitted["pasokh.routing.task_force_assigned"]).task is not None
    assert await house.assign("sara") == ["assigned"]


async def test_who_replies_to_what_left_the_queue_takes_it() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    await owner_says(house)
    assert (await house.reply("sara")).status == "applied"
    assert (house.case().status, house.case().agent) == ("pending", "sara")


async def test_what_left_the_queue_can_be_given_to_a_team() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    await owner_says(house)
    sent = len(house.driver.sent)
    fields: dict[str, Any] = {"conversation": house.case().id, "accepted_at": house.driver.now, "request_hash": "h"}
    assert (await house.command("transfer", Transfer(to_team="billing", **fields))).status == "applied"
    assert "pasokh.routing.task_queued" in [event.type for event in house.driver.sent[sent:]]
    assert (house.case().status, house.case().team) == ("waiting", "billing")


async def test_a_repeat_says_nothing_and_a_resolved_conversation_stays_so() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    await owner_says(house)
    again = message(2, "tomorrow", date=house.driver.now, sender=OWNER, **BUSINESS)
    assert await update(house, "business_message", **again) == []
    await house.resolve()
    await owner_says(house, "thank you", 3)
    assert house.case().status == "resolved"
    assert texts(house)[-1] == "thank you"


async def test_without_a_conversation_the_owners_word_opens_none() -> None:
    house = ConversationsHarness()
    assert await owner_says(house) == []
    assert house.cases() == []


async def test_what_the_owner_corrects_is_corrected_and_what_he_takes_back_is_gone() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    await owner_says(house)
    later: dict[str, Any] = {"edit_date": int(house.driver.now.timestamp()) + 9}
    await update(
        house,
        "edited_business_message",
        **message(2, "on Monday", date=house.driver.now, sender=OWNER, **later, **BUSINESS),
    )
    states: list[MessageState] = [house.messages()[-1].state]
    assert texts(house)[-1] == "on Monday"
    await update(house, "deleted_business_messages", chat=PRIVATE, message_ids=[2], **BUSINESS)
    states.append(house.messages()[-1].state)
    assert (states, house.case().status) == (["sent", "deleted"], "pending")


async def test_our_own_reply_that_comes_back_is_no_other_message() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    assert await owner_says(house, "hello", sender_business_bot={"id": 1001, "is_bot": True, "first_name": "b"}) == []
    bot = {"id": 1001, "is_bot": True, "first_name": "b"}
    assert await update(house, "message", **message(7, "hello", sender=bot)) == []


async def test_another_bot_of_the_business_is_shown_and_stops_no_clock() -> None:
    house = ConversationsHarness()
    await asked_by_phone(house)
    await owner_says(house, "we open at 9", sender_business_bot={"id": 9, "is_bot": True, "first_name": "b"})
    assert (house.messages()[-1].author.kind, house.case().status) == ("bot", "waiting")
    assert house.case().first_response_at is None


async def test_an_anonymous_admins_answer_is_ours_and_a_word_to_all_is_no_case() -> None:
    house = ConversationsHarness()
    assert await update(house, "message", **in_group(1, "welcome", **ANONYMOUS)) == []
    fields = in_group(2, "is it in stock")
    await update(house, "message", **fields)
    await update(house, "message", **in_group(3, "yes", reply_to_message=fields, **ANONYMOUS))
    answer = house.messages()[-1]
    assert (answer.author.kind, answer.surface, answer.reply_to) == ("account", "public", house.messages()[0].id)
    assert (len(house.cases()), house.case().status) == (1, "pending")


async def test_who_speaks_as_the_linked_channel_is_ours_and_a_strange_channel_is_a_customer() -> None:
    house = ConversationsHarness()
    forwarded = in_group(1, "new goods", is_automatic_forward=True, **AS_NEWS)
    assert await update(house, "message", **forwarded) == []
    assert await update(house, "message", **in_group(2, "sale ends today", **AS_NEWS)) == []
    assert house.cases() == []
    stranger = {**AS_NEWS, "sender_chat": {"id": -1010, "type": "channel", "title": "A buyer"}}
    assert "opened" in await update(house, "message", **in_group(3, "how much", **stranger))


async def test_the_linked_channels_answer_goes_to_the_owner_of_the_conversation() -> None:
    house = ConversationsHarness()
    await update(house, "message", **in_group(1, "new goods", is_automatic_forward=True, **AS_NEWS))
    fields = in_group(2, "is it in stock")
    await update(house, "message", **fields)
    assert await update(house, "message", **in_group(3, "yes", reply_to_message=fields, **AS_NEWS)) == [
        "command.forward"
    ]
    event = house.driver.sent[-1]
    assert event.partitionkey == house.case().key
    await house.arrives("commands", event.type, event.payload_as(Forward))
    assert (house.messages()[-1].author.kind, house.case().status) == ("account", "pending")


async def test_a_channel_is_ours_only_in_the_group_that_it_is_linked_to() -> None:
    house = ConversationsHarness()
    await update(house, "message", **in_group(1, "new goods", is_automatic_forward=True, **AS_NEWS))
    elsewhere = {"id": -5200, "type": "group", "title": "Others"}
    assert "opened" in await update(house, "message", **in_group(2, "hello", elsewhere, **AS_NEWS))
    person = house.driver.get(PERSONS, "w/telegram:main:-1009")
    assert person is not None
    assert person.linked_groups == ["-5100"]


async def test_a_systems_echo_of_our_reply_by_its_id_is_no_other_message() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    await house.assign("sara")
    reply = (await house.reply("sara")).result
    assert reply is not None
    own = house.activity(2, "echo", author="account", message="other", aliases=[reply], address=Address(chat="1"))
    # The system shows that it has the reply, before the callback has answered.
    assert await arrive(house, own) == ["reply_delivered"]
    assert len(house.messages()) == 2
    other = house.activity(3, "echo", author="account", message="m3")
    assert "reply_delivered" in await arrive(house, other)


def test_every_side_of_a_business_chat_belongs_to_the_customers_person() -> None:
    (answer,) = activities("business_message", **message(2, "hi", sender=OWNER, **BUSINESS))
    assert (answer.kind, answer.author, answer.person, answer.person_name) == (
        "echo",
        "account",
        "telegram:main:70001",
        None,
    )
