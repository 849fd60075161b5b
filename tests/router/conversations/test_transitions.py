"""A conversation from its first message to its close."""

from datetime import timedelta

import pytest

from schemas.commands import Forward
from schemas.configuration import Match, Rule, RuleActions
from schemas.sla import WatermarkRequest
from services.platform.store.collections import OUTCOMES
from services.platform.store.expiry import purge_expired
from services.platform.store.port import Document, Key
from services.records.conversations import ACTIVITIES, PERSONS
from services.records.ledgers import CONSUMED_COUNTS
from services.router.conversations.domain import transitions
from tests.router.conversations.harness import EARLIER, ConversationsHarness


@pytest.fixture
def house() -> ConversationsHarness:
    return ConversationsHarness(Rule(then=RuleActions(skills={"lang:{language}": 2})))


async def test_first_message_opens_and_queues(house: ConversationsHarness) -> None:
    emitted = await house.customer()
    assert emitted == ["opened", "message_received", "queued", "routing.task_queued"]
    case = house.case()
    assert (case.status, case.team, case.requirement.skills) == ("waiting", "default", {"lang:fa": 2})
    assert case.rule == "rule 1"
    assert case.config_version == 3


def changed_documents(before: dict[Key, Document], house: ConversationsHarness) -> set[str]:
    now = house.driver.store.documents
    return {key.collection for key in before.keys() | now.keys() if before.get(key) != now.get(key)}


async def test_a_repeated_message_changes_nothing(house: ConversationsHarness) -> None:
    await house.customer()
    before = dict(house.driver.store.documents)
    assert await house.customer() == []
    assert changed_documents(before, house) == {CONSUMED_COUNTS.name}


async def test_a_repeat_in_the_same_batch_changes_nothing(house: ConversationsHarness) -> None:
    activity = house.activity()
    twice = [house.driver.arrived("inbound", "pasokh.inbound.message", activity) for _ in range(2)]
    await house.driver.batch(twice)
    assert len(house.messages()) == 1
    assert len(house.facts("opened")) == 1


async def test_second_message_joins_the_same_conversation(house: ConversationsHarness) -> None:
    await house.customer(1)
    assert await house.customer(2) == ["message_received"]
    assert [m.id for m in house.messages()] == ["m1", "m2"]
    assert len(house.cases()) == 1


async def test_messages_of_one_batch_keep_their_order(house: ConversationsHarness) -> None:
    activities = [house.activity(n) for n in (3, 1, 2)]
    await house.driver.batch([house.driver.arrived("inbound", "pasokh.inbound.message", a) for a in activities])
    assert [m.id for m in house.messages()] == ["m3", "m1", "m2"]


async def test_public_places_are_conversations_of_their_own(house: ConversationsHarness) -> None:
    await house.customer(1)
    await house.customer(2, surface="public", thread="-100/7")
    await house.customer(3, surface="public", thread="-100/7")
    await house.customer(4, surface="public", thread="-100/8")
    assert sorted(c.thread or "" for c in house.cases()) == ["", "-100/7", "-100/8"]


async def test_assignment_reply_and_delivery(house: ConversationsHarness) -> None:
    await house.customer()
    assert await house.assign() == ["assigned"]
    outcome = await house.reply()
    assert (outcome.status, outcome.created) == ("applied", True)
    assert house.case().status == "pending"
    assert outcome.result is not None
    assert await house.delivered(outcome.result) == ["reply_delivered"]
    reply = house.messages()[-1]
    assert (reply.state, reply.platform_id, reply.author.id) == ("sent", "77", "sara")


async def test_first_response_is_counted_from_first_message_to_acceptance(house: ConversationsHarness) -> None:
    await house.customer(1)
    await house.assign()
    await house.driver.advance(40)
    await house.customer(2)
    outcome = await house.reply()
    accepted = house.driver.now
    await house.driver.advance(9)
    await house.delivered(outcome.result or "")
    first = house.facts("reply_delivered")[0].first_response
    assert first is not None
    assert first.stopped_at - first.started_at == timedelta(seconds=40)
    assert house.case().first_response_at == accepted


async def test_the_second_answer_is_no_first_response(house: ConversationsHarness) -> None:
    await house.customer()
    await house.assign()
    for _ in range(2):
        await house.delivered((await house.reply()).result or "")
    assert [f.first_response is not None for f in house.facts("reply_delivered")] == [True, False]


async def test_platform_time_counts_when_it_is_more_than_five_seconds_earlier(house: ConversationsHarness) -> None:
    await house.customer(1, sent_at=EARLIER)
    await house.customer(2, sent_at=house.driver.now - timedelta(seconds=5))
    assert [f.at for f in house.facts("message_received")] == [EARLIER, house.driver.now]


