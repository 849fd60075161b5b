"""Every fact of a conversation says who waits for whom; sla and metrics need nothing else."""

from datetime import timedelta

from schemas.conversation import ConversationFact, ResponseRun
from tests.router.conversations.harness import ConversationsHarness


async def assigned_conversation() -> ConversationsHarness:
    """The customer wrote at the beginning, and an agent has the conversation a minute later."""
    house = ConversationsHarness()
    await house.customer(1)
    await house.driver.advance(60)
    await house.assign()
    return house


def last(house: ConversationsHarness, name: str) -> ConversationFact:
    return house.facts(name)[-1]


def run_of(fact: ConversationFact) -> ResponseRun:
    assert fact.response is not None
    return fact.response


def ended(house: ConversationsHarness) -> list[tuple[int, str, str]]:
    """Number, kind and state of every run that ended, in order of the facts."""
    names = (
        "message_received",
        "replied",
        "pending",
        "reply_delivered",
        "reply_failed",
        "resolved",
        "reopened",
        "closed",
    )
    runs = [run for name in names for fact in house.facts(name) for run in fact.ended_responses or ()]
    return sorted((run.run, run.kind, run.state) for run in runs)


async def test_fact_of_the_message_begins_the_run() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    assert last(house, "opened").response is None
    run = run_of(last(house, "message_received"))
    assert (run.run, run.kind, run.state, run.last_message) == (1, "first_response", "waiting", "m1")
    assert run_of(last(house, "queued")) == run


async def test_thumbs_up_begins_none() -> None:
    house = await assigned_conversation()
    await house.delivered((await house.reply()).result or "")
    await house.customer(2, text={"text": "\U0001f44d"})
    fact = last(house, "message_received")
    assert (fact.needs_answer, fact.response, fact.ended_responses) == (False, None, [])


async def test_message_that_was_sent_first_and_arrives_second_moves_the_start() -> None:
    house = await assigned_conversation()
    start = run_of(last(house, "message_received")).started_at
    await house.customer(2, sent_at=start - timedelta(seconds=30))
    run = run_of(last(house, "message_received"))
    assert (run.run, run.messages, run.started_at) == (1, 2, start - timedelta(seconds=30))


async def test_run_ends_at_the_acceptance_of_the_answer_once_that_is_delivered() -> None:
    house = await assigned_conversation()
    accepted_at = house.driver.now
    message = (await house.reply()).result or ""
    run = run_of(last(house, "replied"))
    assert (run.state, run.accepted_at, run.answer) == ("answered_unconfirmed", accepted_at, message)
    await house.driver.advance(30)
    await house.delivered(message)
    fact = last(house, "reply_delivered")
    assert fact.response is None
    [answered] = fact.ended_responses or []
    assert (answered.state, answered.ended_at, answered.visible_at) == ("answered", accepted_at, accepted_at)
    assert fact.first_response is not None
    assert house.case().first_response_at == accepted_at
    await house.customer(2)
    assert run_of(last(house, "message_received")).kind == "next_response"


async def test_run_goes_on_after_an_answer_that_failed() -> None:
    house = await assigned_conversation()
    await house.undelivered((await house.reply()).result or "")
    fact = last(house, "reply_failed")
    assert (fact.previous_status, fact.snapshot.status) == ("pending", "assigned")
    assert (run_of(fact).run, run_of(fact).state, run_of(fact).accepted_at) == (1, "waiting", None)
    assert ended(house) == []


async def test_resolve_without_a_word_ends_the_run_and_the_next_message_begins_its_own() -> None:
    house = await assigned_conversation()
    await house.resolve()
    resolved_at = house.driver.now
    [unanswered] = last(house, "resolved").ended_responses or []
    assert (unanswered.state, unanswered.ended_at, unanswered.accepted_at) == ("unanswered", resolved_at, None)
    await house.driver.advance(3_600)
    await house.customer(2)
    assert last(house, "reopened").response is None
    run = run_of(last(house, "message_received"))
    assert (run.run, run.kind, run.started_at) == (2, "first_response", house.driver.now)


async def test_answer_on_its_way_at_the_resolve_answers_when_it_arrives() -> None:
    house = await assigned_conversation()
    message = (await house.reply()).result or ""
    await house.resolve()
    assert run_of(last(house, "resolved")).state == "answered_unconfirmed"
    await house.delivered(message)
    assert ended(house) == [(1, "first_response", "answered")]


async def test_answer_on_its_way_at_the_resolve_that_fails_leaves_the_run_unanswered() -> None:
    house = await assigned_conversation()
    message = (await house.reply()).result or ""
    await house.resolve()
    await house.customer(2)
    await house.undelivered(message)
    assert ended(house) == [(1, "first_response", "unanswered")]
    run = run_of(last(house, "reply_failed"))
    assert (run.run, run.kind, run.last_message) == (2, "first_response", "m2")
