"""Commands of agents and on them: each is validated and applied, or rejected with a problem."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from schemas.commands import CommandResult
from schemas.configuration import DEFAULT_TEAM
from schemas.envelope import Event
from schemas.routing import (
    AgentDeleted,
    AgentPut,
    EndReason,
    OfferAccept,
    OfferDecline,
    PresenceSet,
    TaskClaim,
    WrapUpEnd,
)
from schemas.values import Problem
from services.platform.http.if_match import holds
from services.records.agents import AgentRecord
from services.records.offers import OFFERS, OfferRecord
from services.router.conversations.domain.command_phrases import refused
from services.router.conversations.domain.refusals import FINISHED
from services.router.dispatch import presence, tasks
from services.router.dispatch.context import DispatchContext
from services.router.dispatch.domain.outcomes import DispatchOutcome, DispatchRefused, RefusalCode
from services.router.dispatch.domain.placements import offered_task
from services.router.dispatch.domain.presence import Presence
from services.router.dispatch.usage import with_usage
from services.router.dispatch.workspace_state import WorkspaceState, to_agent

CHANGED, OFFER_ENDED = "Precondition failed", "Offer ended"


class AgentCommandRejected(Exception):
    """The command cannot be applied. Nothing was changed."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem


def apply_command(
    context: DispatchContext, state: WorkspaceState, event: Event
) -> tuple[CommandResult, list[DispatchOutcome]]:
    """Apply the command of an event. Returns the answer for its caller, and what the dispatcher decided."""
    agent, request_hash = str(event.data["agent"]), str(event.data.get("request_hash", ""))
    is_new = agent not in state.agents
    outcomes: list[DispatchOutcome] = []
    problem: Problem | None = None
    try:
        outcomes = _COMMANDS[event.type](context, state, event)
    except AgentCommandRejected as rejected:
        problem = rejected.problem
    except DispatchRefused as refusal:
        problem = to_problem_of_dispatch(refusal)
    # The hash of the request tells a repeat under an Idempotency-Key from another request under the same key.
    result = CommandResult(
        id=event.id,
        workspace=state.workspace,
        status="applied" if problem is None else "refused",
        problem=problem,
        result=_subject(event, agent) if problem is None else None,
        created=is_new and problem is None,
        request_hash=request_hash,
        at=context.work.now,
    )
    return result, outcomes


def to_problem_of_dispatch(refusal: DispatchRefused) -> Problem:
    """The answer for a caller whom the dispatcher refused; `code` is that of the refusal."""
    problem = _REFUSALS[refusal.code](refusal)
    return problem.model_copy(update={"code": refusal.code})


def _subject(event: Event, agent: str) -> str:
    """What the command was about: a conversation, or the agent."""
    if "offer" in event.data:
        return offered_task(str(event.data["offer"]))
    return str(event.data.get("conversation", agent))


