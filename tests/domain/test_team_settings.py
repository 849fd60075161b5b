"""Settings of a team stand in place of those of its workspace, one by one."""

from schemas.configuration import TeamSettings, WorkspaceSettings
from services.domain.team_settings import overridden

GENERAL = WorkspaceSettings(offer_mode="offer", offer_seconds=60, claim_over_capacity=True, work_units={"call": 3})


def test_what_a_team_does_not_state_is_as_the_workspace_has_it() -> None:
    assert overridden(GENERAL, TeamSettings()) == GENERAL


def test_each_setting_of_a_team_stands_in_place_of_the_one_of_the_workspace() -> None:
    own = TeamSettings(offer_mode="auto", claim_over_capacity=False, work_units={"mail": 2}, handoff_seconds=60)
    expected = {"offer_mode": "auto", "claim_over_capacity": False, "work_units": {"mail": 2}, "handoff_seconds": 60.0}
    assert overridden(GENERAL, own) == GENERAL.model_copy(update=expected)


def test_every_setting_of_a_team_but_the_limits_of_its_queue_is_one_of_workspaces() -> None:
    assert TeamSettings.model_fields.keys() - WorkspaceSettings.model_fields.keys() == {"overflow"}
