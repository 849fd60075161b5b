"""Times that follow from the status of a conversation: resolution, handling, waiting in the queue."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from schemas.kpis import IDLE_LIMIT, MAX_WITHDRAWN_MESSAGES
from services.metrics.domain.recount.history import Finding, History, Interval, Step
from services.metrics.domain.recount.responses import tracked_runs

# -- who has the next move ---------------------------------------------------------------------------------------------


def pending(steps: Sequence[Step]) -> list[Interval]:
    """The intervals in which it waited for the customer, each as a whole."""
    return [(since, until) for since, until, _ in _pending_times(steps)]


def with_agent(steps: Sequence[Step]) -> list[Interval]:
    """The intervals in which an agent had the next move: from fact to fact, and from each failed answer to its failure."""
    # Fact by fact, because a gap over the idle limit does not count as handling.
    own = [(one.time, following.time) for one, following in pairwise(steps) if one.phase == "agent"]
    taken_back = [(until, end.time) for _, until, end in _pending_times(steps) if end.phase == "agent"]
    return sorted([*own, *(interval for interval in taken_back if interval[0] < interval[1])])


def _pending_times(steps: Sequence[Step]) -> Iterator[tuple[datetime, datetime, Step]]:
    """The start and end of each pending status, and the fact that ended it.

    An answer that fails has not been given: where its failure ends the pending status, the time since its acceptance was
    the agent's.
    """
    since: datetime | None = None
    for step in steps:
        if step.phase == "customer":
            since = since or step.time
        elif since is not None:
            until = min(max(step.at, since), step.time) if step.name == "reply_failed" else step.time
            yield since, until, step
            since = None


# -- resolution and handling -------------------------------------------------------------------------------------------


def resolutions(known: History, whole: History) -> Iterator[Finding]:
    """The time from the opening to the first and to the last resolve.

    `known` ends with the time of the report, `whole` with now: it tells whether a resolve in `known` was the last one.
    """
    steps, began = known.steps, known.steps[0].time
    resolves = [place for place, step in enumerate(steps) if step.name == "resolved"]
    if resolves:
        yield _resolution("first", steps, resolves[0])
    else:
        yield Finding("duration", "resolution", "first", steps[-1].dimensions, began, None)
    if is_resolved_for_good(known, whole):
        is_provisional = not is_closed(whole)
        yield _resolution("full", steps, resolves[-1], is_provisional=is_provisional)
        waited = pending(steps[: resolves[-1] + 1])
        yield _resolution("full_less_pending", steps, resolves[-1], waited, is_provisional=is_provisional)
    else:
        for variant in ("full", "full_less_pending"):
            yield Finding("duration", "resolution", variant, steps[-1].dimensions, began, None)


def is_resolved_for_good(known: History, whole: History) -> bool:
    """Whether the last resolve that is known by now was the last one ever."""
    # The last of both decides: a resolve that a reopening followed was none for good.
    resolves = [step for step in whole.steps if step.name in ("resolved", "reopened")]
    return bool(resolves) and resolves[-1].name == "resolved" and resolves[-1].time <= known.steps[-1].time


def is_closed(whole: History) -> bool:
    """Whether it is done for good."""
    return any(step.name == "closed" for step in whole.steps)


def _resolution(
    variant: str, steps: Sequence[Step], place: int, waited: Sequence[Interval] = (), *, is_provisional: bool = False
) -> Finding:
    step = steps[place]
    # Where the snapshot has no `resolved_at`, the own time of the fact is as good.
    counted = [(step.opened_at, step.resolved_at or step.at)]
    return Finding(
        kind="duration",
        name="resolution",
        variant=variant,
        dimensions=step.dimensions,
        began_at=steps[0].time,
        settled_at=step.time,
        counted=counted,
        excluded=waited,
        provisional=is_provisional,
    )


def handling(known: History) -> Iterator[Finding]:
    """The time in which an agent had the next move, once per resolve; gaps between facts over the idle limit are `idle`."""
    start = 0
    for place, step in enumerate(known.steps):
        if step.name == "resolved":
            yield from _handled(known.steps[start : place + 1], known.steps[: place + 1])
            start = place + 1
    rest = known.steps[start:]
    taken = _first_with_agent(rest)
    if taken is not None:
        yield Finding("duration", "handle", "active", rest[-1].dimensions, taken.time, None)


def _handled(part: Sequence[Step], history: Sequence[Step]) -> Iterator[Finding]:
    taken = _first_with_agent(part)
    if taken is None:
        return
    resolve = part[-1]
    # Over the whole history: a pending status that began before the last resolve may end in this part.
    own = [interval for interval in with_agent(history) if interval[0] >= part[0].time]
    idle = [interval for interval in own if interval[1] - interval[0] > IDLE_LIMIT]
    active = [interval for interval in own if interval[1] - interval[0] <= IDLE_LIMIT]
    yield Finding("duration", "handle", "active", resolve.dimensions, taken.time, resolve.time, active)
    if idle:
        yield Finding("duration", "handle", "idle", resolve.dimensions, taken.time, resolve.time, idle)


def _first_with_agent(steps: Sequence[Step]) -> Step | None:
    return next((step for step in steps if step.phase == "agent"), None)


# -- waiting in the queue ----------------------------------------------------------------------------------------------


def waits(known: History) -> Iterator[Finding]:
    """The time from queued to accepted, anew for each queueing; a wait that ends by a resolve is withdrawn.

    `abandonment` is the share of waits that were withdrawn, and of those that the customer withdrew.
    """
    queued: Step | None = None
    for step in known.steps:
        # An offer that is declined leads back into the queue: it is one wait.
        if step.phase == "queue":
            queued = queued or step
        elif queued is not None:
            yield from _ended_wait(known, queued, step)
            queued = None
    if queued is not None:
        yield Finding("duration", "wait", "total", known.steps[-1].dimensions, queued.time, None)
        for variant in ("withdrawn", "customer"):
            yield Finding("rate", "abandonment", variant, known.steps[-1].dimensions, queued.time, None)


def _ended_wait(known: History, queued: Step, end: Step) -> Iterator[Finding]:
    is_withdrawn = end.phase == "finished"
    by_customer = is_withdrawn and _customer_left(known, end)
    name, variant = ("withdrawn", "customer" if by_customer else "resolve") if is_withdrawn else ("wait", "total")
    waited = [(queued.time, end.at)]
    yield Finding("duration", name, variant, end.dimensions, queued.time, end.time, waited)
    for share, counts in (("withdrawn", is_withdrawn), ("customer", by_customer)):
        yield Finding("rate", "abandonment", share, end.dimensions, queued.time, end.time, value=float(counts))


def _customer_left(known: History, end: Step) -> bool:
    """Whether the customer had deleted every message of the run that ended with the wait."""
    deleted = {step.message for step in known.steps if step.name == "message_deleted" and step.time <= end.time}
    # The run that the same fact ended: earlier runs are no reason of this withdrawal.
    unanswered = [one for one in tracked_runs(known) if one.end is end and one.run.state == "unanswered"]
    messages = [step.message for step in unanswered[-1].messages] if unanswered else []
    return 0 < len(messages) <= MAX_WITHDRAWN_MESSAGES and deleted.issuperset(messages)
