"""One workspace in the memory of its partition, built from the workspace's documents alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from schemas.business_calendar import Calendar
from schemas.configuration import OverflowBody, WorkspaceConfiguration, WorkspaceSettings
from schemas.values import Overflow, WorkClass
from services.domain.team_settings import overridden
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Query
from services.records.agents import AGENTS, AgentRecord
from services.records.tasks import QUEUES, TASKS, QueueRecord, TaskRecord, TaskState
from services.router.dispatch.domain.dispatcher import Dispatcher
from services.router.dispatch.domain.placements import Offer, Placement
from services.router.dispatch.domain.presence import DEFAULT_PRESENCE, PresenceSettings
from services.router.dispatch.domain.requirement import TaskRequirement
from services.router.dispatch.domain.values import Agent, Task, WrapUp
from services.router.dispatch.domain.work import Work

PAGE_SIZE = 1_000


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """Settings of a team. `offer_seconds`: so long agents have to accept a task; None: it is assigned without asking.

    `work_units`: what a task takes of its agent, by class; one unit for a class that is not named. `overflow`: the limits of the queue.
    `wrap_up_seconds`: so long after its end the units of a task stay in use. `unread_return_seconds`: so long an agent may leave a
    task unread that was assigned without asking.
    """

    offer_seconds: float | None = None
    work_units: Mapping[WorkClass, int] = field(default_factory=dict)
    call_blocks: bool = False
    overflow: Overflow | None = None
    wrap_up_seconds: float = 0.0
    unread_return_seconds: float | None = 120.0

    def units(self, work_class: WorkClass) -> int:
        """The units that a task of this class takes."""
        return self.work_units.get(work_class, 1)


@dataclass(frozen=True, slots=True)
class DispatchSettings:
    """Settings of a workspace for its agents (see `Agent`) and for the tasks of its teams.

    `general` hold for teams that `by_team` does not name, and `hours` for those that `hours_by_team` does not. `preferred_seconds`: so long a task that comes back waits for its agent first.
    """

    general: TaskSettings = TaskSettings()
    by_team: Mapping[str, TaskSettings] = field(default_factory=dict)
    max_missed_offers: int | None = None
    preferred_seconds: float = 60.0
    presence: PresenceSettings = DEFAULT_PRESENCE
    hours: Calendar | None = None
    hours_by_team: Mapping[str, Calendar] = field(default_factory=dict)

    @property
    def calendars(self) -> list[Calendar]:
        """All opening hours of the workspace."""
        return [*([self.hours] if self.hours is not None else []), *self.hours_by_team.values()]

    def calendar(self, team: str) -> Calendar | None:
        """The opening hours of a team; None: around the clock."""
        return self.hours_by_team.get(team, self.hours)

    def of(self, team: str) -> TaskSettings:
        """The settings for the tasks of a team."""
        return self.by_team.get(team, self.general)

    def call_blocks(self, teams: Iterable[str]) -> bool:
        """Whether a call is the only live work of an agent of these teams: if any of them says so."""
        return any(self.of(team).call_blocks for team in teams)


DEFAULT_SETTINGS = DispatchSettings()


def dispatch_settings(configuration: WorkspaceConfiguration | None) -> DispatchSettings:
    """What a configuration says about agents and tasks."""
    if configuration is None:
        return DEFAULT_SETTINGS
    general = configuration.profile.body.settings or WorkspaceSettings()
    own = {team: versioned.body.settings for team, versioned in configuration.teams.items()}
    return DispatchSettings(
        general=_task_settings(general),
        by_team={
            team: _task_settings(overridden(general, settings), settings.overflow)
            for team, settings in own.items()
            if settings is not None
        },
        max_missed_offers=general.missed_offers,
        hours=configuration.profile.body.calendar,
        hours_by_team={team: one.body.calendar for team, one in configuration.teams.items() if one.body.calendar},
        preferred_seconds=general.preferred_agent_seconds,
        presence=PresenceSettings(
            lost_away=timedelta(seconds=general.lost_away_seconds),
            lost_return=timedelta(seconds=general.lost_return_seconds),
            lost_offline=timedelta(seconds=general.lost_offline_seconds),
            idle_away=timedelta(seconds=general.idle_away_seconds) if general.idle_away_seconds is not None else None,
        ),
    )


def _task_settings(settings: WorkspaceSettings, overflow: OverflowBody | None = None) -> TaskSettings:
    return TaskSettings(
        offer_seconds=settings.offer_seconds if settings.offer_mode == "offer" else None,
        work_units=settings.work_units,
        call_blocks=settings.call_blocks,
        wrap_up_seconds=settings.wrap_up_seconds,
        unread_return_seconds=settings.unread_return_seconds,
        overflow=Overflow(**overflow.model_dump()) if overflow is not None else None,
    )


@dataclass(slots=True)
class WorkspaceState:
    """The dispatcher of a workspace, and the documents from which it was restored, as this batch leaves them.

    Whoever replaces a record here also writes it to the unit of work, so that both agree when the batch is committed. `settings`
    are those of the version `configured` of the configuration.
    """

    workspace: str
    dispatcher: Dispatcher
    queue_record: QueueRecord
    settings: DispatchSettings = DEFAULT_SETTINGS
    configured: int | None = None
    agents: dict[str, AgentRecord] = field(default_factory=dict)
    tasks: dict[str, TaskRecord] = field(default_factory=dict)


def agents_query(workspace: str) -> Query:
    """Every agent of a workspace."""
    return Query(AGENTS.name, "workspace", {"workspace": workspace}, limit=PAGE_SIZE)


def tasks_query(workspace: str) -> Query:
    """Every open task of a workspace."""
    return Query(TASKS.name, "state", {"workspace": workspace}, limit=PAGE_SIZE)


def load_workspace_state(
    work: UnitOfWork, workspace: str, fifo_reserve_interval: int, settings: DispatchSettings = DEFAULT_SETTINGS
) -> WorkspaceState:
    """The state of the workspace's documents, which the batch must have read. Raises UndeclaredRead."""
    all_agents, all_tasks = agents_query(workspace), tasks_query(workspace)
    queue_record = work.get(QUEUES, workspace) or QueueRecord(workspace=workspace)
    agents = work.found(AGENTS, all_agents).values()
    tasks = work.found(TASKS, all_tasks).values()
    dispatcher = Dispatcher(queue_record.pulled_since_reserve, fifo_reserve_interval)
    state = WorkspaceState(workspace, dispatcher, queue_record, settings)
    state.agents = {record.id: record for record in agents}
    state.tasks = {record.conversation: record for record in tasks}
    # No decisions: what waits here was decided to wait by an earlier batch.
    dispatcher.restore(
        [to_agent(record, state.settings) for record in agents], [to_placement(record) for record in tasks]
    )
    return state


