"""How a clock runs: a clock and the time of an event in, the clock after it and the facts to emit out.

Only the times of events decide, never the time at which they are handled. In whatever order answers, failures, ticks
and the end of the conversation are handled, a run is breached at most once, and a breached run is never fulfilled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, Literal, TypedDict, TypeVar

from schemas.business_calendar import Calendar
from schemas.configuration import Escalation
from services.domain.business_hours import add_business_seconds, business_seconds_between
from services.domain.sla_state import Pause, PendingReply, PolicySnapshot, SlaClockState

P = TypeVar("P", bound=SlaClockState)
EventName = Literal["started", "changed", "paused", "resumed", "warned", "breached", "late", "fulfilled", "cancelled"]
"""The last word of the type of a fact about a clock."""


@dataclass(frozen=True, slots=True)
class ClockEvent(Generic[P]):
    """One fact to emit, with the clock as it is after it. `fraction` of the target is given on `warned`."""

    name: EventName
    clock: P
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Transition(Generic[P]):
    """The clock after an event, and the facts that follow from it, in order."""

    clock: P
    events: Sequence[ClockEvent[P]] = ()


def start(clock: P) -> Transition[P]:
    """Set a new clock running; its `due_at` and the next moment are computed here."""
    running = _with_next_at(_with_due_at(replace(clock, state="running")))
    return Transition(running, (ClockEvent("started", running),))


def retarget(clock: P, terms: PolicySnapshot | None, at: datetime) -> Transition[P]:
    """Another policy holds: its target counts, from the same start. A clock for which it has none is cancelled `at`.

    A clock that is breached, over, or met by an answer on its way stays what it was.
    """
    # An answer that was in time met the target of then; a stricter policy must not make it late afterwards.
    if clock.state not in ("running", "paused") or has_reply_in_time(clock):
        return Transition(clock)
    target = terms.targets.of(clock.metric) if terms is not None else None
    if terms is None or target is None:
        cancelled = _stopped(replace(clock, state="cancelled", stopped_at=at))
        return Transition(cancelled, (ClockEvent("cancelled", cancelled),))
    return _changed(clock, _with_due_at(replace(clock, target_seconds=target, **policy_fields(terms))))


def move_start(clock: P, started_at: datetime) -> Transition[P]:
    """A message of the run turned out to be earlier than its first one: the clock counts from there."""
    if is_terminal(clock) or started_at >= clock.started_at:
        return Transition(clock)
    return _changed(clock, _with_due_at(replace(clock, started_at=started_at)))


def _changed(before: P, after: P) -> Transition[P]:
    """The clock as it counts now; a fact is emitted where it counts by another policy or is due at another time."""
    after = _with_next_at(after)
    return Transition(after, () if _terms(before) == _terms(after) else (ClockEvent("changed", after),))


def _terms(clock: SlaClockState) -> tuple[object, ...]:
    return clock.policy, clock.policy_version, clock.target_seconds, clock.started_at, clock.due_at


class PolicyFields(TypedDict):
    """The fields of a clock that repeat its policy."""

    policy: str
    policy_version: int
    warn_at: list[float]
    calendar: Calendar | None
    escalate: Escalation | None


def policy_fields(terms: PolicySnapshot) -> PolicyFields:
    """What a clock repeats of the terms that it runs by."""
    return {
        "policy": terms.policy,
        "policy_version": terms.version,
        "warn_at": terms.warn_at,
        "calendar": terms.calendar,
        "escalate": terms.escalate,
    }


def pause(clock: P, at: datetime) -> Transition[P]:
    """Time does not count from `at` on. What was due before is emitted first; a clock that is breached by then is not paused."""
    # A reply that waited behind a customer's message was accepted before the pause that the message ended.
    at = max((at, clock.started_at, *(earlier.until for earlier in clock.pauses[-1:])))
    events: list[ClockEvent[P]] = []
    while clock.next_at is not None and clock.next_at < at:
        step = _warn_or_breach(clock)
        clock = step.clock
        events.extend(step.events)
    if clock.state != "running":
        return Transition(clock, events)
    paused = _with_next_at(replace(clock, state="paused", paused_at=at))
    return Transition(paused, (*events, ClockEvent("paused", paused)))


def resume(clock: P, at: datetime) -> Transition[P]:
    """Time counts again from `at` on: what was still to come moves by the length of the pause (none is negative)."""
    if clock.state != "paused" or clock.paused_at is None:
        return Transition(clock)
    # Times of two writers may contradict each other: a pause that would end before it began has no length.
    pauses = [*clock.pauses, Pause(since=clock.paused_at, until=max(at, clock.paused_at))]
    resumed = _with_next_at(_with_due_at(replace(clock, state="running", paused_at=None, pauses=pauses)))
    changed = _changed(clock, resumed)
    return Transition(resumed, (ClockEvent("resumed", resumed), *changed.events))


def reply(clock: P, message: str, at: datetime) -> P:
    """An answer was accepted `at`: the clock stands still until it arrives or fails."""
    if is_terminal(clock) or any(a.message == message for a in clock.answers):
        return clock
    return _with_pending_replies(clock, [*clock.answers, PendingReply(message=message, at=at)])


def deliver(clock: P, at: datetime) -> Transition[P]:
    """An answer that was accepted `at` was delivered: the clock is fulfilled, or the answer is late."""
    if is_terminal(clock):
        return Transition(clock)
    if clock.state == "running" and at <= clock.due_at:
        fulfilled = _stopped(replace(clock, state="fulfilled", stopped_at=at))
        return Transition(fulfilled, (ClockEvent("fulfilled", fulfilled),))
    # The breach was due before the answer was accepted; no tick came between, so that it is emitted now.
    breach = _breach(clock) if clock.state == "running" else Transition(clock)
    late_by = max(0.0, (at - clock.due_at).total_seconds())
    late = _stopped(replace(breach.clock, stopped_at=at, late_by_seconds=late_by))
    return Transition(late, (*breach.events, ClockEvent("late", late)))


def await_answer(clock: P, answer: PendingReply | None) -> P:
    """The answer by which a response run ends if it arrives: the clock stands still until then. None: there is none."""
    answers = [answer] if answer is not None else []
    return clock if is_terminal(clock) or clock.answers == answers else _with_pending_replies(clock, answers)


def give_up(clock: P, at: datetime) -> Transition[P]:
    """A resolve `at` ended the response run without an answer. What is breached by then stays breached for ever."""
    return Transition(clock) if is_terminal(clock) else end(await_answer(clock, None), at)


def fail(clock: P, message: str) -> Transition[P]:
    """An answer will never be delivered: the clock runs as if it had not been accepted."""
    if is_terminal(clock):
        return Transition(clock)
    # The conversation may have been resolved while the answer was on its way: without it, that end counts.
    after = _with_pending_replies(clock, [a for a in clock.answers if a.message != message])
    return end(after, after.ended_at) if after.ended_at is not None else Transition(after)


def end(clock: P, at: datetime) -> Transition[P]:
    """The conversation was resolved or closed `at`. An answer on its way that was in time is waited for."""
    if clock.state != "running":
        return Transition(clock)
    if has_reply_in_time(clock):
        return Transition(replace(clock, ended_at=clock.ended_at or at))
    # The end comes after the due time, and no tick has noticed: the run is breached, not cancelled.
    if at > clock.due_at:
        return _breach(clock)
    cancelled = _stopped(replace(clock, state="cancelled", stopped_at=at))
    return Transition(cancelled, (ClockEvent("cancelled", cancelled),))


def reopen(clock: P) -> P:
    """The conversation goes on: an end that was noted while an answer was on its way counts no more."""
    return replace(clock, ended_at=None) if clock.ended_at is not None else clock


def tick(clock: P, at: datetime) -> Transition[P]:
    """All that happened until `at` has been applied: emit what is due by then, in order."""
    events: list[ClockEvent[P]] = []
    # After a long outage several are due: all warnings, then the breach, each as if it had been noticed in time.
    while clock.next_at is not None and clock.next_at <= at:
        step = _warn_or_breach(clock)
        clock = step.clock
        events.extend(step.events)
    return Transition(clock, events)


def recompute(clock: P, until: datetime) -> P:
    """The clock as it follows from its own start, target, calendar, pauses and stop; what is due `until` then has fired."""
    clock = _with_due_at(clock)
    if clock.state == "cancelled":
        return _with_next_at(clock)
    running = replace(clock, state="running") if clock.state == "fulfilled" else clock
    if clock.stopped_at is None or clock.answers:
        return tick(_with_next_at(running), until).clock
    return deliver(replace(running, stopped_at=None, late_by_seconds=None), clock.stopped_at).clock


@dataclass(frozen=True, slots=True)
class Fired(Generic[P]):
    """The clocks that ticked, by id and as they are after it, and the facts that follow, in order."""

    clocks: Mapping[str, P]
    events: Sequence[ClockEvent[P]]


def fire(clocks: Mapping[str, P], at: datetime | None) -> Fired[P]:
    """Tick every clock with something due by `at`, the earliest first. None: no time is confirmed, so none ticks."""
    fired, events = dict[str, P](), list[ClockEvent[P]]()
    if at is None:
        return Fired(fired, events)
    for identity, clock in due_by(clocks, at):
        step = tick(clock, at)
        fired[identity] = step.clock
        events.extend(step.events)
    return Fired(fired, events)


def due_by(clocks: Mapping[str, P], at: datetime) -> list[tuple[str, P]]:
    """The clocks, by id, with a warning or a breach due by `at`, the earliest first."""
    moments = sorted((clock.next_at, identity) for identity, clock in clocks.items() if clock.next_at is not None)
    return [(identity, clocks[identity]) for moment, identity in moments if moment <= at]


def _warn_or_breach(clock: P) -> Transition[P]:
    return _warn(clock) if clock.next_at is not None and clock.next_at < clock.due_at else _breach(clock)


def _warn(clock: P) -> Transition[P]:
    fraction = min(f for f in clock.warn_at if f not in clock.warned)
    warned = _with_next_at(replace(clock, warned=[*clock.warned, fraction]))
    return Transition(warned, (ClockEvent("warned", warned, fraction),))


def _breach(clock: P) -> Transition[P]:
    breached = _with_next_at(replace(clock, state="breached", ended_at=None))
    return Transition(breached, (ClockEvent("breached", breached),))


def _with_pending_replies(clock: P, answers: list[PendingReply]) -> P:
    # The earliest answer on its way would end the run; which of them arrives is not known yet.
    stopped_at = min((a.at for a in answers), default=None)
    return _with_next_at(replace(clock, answers=answers, stopped_at=stopped_at))


def _stopped(clock: P) -> P:
    return _with_next_at(replace(clock, answers=[], ended_at=None))


def _with_next_at(clock: P) -> P:
    """The clock with the `next_at` that follows from the rest of it."""
    return replace(clock, next_at=_next_at(clock))


def _next_at(clock: SlaClockState) -> datetime | None:
    if clock.state != "running" or has_reply_in_time(clock):
        return None
    # 1.0 is the due time itself: the breach is due once every warning was emitted.
    fraction = min((f for f in clock.warn_at if f not in clock.warned), default=1.0)
    return min(clock.due_at, _moment_after(clock, clock.target_seconds * fraction))


def _with_due_at(clock: P) -> P:
    return replace(clock, due_at=_moment_after(clock, clock.target_seconds))


def _moment_after(clock: SlaClockState, seconds: float) -> datetime:
    """When so many seconds that count have passed since the start: every pause that comes before puts it off."""
    at = add_business_seconds(clock.started_at, seconds, clock.calendar)
    # In order: a pause that begins after the moment does not move it, but one before may move it past the next pause.
    for interval in clock.pauses:
        if interval.since <= at:
            paused_seconds = business_seconds_between(interval.since, interval.until, clock.calendar)
            at = add_business_seconds(at, paused_seconds, clock.calendar)
    return at


def has_reply_in_time(clock: SlaClockState) -> bool:
    """Whether an answer that was accepted in time is on its way."""
    return any(a.at <= clock.due_at for a in clock.answers)


def is_terminal(clock: SlaClockState) -> bool:
    """Whether no event changes the clock any more: it is fulfilled, cancelled, or breached and answered late."""
    return clock.state in ("fulfilled", "cancelled") or clock.late_by_seconds is not None
