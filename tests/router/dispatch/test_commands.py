"""Commands on agents: outcomes, ETags, and commands that come twice."""

from datetime import timedelta

import pytest

from schemas.commands import CommandResult
from services.platform.store.collections import OUTCOMES
from services.records.decisions import DECISIONS
from tests.router.dispatch.harness import DispatchHarness


@pytest.fixture
def office() -> DispatchHarness:
    return DispatchHarness()


async def test_first_put_creates_and_the_next_replaces(office: DispatchHarness) -> None:
    first = await office.put_agent("ali")
    assert (first.status, first.created, first.result, first.request_hash) == ("applied", True, "ali", "hash")
    assert (office.agent("ali").version, office.agent("ali").presence) == (1, "offline")
    second = await office.put_agent("ali", name="Ali", capacity=7)
    assert (second.status, second.created) == ("applied", False)
    assert (office.agent("ali").version, office.agent("ali").body.capacity) == (2, 7)


@pytest.mark.parametrize("tag", ['"2"', "*", '"1", "2"', '"2" ', None])
async def test_matching_etag_is_applied(office: DispatchHarness, tag: str | None) -> None:
    await office.put_agent("ali")
    await office.put_agent("ali")
    assert (await office.put_agent("ali", if_match=tag)).status == "applied"


@pytest.mark.parametrize("tag", ['"1"', '"3"', 'W/"2"', "2"])
async def test_stale_etag_is_refused_with_412(office: DispatchHarness, tag: str) -> None:
    await office.put_agent("ali")
    await office.put_agent("ali")
    outcome = await office.put_agent("ali", name="changed", if_match=tag)
    assert outcome.status == "refused"
    assert outcome.problem is not None
    assert outcome.problem.status == 412
    assert '"2"' in outcome.problem.detail
    assert (office.agent("ali").version, office.agent("ali").body.name) == (2, "ali")
    refused = await office.delete_agent("ali", if_match=tag)
    assert refused.problem is not None
    assert refused.problem.status == 412


async def test_if_match_on_nothing_is_refused(office: DispatchHarness) -> None:
    outcome = await office.put_agent("ali", if_match="*")
    assert outcome.problem is not None
    assert (outcome.problem.status, outcome.created, office.agents()) == (412, False, [])


async def test_neither_load_nor_presence_moves_the_agents_etag(office: DispatchHarness) -> None:
    await office.online("ali")
    await office.queue("c1")
    assert (await office.put_agent("ali", if_match='"1"')).status == "applied"


async def test_presence_has_an_etag_of_its_own(office: DispatchHarness) -> None:
    await office.online("ali")
    assert (await office.set_presence("ali", "away", if_match='"1"')).status == "applied"
    stale = await office.set_presence("ali", "online", if_match='"1"')
    assert stale.problem is not None
    assert (stale.problem.status, office.agent("ali").presence) == (412, "away")


async def test_unknown_agent_is_404(office: DispatchHarness) -> None:
    for outcome in (await office.set_presence("ali", "online"), await office.delete_agent("ali")):
        assert outcome.status == "refused"
        assert outcome.problem is not None
        assert outcome.problem.status == 404
    assert office.agents() == []


async def test_unknown_team_is_422_and_default_always_exists(office: DispatchHarness) -> None:
    outcome = await office.put_agent("ali", teams=["default", "ghosts", "care"])
    assert outcome.problem is not None
    assert outcome.problem.status == 422
    assert "ghosts" in outcome.problem.detail
    assert "care" not in outcome.problem.detail
    assert office.agents() == []
    office.configure()
    assert (await office.put_agent("ali", teams=["default"])).status == "applied"


async def test_team_written_a_moment_ago_exists(office: DispatchHarness) -> None:
    await office.put_agent("ali")
    office.configure("ghosts")
    assert (await office.put_agent("ali", teams=["ghosts"])).status == "applied"


