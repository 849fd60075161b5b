"""Time with an agent, time waiting for the customer, and the resolution times that leave the latter out. Pure."""

from dataclasses import replace
from datetime import datetime

from schemas.kpis import IDLE_LIMIT
from services.domain.lifecycle import is_assigned, is_pending
from services.domain.metrics_state import ConversationMetricsState, LastResolution
from services.metrics.domain.facts import ConversationEvent, Measurement, Reduced, seconds_between


def on_status_time(state: ConversationMetricsState, event: ConversationEvent) -> Reduced:
    """Add the time since the last fact to handling, or the pending time to its sum once it ends."""
    status, since = event.conversation.status, state.status_since
    if is_assigned(state.status) and since is not None:
        state = _handled(state, state.counted_until or since, event.time)
    elif is_pending(state.status) and since is not None and not is_pending(status):
        state = _end_pending(state, since, event)
    # Every fact moves `counted_until`, also one that changes no status: the gap between two facts may be idle.
    state = replace(state, counted_until=event.time)
    if status != state.status:
        state = replace(state, status=status, status_since=event.time)
    if is_assigned(status) and state.handled_since is None:
        state = replace(state, handled_since=event.time)
    return state, []


def _end_pending(
    state: ConversationMetricsState, since: datetime, event: ConversationEvent
) -> ConversationMetricsState:
    """Add the pending time. After an answer that failed, the time from its acceptance on was the agent's, not the customer's."""
    waited_until = event.time
    if event.event_name == "reply_failed":
        waited_until = min(max(event.fact.at, since), event.time)
        if is_assigned(event.conversation.status):
            state = _handled(state, waited_until, event.time)
    pending_seconds = state.pending_seconds + seconds_between(since, waited_until)
    return replace(state, pending_seconds=pending_seconds)


def _handled(state: ConversationMetricsState, since: datetime, until: datetime) -> ConversationMetricsState:
    # A gap between two facts over the idle limit is no handling: the agent did something else.
    seconds = seconds_between(since, until)
    if seconds > IDLE_LIMIT.total_seconds():
        return replace(state, idle_seconds=state.idle_seconds + seconds)
    return replace(state, handled_seconds=state.handled_seconds + seconds)


def on_resolution(state: ConversationMetricsState, event: ConversationEvent) -> Reduced:
    """Count the first resolve when it happens, and the last one when the conversation is closed and none can follow."""
    match event.event_name:
        case "resolved":
            return _on_resolved(state, event)
        case "reopened":
            # The resolve was not the last one.
            return replace(state, reopened=True, resolution=None), []
        case "closed":
            return state, _closed(state, event)
        case _:
            return state, []


# -- resolves ----------------------------------------------------------------------------------------------------------


def _on_resolved(state: ConversationMetricsState, event: ConversationEvent) -> Reduced:
    conversation, measurements = event.conversation, list[Measurement]()
    full = seconds_between(conversation.opened_at, conversation.resolved_at or event.fact.at)
    # The first resolve is final as such; the last one waits in `resolution` for the close.
    if not state.reopened:
        measurements.append(Measurement("resolution", "first", event.labels, full))
    if state.handled_since is not None:
        measurements.append(Measurement("handle", "active", event.labels, state.handled_seconds))
        if state.idle_seconds:
            measurements.append(Measurement("handle", "idle", event.labels, state.idle_seconds))
    less_pending = max(0.0, full - state.pending_seconds)
    resolution = LastResolution(labels=event.labels, full_seconds=full, full_less_pending_seconds=less_pending)
    state = replace(state, handled_since=None, handled_seconds=0.0, idle_seconds=0.0, resolution=resolution)
    return state, measurements


def _closed(state: ConversationMetricsState, event: ConversationEvent) -> list[Measurement]:
    resolution = state.resolution or _resolution_of_earlier_version(state, event)
    if resolution is None:
        return []
    return [
        Measurement("resolution", "full", resolution.labels, resolution.full_seconds),
        Measurement("resolution", "full_less_pending", resolution.labels, resolution.full_less_pending_seconds),
    ]


def _resolution_of_earlier_version(state: ConversationMetricsState, event: ConversationEvent) -> LastResolution | None:
    """The resolution of a conversation whose state an earlier version wrote, which noted none."""
    conversation = event.conversation
    if conversation.resolved_at is None:
        return None
    full = seconds_between(conversation.opened_at, conversation.resolved_at)
    return LastResolution(
        labels=event.labels,
        full_seconds=full,
        full_less_pending_seconds=max(0.0, full - state.pending_seconds),
    )