def _accept_offer(context: DispatchContext, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    command = event.payload_as(OfferAccept)
    offer = _offer_of(context, state, command.offer, command.agent)
    # Accepted already: a second click, or a request that came twice.
    if offer.why == "accepted":
        return []
    _check_open(offer)
    return state.dispatcher.accept(command.offer, command.agent, command.accepted_at, context.work.now)


def _decline_offer(context: DispatchContext, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    command = event.payload_as(OfferDecline)
    _check_open(_offer_of(context, state, command.offer, command.agent))
    return state.dispatcher.decline(command.offer, command.agent, command.reason, context.work.now)


def _offer_of(context: DispatchContext, state: WorkspaceState, offer: str, agent: str) -> OfferRecord:
    record = context.work.get(OFFERS, offer)
    if record is None or (record.workspace, record.agent) != (state.workspace, agent):
        raise AgentCommandRejected(refused(404, "Not found", "unknown_offer", agent=agent, offer=offer))
    return record


def _check_open(offer: OfferRecord) -> None:
    if offer.why is not None:
        problem = refused(409, OFFER_ENDED, _ENDS[offer.why])
        raise AgentCommandRejected(problem.model_copy(update={"code": "offer_ended"}))


def _claim(context: DispatchContext, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    command, now = event.payload_as(TaskClaim), context.work.now
    is_new = command.task is not None and command.conversation not in state.tasks
    if command.task is not None:
        tasks.take_in(state, command.task, context.dependencies.class_of_work)
    try:
        return state.dispatcher.claim(
            command.conversation, command.agent, command.from_agent, now, over_capacity=command.over_capacity
        )
    except DispatchRefused:
        if is_new:
            state.dispatcher.close(command.conversation, now)
        raise


def _put_agent(context: DispatchContext, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    command, now = event.payload_as(AgentPut), context.work.now
    stored = state.agents.get(command.agent)
    _check_precondition(command.if_match, stored.version if stored else None, command.agent)
    missing = sorted(set(command.body.teams) - context.teams(state.workspace) - {DEFAULT_TEAM})
    if missing:
        raise AgentCommandRejected(refused(422, "Unknown team", "unknown_team", team=", ".join(missing)))
    # A new agent is offline until it sets its presence; a known one keeps presence, load and tasks.
    if stored is None:
        created = int(now.timestamp() * 1_000_000)
        record = AgentRecord(workspace=state.workspace, id=command.agent, body=command.body, generation=created, at=now)
    else:
        record = replace(with_usage(stored, now), body=command.body, version=stored.version + 1, at=now)
    state.agents[record.id] = record
    return state.dispatcher.put_agent(to_agent(record, state.settings), now)


def _delete_agent(context: DispatchContext, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    command = event.payload_as(AgentDeleted)
    stored = _require_agent(state, command.agent)
    _check_precondition(command.if_match, stored.version, command.agent)
    # The time in its last presence ends.
    presence.change_presence(context.work, stored, Presence("offline"))
    del state.agents[command.agent]
    return state.dispatcher.remove_agent(command.agent, context.work.now)


def _set_presence(context: DispatchContext, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    command = event.payload_as(PresenceSet)
    stored = _require_agent(state, command.agent)
    _check_precondition(command.if_match, stored.presence_version, command.agent)
    return presence.declare(context.work, state, stored, command)


def _end_wrap_up(context: DispatchContext, state: WorkspaceState, event: Event) -> list[DispatchOutcome]:
    command = event.payload_as(WrapUpEnd)
    _require_agent(state, command.agent)
    return state.dispatcher.end_wrap_ups(command.agent, context.work.now, command.wrapped_up, early=True)


def _require_agent(state: WorkspaceState, agent: str) -> AgentRecord:
    if agent not in state.agents:
        raise AgentCommandRejected(refused(404, "Not found", "unknown_agent", agent=agent))
    return state.agents[agent]


def _check_precondition(if_match: str | None, version: int | None, agent: str) -> None:
    # REST passes `If-Match` on unread: only the owner of the workspace knows which version is current.
    if holds(if_match, version):
        return
    if version is None:
        raise AgentCommandRejected(refused(412, CHANGED, "agent_is_new", agent=agent))
    raise AgentCommandRejected(refused(412, CHANGED, "agent_changed", agent=agent, version=version))


def _offer_ended(refusal: DispatchRefused) -> Problem:
    if refusal.why is None and refusal.agent is not None:
        return refused(409, OFFER_ENDED, "offer_went_to", assignee=refusal.agent)
    return refused(409, OFFER_ENDED, _ENDS[refusal.why or "withdrawn"])


def _held(refusal: DispatchRefused) -> Problem:
    if refusal.agent is None:
        return refused(409, "Taken", "held_by_nobody")
    return refused(409, "Taken", "held_by", assignee=refusal.agent)


def _over_capacity(refusal: DispatchRefused) -> Problem:
    agent, load, capacity = str(refusal.agent), refusal.load, refusal.capacity
    return refused(409, "No free unit", "no_free_unit", agent=agent, load=load, capacity=capacity)


_ENDS: Mapping[EndReason, str] = {
    "accepted": "offer_was_accepted",
    "declined": "offer_was_declined",
    "expired": "offer_has_expired",
    "withdrawn": "offer_was_withdrawn",
}
_REFUSALS: Mapping[RefusalCode, Callable[[DispatchRefused], Problem]] = {
    "unknown_task": lambda _: refused(409, FINISHED, "nobody_can_take"),
    "unknown_agent": lambda refusal: refused(404, "Not found", "unknown_agent", agent=str(refusal.agent)),
    "offer_ended": _offer_ended,
    "held": _held,
    "over_capacity": _over_capacity,
}

_COMMANDS: dict[str, Callable[[DispatchContext, WorkspaceState, Event], list[DispatchOutcome]]] = {
    "pasokh.routing.agent_put": _put_agent,
    "pasokh.routing.agent_deleted": _delete_agent,
    "pasokh.routing.presence_set": _set_presence,
    "pasokh.routing.wrap_up_end": _end_wrap_up,
    "pasokh.routing.offer_accept": _accept_offer,
    "pasokh.routing.offer_decline": _decline_offer,
    "pasokh.routing.task_claim": _claim,
}
