"""What each fact of a conversation does to its clocks. Pure.

- first_response, next_response: follow the response runs of the fact, see `response_runs`.
- public_response: the first public message → the first public answer, by a person, a bot or the system.
- pickup: queued → with an agent, anew for each queueing.
- resolution: opened or reopened → resolved; time in `pending` does not count.

An answer counts from its acceptance, once it was delivered.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from schemas.conversation import ConversationFact
from schemas.sla import ClockMetric
from schemas.values import Instant
from services.domain.lifecycle import is_finished, is_pending, is_with_agent
from services.domain.sla_state import ConversationSlaState, SlaClockState
from services.sla.domain import clocks
from services.sla.domain.clocks import P, Transition
from services.sla.domain.policies import PolicySelection
from services.sla.domain.reduction import SlaReduction
from services.sla.domain.response_runs import RESPONSE_METRICS, follow_runs, with_runs

OPEN = frozenset({"running", "paused", "breached"})


def initial_state(fact: ConversationFact, selection: PolicySelection) -> ConversationSlaState:
    """The state of a conversation whose first fact this is."""
    conversation = fact.snapshot
    return ConversationSlaState(
        conversation=fact.conversation,
        workspace=conversation.workspace,
        team=conversation.team,
        priority=conversation.priority,
        policy=selection.policy,
        selected_versions=[selection.version],
    )


def on_first_fact(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    """Open the target `resolution` of a conversation from its opening on, unless its first fact finds it finished."""
    if not is_finished(fact.snapshot.status):
        reduction.open(fact, "resolution", fact.snapshot.opened_at)


def apply(
    reduction: SlaReduction[P], name: str, fact: ConversationFact, selection: PolicySelection | None = None
) -> None:
    """Apply a fact to a conversation that is known; `selection` where another policy was selected at this fact."""
    fact = with_runs(reduction, name, fact)
    if selection is not None:
        _select(reduction, fact, selection)
    _pause_or_resume(reduction, fact)
    handler = HANDLERS.get(name)
    if handler:
        handler(reduction, fact)
    _stop_pickup(reduction, fact)
    # After the handler: a clock that the fact itself ends is not changed first.
    if selection is not None:
        _retarget(reduction, fact)
    follow_runs(reduction, fact)
    if is_finished(fact.snapshot.status):
        _finish(reduction)


def earliest_due(known: Iterable[SlaClockState]) -> Instant | None:
    """When the first of the clocks that are open is due: running, paused, or breached and not met yet."""
    return min((clock.due_at for clock in known if clock.state in OPEN), default=None)


# -- every fact --------------------------------------------------------------------------------------------------------


def _select(reduction: SlaReduction[P], fact: ConversationFact, selection: PolicySelection) -> None:
    state = reduction.state
    reduction.state = replace(
        state,
        policy=selection.policy,
        selected_versions=[*state.selected_versions, selection.version],
        team=fact.snapshot.team,
        priority=fact.snapshot.priority,
    )


def _pause_or_resume(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    step = clocks.pause if is_pending(fact.snapshot.status) else clocks.resume
    reduction.advance("resolution", lambda clock: step(clock, fact.at))


def _stop_pickup(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    """An agent has it: dispatch assigned it (`assigned`), or a person did (`transferred`)."""
    if is_with_agent(fact.snapshot.status) and "pickup" in reduction.state.open_targets:
        reduction.fulfil("pickup", fact.at)


def _retarget(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    """Let the clocks of all open targets count by the policy of now."""
    policy = reduction.state.policy
    for metric, target in list(reduction.state.open_targets.items()):
        if metric in reduction.clocks:
            reduction.advance(metric, lambda clock: clocks.retarget(clock, policy, fact.at))
            if reduction.clocks[metric].state == "cancelled":
                # The target stays open, so that a later policy that has a time for it starts a clock.
                reduction.set_open_target(metric, target.since)
        else:
            reduction.open(fact, metric, target.since)


def _finish(reduction: SlaReduction[P]) -> None:
    """Close the targets of a finished conversation, but for those whose answer may still be delivered or fail."""
    for metric in _without_runs(reduction):
        clock = reduction.clocks.get(metric)
        if clock is None or not clock.answers:
            reduction.close(metric)


def _without_runs(reduction: SlaReduction[P]) -> list[ClockMetric]:
    """The open targets that do not follow a response run."""
    return [metric for metric in reduction.state.open_targets if metric not in RESPONSE_METRICS]


# -- public answers ----------------------------------------------------------------------------------------------------


def _is_public(fact: ConversationFact) -> bool:
    return (fact.message_surface or fact.snapshot.surface) == "public"


def _on_message(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    # Facts of earlier versions give no author of a customer's message.
    if fact.author not in (None, "customer") or not fact.needs_answer:
        return
    state = reduction.state
    if _is_public(fact) and "public_response" not in state.started_once:
        reduction.state = replace(state, started_once=[*state.started_once, "public_response"])
        reduction.open(fact, "public_response", fact.at)


def _on_reply(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    if _is_public(fact):
        message = fact.message or ""
        reduction.advance("public_response", lambda clock: Transition(clocks.reply(clock, message, fact.at)))


def _on_delivery(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    # An answer that was accepted before the first public message answers something else.
    target = reduction.state.open_targets.get("public_response")
    if target is not None and _is_public(fact) and fact.at >= target.since:
        reduction.fulfil("public_response", fact.at)


def _on_failure(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    reduction.advance("public_response", lambda clock: clocks.fail(clock, fact.message or ""))


# -- the rest of a life ------------------------------------------------------------------------------------------------


def _on_queued(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    if "pickup" not in reduction.state.open_targets:
        reduction.open(fact, "pickup", fact.at)


def _on_resolved(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    if "resolution" in reduction.state.open_targets:
        reduction.fulfil("resolution", fact.at)
    _on_closed(reduction, fact)


def _on_closed(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    for metric in _without_runs(reduction):
        reduction.advance(metric, lambda clock: clocks.end(clock, fact.at))


def _on_reopened(reduction: SlaReduction[P], fact: ConversationFact) -> None:
    # Targets that are still open wait for the fate of an answer: the end that was noted for them counts no more.
    for metric in list(reduction.state.open_targets):
        reduction.advance(metric, lambda clock: Transition(clocks.reopen(clock)))
    if "resolution" not in reduction.state.open_targets:
        reduction.open(fact, "resolution", fact.at)


HANDLERS: dict[str, Callable[[SlaReduction[P], ConversationFact], None]] = {
    "message_received": _on_message,
    "replied": _on_reply,
    "reply_delivered": _on_delivery,
    "reply_failed": _on_failure,
    "queued": _on_queued,
    "resolved": _on_resolved,
    "closed": _on_closed,
    "reopened": _on_reopened,
}
"""What a fact does by its name, beside what every fact does (`apply`)."""