async def test_a_failed_answer_is_as_if_nothing_had_been_said(house: ConversationsHarness) -> None:
    await house.customer()
    await house.assign()
    outcome = await house.reply()
    assert await house.undelivered(outcome.result or "") == ["reply_failed", "routing.task_resumed"]
    case = house.case()
    assert (case.status, case.first_response_at) == ("assigned", None)
    assert house.messages()[-1].error is not None
    await house.driver.advance(5)
    later = await house.reply()
    await house.delivered(later.result or "")
    assert house.case().first_response_at == house.driver.now


async def test_a_customer_takes_a_pending_conversation_back(house: ConversationsHarness) -> None:
    await house.customer(1)
    await house.assign()
    await house.reply()
    await house.customer(2)
    assert house.case().status == "assigned"
    assert house.facts("message_received")[-1].previous_status == "pending"


async def test_a_message_within_three_days_reopens_and_prefers_the_last_agent(house: ConversationsHarness) -> None:
    await house.customer(1)
    await house.assign("sara")
    await house.resolve()
    await house.driver.advance(71 * 3600)
    emitted = await house.customer(2)
    assert emitted == ["reopened", "message_received", "queued", "routing.task_queued"]
    assert len(house.cases()) == 1
    assert house.driver.sent[-1].data["preferred"] == "sara"


async def test_a_resolved_conversation_closes_after_three_days_and_the_next_message_opens_another(
    house: ConversationsHarness,
) -> None:
    await house.customer(1)
    await house.assign()
    await house.resolve()
    await house.driver.advance(transitions.CLOSES_AFTER.total_seconds())
    assert house.case().status == "closed"
    assert (await house.customer(2))[0] == "opened"
    assert [c.status for c in house.cases()] == ["closed", "waiting"]


async def test_a_reopened_conversation_does_not_close(house: ConversationsHarness) -> None:
    await house.customer(1)
    await house.resolve()
    await house.driver.advance(3600)
    await house.customer(2)
    await house.driver.advance(transitions.CLOSES_AFTER.total_seconds())
    assert house.case().status == "waiting"
    assert house.facts("closed") == []


async def test_resolving_frees_the_agent(house: ConversationsHarness) -> None:
    await house.customer()
    await house.assign()
    outcome = await house.resolve("sara")
    assert outcome.status == "applied"
    assert house.driver.sent[-1].type == "pasokh.routing.task_closed"
    assert house.case().resolved_at == house.driver.now


async def test_an_assignment_that_comes_after_the_resolve_is_let_go(house: ConversationsHarness) -> None:
    await house.customer()
    await house.resolve()
    assert await house.assign() == ["routing.task_closed"]
    assert house.case().status == "resolved"


async def test_an_edit_replaces_text_and_changes_no_status(house: ConversationsHarness) -> None:
    await house.customer(1)
    await house.assign()
    await house.reply()
    emitted = await house.customer(1, "edit", text={"text": "better"}, sent_at=house.driver.now)
    assert emitted == ["message_edited"]
    assert house.case().status == "pending"
    first = house.messages()[0]
    assert (first.state, first.text and first.text.text) == ("edited", "better")


async def test_an_edit_reopens_nothing(house: ConversationsHarness) -> None:
    await house.customer(1)
    await house.resolve()
    await house.customer(1, "edit", text={"text": "better"}, sent_at=house.driver.now)
    assert house.case().status == "resolved"


async def test_an_edit_before_its_original_is_the_message_and_the_original_a_repeat(
    house: ConversationsHarness,
) -> None:
    assert (await house.customer(1, "edit"))[0] == "opened"
    assert await house.customer(1) == []
    assert [m.state for m in house.messages()] == ["edited"]


async def test_of_edits_within_one_second_the_later_to_arrive_stays(house: ConversationsHarness) -> None:
    await house.customer(1)
    at = house.driver.now
    await house.customer(1, "edit", id="e1", text={"text": "first"}, sent_at=at)
    await house.customer(1, "edit", id="e2", text={"text": "second"}, sent_at=at)
    [message] = house.messages()
    assert message.text is not None
    assert message.text.text == "second"


async def test_an_older_edit_does_not_undo_the_edit_that_came_before_its_original(house: ConversationsHarness) -> None:
    late = house.driver.now
    early = late - timedelta(seconds=30)
    await house.customer(1, "edit", id="e2", text={"text": "second"}, sent_at=late)
    await house.customer(1, "edit", id="e1", text={"text": "first"}, sent_at=early)
    [message] = house.messages()
    assert message.text is not None
    assert message.text.text == "second"


