"""When a partition looks at its clocks. Time comes through the log.

Each partition has one timer, at the next moment of any of its clocks plus a grace. It asks conversations
(`pasokh.control.watermark_request`) to say when everything before that moment has been said; their answer (`pasokh.control.watermark`) is
what fires. One question is in flight at a time. A wake-up that finds nothing due is harmless, a question that is
repeated too. Clocks that are not due cost nothing: they are found by their index, never by a scan.

One answer is good for all that was due by then: what one round does not hold follows by wake-ups at once, without
another question. Nothing that is told later can have happened before, so it holds for clocks that start later as well.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from schemas.sla import WatermarkRequest
from schemas.values import instant_text
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Query
from services.records.clocks import CLOCK_SCHEDULES, CLOCKS, ClockRecord, ClockSchedule

TIMER = "agenda"
DUE = "pasokh.control.watermark_request"
ALLOWED_LATENESS = timedelta(seconds=0.2)
"""How long after a moment it is asked about: an answer accepted just before it is on the log by then."""
WATERMARK_RETRY = timedelta(seconds=60)
"""When conversations have not confirmed by then they are asked once more."""
BATCH_SIZE = 500
"""How many clocks are read and fired at once; the rest follows at once."""
INSTANT = timedelta(microseconds=1)
EPOCH = datetime.min.replace(tzinfo=UTC)


def schedule_id(work: UnitOfWork) -> str:
    """The id of the schedule of the batch's partition; it must be fetched before anything here is called."""
    return str(work.place.partition)


def due_clocks(work: UnitOfWork, confirmed_at: datetime) -> Query:
    """The clocks that a confirmation of this time fires, the earliest first, as many as fire in one batch."""
    return _by_moment(work, at_least=EPOCH, below=confirmed_at + INSTANT, limit=BATCH_SIZE)


def first_clock(work: UnitOfWork, confirmed_at: datetime | None) -> Query:
    """The clock that comes next after a confirmation of this time; None: the first of all."""
    at_least = EPOCH if confirmed_at is None else confirmed_at + INSTANT
    return _by_moment(work, at_least=at_least, below=None, limit=1)


def is_full(work: UnitOfWork, confirmed_at: datetime | None) -> bool:
    """Whether more clocks may be due than fire in one batch. `due_clocks` must have been read."""
    return confirmed_at is not None and len(work.found_at_first(CLOCKS, due_clocks(work, confirmed_at))) == BATCH_SIZE


def due_floor(work: UnitOfWork, confirmed_at: datetime | None) -> datetime | None:
    """No clock that this batch does not hold is due before the floor; None: there is none.

    `due_clocks` must have been read, and `first_clock` where that is not full.
    """
    if confirmed_at is not None and is_full(work, confirmed_at):
        return work.found_at_first(CLOCKS, due_clocks(work, confirmed_at))[-1].next_at
    first = work.found_at_first(CLOCKS, first_clock(work, confirmed_at))
    return first[0].next_at if first else None


def _by_moment(work: UnitOfWork, *, at_least: datetime, below: datetime | None, limit: int) -> Query:
    return Query(
        CLOCKS.name,
        "due",
        {"partition": work.place.partition},
        at_least=instant_text(at_least),
        below=None if below is None else instant_text(below),
        limit=limit,
    )


def due_by(work: UnitOfWork, at: datetime) -> list[ClockRecord]:
    """The clocks that the batch holds and that have something to tell by then, the earliest first."""
    held = ((clock.next_at, identity, clock) for identity, clock in work.cached(CLOCKS).items())
    return [clock for _, _, clock in sorted((m, i, c) for m, i, c in held if m is not None and m <= at)]


def schedule_timer(work: UnitOfWork, moment: datetime) -> None:
    """See that somebody looks after `moment`. While an answer is awaited nothing is needed: it looks again itself."""
    schedule, at = _schedule(work), moment + ALLOWED_LATENESS
    if schedule.timer_at is not None and schedule.timer_at < work.now:
        # It should have come by now: set in this batch, about to come, or a dead letter. Setting it anew heals the last.
        _put_schedule(work, min(at, schedule.timer_at), schedule.in_flight)
    elif schedule.timer_at is None or (schedule.in_flight is None and at < schedule.timer_at):
        _put_schedule(work, at, schedule.in_flight)


def current_watermark(work: UnitOfWork) -> datetime | None:
    """The time until which all that happened is known to have been said."""
    return _schedule(work).watermark


def on_timer(work: UnitOfWork, floor: datetime | None) -> None:
    """The timer came: ask whether all is said that happened before what is due, or sleep until something is."""
    in_flight, moment, said = _schedule(work).in_flight, _earliest_due(work, floor), current_watermark(work)
    if moment is not None and said is not None and moment <= said:
        _put_schedule(work, moment + ALLOWED_LATENESS, in_flight)
    elif in_flight is not None and work.now < in_flight + ALLOWED_LATENESS + WATERMARK_RETRY:
        _put_schedule(work, in_flight + ALLOWED_LATENESS + WATERMARK_RETRY, in_flight)
    elif moment is not None and moment + ALLOWED_LATENESS <= work.now:
        _request_watermark(work, work.now - ALLOWED_LATENESS)
    else:
        _set_next_timer(work, moment)


def on_watermark(work: UnitOfWork, at: datetime, floor: datetime | None) -> None:
    """Conversations answered for `at` and what was due is told: look again when the next thing is due."""
    schedule = _schedule(work)
    confirmed = max(at, schedule.watermark or at)
    work.put(CLOCK_SCHEDULES, schedule_id(work), replace(schedule, watermark=confirmed))
    if schedule.in_flight is None or schedule.in_flight <= at:
        _set_next_timer(work, _earliest_due(work, floor))


def _request_watermark(work: UnitOfWork, at: datetime) -> None:
    workspace = next((clock.workspace for clock in due_by(work, at)), "pasokh")
    work.emit(DUE, f"{workspace}/control", WatermarkRequest(at=at), topic="sla", partition=work.place.partition)
    _put_schedule(work, work.now + WATERMARK_RETRY, at)


def _set_next_timer(work: UnitOfWork, moment: datetime | None) -> None:
    if moment is not None:
        _put_schedule(work, moment + ALLOWED_LATENESS, None)
    else:
        work.cancel_timer(TIMER)
        work.put(CLOCK_SCHEDULES, schedule_id(work), ClockSchedule(watermark=current_watermark(work)))


def _put_schedule(work: UnitOfWork, at: datetime, in_flight: datetime | None) -> None:
    work.set_timer(TIMER, at)
    schedule = ClockSchedule(timer_at=at, in_flight=in_flight, watermark=current_watermark(work))
    work.put(CLOCK_SCHEDULES, schedule_id(work), schedule)


def _schedule(work: UnitOfWork) -> ClockSchedule:
    return work.get(CLOCK_SCHEDULES, schedule_id(work)) or ClockSchedule()


def _earliest_due(work: UnitOfWork, floor: datetime | None) -> datetime | None:
    moments = (clock.next_at for clock in work.cached(CLOCKS).values())
    return min((at for at in (floor, *moments) if at is not None), default=None)
