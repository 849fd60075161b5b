"""Conversations of version 2 of the data get a response tracking that follows from their newest messages."""

from collections.abc import Sequence
from typing import Any

import pytest

from schemas.values import instant
from services.domain.conversation_state import ConversationState
from services.domain.response_tracking import answer_delivered, answer_failed
from services.migrations.m0003_response_tracking import (
    change_conversation,
    change_sla_state,
    newest_messages,
)
from services.platform.store.port import Document
from services.records.clocks import SLA_STATES
from services.records.conversations import CONVERSATIONS

MINUTE = "2026-03-02T09:{:02}:00.000000Z"
CASE: Document = {
    "id": "c1",
    "workspace": "w",
    "status": "assigned",
    "channel": "telegram",
    "account": "main",
    "surface": "private",
    "person": "telegram:main:1",
    "team": "default",
    "opened_at": MINUTE.format(0),
    "updated_at": MINUTE.format(9),
    "key": "w/telegram:main:1",
    "answer_due_since": None,
    "first_response": None,
}
ANSWERED = {"started_at": MINUTE.format(0), "stopped_at": MINUTE.format(1)}


def message(name: str, minute: int, author: str, state: str, text: str = "hello", **more: Any) -> Document:
    """A stored message."""
    return {
        "id": name,
        "direction": "inbound" if author == "customer" else "outbound",
        "author": {"kind": author},
        "text": {"key": None, "text": text},
        "attachments": [],
        "sent_at": None,
        "received_at": MINUTE.format(minute),
        "state": state,
        **more,
    }


def migrated(messages: Sequence[Document], **case: Any) -> ConversationState:
    """The record of the conversation after the step; `messages` are oldest first."""
    changed = change_conversation({**CASE, **case}, list(reversed(messages)))
    assert change_conversation(changed, []) == changed
    assert newest_messages(changed) is None
    return CONVERSATIONS.decode(changed)


def test_unanswered_conversation_waits_since_its_first_answer_was_due() -> None:
    state = migrated([message("m1", 3, "customer", "received")], answer_due_since=MINUTE.format(2))
    run = state.response_tracking.open_run()
    assert run is not None
    assert (run.run, run.kind, run.state) == (1, "first_response", "waiting")
    assert (run.started_at, run.last_message) == (instant(MINUTE.format(2)), "m1")


def test_message_after_a_delivered_answer_waits_for_the_next_one() -> None:
    messages = [
        message("m1", 0, "customer", "received"),
        message("a1", 1, "agent", "sent"),
        message("m2", 5, "customer", "received", sent_at=MINUTE.format(4)),
        message("m3", 6, "customer", "received"),
        message("n1", 6, "system", "sent"),
    ]
    run = migrated(messages, first_response=ANSWERED).response_tracking.open_run()
    assert run is not None
    assert (run.run, run.kind, run.started_at, run.messages) == (2, "next_response", instant(MINUTE.format(4)), 2)


def test_answered_conversation_waits_for_nothing() -> None:
    messages = [message("m1", 0, "customer", "received"), message("a1", 1, "account", "read")]
    tracking = migrated(messages, first_response=ANSWERED).response_tracking
    assert tracking.open_run() is None
    assert (tracking.run, tracking.was_answered) == (1, True)


def test_answer_on_its_way_ends_the_run_or_not() -> None:
    messages = [message("m1", 0, "customer", "received"), message("a1", 1, "agent", "queued")]
    tracking = migrated(messages, status="pending", answer_due_since=MINUTE.format(0)).response_tracking
    [ended] = answer_delivered(tracking, "a1").ended
    assert (ended.kind, ended.accepted_at) == ("first_response", instant(MINUTE.format(1)))
    failed = answer_failed(tracking, "a1").tracking.open_run()
    assert failed is not None
    assert failed.state == "waiting"


def test_resolved_conversation_still_waits_for_the_fate_of_an_answer_on_its_way() -> None:
    resolved = {"status": "resolved", "resolved_at": MINUTE.format(7)}
    messages = [message("m1", 0, "customer", "received"), message("a1", 1, "agent", "queued")]
    [ended] = answer_failed(migrated(messages, **resolved).response_tracking, "a1").ended
    assert (ended.state, ended.ended_at) == ("unanswered", instant(MINUTE.format(7)))
    assert migrated(messages[:1], **resolved).response_tracking.open_run() is None


@pytest.mark.parametrize("text", ["\U0001f44d", " \U0001f44d\U0001f3fd \U0001f44d"])
def test_thumbs_up_asks_for_nothing(text: str) -> None:
    messages = [message("a1", 1, "agent", "sent"), message("m1", 3, "customer", "received", text)]
    assert migrated(messages, first_response=ANSWERED).response_tracking.open_run() is None


def test_closed_conversation_needs_no_messages() -> None:
    assert newest_messages({**CASE, "status": "closed"}) is None
    query = newest_messages(CASE)
    assert query is not None
    assert (query.collection, query.index, query.descending) == ("messages", "conversation", True)


def test_sla_state_keeps_its_waits_and_tracks_its_answers() -> None:
    old: Document = {
        "conversation": "c1",
        "workspace": "w",
        "team": "default",
        "priority": "normal",
        "waits": {"next_response": {"since": MINUTE.format(2), "run": 1}},
        "picked": [3],
        "runs": {"first_response": 1, "next_response": 1},
        "begun": ["first_response"],
        "answers": [{"message": "a2", "at": MINUTE.format(3), "asked_at": MINUTE.format(4)}],
    }
    changed = change_sla_state(old)
    assert change_sla_state(changed) == changed
    state = SLA_STATES.decode(changed)
    assert state.open_targets["next_response"].run == 1
    assert (state.started_once, state.selected_versions) == (["first_response"], [3])
    assert state.response_tracking is not None
    after = answer_delivered(state.response_tracking, "a2")
    [ended], run = after.ended, after.tracking.open_run()
    assert (ended.kind, ended.started_at) == ("next_response", instant(MINUTE.format(2)))
    assert run is not None
    assert run.started_at == instant(MINUTE.format(4))
