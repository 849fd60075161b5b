"""Time in the queue: from queued to accepted, or to the withdrawal of the wait. Pure."""

from dataclasses import replace

from schemas.kpis import MAX_WITHDRAWN_MESSAGES
from services.domain.lifecycle import is_finished, is_queued
from services.domain.metrics_state import ConversationMetricsState
from services.metrics.domain.facts import ConversationEvent, Measurement, Reduced, seconds_between


def on_queue(state: ConversationMetricsState, event: ConversationEvent) -> Reduced:
    """A wait goes on while the conversation is offered; it ends when an agent accepts it, or is withdrawn by a resolve."""
    status, since = event.conversation.status, state.waiting_since
    if is_queued(status):
        return state if since else replace(state, waiting_since=event.time), []
    if since is None:
        return state, []
    seconds = seconds_between(since, event.fact.at)
    state = replace(state, waiting_since=None)
    if not is_finished(status):
        return state, [Measurement("wait", "total", event.labels, seconds)]
    variant = "customer" if _customer_left(state, event) else "resolve"
    return state, [Measurement("withdrawn", variant, event.labels, seconds)]


def _customer_left(state: ConversationMetricsState, event: ConversationEvent) -> bool:
    """Whether the customer had deleted every message of the run that this fact ends without an answer."""
    # A run with more messages than the state holds is never counted as withdrawn by the customer.
    unanswered = [run for run in event.fact.ended_responses or () if run.state == "unanswered"]
    if not unanswered or unanswered[-1].messages > MAX_WITHDRAWN_MESSAGES:
        return False
    return set(state.deleted_messages).issuperset(state.unanswered_messages[-unanswered[-1].messages :])
