"""How much of a duration was in opening hours. Pure.

The calendar is the team's, else the account's, else the workspace's, as it is when the report is made, so that a holiday
that was forgotten can still be entered; without any, all hours are open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.configuration import Calendar, WorkspaceConfiguration
from schemas.conversation import Status
from services.domain.business_hours import business_seconds_between
from services.domain.metrics_state import ConversationMetricsState
from services.metrics.domain.measurements import ConversationEvent, Dimensions, Measurement, StatusInterval


@dataclass(frozen=True, slots=True)
class Calendars:
    """The calendars of a workspace: by team, by `channel/account`, and its own."""

    teams: Mapping[str, Calendar] = field(default_factory=dict)
    accounts: Mapping[str, Calendar] = field(default_factory=dict)
    workspace: Calendar | None = None

    def of(self, where: Dimensions) -> Calendar | None:
        """The one that holds there; None: around the clock."""
        account = self.accounts.get(f"{where.get('channel')}/{where.get('account')}")
        return self.teams.get(where.get("team") or "") or account or self.workspace


ALWAYS_OPEN = Calendars()


def calendars_from(configuration: WorkspaceConfiguration) -> Calendars:
    """What is written."""
    return Calendars(
        teams={name: kept.body.calendar for name, kept in configuration.teams.items() if kept.body.calendar},
        accounts={name: kept.body.calendar for name, kept in configuration.accounts.items() if kept.body.calendar},
        workspace=configuration.itself.body.calendar,
    )


@dataclass(slots=True)
class StatusIntervals:
    """When one conversation was in which status, as far as marks leave time out: their seconds alone do not say."""

    spans: dict[Status, list[StatusInterval]] = field(default_factory=lambda: {"assigned": [], "pending": []})

    def note(self, known: ConversationMetricsState, told: ConversationEvent) -> None:
        """A fact comes, and `known` is what was before it."""
        if known.status in self.spans and known.status_since is not None and told.case.status != known.status:
            self.spans[known.status].append((known.status_since, told.time))

    def forget(self, told: ConversationEvent) -> None:
        """The marks of a fact are made: handling begins anew after each resolve."""
        if told.event_name == "resolved":
            self.spans["assigned"].clear()

    def business_seconds(self, mark: Measurement, calendar: Calendar | None) -> float:
        """The seconds of opening time that a mark took."""
        if calendar is None or mark.span is None:
            return mark.seconds or 0.0
        if mark.kpi == "handle":
            return _open("assigned", self.spans, calendar)
        whole = business_seconds_between(*mark.span, calendar)
        less = _open("pending", self.spans, calendar) if mark.variant == "full_less_pending" else 0.0
        return max(0.0, whole - less)


def _open(status: Status, spans: Mapping[Status, list[StatusInterval]], calendar: Calendar) -> float:
    return sum((business_seconds_between(since, until, calendar) for since, until in spans[status]), 0.0)
