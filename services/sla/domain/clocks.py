"""How a clock runs: a promise and an event's time in, the promise after it and what is to be told out.

Only the times of events decide, never when somebody looked. Whatever order answers, failures, ticks and the end of the
conversation come in, a run is breached at most once, and what is breached is never fulfilled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeVar

from schemas.configuration import Calendar
from services.domain.business_hours import add_business, business_between
from services.domain.sla_state import Answer, Pause, Promise, Terms

P = TypeVar("P", bound=Promise)
Word = Literal["started", "paused", "resumed", "warned", "breached", "late", "fulfilled", "cancelled"]
"""The last word of the fact's type."""


@dataclass(frozen=True, slots=True)
class Told(Generic[P]):
    """One fact to tell, with the clock as it is after it. `fraction` of the target is given on `warned`."""

    word: Word
    clock: P
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Change(Generic[P]):
    """The clock after an event, and the facts that follow from it, in order."""

    clock: P
    told: Sequence[Told[P]] = ()


def moment(start: datetime, seconds: float, calendar: Calendar | None) -> datetime:
    """`seconds` after `start`: of opening time where there is a calendar, else around the clock."""
    return add_business(start, seconds, calendar) if calendar else start + timedelta(seconds=seconds)


def start(clock: P) -> Change[P]:
    """Set a new clock running; its `due_at` and the next moment are computed here."""
    running = _aligned(_due(clock.model_copy(update={"state": "running"})))
    return Change(running, (Told("started", running),))


def retarget(clock: P, terms: Terms | None, at: datetime) -> Change[P]:
    """Another policy holds: the promise is its own, from the same start. One that it does not make ends `at`.

    A promise that is broken, over, or met by an answer on its way stays what it was.
    """
    if clock.state not in ("running", "paused") or is_held(clock):
        return Change(clock)
    target = terms and terms.targets.of(clock.metric)
    if terms is None or target is None:
        cancelled = _stopped(clock, state="cancelled", stopped_at=at)
        return Change(cancelled, (Told("cancelled", cancelled),))
    return Change(_aligned(_due(clock.model_copy(update={**promised(terms), "target_seconds": target}))))


def promised(terms: Terms) -> dict[str, object]:
    """What a clock repeats of the terms that it runs by."""
    return {
        "policy": terms.policy,
        "policy_version": terms.version,
        "warn_at": terms.warn_at,
        "calendar": terms.calendar,
        "escalate": terms.escalate,
    }


def pause(clock: P, at: datetime) -> Change[P]:
    """Time does not count from `at` on. What was due before is told first, and what is broken by then is not paused."""
    # A reply that waited behind a customer's message was accepted before the pause that the message ended.
    at = max((at, clock.started_at, *(earlier.until for earlier in clock.pauses[-1:])))
    told: list[Told[P]] = []
    while clock.next_at is not None and clock.next_at < at:
        step = _tell_next(clock)
        clock = step.clock
        told.extend(step.told)
    if clock.state != "running":
        return Change(clock, told)
    paused = _aligned(clock.model_copy(update={"state": "paused", "paused_at": at}))
    return Change(paused, (*told, Told("paused", paused)))


def resume(clock: P, at: datetime) -> Change[P]:
    """Time counts again from `at` on: what was still to come moves by the length of the pause (none is negative)."""
    if clock.state != "paused" or clock.paused_at is None:
        return Change(clock)
    pauses = [*clock.pauses, Pause(since=clock.paused_at, until=max(at, clock.paused_at))]
    update = {"state": "running", "paused_at": None, "pauses": pauses}
    resumed = _aligned(_due(clock.model_copy(update=update)))
    return Change(resumed, (Told("resumed", resumed),))


def reply(clock: P, message: str, at: datetime) -> P:
    """An answer was accepted `at`: the clock stands still until it arrives or fails."""
    if is_over(clock) or any(a.message == message for a in clock.answers):
        return clock
    return _awaiting(clock, [*clock.answers, Answer(message=message, at=at)])


