"""Which agent a task goes to, and how that is explained."""

import pytest

from tests.router.dispatch.harness import DispatchHarness


@pytest.fixture
def office() -> DispatchHarness:
    return DispatchHarness()


async def test_agent_without_the_skill_gets_nothing(office: DispatchHarness) -> None:
    await office.online("ali", skills={"lang:en": 5})
    await office.queue("c1", skills={"lang:fa": 1})
    assert office.holder("c1") is None


async def test_agent_below_the_minimum_gets_nothing(office: DispatchHarness) -> None:
    await office.online("ali", skills={"lang:fa": 2})
    await office.queue("c1", skills={"lang:fa": 3})
    assert office.holder("c1") is None


async def test_agent_of_another_team_gets_nothing(office: DispatchHarness) -> None:
    await office.online("ali", teams=["sales"])
    await office.queue("c1", team="care")
    assert office.holder("c1") is None


async def test_smallest_surplus_wins_over_lower_load(office: DispatchHarness) -> None:
    await office.online("expert", skills={"lang:fa": 5}, capacity=100)
    await office.online("novice", skills={"lang:fa": 2}, capacity=4)
    for number in range(4):
        await office.queue(f"c{number}", skills={"lang:fa": 2})
    await office.queue("last", skills={"lang:fa": 2})
    assert [office.holder(f"c{number}") for number in range(4)] == ["novice"] * 4
    assert office.holder("last") == "expert"


async def test_rare_skills_are_kept_free(office: DispatchHarness) -> None:
    await office.online("aaa", skills={"lang:en": 3, "lang:lv": 3})
    for name in ("bbb", "ccc", "ddd"):
        await office.online(name, skills={"lang:en": 3})
    await office.queue("c1", skills={"lang:en": 3})
    assert office.holder("c1") == "bbb"
    assert office.decisions("c1")[0].candidates[-1].agent == "aaa"


async def test_rarity_follows_the_roster(office: DispatchHarness) -> None:
    await office.online("aaa", skills={"lang:lv": 3})
    await office.online("bbb")
    await office.queue("before")
    assert office.holder("before") == "bbb"
    await office.close("before")
    await office.put_agent("ccc", skills={"lang:lv": 1})
    await office.queue("after")
    assert office.holder("after") == "aaa", "two of three hold it: no longer rare, and aaa has been idle longer"


async def test_lowest_load_ratio_counts_capacity(office: DispatchHarness) -> None:
    await office.online("small", capacity=2)
    await office.online("large", capacity=10)
    for number in range(6):
        await office.queue(f"c{number}")
    held = [office.holder(f"c{number}") for number in range(6)]
    assert held == ["small", "large", "large", "large", "large", "large"]


async def test_longest_idle_comes_first(office: DispatchHarness) -> None:
    await office.online("zoe")
    await office.online("ali")
    await office.queue("c1")
    assert office.holder("c1") == "zoe"
    assert office.agent("zoe").idle_since is None
    await office.close("c1")
    assert office.agent("zoe").idle_since == office.now
    await office.queue("c2")
    assert office.holder("c2") == "ali"


@pytest.mark.parametrize("restart", [True, False])
async def test_of_equally_busy_agents_the_longest_without_a_new_task_comes_first(
    office: DispatchHarness, restart: bool
) -> None:
    await office.online("zoe")
    await office.online("ali")
    for name in ("c1", "c2"):
        await office.queue(name)
    if restart:
        office.restart()
    await office.queue("c3")
    assert [office.holder(f"c{number}") for number in (1, 2, 3)] == ["zoe", "ali", "zoe"]
    assert "the longest without a new task of 2 eligible agents" in office.decisions("c3")[0].summary


async def test_id_decides_between_equals(office: DispatchHarness) -> None:
    for name in ("zoe", "ali"):
        await office.put_agent(name)
    presence = [office.event("presence_set", {"agent": name, "status": "online"}) for name in ("zoe", "ali")]
    await office.handle(*presence)
    await office.queue("c1")
    assert office.holder("c1") == "ali"
    assert "the first by id of 2 eligible agents" in office.decisions("c1")[0].summary


async def test_preferred_agent_comes_before_fit_and_load(office: DispatchHarness) -> None:
    await office.online("ali", skills={"lang:fa": 3})
    await office.online("zoe", skills={"lang:fa": 5})
    await office.queue("c1", skills={"lang:fa": 3}, preferred="zoe")
    assert office.holder("c1") == "zoe"
    decision = office.decisions("c1")[0]
    assert "had this conversation last" in decision.summary
    assert [c.scores["preferred"] for c in decision.candidates] == [True, False]


@pytest.mark.parametrize("status", ["away", "offline"])
async def test_preferred_agent_who_is_not_online_is_not_waited_for(office: DispatchHarness, status: str) -> None:
    await office.online("ali")
    await office.online("zoe")
    await office.set_presence("zoe", status)
    await office.queue("c1", preferred="zoe")
    assert office.holder("c1") == "ali"


async def test_summary_is_one_plain_sentence(office: DispatchHarness) -> None:
    for name in ("sara", "ali", "zoe"):
        await office.online(name, name=name.title(), skills={"lang:fa": 5})
    await office.queue("c1", skills={"lang:fa": 1})
    assert office.decisions("c1")[0].summary == (
        "Assigned to sara (Sara): speaks fa (5 of at least 1), 0 of 4 units in use, "
        "idle the longest of 3 eligible agents in team default."
    )


async def test_waiting_says_which_filter_excluded_how_many(office: DispatchHarness) -> None:
    await office.online("other", teams=["sales"])
    await office.online("mute")
    await office.online("away", skills={"lang:fa": 5})
    await office.set_presence("away", "away")
    await office.online("busy", skills={"lang:fa": 5}, capacity=1)
    await office.queue("c0", skills={"lang:fa": 1})
    await office.queue("c1", skills={"lang:fa": 1})
    decision = office.decisions("c1")[0]
    assert decision.outcome == "waiting"
    assert decision.agent is None
    assert decision.excluded == {"team": 1, "skills": 1, "presence": 1, "capacity": 1}
    assert decision.summary == (
        "Waiting: none of 4 agents can take it now: 1 not in team default, "
        "1 without the skills (lang:fa at least 1), 1 not online, 1 with no free unit."
    )
    failed = {c.agent: [f.name for f in c.filters if not f.passed] for c in decision.candidates}
    assert failed == {"away": ["presence"], "busy": ["capacity"], "mute": ["skills"]}
    assert not any(c.eligible for c in decision.candidates)


async def test_workspace_without_agents_says_so(office: DispatchHarness) -> None:
    await office.queue("c1")
    assert office.decisions("c1")[0].summary == "Waiting: the workspace has no agents yet."


async def test_decision_shows_the_winner_and_the_next_nine(office: DispatchHarness) -> None:
    names = [f"agent-{number:02}" for number in range(14)]
    for name in names:
        await office.online(name)
    await office.queue("c1", rule="rule 3", config_version=7)
    decision = office.decisions("c1")[0]
    assert [c.agent for c in decision.candidates] == names[:10]
    assert all(c.eligible and all(f.passed for f in c.filters) for c in decision.candidates)
    assert [f.name for f in decision.candidates[0].filters] == ["team", "skills", "presence", "capacity"]
    assert decision.excluded == {}
    assert (decision.rule, decision.config_version) == ("rule 3", 7)
    assert office.sent[-1].data["decision"] == decision.id
    assert office.sent[-1].data["summary"] == ""