@pytest.mark.parametrize("restart", [True, False])
async def test_repeated_command_is_applied_once(office: DispatchHarness, restart: bool) -> None:
    first = await office.put_agent("ali", "command-1")
    if restart:
        office.restart()
    again = await office.put_agent("ali", "command-1", name="other")
    assert again == first
    assert (office.agent("ali").version, office.agent("ali").body.name) == (1, "ali")


async def test_command_repeated_within_a_batch_is_applied_once(office: DispatchHarness) -> None:
    await office.online("ali", capacity=1)
    await office.queue("c1")
    event = office.event("agent_deleted", {"agent": "ali"}, "command-1")
    emitted = await office.handle(event, event)
    assert [one.type for one in emitted] == ["pasokh.agent.presence_changed", "pasokh.assignment.unassigned"]
    assert office.holder("c1") is None


async def test_agent_put_again_after_deletion_starts_afresh(office: DispatchHarness) -> None:
    await office.online("ali")
    await office.queue("c1")
    await office.delete_agent("ali")
    assert (await office.put_agent("ali")).created
    agent = office.agent("ali")
    assert (agent.version, agent.load, agent.presence) == (1, 0, "offline")


async def test_unknown_event_type_is_let_pass(office: DispatchHarness) -> None:
    assert await office.handle(office.event("something_new", {})) == []
    assert not office.store.all(OUTCOMES)
    assert not office.store.all(DECISIONS)


async def answer(office: DispatchHarness, kind: str, **data: object) -> CommandResult:
    """The outcome of a command of an agent."""
    event = office.event(kind, {"request_hash": "hash", **data})
    await office.handle(event)
    outcome = office.store.find(OUTCOMES, event.id)
    assert outcome is not None
    return outcome


async def test_offer_is_accepted_once_and_repeats_change_nothing(office: DispatchHarness) -> None:
    await office.online("ali")
    await office.queue("c1", offer_seconds=30)
    accept = {"agent": "ali", "offer": "c1.1", "accepted_at": office.now.isoformat()}
    first, second = await answer(office, "offer_accept", **accept), await answer(office, "offer_accept", **accept)
    assert (first.status, first.result) == ("applied", "c1")
    assert (second.status, second.result) == ("applied", "c1")
    assert (office.tasks()["c1"].state, office.tasks()["c1"].assigned_at) == (
        "assigned",
        office.now - timedelta(seconds=1),
    )
    assert [event.type.rsplit(".", 1)[1] for event in office.assignments] == ["offered", "offer_ended", "assigned"]
    assert office.decisions("c1")[-1].summary == "Accepted by ali: 1 of 4 units in use."


async def test_offer_of_another_agent_is_unknown(office: DispatchHarness) -> None:
    await office.online("ali")
    await office.put_agent("zoe")
    await office.queue("c1", offer_seconds=30)
    for agent, offer in (("zoe", "c1.1"), ("ali", "c1.2"), ("ali", "c2.1")):
        outcome = await answer(office, "offer_accept", agent=agent, offer=offer, accepted_at=office.now.isoformat())
        assert outcome.problem is not None
        assert outcome.problem.status == 404
    assert office.tasks()["c1"].state == "offered"


@pytest.mark.parametrize(
    ("why", "words"),
    [("declined", "was declined"), ("expired", "has expired"), ("withdrawn", "was withdrawn")],
)
async def test_ended_offer_is_refused_with_how_it_ended(office: DispatchHarness, why: str, words: str) -> None:
    await office.online("ali")
    await office.queue("c1", offer_seconds=30)
    match why:
        case "declined":
            await answer(office, "offer_decline", agent="ali", offer="c1.1")
        case "expired":
            office.now += timedelta(seconds=30)
            await office.fire("task/c1", {"workspace": "shop", "conversation": "c1"})
        case _:
            await office.close("c1")
    for kind, more in (("offer_accept", {"accepted_at": office.now.isoformat()}), ("offer_decline", {})):
        outcome = await answer(office, kind, agent="ali", offer="c1.1", **more)
        assert outcome.problem is not None
        assert (outcome.problem.status, outcome.problem.code) == (409, "offer_ended")
        assert words in outcome.problem.detail
    assert office.offer("c1.1").why == why


