"""A customer who is silent after an answer: the task stops counting, then the conversation is resolved; and what ends the silence."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.channel import Pace
from schemas.configuration import (
    TeamBody,
    TeamSettings,
    Versioned,
    WorkspaceBody,
    WorkspaceConfiguration,
    WorkspaceSettings,
)
from schemas.conversation import Handoff, Status
from schemas.routing import TaskPaused, TaskResumed
from services.domain import response_tracking
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import STATUSES
from services.records.configuration import CONFIGURATIONS
from services.router.conversations.domain.silence import NOTHING_DUE, DueAction, SilenceRules, due, silence_rules
from tests.examples import examples
from tests.fakes import START
from tests.router.conversations.harness import ConversationsHarness

DAY = 86_400.0
WEEK = 7 * DAY


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def rules(release: float = 600, resolve: float | None = WEEK) -> SilenceRules:
    return SilenceRules(timedelta(seconds=release), None if resolve is None else timedelta(seconds=resolve))


def conversation(status: Status = "pending", agent: str | None = "sara", **more: Any) -> ConversationState:
    known: dict[str, Any] = {
        "id": "c",
        "workspace": "w",
        "key": "w/telegram:main:1",
        "channel": "telegram",
        "account": "main",
        "surface": "private",
        "person": "telegram:main:1",
        "team": "default",
        "opened_at": START,
        "updated_at": START,
        "silent_since": START,
    }
    return ConversationState(status=status, agent=agent, **{**known, **more})


def hand_off(state: Any) -> Handoff:
    return Handoff(state=state, started_at=START, reason="sensitive")


UNANSWERED = response_tracking.message_received(response_tracking.ResponseTracking(), "m1", START).tracking
HANDS_OFF, HANDED_OFF = {"handoff": hand_off("started")}, {"handoff": hand_off("completed")}
HOUR = 3600.0


@pytest.mark.parametrize(
    ("case", "after", "expected"),
    [
        # Pending: counts until 600 s, then does not; resolved after a week.
        ({}, 0, DueAction(next_at=at(600))),
        ({}, 599, DueAction(next_at=at(600))),
        ({}, 600, DueAction(releases=True, next_at=at(WEEK))),
        ({}, WEEK - 1, DueAction(releases=True, next_at=at(WEEK))),
        ({}, WEEK, DueAction(resolves=True)),
        # Answered elsewhere: it has no task.
        ({"agent": None}, 600, DueAction(next_at=at(WEEK))),
        ({"agent": None}, WEEK, DueAction(resolves=True)),
        # A question or a failed answer is open, or a hand-off runs: never resolved, and looked at again.
        ({"response_tracking": UNANSWERED}, WEEK, DueAction(releases=True, next_at=at(WEEK + HOUR))),
        (HANDS_OFF, WEEK, DueAction(releases=True, next_at=at(WEEK + HOUR))),
        (HANDED_OFF, WEEK, DueAction(resolves=True)),
        ({"handoff": hand_off("expired")}, WEEK, DueAction(resolves=True)),
        # Of an earlier version, which did not record the answer: the last change counts.
        ({"silent_since": None}, 600, DueAction(releases=True, next_at=at(WEEK))),
    ],
)
def test_silence_of_pending_conversations(case: dict[str, Any], after: float, expected: DueAction) -> None:
    assert due(conversation(**case), rules(), at(after)) == expected


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "pending"])
@pytest.mark.parametrize("after", [0, 600, WEEK, 10 * WEEK])
def test_no_other_status_is_silent(status: Status, after: float) -> None:
    assert due(conversation(status), rules(), at(after)) == NOTHING_DUE


@pytest.mark.parametrize(
    ("channel", "pace", "written", "release", "resolve"),
    [
        ("telegram", "chat", {}, 600, WEEK),
        ("webchat", "chat", {}, 600, DAY),
        ("voice", "call", {}, 600, WEEK),
        ("email", "mail", {}, 0, WEEK),
        ("google", "review", {}, 0, WEEK),
        ("telegram", "chat", {"pending_release_seconds": 30}, 30, WEEK),
        ("email", "mail", {"pending_release_seconds": 30}, 0, WEEK),
        ("webchat", "chat", {"auto_resolve_seconds": 60}, 600, 60),
        ("webchat", "chat", {"auto_resolve_seconds": {"default": 60}}, 600, 60),
        ("telegram", "chat", {"auto_resolve_seconds": {"webchat": 60}}, 600, None),
        ("webchat", "chat", {"auto_resolve_seconds": {"webchat": None, "default": 60}}, 600, None),
        ("webchat", "chat", {"auto_resolve_seconds": None}, 600, None),
    ],
)
def test_settings_by_channel(
    channel: str, pace: Pace, written: dict[str, Any], release: float, resolve: float | None
) -> None:
    case = conversation(channel=channel)
    assert silence_rules(configured(written), case, {channel: pace}) == rules(release, resolve)


@pytest.mark.parametrize(
    ("team", "release", "resolve"),
    [("sales", 30, DAY), ("care", 600, WEEK), ("never", 600, None), ("default", 600, WEEK)],
)
def test_a_team_has_settings_of_its_own(team: str, release: float, resolve: float | None) -> None:
    own = {
        "sales": TeamSettings(pending_release_seconds=30, auto_resolve_seconds=DAY),
        "care": None,
        "never": TeamSettings(auto_resolve_seconds={"default": None}),
    }
    teams = {name: Versioned(body=TeamBody(name=name, settings=one), version=1, at=START) for name, one in own.items()}
    configuration = configured({}).model_copy(update={"teams": teams})
    assert silence_rules(configuration, conversation(team=team), {}) == rules(release, resolve)


@examples(50)
@given(
    status=st.sampled_from(STATUSES),
    agent=st.sampled_from([None, "sara"]),
    after=st.floats(0, 3 * WEEK),
    release=st.floats(1, 2 * WEEK),
    resolve=st.none() | st.floats(1, 2 * WEEK),
)
def test_the_next_time_lies_ahead_and_nothing_happens_before_its_time(
    status: Status, agent: str | None, after: float, release: float, resolve: float | None
) -> None:
    found = due(conversation(status, agent), rules(release, resolve), at(after))
    assert found.next_at is None or found.next_at > at(after)
    assert not found.resolves or (status == "pending" and resolve is not None and at(after) >= at(resolve))
    assert not found.releases or (agent == "sara" and at(after) >= at(release))


def configured(written: dict[str, Any], workspace: str = "w") -> WorkspaceConfiguration:
    body = WorkspaceBody(name="Shop", settings=WorkspaceSettings.model_validate(written))
    return WorkspaceConfiguration(
        workspace=workspace, version=3, profile=Versioned(body=body, version=1, at=START), teams={}
    )


# -- in the processor --------------------------------------------------------------------------------------------------


@pytest.fixture
async def house() -> ConversationsHarness:
    harness = ConversationsHarness()
    await harness.customer(1)
    await harness.assign("sara")
    return harness


def of_type(house: ConversationsHarness, kind: str) -> list[dict[str, Any]]:
    return [event.data for event in house.driver.sent if event.type == f"pasokh.routing.{kind}"]


async def answer(house: ConversationsHarness) -> None:
    outcome = await house.reply()
    assert outcome.status == "applied"
    await house.delivered(str(outcome.result))


async def test_a_silent_customer_stops_counting_after_ten_minutes_and_is_resolved_after_a_week(
    house: ConversationsHarness,
) -> None:
    await answer(house)
    await house.driver.advance(599)
    assert of_type(house, "task_paused") == []
    await house.driver.advance(1)
    paused = TaskPaused.model_validate(of_type(house, "task_paused")[0])
    assert (paused.conversation, paused.agent) == (house.case().id, "sara")
    assert house.case().status == "pending"
    await house.driver.advance(WEEK - 601)
    assert house.case().status == "pending"
    await house.driver.advance(1)
    assert [fact.reason for fact in house.facts("resolved")] == ["no_answer"]
    assert len(of_type(house, "task_closed")) == 1
    await house.driver.advance(3 * DAY)
    assert house.case().status == "closed"
    assert len(of_type(house, "task_paused")) == 1


async def test_a_conversation_that_an_agent_resolves_has_no_reason(house: ConversationsHarness) -> None:
    await answer(house)
    await house.resolve("sara")
    assert [fact.reason for fact in house.facts("resolved")] == [None]


async def test_the_customers_word_resumes_the_task_and_the_silence_begins_anew(house: ConversationsHarness) -> None:
    await answer(house)
    await house.driver.advance(500)
    await house.customer(2)
    resumed = TaskResumed.model_validate(of_type(house, "task_resumed")[0])
    assert (resumed.conversation, resumed.preferred_seconds) == (house.case().id, 60)
    await house.driver.advance(50)
    await answer(house)
    await house.driver.advance(599)
    assert of_type(house, "task_paused") == []
    await house.driver.advance(1)
    assert len(of_type(house, "task_paused")) == 1


async def test_an_unanswered_customer_is_never_released_or_resolved(house: ConversationsHarness) -> None:
    await answer(house)
    await house.customer(2)
    await house.driver.advance(10 * WEEK)
    assert house.case().status == "assigned"
    assert of_type(house, "task_paused") == []


async def test_an_answer_that_failed_is_the_agents_turn(house: ConversationsHarness) -> None:
    outcome = await house.reply()
    await house.driver.advance(700)
    await house.undelivered(str(outcome.result))
    assert len(of_type(house, "task_resumed")) == 1
    await house.driver.advance(10 * WEEK)
    assert house.case().status == "assigned"


async def test_a_lively_conversation_sets_its_timer_once(house: ConversationsHarness) -> None:
    for number in range(2, 7):
        await answer(house)
        await house.customer(number)
    assert [timer.due_at for timer in house.driver.timers() if timer.name.startswith("silence/")] == [at(600)]


async def test_a_transfer_of_a_silent_conversation_does_not_count_for_the_new_agent(
    house: ConversationsHarness,
) -> None:
    await answer(house)
    await house.driver.advance(700)
    await house.assign("omar")
    await house.driver.fire_due()
    assert [data["agent"] for data in of_type(house, "task_paused")] == ["sara", "omar"]


async def test_settings_of_the_workspace(house: ConversationsHarness) -> None:
    before = house.driver.get(CONFIGURATIONS, "w/3")
    assert before is not None
    written = {"pending_release_seconds": 5, "auto_resolve_seconds": 20}
    house.driver.put(CONFIGURATIONS, "w/3", before.model_copy(update={"profile": configured(written).profile}))
    await answer(house)
    await house.driver.advance(5)
    assert len(of_type(house, "task_paused")) == 1
    await house.driver.advance(15)
    assert house.case().status == "resolved"
