"""Response figures from the runs that conversations gives on its facts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.conversation import ResponseRun
from schemas.kpis import RESPONSE_WINDOW
from services.metrics.domain.recount.history import Finding, History, Step


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """One run with its messages.

    `end` is the fact that ended it, None while it is open; `visible` is the fact by which the first answer of anybody
    became visible.
    """

    run: ResponseRun
    messages: Sequence[Step]
    end: Step | None
    visible: Step | None


def tracked_runs(known: History) -> Iterator[TrackedRun]:
    """The runs of a conversation, oldest first, each with the messages that belong to it."""
    unanswered, visible = list[Step](), None
    for step in known.steps:
        if step.name == "message_received" and step.needs_answer:
            unanswered.append(step)
        for run in step.ended_responses:
            count = _count_messages(run, unanswered)
            # The fact that ends a run may be the first one that makes an answer visible.
            seen = visible if visible is not None or run.visible_at is None else step
            yield TrackedRun(run, unanswered[:count], step, seen)
            unanswered, visible = unanswered[count:], None
        visible = visible or _visible_step(step)
    last = known.steps[-1].response
    if last is not None:
        yield TrackedRun(last, unanswered, None, visible)


def _visible_step(step: Step) -> Step | None:
    """The step, if the run that is open after it has a visible answer of anybody."""
    return step if step.response is not None and step.response.visible_at is not None else None


def _count_messages(run: ResponseRun, unanswered: Sequence[Step]) -> int:
    """How many of the unanswered messages belong to a run: up to its last one, by the order of the log."""
    places = (place for place, step in enumerate(unanswered) if step.message == run.last_message)
    return next(places, run.messages - 1) + 1


def responses(known: History) -> Iterator[Finding]:
    """The time from the start of each run to its answer, by a person (`human`) and by anybody (`any`); runs without one."""
    for tracked in tracked_runs(known):
        run, end, began_at = tracked.run, tracked.end, _began_at(tracked, known)
        last = known.steps[-1].dimensions
        if end is None:
            yield Finding("duration", run.kind, "human", last, began_at, None)
        elif run.state == "unanswered":
            yield Finding("count", f"unanswered_{run.kind}", "", end.dimensions, began_at, end.time)
        else:
            answered = [(run.started_at, run.accepted_at or run.started_at)]
            yield Finding("duration", run.kind, "human", end.dimensions, began_at, end.time, answered)
        if tracked.visible is not None:
            yield _visible(tracked, tracked.visible, began_at)
        elif end is None:
            yield Finding("duration", run.kind, "any", last, began_at, None)


def _visible(tracked: TrackedRun, step: Step, began_at: datetime) -> Finding:
    # The run as the fact gave it that made an answer visible: an earlier message may have arrived since.
    given = step.response if step is not tracked.end and step.response is not None else tracked.run
    seen = [(given.started_at, given.visible_at or given.started_at)]
    return Finding("duration", given.kind, "any", step.dimensions, began_at, step.time, seen)


def _began_at(tracked: TrackedRun, known: History) -> datetime:
    # A run of facts from before the first one that was read has no message here: it began by its end at the latest.
    first = tracked.messages[0] if tracked.messages else tracked.end or known.steps[-1]
    return first.time


# -- messages answered within a day ------------------------------------------------------------------------------------


def message_rates(known: History, now: datetime) -> Iterator[Finding]:
    """Whether each customer message that needs an answer had one within the window, by its own surface.

    One that was answered in time is settled when the answer is delivered, one that was not when the window has passed or
    its run ends without an answer. It is open while it is younger, and while an answer in time is on its way.
    """
    failures = [step for step in known.steps if step.name == "reply_failed"]
    for tracked in tracked_runs(known):
        for message in tracked.messages:
            is_met, settled_at = _judged(tracked, message, failures, now)
            # Dimensions as of the settling: a message counts for the team that had it then.
            at = known.steps[-1] if settled_at is None else _last_until(known.steps, settled_at)
            dimensions = {**at.dimensions, "surface": message.surface}
            yield Finding(
                "rate",
                "response_within_24h",
                message.surface,
                dimensions,
                message.time,
                # A message may arrive after its own due time: it is not settled before it is known.
                None if settled_at is None else max(settled_at, message.time),
                value=float(is_met),
            )


def _judged(
    tracked: TrackedRun, message: Step, failures: Sequence[Step], now: datetime
) -> tuple[bool, datetime | None]:
    """Whether a message had an answer in time, and when that was settled; None: it is open."""
    run, end, due_at = tracked.run, tracked.end, message.at + RESPONSE_WINDOW
    is_in_time = run.accepted_at is not None and run.accepted_at <= due_at
    if is_in_time and run.state != "unanswered":
        return True, end.time if end is not None else None
    missed_at = _missed_at(message, failures, due_at)
    if end is not None and run.state == "unanswered":
        return False, min(missed_at, end.time)
    return False, missed_at if missed_at <= now else None


def _missed_at(message: Step, failures: Sequence[Step], due_at: datetime) -> datetime:
    """When it was certain that a message has no answer in time: an answer in time may have failed after `due_at`."""
    return max([due_at, *(step.time for step in failures if message.time <= step.time and step.at <= due_at)])


def _last_until(steps: Sequence[Step], at: datetime) -> Step:
    """The last step until `at`, whose dimensions a finding has that settled then; the first step if all came later."""
    return [steps[0], *(step for step in steps if step.time <= at)][-1]
