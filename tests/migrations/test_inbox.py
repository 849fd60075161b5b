"""Conversations of version 10 of the data get their positions in the lists of an inbox, the same that they would have today."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.conversation import Status
from schemas.values import instant_text
from services.domain.conversation_state import ConversationState, OpenClock
from services.domain.inbox import inbox_keys, with_keys
from services.domain.lifecycle import STATUSES
from services.domain.response_tracking import (
    ResponseTracking,
    answer_accepted,
    answer_delivered,
    answer_failed,
    message_received,
    resolved,
)
from services.migrations import MIGRATIONS
from services.migrations.m0011_inbox import add_clocks, add_last_message, add_positions
from services.migrations.m0013_inbox_shelves import add_shelf
from services.platform.store.collections import LAYOUT
from services.platform.store.migrations import PROGRESS_KEY, Progress, migrate
from services.platform.store.port import Changes, Document, Key, Put
from services.records.clocks import CLOCKS
from services.records.conversations import CONVERSATIONS, MESSAGES
from tests.examples import examples
from tests.fakes import ManualTimeSource, MemoryStore
from tests.migrations.harness import open_migrated
from tests.migrations.test_response_tracking import CASE, MINUTE, message

STOPPED_AT = datetime(2026, 11, 28, 7, 35, 45, tzinfo=UTC)


def clock(metric: str, minute: int, state: str, run: int = 1, stopped_at: str | None = None) -> Document:
    return {"metric": metric, "run": run, "due_at": MINUTE.format(minute), "state": state, "stopped_at": stopped_at}


@pytest.mark.parametrize(
    ("newest", "status", "expected"),
    [
        ([], "assigned", {}),
        ([message("m1", 3, "customer", "received")], "assigned", {"last_message": "m1", "last_at": MINUTE.format(3)}),
        (
            [message("m2", 4, "agent", "failed"), message("m1", 3, "customer", "received")],
            "assigned",
            {"last_message": "m2", "last_at": MINUTE.format(4), "last_answer": "m2", "failed_answer": "m2"},
        ),
        (
            [message("m3", 5, "customer", "received"), message("m2", 4, "agent", "failed")],
            "assigned",
            {"last_message": "m3", "last_at": MINUTE.format(5), "last_answer": "m2", "failed_answer": "m2"},
        ),
        (
            [message("m3", 5, "agent", "sent"), message("m2", 4, "agent", "failed")],
            "assigned",
            {"last_message": "m3", "last_at": MINUTE.format(5), "last_answer": "m3"},
        ),
        (
            [message("m2", 4, "agent", "failed")],
            "resolved",
            {"last_message": "m2", "last_at": MINUTE.format(4), "last_answer": "m2"},
        ),
        (
            [
                message("n1", 6, "agent", "received", direction="note"),
                message("b1", 5, "system", "sent"),
                message("m1", 4, "customer", "received"),
            ],
            "assigned",
            {"last_message": "m1", "last_at": MINUTE.format(4)},
        ),
    ],
)
def test_latest_message_is_the_last_that_people_wrote(newest: list[Document], status: str, expected: Document) -> None:
    before = {**CASE, "status": status}
    assert add_last_message(before, newest) == {**before, **expected}


def test_latest_run_of_each_clock_is_open_until_it_is_met() -> None:
    newest = [
        clock("next_response", 9, "breached", run=3),
        clock("pickup", 7, "breached", stopped_at=MINUTE.format(8)),
        clock("next_response", 5, "running", run=2),
        clock("resolution", 8, "paused"),
    ]
    assert add_clocks(CASE, newest)["clocks"] == {
        "next_response": {"run": 3, "due_at": MINUTE.format(9), "state": "breached"},
        "resolution": {"run": 1, "due_at": MINUTE.format(8), "state": "paused"},
    }


STEPS = st.lists(st.sampled_from(["message", "answer", "delivered", "failed", "resolved"]), max_size=8)


def tracked(steps: list[str]) -> ResponseTracking:
    tracking = ResponseTracking()
    for n, step in enumerate(steps):
        at, name = datetime(2026, 3, 2, 9, n, tzinfo=UTC), f"a{n}"
        last = max((k for k in range(n) if steps[k] == "answer"), default=0)
        match step:
            case "message":
                tracking = message_received(tracking, name, at).tracking
            case "answer":
                tracking = answer_accepted(tracking, name, at).tracking
            case "delivered":
                tracking = answer_delivered(tracking, f"a{last}").tracking
            case "failed":
                tracking = answer_failed(tracking, f"a{last}").tracking
            case _:
                tracking = resolved(tracking, at).tracking
    return tracking


@given(
    steps=STEPS,
    due=st.none() | st.integers(0, 59),
    last=st.none() | st.integers(0, 59),
    status=st.sampled_from(STATUSES),
    rests=st.booleans(),
)
@examples(100)
def test_positions_are_those_of_the_rules(
    steps: list[str], due: int | None, last: int | None, status: Status, rests: bool
) -> None:
    known = CONVERSATIONS.decode({name: value for name, value in CASE.items() if name != "answer_due_since"})
    at = datetime(2026, 3, 2, 10, tzinfo=UTC)
    case = replace(
        known,
        status=status,
        snoozed_until=at if rests else None,
        response_tracking=tracked(steps),
        last_at=None if last is None else at.replace(minute=last),
        clocks={} if due is None else {"resolution": OpenClock(run=1, due_at=at.replace(minute=due), state="running")},
    )
    document = Put(Key(CONVERSATIONS.name, case.id), case).document
    document.pop("inbox", None)
    changed = add_shelf(add_positions(document))
    assert CONVERSATIONS.decode(changed).inbox == inbox_keys(case)
    assert add_shelf(add_positions(changed)) == changed
    assert CONVERSATIONS.decode(changed) == with_keys(case)


async def test_step_goes_on_where_it_was_stopped() -> None:
    store = MemoryStore(CONVERSATIONS, MESSAGES, CLOCKS, LAYOUT)
    rest = {name: value for name, value in CASE.items() if name != "answer_due_since"}
    cases: dict[Key, Document] = {Key(CONVERSATIONS.name, f"c{n:03d}"): {**rest, "id": f"c{n:03d}"} for n in range(450)}
    words = message("m7", 7, "customer", "received", conversation="c007", workspace="w", order="1", key="k")
    puts = [Put(key, document) for key, document in cases.items()]
    progress = Put(PROGRESS_KEY, Progress(version=10, target=10, revision=1))
    await store.commit(Changes(puts=[progress, Put(Key(MESSAGES.name, "m7"), words), *puts]))
    for _ in range(2):
        await migrate(store, MIGRATIONS, ManualTimeSource(), "test")
        found = [store.documents[key] for key in cases]
        assert all(CONVERSATIONS.decode(one) == with_keys(CONVERSATIONS.decode(one)) for one in found)
        assert store.documents[Key(CONVERSATIONS.name, "c007")]["last_message"] == "m7"


@pytest.mark.parametrize("version", [0, 5])
async def test_conversations_of_a_folder_of_an_older_version_have_positions(tmp_path: Path, version: int) -> None:
    async with open_migrated(tmp_path, version, STOPPED_AT) as folder:
        cases: list[ConversationState] = [CONVERSATIONS.decode(one) for one in folder.now[CONVERSATIONS.name].values()]
        messages = folder.now[MESSAGES.name]
        assert cases
        for case in cases:
            assert case == with_keys(case)
            assert case.inbox is not None
            assert case.last_message in messages
            assert case.last_at is not None
            assert instant_text(case.last_at) == messages[case.last_message]["received_at"]
