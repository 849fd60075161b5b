"""The calendar by which the opening hours of a duration are counted. Pure.

The calendar is the team's, else the account's, else the workspace's, as it is when the report is made, so that a holiday
that was forgotten can still be entered; without any, all hours are open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.business_calendar import Calendar
from schemas.configuration import WorkspaceConfiguration


@dataclass(frozen=True, slots=True)
class Calendars:
    """The calendars of a workspace: by team, by `channel/account`, and its own."""

    teams: Mapping[str, Calendar] = field(default_factory=dict)
    accounts: Mapping[str, Calendar] = field(default_factory=dict)
    workspace: Calendar | None = None

    def calendar_for(self, where: Mapping[str, str | None]) -> Calendar | None:
        """The calendar for these dimensions of a report; None: around the clock."""
        account = self.accounts.get(f"{where.get('channel')}/{where.get('account')}")
        return self.teams.get(where.get("team") or "") or account or self.workspace


ALWAYS_OPEN = Calendars()


def calendars_from(configuration: WorkspaceConfiguration) -> Calendars:
    """The calendars of a workspace's configuration."""
    return Calendars(
        teams={name: team.body.calendar for name, team in configuration.teams.items() if team.body.calendar},
        accounts={name: one.body.calendar for name, one in configuration.accounts.items() if one.body.calendar},
        workspace=configuration.profile.body.calendar,
    )
