"""Gauges of agents: how many by presence, their free units, and whether a team is open. Pure.

An agent of several teams is counted in each of them, and once in the workspace: teams are not to be added up.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from schemas.business_calendar import Calendar
from schemas.configuration import DEFAULT_TEAM, PresenceStatus, WorkspaceConfiguration
from services.domain.business_hours import business_seconds_between
from services.metrics.instruments import (
    AGENTS,
    AGENTS_FREE,
    AGENTS_USED,
    OPEN,
    TEAM_AGENTS,
    TEAM_FREE,
    TEAM_USED,
    Instrument,
)

PRESENCES: tuple[PresenceStatus, ...] = get_args(PresenceStatus)
Reading = tuple[Instrument, tuple[str, ...], float]
"""A gauge, the values of its labels after `workspace`, and its value."""


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent as far as gauges count it. `load` and `capacity` in units; who is finishing takes no further one."""

    teams: tuple[str, ...]
    presence: str
    load: int
    capacity: int
    is_finishing: bool = False


def staffing(seats: Iterable[Seat], configuration: WorkspaceConfiguration, now: datetime) -> Iterator[Reading]:
    """The readings of one workspace. A utilisation is given only where an agent is online."""
    seats = list(seats)
    yield from _group(seats, (), (AGENTS, AGENTS_FREE, AGENTS_USED))
    for team in sorted({DEFAULT_TEAM, *configuration.teams, *(team for seat in seats for team in seat.teams)}):
        members = [seat for seat in seats if team in seat.teams]
        yield from _group(members, (team,), (TEAM_AGENTS, TEAM_FREE, TEAM_USED))
        yield OPEN, (team,), float(is_open(configuration, team, now))


def _group(
    seats: list[Seat], labels: tuple[str, ...], gauges: tuple[Instrument, Instrument, Instrument]
) -> Iterator[Reading]:
    agents, free, used = gauges
    for presence in PRESENCES:
        yield agents, (*labels, presence), float(sum(seat.presence == presence for seat in seats))
    online = [seat for seat in seats if seat.presence == "online"]
    yield free, labels, float(sum(max(0, seat.capacity - seat.load) for seat in online if not seat.is_finishing))
    if capacity := sum(seat.capacity for seat in online):
        yield used, labels, sum(seat.load for seat in online) / capacity


def is_open(configuration: WorkspaceConfiguration, team: str, now: datetime) -> bool:
    """Whether a team is open: by its own calendar, else the workspace's, else by those of the SLA policies.

    A policy without a calendar holds around the clock; a team without any calendar or policy is always open.
    """
    written = configuration.teams.get(team)
    calendar = (written.body.calendar if written else None) or configuration.profile.body.calendar
    if calendar is not None:
        return _opens(calendar, now)
    policies = configuration.sla.body.policies if configuration.sla else []
    return not policies or any(policy.calendar is None or _opens(policy.calendar, now) for policy in policies)


def _opens(calendar: Calendar, now: datetime) -> bool:
    # A second, because calendars are intervals: open is when some time from now on counts.
    return business_seconds_between(now, now + timedelta(seconds=1), calendar) > 0