async def test_settings_decide_who_is_asked_first(office: DispatchHarness) -> None:
    await office.online("ali", teams=["default", "sales", "care"])
    office.configure(
        "sales",
        "care",
        settings={"offer_mode": "offer"},
        teams_settings={"sales": {"offer_mode": "auto"}, "care": {"offer_seconds": 7}},
    )
    for team in ("default", "sales", "care"):
        await office.queue(team, team=team)
    tasks = office.tasks()
    assert {name: (task.state, task.offer_seconds) for name, task in tasks.items()} == {
        "default": ("offered", 30),
        "sales": ("assigned", None),
        "care": ("offered", 7),
    }
    offer = office.offer("care.1")
    assert (offer.agent, offer.expires_at - offer.made_at, offer.why) == ("ali", timedelta(seconds=7), None)


async def test_agent_is_set_away_after_so_many_missed_offers_as_the_settings_say(office: DispatchHarness) -> None:
    await office.online("ali")
    for missed, presence in ((1, "online"), (2, "online"), (3, "away")):
        office.configure("sales", settings={"offer_mode": "offer", "missed_offers": 3})
        await office.queue(f"c{missed}")
        await answer(office, "offer_decline", agent="ali", offer=f"c{missed}.1")
        await office.close(f"c{missed}")
        assert (office.agent("ali").missed_offers, office.agent("ali").presence) == (missed, presence)
    ali = office.agent("ali")
    assert (ali.presence_declared, ali.presence_reason, ali.presence_version) == ("online", "missed_offers", 2)
    assert ali.presence_since == office.offer("c3.1").ended_at
    # What was read before the agent was set away is stale; to set it again lifts it.
    assert (await office.set_presence("ali", "online", if_match='"1"')).status == "refused"
    assert (await office.set_presence("ali", "online")).status == "applied"
    back = office.agent("ali")
    assert (back.presence, back.presence_reason, back.missed_offers) == ("online", None, 0)
    await office.queue("c4")
    assert office.offer("c4.1").agent == "ali"


async def test_late_accept_is_refused_as_expired(office: DispatchHarness) -> None:
    await office.online("ali")
    await office.queue("c1", offer_seconds=30)
    late = (office.now + timedelta(seconds=30)).isoformat()
    outcome = await answer(office, "offer_accept", agent="ali", offer="c1.1", accepted_at=late)
    assert outcome.problem is not None
    assert "expired" in outcome.problem.detail


async def test_decline_goes_to_the_next_and_says_why(office: DispatchHarness) -> None:
    await office.online("ali")
    await office.queue("c1", offer_seconds=30)
    await office.online("zoe")
    outcome = await answer(office, "offer_decline", agent="ali", offer="c1.1", reason="lunch")
    assert outcome.status == "applied"
    ended = office.assignments[-2]
    assert (ended.type, ended.data["why"], ended.data["reason"]) == (
        "pasokh.assignment.offer_ended",
        "declined",
        "lunch",
    )
    assert (office.holder("c1"), office.agent("ali").missed_offers) == ("zoe", 0)


async def test_of_two_claims_one_wins_and_the_other_names_the_winner(office: DispatchHarness) -> None:
    await office.put_agent("ali")
    await office.put_agent("zoe")
    await office.queue("c1")
    won = await answer(office, "task_claim", agent="ali", conversation="c1")
    lost = await answer(office, "task_claim", agent="zoe", conversation="c1")
    assert (won.status, won.result, office.holder("c1")) == ("applied", "c1", "ali")
    assert lost.problem is not None
    assert (lost.problem.status, lost.problem.code) == (409, "held")
    assert lost.problem.detail.startswith("ali ")
    taken = await answer(office, "task_claim", agent="zoe", conversation="c1", from_agent="ali")
    assert taken.status == "applied"
    assert (office.assignments[-1].data["agent"], office.assignments[-1].data["previous"]) == ("zoe", "ali")
    assert (office.agent("ali").load, office.agent("zoe").load) == (0, 1)