def deliver(clock: P, at: datetime) -> Change[P]:
    """An answer that was accepted `at` has arrived: the promise is kept, or the answer is late."""
    if is_over(clock):
        return Change(clock)
    if clock.state == "running" and at <= clock.due_at:
        kept = _stopped(clock, state="fulfilled", stopped_at=at)
        return Change(kept, (Told("fulfilled", kept),))
    breach = _breach(clock) if clock.state == "running" else Change(clock)
    late_by = max(0.0, (at - clock.due_at).total_seconds())
    late = _stopped(breach.clock, stopped_at=at, late_by_seconds=late_by)
    return Change(late, (*breach.told, Told("late", late)))


def fail(clock: P, message: str) -> Change[P]:
    """An answer will never arrive: the clock runs as if it had not been said."""
    if is_over(clock):
        return Change(clock)
    after = _awaiting(clock, [a for a in clock.answers if a.message != message])
    return end(after, after.ended_at) if after.ended_at is not None else Change(after)


def end(clock: P, at: datetime) -> Change[P]:
    """The conversation was resolved or closed `at`. An answer on its way that was in time is waited for."""
    if clock.state != "running":
        return Change(clock)
    if is_held(clock):
        return Change(clock.model_copy(update={"ended_at": clock.ended_at or at}))
    if at > clock.due_at:
        return _breach(clock)
    cancelled = _stopped(clock, state="cancelled", stopped_at=at)
    return Change(cancelled, (Told("cancelled", cancelled),))


def reopen(clock: P) -> P:
    """The conversation goes on: an end that was noted while an answer was on its way counts no more."""
    return clock.model_copy(update={"ended_at": None}) if clock.ended_at is not None else clock


def tick(clock: P, at: datetime) -> Change[P]:
    """All that happened until `at` has been said: tell what is due by then, in order."""
    told: list[Told[P]] = []
    while clock.next_at is not None and clock.next_at <= at:
        step = _tell_next(clock)
        clock = step.clock
        told.extend(step.told)
    return Change(clock, told)


def _tell_next(clock: P) -> Change[P]:
    return _warn(clock) if clock.next_at is not None and clock.next_at < clock.due_at else _breach(clock)


def _warn(clock: P) -> Change[P]:
    fraction = min(f for f in clock.warn_at if f not in clock.warned)
    warned = _aligned(clock.model_copy(update={"warned": [*clock.warned, fraction]}))
    return Change(warned, (Told("warned", warned, fraction),))


def _breach(clock: P) -> Change[P]:
    breached = _aligned(clock.model_copy(update={"state": "breached", "ended_at": None}))
    return Change(breached, (Told("breached", breached),))


def _awaiting(clock: P, answers: list[Answer]) -> P:
    stopped_at = min((a.at for a in answers), default=None)
    return _aligned(clock.model_copy(update={"answers": answers, "stopped_at": stopped_at}))


def _stopped(clock: P, **fields: object) -> P:
    return _aligned(clock.model_copy(update={**fields, "answers": [], "ended_at": None}))


def _aligned(clock: P) -> P:
    """The clock with the `next_at` that follows from the rest of it."""
    return clock.model_copy(update={"next_at": _next_at(clock)})


def _next_at(clock: Promise) -> datetime | None:
    if clock.state != "running" or is_held(clock):
        return None
    fraction = min((f for f in clock.warn_at if f not in clock.warned), default=1.0)
    return min(clock.due_at, _at(clock, clock.target_seconds * fraction))


def _due(clock: P) -> P:
    return clock.model_copy(update={"due_at": _at(clock, clock.target_seconds)})


def _at(clock: Promise, seconds: float) -> datetime:
    """When so many seconds that count have passed since the start: every pause that comes before puts it off."""
    at = moment(clock.started_at, seconds, clock.calendar)
    for pause_ in clock.pauses:
        if pause_.since <= at:
            at = moment(at, _counted(pause_, clock.calendar), clock.calendar)
    return at


def _counted(pause_: Pause, calendar: Calendar | None) -> float:
    if calendar is not None:
        return business_between(pause_.since, pause_.until, calendar)
    return (pause_.until - pause_.since).total_seconds()


def is_held(clock: Promise) -> bool:
    """An answer that was in time is on its way."""
    return any(a.at <= clock.due_at for a in clock.answers)


def is_over(clock: Promise) -> bool:
    """Nothing will ever change it."""
    return clock.state in ("fulfilled", "cancelled") or clock.late_by_seconds is not None
