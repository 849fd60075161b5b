"""Answers, resolves and closes move the response runs of a conversation and its status together."""

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.activity import Address
from schemas.conversation import FirstResponse, Status
from services.domain import response_tracking
from services.domain.conversation_state import ConversationState
from services.router.conversations.domain import responses
from tests.fakes import START

LATER = START + timedelta(minutes=4)
WAITING = ConversationState(
    id="c",
    workspace="w",
    status="assigned",
    channel="telegram",
    account="main",
    surface="private",
    person="telegram:main:1",
    team="default",
    agent="sara",
    key="w/telegram:main:1",
    opened_at=START,
    updated_at=START,
    response_tracking=response_tracking.message_received(response_tracking.ResponseTracking(), "m1", START).tracking,
)


def test_the_first_delivered_answer_is_the_first_response_and_stays_it() -> None:
    answered = responses.delivered(responses.replied(WAITING, "a1", LATER, LATER), "a1", LATER)
    first = FirstResponse(started_at=START, stopped_at=LATER)
    assert answered.first_response == first
    assert (answered.conversation.first_response, answered.conversation.first_response_at) == (first, LATER)
    resolved = responses.resolved(answered.conversation, LATER + timedelta(hours=1))
    assert (resolved.first_response, resolved.ended) == (None, ())
    assert resolved.conversation.first_response == first


def test_a_failed_answer_gives_the_turn_back_to_the_agent_and_ends_no_run() -> None:
    pending = responses.replied(WAITING, "a1", LATER, LATER)
    assert pending.status == "pending"
    failed = responses.reply_failed(pending, "a1", LATER)
    assert (failed.conversation.status, failed.ended) == ("assigned", ())


@pytest.mark.parametrize("status", ["resolved", "closed"])
def test_an_answer_in_a_finished_conversation_changes_no_status(status: Status) -> None:
    assert responses.replied(replace(WAITING, status=status), "a1", LATER, LATER).status == status


def test_a_resolve_ends_the_open_run_unanswered_and_counts() -> None:
    change = responses.resolved(WAITING, LATER)
    assert [run.state for run in change.ended] == ["unanswered"]
    assert (change.conversation.status, change.conversation.resolutions) == ("resolved", 1)
    assert (change.conversation.resolved_at, change.conversation.last_agent) == (LATER, "sara")


def test_a_conversation_follows_its_answer_to_another_address_unless_the_customer_moved() -> None:
    requested, used = Address(chat="1", reply_to="5"), Address(chat="2")
    here = replace(WAITING, addresses={"private": requested})
    assert responses.redirected(here, "private", requested, used).addresses == {"private": used}
    moved = replace(WAITING, addresses={"private": Address(chat="3")})
    assert responses.redirected(moved, "private", requested, used) == moved