async def test_claim_above_capacity_and_of_what_is_gone_is_refused(office: DispatchHarness) -> None:
    await office.online("ali", capacity=1)
    await office.queue("c1")
    await office.queue("c2")
    full = await answer(office, "task_claim", agent="ali", conversation="c2")
    assert full.problem is not None
    assert (full.problem.code, "1 of 1 unit." in full.problem.detail) == ("over_capacity", True)
    gone = await answer(office, "task_claim", agent="ali", conversation="c9")
    assert gone.problem is not None
    assert (gone.problem.status, gone.problem.code) == (409, "unknown_task")
    allowed = await answer(office, "task_claim", agent="ali", conversation="c2", over_capacity=True)
    assert (allowed.status, office.agent("ali").load) == ("applied", 2)


async def test_paused_task_makes_room_and_comes_back(office: DispatchHarness) -> None:
    await office.online("ali", capacity=1)
    await office.queue("c1")
    await office.queue("c2")
    named = {**office.named("c1"), "at": office.now.isoformat()}
    await office.handle(office.event("task_paused", named))
    assert (office.holder("c1"), office.holder("c2"), office.tasks()["c1"].counting) == ("ali", "ali", False)
    office.restart()
    await office.handle(office.event("task_resumed", named))
    assert (office.agent("ali").load, office.tasks()["c1"].counting) == (2, True)
    await office.handle(office.event("task_paused", named))
    await office.set_presence("ali", "offline")
    (returned,) = await office.handle(office.event("task_resumed", {**named, "preferred_seconds": 60}))
    assert (returned.type, returned.data["reason"]) == ("pasokh.assignment.unassigned", "not_online")
    assert (office.holder("c1"), office.tasks()["c1"].preferred) == (None, "ali")


async def test_what_was_answered_elsewhere_is_claimed_with_its_task(office: DispatchHarness) -> None:
    await office.online("ali", capacity=1)
    await office.online("zoe", capacity=1)
    task = office.task("c1")
    won = await answer(office, "task_claim", agent="ali", conversation="c1", task=task)
    assert (won.status, office.holder("c1"), office.sent[-1].data["by_person"]) == ("applied", "ali", True)
    lost = await answer(office, "task_claim", agent="zoe", conversation="c1", task=task)
    assert lost.problem is not None
    assert (lost.problem.code, lost.problem.reason, lost.problem.params) == ("held", "held_by", {"assignee": "ali"})
    # A refused claim leaves nothing behind: nobody else gets what nobody queued.
    full = await answer(office, "task_claim", agent="ali", conversation="c2", task=office.task("c2"))
    assert full.problem is not None
    assert (full.problem.reason, list(office.tasks())) == ("no_free_unit", ["c1"])


async def test_a_lead_takes_more_than_there_are_units_for_and_the_decision_says_so(office: DispatchHarness) -> None:
    await office.online("lena", capacity=1)
    await office.queue("c1")
    await office.queue("c2")
    taken = await answer(office, "task_claim", agent="lena", conversation="c2", over_capacity=True)
    assert (taken.status, office.agent("lena").load) == ("applied", 2)
    reason, usual = office.decisions("c2")[-1].reason, office.decisions("c1")[-1].reason
    assert reason is not None
    assert usual is not None
    assert (reason.kind, reason.above_capacity, usual.above_capacity) == ("claimed", True, False)


async def test_force_with_a_task_gives_it_to_nobody_else_first(office: DispatchHarness) -> None:
    await office.online("ali")
    await office.put_agent("zoe")
    data = {**office.named("c1"), "to_agent": "zoe", "by": "lena", "task": office.task("c1")}
    told = await office.handle(office.event("task_force_assigned", data))
    assert [(event.type, event.data["agent"]) for event in told] == [("pasokh.assignment.assigned", "zoe")]
    assert (office.holder("c1"), office.agent("ali").load, office.agent("zoe").load) == ("zoe", 0, 1)
