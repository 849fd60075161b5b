"""The documents that `sla` reads in a batch, and how what it decides is written to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.configuration import WorkspaceConfiguration
from schemas.sla import ClockMetric
from schemas.values import instant_text
from services.domain.sla_state import ConversationSlaState
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Query
from services.records.clocks import (
    CLOCK_SCHEDULES,
    CLOCKS,
    SLA_STATES,
    ClockRecord,
    ClockSchedule,
    open_clock_ids,
)
from services.records.configuration import configuration_in_force
from services.sla.emissions import Emission
from services.sla.schedule import SchedulePlan

SCHEDULE_TIMER = "clocks_due"
BATCH_SIZE = 500
"""How many clocks are read and fired in one batch; the rest follows in the next ones."""
INSTANT = timedelta(microseconds=1)
BEGINNING = datetime.min.replace(tzinfo=UTC)


# -- what is read ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredCase:
    """What is stored of the conversation of a fact. `clocks` are those of its open targets."""

    configuration: WorkspaceConfiguration | None
    state: ConversationSlaState | None
    clocks: dict[ClockMetric, ClockRecord]
    schedule: ClockSchedule


@dataclass(frozen=True, slots=True)
class DueClocks:
    """The clocks of a batch by id, as they are now; no other clock of the partition is due before `floor`."""

    clocks: dict[str, ClockRecord]
    schedule: ClockSchedule
    floor: datetime | None


def schedule_id(work: UnitOfWork) -> str:
    """The id of the schedule of the batch's partition."""
    return str(work.place.partition)


def read_case(work: UnitOfWork, conversation: str, workspace: str) -> StoredCase:
    """What is stored of a conversation. Raises UndeclaredRead."""
    configuration = configuration_in_force(work, workspace)
    state = work.get(SLA_STATES, conversation)
    ids = open_clock_ids(state) if state is not None else {}
    stored = {metric: work.get(CLOCKS, identity) for metric, identity in ids.items()}
    clocks = {metric: clock for metric, clock in stored.items() if clock is not None}
    return StoredCase(configuration, state, clocks, read_schedule(work))


def read_schedule(work: UnitOfWork) -> ClockSchedule:
    """The schedule of the partition as it is now. Raises UndeclaredRead."""
    return work.get(CLOCK_SCHEDULES, schedule_id(work)) or ClockSchedule()


def read_due(work: UnitOfWork, confirmed_at: datetime | None) -> DueClocks:
    """The clocks of the batch and the floor of all others, for a watermark of this time. Raises UndeclaredRead.

    `due_clocks` must have been read, and `first_clock` where those are no full batch.
    """
    partition = work.place.partition
    due_query = due_clocks(partition, confirmed_at) if confirmed_at is not None else None
    next_query = first_clock(partition, confirmed_at)
    due = work.found_at_first(CLOCKS, due_query) if due_query is not None else []
    # What is not in a full batch of due clocks may be due as well, at the earliest with the last of the batch.
    next_clocks = due[-1:] if len(due) == BATCH_SIZE else work.found_at_first(CLOCKS, next_query)
    return DueClocks(work.cached(CLOCKS), read_schedule(work), next_clocks[0].next_at if next_clocks else None)


def due_clocks(partition: int, confirmed_at: datetime) -> Query:
    """The clocks of a partition that a watermark of this time fires, the earliest first, as many as fire in one batch."""
    return _by_moment(partition, at_least=BEGINNING, below=confirmed_at + INSTANT, limit=BATCH_SIZE)


def first_clock(partition: int, confirmed_at: datetime | None) -> Query:
    """The clock of a partition that comes next after a watermark of this time; None: the first of all."""
    at_least = BEGINNING if confirmed_at is None else confirmed_at + INSTANT
    return _by_moment(partition, at_least=at_least, below=None, limit=1)


def _by_moment(partition: int, *, at_least: datetime, below: datetime | None, limit: int) -> Query:
    return Query(
        CLOCKS.name,
        "due",
        {"partition": partition},
        at_least=instant_text(at_least),
        below=None if below is None else instant_text(below),
        limit=limit,
    )


def is_full(work: UnitOfWork, confirmed_at: datetime | None) -> bool:
    """Whether more clocks may be due than fire in one batch. Raises UndeclaredRead."""
    if confirmed_at is None:
        return False
    return len(work.found_at_first(CLOCKS, due_clocks(work.place.partition, confirmed_at))) == BATCH_SIZE


# -- what is written ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaDecision:
    """What follows from one input: the documents that changed (`clocks` by id) and the events to send, in order.

    `plan` None: the schedule stays as it is. `state` None likewise.
    """

    clocks: Mapping[str, ClockRecord]
    emissions: Sequence[Emission]
    plan: SchedulePlan | None
    state: ConversationSlaState | None = None


def write(work: UnitOfWork, decision: SlaDecision) -> None:
    """Write a decision with the batch. Raises UndeclaredWrite and TooLarge."""
    if decision.state is not None:
        work.put(SLA_STATES, decision.state.conversation, decision.state)
    for identity, clock in decision.clocks.items():
        work.put(CLOCKS, identity, clock)
    if decision.plan is not None:
        schedule = decision.plan.schedule
        work.put(CLOCK_SCHEDULES, schedule_id(work), schedule)
        if decision.plan.sets_timer and schedule.timer_at is not None:
            work.set_timer(SCHEDULE_TIMER, schedule.timer_at)
        elif decision.plan.sets_timer:
            work.cancel_timer(SCHEDULE_TIMER)
    for emission in decision.emissions:
        partition = work.place.partition if emission.topic is not None else None
        work.emit(emission.event_type, emission.key, emission.data, topic=emission.topic, partition=partition)
