"""When a partition reads its clocks next. Time comes through the log. Pure: a schedule in, a plan out.

Each partition has one timer, at the next moment of any of its clocks plus a grace. When it fires, `sla` asks
conversations (`pasokh.control.watermark_request`) to confirm that every fact of before that moment has been read; the
answer (`pasokh.control.watermark`) is what fires clocks. One request is in flight at a time. A timer that finds nothing
due is harmless, and so is a request that is repeated. Clocks that are not due cost nothing: they are found by their
index, never by a scan.

A watermark is good for all that was due by then: what exceeds one batch follows by timers at the present time, without
another request. No fact that is read later can have happened before, so it holds for clocks that start later as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schemas.sla import WatermarkRequest
from services.records.clocks import ClockRecord, ClockSchedule
from services.sla.emissions import Emission

WATERMARK_REQUEST = "pasokh.control.watermark_request"
ALLOWED_LATENESS = timedelta(seconds=0.2)
"""How long after a moment its watermark is requested: an answer accepted just before it is on the log by then."""
WATERMARK_RETRY = timedelta(seconds=60)
"""After this time without a watermark it is requested once more."""


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """The schedule to write. `sets_timer`: the timer is set to its `timer_at`, or cancelled where that is None.

    `requests` has the request to conversations to confirm a time, if one is due.
    """

    schedule: ClockSchedule
    sets_timer: bool = True
    requests: Sequence[Emission] = ()


def earliest_moment(clocks: Iterable[ClockRecord], floor: datetime | None = None) -> datetime | None:
    """When the first of these clocks has a warning or its breach due; `floor`: no other clock has one before it."""
    moments = (clock.next_at for clock in clocks)
    return min((at for at in (floor, *moments) if at is not None), default=None)


def after_change(schedule: ClockSchedule, moment: datetime | None, now: datetime) -> SchedulePlan | None:
    """Let the timer fire after `moment`, when a changed clock is due next; None: the schedule does that as it is.

    While a request is in flight nothing is needed: its watermark sets the timer anew.
    """
    if moment is None:
        return None
    at, set_for = moment + ALLOWED_LATENESS, schedule.timer_at
    if set_for is not None and set_for < now:
        # It should have fired: set in this batch, about to fire, or a dead letter. Setting it again heals the last.
        return SchedulePlan(replace(schedule, timer_at=min(at, set_for)))
    if set_for is None or (schedule.in_flight is None and at < set_for):
        return SchedulePlan(replace(schedule, timer_at=at))
    return None


def after_timer(
    schedule: ClockSchedule, clocks: Iterable[ClockRecord], floor: datetime | None, now: datetime
) -> SchedulePlan:
    """The timer fired: request the watermark of the next clock that is due, or set the timer for it."""
    known = list(clocks)
    moment = earliest_moment(known, floor)
    watermark, in_flight = schedule.watermark, schedule.in_flight
    if moment is not None and watermark is not None and moment <= watermark:
        # More was due than one batch holds: the rest follows.
        return SchedulePlan(replace(schedule, timer_at=moment + ALLOWED_LATENESS))
    # The watermark may be lost with its request, for example when a topic is restored: it is requested again.
    if in_flight is not None and now < (retry_at := in_flight + ALLOWED_LATENESS + WATERMARK_RETRY):
        return SchedulePlan(replace(schedule, timer_at=retry_at))
    if moment is not None and moment + ALLOWED_LATENESS <= now:
        # The present, not only `moment`: one watermark fires all that is due by now.
        request_at = now - ALLOWED_LATENESS
        requested = replace(schedule, timer_at=now + WATERMARK_RETRY, in_flight=request_at)
        return SchedulePlan(requested, requests=[_watermark_request(known, request_at)])
    return _next_timer(schedule, moment)


def after_watermark(
    schedule: ClockSchedule, at: datetime, clocks: Iterable[ClockRecord], floor: datetime | None, now: datetime
) -> SchedulePlan:
    """Conversations confirmed `at`, and what was due by then has fired: set the timer for the next clock."""
    confirmed = replace(schedule, watermark=max(at, schedule.watermark or at))
    moment = earliest_moment(clocks, floor)
    if schedule.in_flight is not None and schedule.in_flight > at:
        # The watermark of a later request is awaited, and will set the timer.
        return after_change(confirmed, moment, now) or SchedulePlan(confirmed, sets_timer=False)
    return _next_timer(confirmed, moment)


def _watermark_request(clocks: Iterable[ClockRecord], at: datetime) -> Emission:
    """The request to confirm that every fact of until `at` has been read. It goes to the partition of the same number.

    Every event names a workspace, and time belongs to none: this one names a workspace of which a clock is due.
    """
    due = [(clock.next_at, clock.workspace) for clock in clocks if clock.next_at is not None and clock.next_at <= at]
    workspace = min(due)[1] if due else "pasokh"
    return Emission(WATERMARK_REQUEST, f"{workspace}/control", WatermarkRequest(at=at), topic="sla")


def _next_timer(schedule: ClockSchedule, moment: datetime | None) -> SchedulePlan:
    timer_at = moment + ALLOWED_LATENESS if moment is not None else None
    return SchedulePlan(replace(schedule, timer_at=timer_at, in_flight=None))