async def test_edits_out_of_order_keep_the_latest(house: ConversationsHarness) -> None:
    await house.customer(1)
    late, early = house.driver.now + timedelta(seconds=9), house.driver.now
    await house.customer(1, "edit", id="e2", text={"text": "second"}, sent_at=late)
    await house.customer(1, "edit", id="e1", text={"text": "first"}, sent_at=early)
    text = house.messages()[0].text
    assert text is not None
    assert text.text == "second"


async def test_a_deletion_removes_the_text(house: ConversationsHarness) -> None:
    await house.customer(1)
    assert await house.customer(1, "deletion") == ["message_deleted"]
    assert (house.messages()[0].state, house.messages()[0].text) == ("deleted", None)


async def test_unknown_activities_are_remembered_and_change_nothing(house: ConversationsHarness) -> None:
    assert await house.customer(5, "unknown") == []
    assert house.driver.get(ACTIVITIES, "unknown-5") is not None
    assert house.cases() == []


async def test_ids_of_activities_are_deleted_when_nothing_can_repeat_them(house: ConversationsHarness) -> None:
    await house.customer(5, "unknown")
    assert await purge_expired(house.driver.store, [ACTIVITIES], house.driver.now + timedelta(days=37)) == 0
    assert await purge_expired(house.driver.store, [ACTIVITIES], house.driver.now + timedelta(days=38)) == 1


async def test_blocking_is_known_of_the_person(house: ConversationsHarness) -> None:
    await house.customer(1, "follow", details={"state": "blocked"})
    person = house.driver.get(PERSONS, "w/telegram:main:1")
    assert person is not None
    assert person.blocked


async def test_a_question_for_the_time_is_answered_by_a_timer_of_now(house: ConversationsHarness) -> None:
    due = WatermarkRequest(at=house.driver.now)
    assert await house.arrives("sla", "pasokh.control.watermark_request", due) == []
    await house.driver.advance(0)
    assert house.driver.sent[-1].type == "pasokh.control.watermark"
    assert house.driver.timers() == []


async def test_rules_give_team_and_priority_and_the_first_match_wins() -> None:
    urgent = Rule(when=Match(language=["lv", "fa"]), then=RuleActions(team="billing", priority="urgent"))
    house = ConversationsHarness(
        Rule(when=Match(channel="email"), then=RuleActions()), urgent, Rule(then=RuleActions(priority="low"))
    )
    await house.customer()
    case = house.case()
    assert (case.team, case.priority, case.rule) == ("billing", "urgent", "rule 2")


async def test_a_team_that_is_gone_falls_back_to_default() -> None:
    house = ConversationsHarness(Rule(then=RuleActions(team="gone")))
    await house.customer()
    assert house.case().team == "default"


async def test_every_command_leaves_one_outcome(house: ConversationsHarness) -> None:
    await house.customer()
    await house.assign()
    outcome = await house.reply()
    assert house.driver.get(OUTCOMES, outcome.id) == outcome


@pytest.mark.parametrize(("kind", "emitted"), [("edit", "message_edited"), ("deletion", "message_deleted")])
async def test_a_message_of_another_person_is_changed_by_the_owner_of_its_conversation(
    house: ConversationsHarness, kind: str, emitted: str
) -> None:
    await house.customer(1, message="theirs")
    before, case = house.messages(), house.case()
    change = house.activity(2, kind, person="telegram:main:moderator", message="theirs", text={"text": "better"})
    assert await house.arrives("inbound", f"pasokh.inbound.{kind}", change) == ["command.forward"]
    assert house.driver.sent[-1].partitionkey == case.key
    assert (house.messages(), house.case()) == (before, case)
    forwarded = Forward.model_validate(house.driver.sent[-1].data)
    assert await house.arrives("commands", "pasokh.command.forward", forwarded) == [emitted]
    assert house.messages() != before
    assert await house.arrives("inbound", f"pasokh.inbound.{kind}", change) == []


async def test_what_a_channel_tells_of_a_customer_is_kept_until_it_tells_something_else(
    house: ConversationsHarness,
) -> None:
    await house.customer(1, details={"email": "neda@example.com", "phone": "+98 21 1234"})
    await house.customer(2, details={"email": "", "phone": None})
    await house.customer(3, details={"phone": "+98 21 5678"})
    person = house.driver.get(PERSONS, "w/telegram:main:1")
    assert person is not None
    assert (person.email, person.phone) == ("neda@example.com", "+98 21 5678")
