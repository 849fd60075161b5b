"""Commands on agents: outcomes, ETags, and commands that come twice."""

import pytest

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
    assert [one.type for one in emitted] == ["pasokh.assignment.unassigned"]
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
