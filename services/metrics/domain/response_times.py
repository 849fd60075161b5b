"""Response times, from the response runs of facts. Conversations alone decides who waits for whom. Pure."""

from dataclasses import replace

from schemas.conversation import ResponseRun
from schemas.kpis import MAX_WITHDRAWN_MESSAGES
from services.domain.metrics_state import ConversationMetricsState
from services.metrics.domain.facts import ConversationEvent, Labels, Measurement, Reduced, seconds_between


def on_response(state: ConversationMetricsState, event: ConversationEvent) -> Reduced:
    """Count each run that the fact ended, and the first visible answer of a run, whoever wrote it."""
    state = _on_message(state, event)
    measurements = list[Measurement]()
    for run in event.fact.ended_responses or ():
        measurements += _ended(run, event.labels, is_visible=state.is_visible)
        # Messages after the last one of the run belong to the next run.
        remaining = (
            state.unanswered_messages[state.unanswered_messages.index(run.last_message) + 1 :]
            if run.last_message in state.unanswered_messages
            else []
        )
        deleted = [message for message in state.deleted_messages if message in remaining]
        state = replace(state, is_visible=False, unanswered_messages=remaining, deleted_messages=deleted)
    # An answer of a bot becomes visible while the run stays open; it counts now, and not again when the run ends.
    run_now = event.fact.response
    if run_now is not None and run_now.visible_at is not None and not state.is_visible:
        measurements += _visible(run_now, event.labels)
        state = replace(state, is_visible=True)
    return state, measurements


def _ended(run: ResponseRun, labels: Labels, *, is_visible: bool) -> list[Measurement]:
    measurements = [] if is_visible else _visible(run, labels)
    if run.state == "unanswered":
        return [*measurements, Measurement("unanswered", run.kind, labels)]
    took = seconds_between(run.started_at, run.accepted_at or run.started_at)
    return [*measurements, Measurement(run.kind, "human", labels, took)]


def _visible(run: ResponseRun, labels: Labels) -> list[Measurement]:
    if run.visible_at is None:
        return []
    return [Measurement(run.kind, "any", labels, seconds_between(run.started_at, run.visible_at))]


def _on_message(state: ConversationMetricsState, event: ConversationEvent) -> ConversationMetricsState:
    """Note the messages that wait for an answer, and which of them the customer deleted."""
    message = event.fact.message or ""
    if event.event_name == "message_received" and event.fact.needs_answer:
        # More than so many are never withdrawn together, so that the state stays small.
        return replace(state, unanswered_messages=[*state.unanswered_messages, message][-MAX_WITHDRAWN_MESSAGES:])
    if (
        event.event_name == "message_deleted"
        and message in state.unanswered_messages
        and message not in state.deleted_messages
    ):
        return replace(state, deleted_messages=[*state.deleted_messages, message])
    return state