def to_agent(record: AgentRecord, settings: DispatchSettings = DEFAULT_SETTINGS) -> Agent:
    """The dispatcher's agent of a record. What it has in hand is counted from the tasks."""
    body = record.body
    return Agent(
        id=record.id,
        name=body.name,
        teams=frozenset(body.teams),
        skills=body.skills,
        capacity=body.capacity,
        presence=record.presence,
        idle_since=record.idle_since,
        assigned_at=record.assigned_at,
        limits=body.limits,
        call_blocks=settings.call_blocks(body.teams),
        missed_offers=record.missed_offers,
        max_missed_offers=settings.max_missed_offers,
        reserved_for=record.reserved_for,
        wrap_ups=tuple(WrapUp(one.conversation, Work(one.work_class, one.units), one.until) for one in record.wrap_ups),
        is_finishing=record.presence_next is not None and record.presence == "online",
    )


def to_placement(record: TaskRecord) -> Placement:
    """Where the task of a record is."""
    offer = None
    if record.offer is not None and record.agent is not None and record.offer_expires_at is not None:
        offer = Offer(record.offer, record.agent, record.offer_expires_at)
    return Placement(to_task(record), record.agent, record.counting, offer)


def to_task(record: TaskRecord) -> Task:
    """The dispatcher's task of a record."""
    requirement = TaskRequirement.of(record.team, record.requirement.skills, Work(record.work_class, record.units))
    for step in record.relax[: record.relaxed]:
        requirement = requirement.relaxed(step)
    if record.overflowed and record.overflow is not None:
        requirement = requirement.open_to(record.overflow.to_team)
    return Task(
        id=record.conversation,
        requirement=requirement,
        priority=record.priority,
        queued_at=record.queued_at,
        due_at=record.due_at,
        preferred=record.preferred,
        team=record.team,
        preferred_until=record.preferred_until,
        passed=tuple(sorted(record.passed.items())),
        relax=tuple(record.relax[record.relaxed :]),
        offer_seconds=record.offer_seconds,
        offers=record.offers,
        overflow=None if record.overflowed else record.overflow,
    )


def with_placement(record: TaskRecord, placement: Placement) -> TaskRecord:
    """The record of a task that is at this place now. `to_placement` gives the place again."""
    task, offer = placement.task, placement.offer
    is_assigned = placement.agent is not None and offer is None
    return replace(
        record,
        state=_state(placement),
        agent=placement.agent,
        assigned_at=record.assigned_at if is_assigned and record.agent == placement.agent else None,
        preferred=task.preferred,
        preferred_until=task.preferred_until,
        relaxed=len(record.relax) - len(task.relax),
        overflowed=record.overflow is not None and task.overflow is None,
        passed=dict(task.passed),
        offers=task.offers,
        offer=offer.id if offer is not None else None,
        offer_expires_at=offer.expires_at if offer is not None else None,
        counting=placement.counting,
        next_change_at=placement.next_change,
    )


def _state(placement: Placement) -> TaskState:
    if placement.agent is None:
        return "waiting" if placement.counting else "set_aside"
    return "assigned" if placement.offer is None else "offered"
