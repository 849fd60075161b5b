"""What an agent may see: written down as a table, and held to it for every status."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.conversation import Status
from services.domain.lifecycle import STATUSES
from services.domain.viewer import UNRESTRICTED, Viewer, agent_viewer

TEAMS = ("support", "billing")


@dataclass(frozen=True)
class Case:
    status: Status
    team: str
    agent: str | None
    offered_to: str | None = None


@pytest.mark.parametrize(
    ("is_lead", "visibility", "team", "agent", "status", "seen"),
    [
        # An agent of `support`, where agents see all of their teams.
        (False, "team", "support", "reza", "assigned", True),
        (False, "team", "support", None, "closed", True),
        (False, "team", "billing", "reza", "assigned", False),
        (False, "team", "billing", None, "waiting", False),
        (False, "team", "billing", "sara", "assigned", True),
        # Where they see their own: besides, what no agent of their team has accepted.
        (False, "own", "support", "sara", "resolved", True),
        (False, "own", "support", None, "waiting", True),
        (False, "own", "support", None, "offered", True),
        (False, "own", "support", "reza", "assigned", False),
        (False, "own", "support", "reza", "resolved", False),
        (False, "own", "support", None, "pending", False),
        (False, "own", "billing", None, "waiting", False),
        # A lead sees everything of their teams, in both.
        (True, "own", "support", "reza", "assigned", True),
        (True, "own", "billing", "reza", "assigned", False),
        (True, "team", "billing", None, "waiting", False),
    ],
)
def test_who_sees_what(
    is_lead: bool, visibility: str, team: str, agent: str | None, status: Status, seen: bool
) -> None:
    viewer = agent_viewer("sara", frozenset({"support"}), is_lead=is_lead, visibility=visibility)  # type: ignore[arg-type]
    assert viewer.can_see(Case(status, team, agent)) == seen


cases = st.builds(Case, st.sampled_from(STATUSES), st.sampled_from(TEAMS), st.sampled_from(["sara", "reza", None]))
viewers = st.builds(Viewer, st.sampled_from(["sara", "reza"]), st.frozensets(st.sampled_from(TEAMS)), st.booleans())


@given(cases, viewers)
def test_who_is_offered_a_conversation_sees_it_whatever_its_team(case: Case, viewer: Viewer) -> None:
    assert viewer.can_see(replace(case, offered_to=viewer.agent))


@given(cases, viewers)
def test_nobody_sees_less_of_their_own_or_more_than_everything(case: Case, viewer: Viewer) -> None:
    assert UNRESTRICTED.can_see(case)
    assert viewer.can_see(case) or case.agent != viewer.agent


@given(cases, viewers)
def test_where_agents_see_their_own_they_see_no_more_than_their_teams(case: Case, viewer: Viewer) -> None:
    own = Viewer(viewer.agent, viewer.teams, own_only=True)
    assert not own.can_see(case) or Viewer(viewer.agent, viewer.teams).can_see(case)


@given(cases, viewers)
def test_without_a_team_an_agent_sees_what_they_have_alone(case: Case, viewer: Viewer) -> None:
    assert Viewer(viewer.agent, frozenset(), own_only=viewer.own_only).can_see(case) == (case.agent == viewer.agent)


def test_colleagues_of_a_team_see_each_other() -> None:
    viewer = Viewer("sara", frozenset({"support"}))
    assert [viewer.can_see_agent(*who) for who in (("sara", []), ("reza", ["billing", "support"]), ("omid", ["billing"]))] == [
        True, True, False,
    ]  # fmt: skip
    assert UNRESTRICTED.can_see_agent("omid", [])
