"""Which calendar holds for a conversation. Pure."""

from schemas.business_calendar import Calendar
from schemas.configuration import WorkspaceConfiguration


def calendar_of(configuration: WorkspaceConfiguration | None, team: str, account: str | None = None) -> Calendar | None:
    """The opening hours of a team, else of the account (`channel/account`), else of the workspace; None: around the clock."""
    if configuration is None:
        return None
    of_team, of_account = configuration.teams.get(team), configuration.accounts.get(account or "")
    return (
        (of_team.body.calendar if of_team is not None else None)
        or (of_account.body.calendar if of_account is not None else None)
        or configuration.profile.body.calendar
    )
