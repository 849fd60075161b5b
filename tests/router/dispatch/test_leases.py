"""Leases in dispatch: what the silence of a page does, that timers survive restarts, and that a stop of ours harms nobody."""

from datetime import timedelta

import pytest

from services.platform.processing.inputs import TimerFired
from tests.router.dispatch.harness import SHOP, DispatchHarness
from tests.router.dispatch.test_presence import asked, returned


@pytest.fixture
def dispatch() -> DispatchHarness:
    return DispatchHarness()


def shown(dispatch: DispatchHarness, agent: str = "ann") -> tuple[str, str | None]:
    record = dispatch.agent(agent)
    return record.presence, record.presence_reason


async def beats(dispatch: DispatchHarness, seconds: float, *agents: str, idle: float | None = None) -> None:
    """The pages of these agents answer every 15 seconds for so long."""
    for _ in range(int(seconds / 15)):
        await dispatch.advance(15)
        for agent in agents:
            await dispatch.beat(agent, idle=idle)


async def test_lost_connection_step_by_step(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.beat("ann", renews=True)
    await beats(dispatch, 90, "ann")
    assert shown(dispatch) == ("online", None)
    await dispatch.advance(59)
    assert shown(dispatch) == ("online", None)
    await dispatch.advance(1)
    assert shown(dispatch) == ("away", "connection_lost")
    assert dispatch.agent("ann").presence_declared == "online"
    # A process that dies in between loses nothing.
    dispatch.restart()
    await dispatch.advance(239)
    assert asked(dispatch.sent) == []
    await dispatch.advance(1)
    (command,) = asked(dispatch.sent)
    assert (command.conversation, command.reason, command.preferred_seconds) == ("c1", "connection_lost", 60.0)
    await returned(dispatch, command)
    assert dispatch.holder("c1") is None
    dispatch.restart()
    await dispatch.advance(600)
    assert shown(dispatch) == ("offline", "connection_lost")


async def test_a_reload_is_nothing(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    version = dispatch.agent("ann").presence_version
    await dispatch.beat("ann", renews=True)
    await dispatch.advance(44)
    await beats(dispatch, 600, "ann")
    assert (shown(dispatch), dispatch.agent("ann").presence_version) == (("online", None), version)


async def test_beats_lift_it_and_what_waits_is_theirs_first_for_a_minute(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann", capacity=1)
    await dispatch.queue("c1")
    await dispatch.beat("ann", renews=True)
    await dispatch.advance(301)
    await returned(dispatch, *asked(dispatch.sent))
    assert dispatch.holder("c1") is None
    await dispatch.beat("ann", renews=True)
    assert (shown(dispatch), dispatch.holder("c1")) == (("online", None), "ann")


async def test_an_agent_without_a_lease_has_no_timer(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.queue("c1")
    assert dispatch.timers() == []
    await dispatch.advance(100_000)
    assert (shown(dispatch), dispatch.holder("c1")) == (("online", None), "ann")


async def test_pending_work_of_who_is_lost_stays_and_goes_to_others_at_the_customers_word(
    dispatch: DispatchHarness,
) -> None:
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.handle(
        dispatch.event("task_paused", {**dispatch.named("c1"), "agent": "ann", "at": dispatch.now.isoformat()})
    )
    await dispatch.beat("ann", renews=True)
    await dispatch.advance(901)
    assert (shown(dispatch), dispatch.holder("c1")) == (("offline", "connection_lost"), "ann")
    await dispatch.online("bob")
    await dispatch.handle(dispatch.event("task_resumed", {**dispatch.named("c1"), "at": dispatch.now.isoformat()}))
    assert dispatch.holder("c1") == "bob"


async def test_two_pages_of_one_agent_are_one_lease(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.beat("ann", renews=True)
    await dispatch.beat("ann", renews=True)
    assert [timer.name for timer in dispatch.timers()] == [f"presence/{SHOP}/ann"]
    await dispatch.advance(61)
    assert shown(dispatch) == ("away", "connection_lost")


async def test_idle_is_off_unless_it_is_set_and_input_lifts_it(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.beat("ann", idle=0, renews=True)
    await beats(dispatch, 1200, "ann", idle=1200)
    assert shown(dispatch) == ("online", None)
    dispatch.configure("sales", settings={"idle_away_seconds": 600})
    await beats(dispatch, 60, "ann", idle=700)
    assert shown(dispatch) == ("away", "idle")
    await dispatch.beat("ann", idle=700, renews=True)
    assert shown(dispatch) == ("away", "idle"), "a page that is heard is no activity"
    await dispatch.beat("ann", idle=2, renews=True)
    assert shown(dispatch) == ("online", None)


async def test_saying_that_one_is_back_counts_as_input(dispatch: DispatchHarness) -> None:
    dispatch.configure("sales", settings={"idle_away_seconds": 600})
    await dispatch.online("ann")
    await dispatch.beat("ann", idle=0, renews=True)
    await beats(dispatch, 1500, "ann", idle=1500)
    assert shown(dispatch) == ("away", "idle")
    await dispatch.set_presence("ann", "online")
    await beats(dispatch, 120, "ann", idle=1500)
    assert shown(dispatch) == ("online", None)


async def test_who_declares_while_their_page_is_lost_has_another_desk(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.beat("ann", renews=True)
    await dispatch.advance(2_000)
    await dispatch.set_presence("ann", "online")
    await dispatch.advance(10_000)
    assert shown(dispatch) == ("online", None)


async def test_settings_that_changed_since_hold_from_the_first_beat_on(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    dispatch.configure(
        "sales", settings={"lost_away_seconds": 10, "lost_return_seconds": 20, "lost_offline_seconds": 30}
    )
    await dispatch.beat("ann", renews=True)
    await dispatch.advance(10)
    assert shown(dispatch) == ("away", "connection_lost")


async def test_settings_of_the_workspace_count_from_the_next_look(dispatch: DispatchHarness) -> None:
    dispatch.configure(
        "sales", settings={"lost_away_seconds": 10, "lost_return_seconds": 20, "lost_offline_seconds": 30}
    )
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.beat("ann", renews=True)
    await dispatch.advance(11)
    assert shown(dispatch) == ("away", "connection_lost")
    await dispatch.advance(10)
    assert len(asked(dispatch.sent)) == 1
    await dispatch.advance(10)
    assert shown(dispatch) == ("offline", "connection_lost")


@pytest.mark.parametrize(("late", "presence"), [(5, "away"), (600, "online")])
async def test_who_could_not_be_heard_because_we_were_stopped_is_given_time(
    dispatch: DispatchHarness, late: float, presence: str
) -> None:
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.beat("ann", renews=True)
    (timer,) = dispatch.timers()
    # The whole installation stood still: the timer fires long after its time, and no beat could come.
    dispatch.now = timer.due_at + timedelta(seconds=late)
    await dispatch.batch([TimerFired(timer.name, timer.due_at, dict(timer.data))])
    assert shown(dispatch)[0] == presence
    assert asked(dispatch.sent) == []
    await dispatch.advance(61)
    assert shown(dispatch)[0] == "away", "who does not come back is not waited for"


async def test_deleted_agent_has_no_timer_that_matters(dispatch: DispatchHarness) -> None:
    await dispatch.online("ann")
    await dispatch.beat("ann", renews=True)
    await dispatch.delete_agent("ann")
    await dispatch.advance(10_000)
    await dispatch.beat("ann", renews=True)
    assert dispatch.agents() == []


async def test_29_a_hidden_page_that_is_heard_is_no_absence(dispatch: DispatchHarness) -> None:
    """29: away in a background tab. Hidden for half an hour, its agent touching nothing, and connected: online."""
    await dispatch.online("ann")
    await dispatch.beat("ann", idle=0, renews=True)
    for seconds in range(15, 1800, 15):
        await dispatch.advance(15)
        await dispatch.beat("ann", idle=seconds)
        assert shown(dispatch) == ("online", None)


async def test_29_a_telephone_with_push_has_ten_minutes(dispatch: DispatchHarness) -> None:
    """29: offline on changing the app. Where notices are pushed the telephone may sleep for ten minutes."""
    await dispatch.online("ann")
    await dispatch.beat("ann", push=True, renews=True)
    await dispatch.advance(599)
    assert shown(dispatch) == ("online", None)
    await dispatch.advance(1)
    assert shown(dispatch) == ("away", "connection_lost")


async def test_28_away_at_60_returned_at_300_offline_at_900(dispatch: DispatchHarness) -> None:
    """28: the defaults, to the second; with real processes in tests/live/test_absent_agents.py."""
    await dispatch.online("ann")
    await dispatch.queue("c1")
    await dispatch.beat("ann", renews=True)
    began, seen = dispatch.now, list[tuple[int, str, int]]()
    for second in range(1, 1000):
        await dispatch.advance(1)
        now = (second, shown(dispatch)[0], len(asked(dispatch.sent)))
        if not seen or seen[-1][1:] != now[1:]:
            seen.append(now)
    assert seen == [(1, "online", 0), (60, "away", 0), (300, "away", 1), (900, "offline", 1)], began
