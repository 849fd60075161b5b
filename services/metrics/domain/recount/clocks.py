"""SLA clocks: how many started, were warned, breached, fulfilled or cancelled, from their facts."""

from collections.abc import Iterator

from services.metrics.domain.recount.history import ClockStep, Finding, History

COUNTED = ("started", "warned", "breached", "fulfilled", "cancelled", "late")
SETTLED = ("breached", "fulfilled", "cancelled", "late")
RESPONSES = ("first_response", "next_response", "public_response")


def clock_findings(known: History) -> Iterator[Finding]:
    """Each fact of a clock that is counted, `unanswered` beside `cancelled`, and the clocks that still run."""
    began: dict[tuple[str, int], ClockStep] = {}
    last: dict[tuple[str, int], ClockStep] = {}
    for step in known.clocks:
        first = began.setdefault((step.metric, step.run), step)
        last[step.metric, step.run] = step
        if step.name in COUNTED:
            # Where the start lies before the facts that were read, the clock's own start is all that is known.
            began_at = first.time if first.name == "started" else first.started_at
            yield Finding("sla", step.metric, step.name, step.dimensions, began_at, step.time)
            if step.name == "cancelled" and _is_unanswered(known, step):
                yield Finding("sla", step.metric, "unanswered", step.dimensions, began_at, step.time)
    for run, step in last.items():
        if step.name not in SETTLED:
            first = began[run]
            began_at = first.time if first.name == "started" else first.started_at
            yield Finding("sla", step.metric, "clock", step.dimensions, began_at, None)


def _is_unanswered(known: History, step: ClockStep) -> bool:
    """Whether a response clock was cancelled by the end of its conversation, and not by a change of its policy."""
    if step.metric not in RESPONSES:
        return False
    return any(one.name in ("resolved", "closed") and one.at == step.stopped_at for one in known.steps)
