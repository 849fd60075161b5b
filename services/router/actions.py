"""Actions on a conversation over REST besides replies: a table of actions, each of which sends a command and awaits it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import JSONResponse, Response

from schemas.commands import (
    AddNote,
    ClearHandoff,
    ConfirmHandoff,
    PerformAction,
    PlaceCall,
    ReapplySla,
    Reopen,
    Reply,
    Resolve,
    SetPriority,
    Snooze,
    Transfer,
    Unsnooze,
)
from schemas.configuration import DEFAULT_TEAM
from schemas.routing import TaskClaim
from schemas.values import AgentLanguage, EncryptedText, Json
from services.domain.conversation_state import ConversationState, conversation_view
from services.platform.http.auth import Principal, current_caller
from services.platform.http.command_gateway import Command, Precheck, command_id, request_hash
from services.platform.http.dependencies import ContextDep, IdempotencyKey, Wait, accepted_response
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import CommandRejected
from services.platform.http.service import Context
from services.records.configuration import read_configuration
from services.rest.dependencies import ExistingConversation, get_conversation
from services.rest.refusals import refusal, unprocessable
from services.rest.uploads import assign_files, to_outbound
from services.rest.viewer import ViewerDep
from services.router.agent_commands import AgentCommandsDep
from services.router.agents import read_agent, require_agent, unknown_agent
from services.router.attachments import usable_files
from services.router.conversations.domain import transitions
from services.router.conversations.domain.command_phrases import refused
from services.router.conversations.domain.refusals import NOT_ASSIGNEE, refuse_finished
from services.router.conversations.domain.silence import settings_of
from services.router.customer_views import with_customers
from services.router.mentions import require_may_see
from services.router.reply_guard import own_identifiers_for, redact_reply
from services.router.views import (
    CallBody,
    ClaimBody,
    ClearHandoffBody,
    ConfirmHandoffBody,
    NoteBody,
    PriorityBody,
    ReapplyBody,
    ReopenBody,
    ResolveBody,
    SnoozeBody,
    TransferBody,
    UnsnoozeBody,
)

CLAIM_POLL_SECONDS = 0.02
"""How often a claim that dispatch has applied is looked for at the conversation."""

Data = (
    Reply
    | Resolve
    | Reopen
    | Transfer
    | SetPriority
    | Snooze
    | Unsnooze
    | ReapplySla
    | AddNote
    | ClearHandoff
    | ConfirmHandoff
    | PerformAction
    | PlaceCall
)


class CommandRequest:
    """A request for an action: sends its command and answers with the conversation."""

    def __init__(
        self,
        conversation: ExistingConversation,
        caller: Annotated[Principal, Depends(current_caller)],
        viewer: ViewerDep,
        context: ContextDep,
        repeat: IdempotencyKey,
        wait: Wait,
        commands: AgentCommandsDep,
    ) -> None:
        self.case, self.caller, self.viewer, self.context = conversation, caller, viewer, context
        self._idempotency_key, self._wait, self._commands = repeat, wait, commands

    @property
    def language(self) -> AgentLanguage:
        """The language of the caller, in which an agent reads what went wrong."""
        return self._commands.language

    def common_fields(self, name: str, body: Json) -> Mapping[str, Any]:  # Any: fields of commands
        """The fields of every command: conversation, time of acceptance, and the request's hash for idempotency."""
        return {
            "conversation": self.case.id,
            "accepted_at": self.context.time_source.now(),
            "request_hash": action_hash(self.case, name, body),
        }

    async def execute(self, kind: str, data: Data, admit: Precheck) -> Response:
        """Send the command and wait for its outcome: 200 with the conversation, 202 when it takes longer."""
        command = build_command(self.context, self.case, kind, data, self._idempotency_key)
        outcome = await self._commands.execute(command, self._wait, admit)
        if outcome is None:
            return accepted_response(command)
        # Read again: the command was applied by the owner of the partition, perhaps in another process.
        return await self._answer(await get_conversation(self.context.store, self.case.workspace, self.case.id))

    async def claim(self, data: TaskClaim, admit: Precheck) -> Response:
        """Send a claim to dispatch, which decides who has what: 200 once the conversation shows its agent, 202 if that takes longer."""
        workspace, repeat = self.case.workspace, self._idempotency_key
        identity = command_id(self.context.time_source, workspace, repeat)
        kind, repeatable = "pasokh.routing.task_claim", repeat is not None
        command = Command(identity, kind, workspace, workspace, data, data.request_hash, repeatable=repeatable)
        outcome = await self._commands.execute(command, self._wait, admit)
        deadline = self.context.time_source.monotonic() + self._wait
        while outcome is not None:
            # The owner of the conversation hears of it from dispatch a moment later.
            after = await get_conversation(self.context.store, workspace, self.case.id)
            if after.agent == data.agent:
                return await self._answer(after)
            if self.context.time_source.monotonic() >= deadline:
                break
            await asyncio.sleep(CLAIM_POLL_SECONDS)
        return accepted_response(command)

    async def _answer(self, after: ConversationState) -> Response:
        """The conversation as a list shows it."""
        (shown,) = await with_customers(self.context.store, [conversation_view(after)])
        return JSONResponse(shown.model_dump(mode="json"))


CommandRequestDep = Annotated[CommandRequest, Depends()]


async def resolve(
    action: CommandRequestDep, body: Annotated[ResolveBody, Depends(JsonBody(ResolveBody, optional=True))]
) -> Response:
    """Resolve a conversation: the assignee does, or a lead of the team, or a key of no agent that names none."""
    # A command without `agent` overrules the assignee, which a lead may.
    agent = None if _is_lead_of_others(action.caller, action.case) else body.agent
    data = Resolve(agent=agent, **action.common_fields("resolve", body.model_dump(mode="json")))
    return await action.execute(
        "pasokh.command.resolve", data, lambda: require_agent(action.context, action.case.workspace, body.agent)
    )


async def reopen(
    action: CommandRequestDep, body: Annotated[ReopenBody, Depends(JsonBody(ReopenBody, optional=True))]
) -> Response:
    data = Reopen(agent=body.agent, **action.common_fields("reopen", body.model_dump(mode="json")))
    return await action.execute(
        "pasokh.command.reopen", data, lambda: require_agent(action.context, action.case.workspace, body.agent)
    )


async def claim(action: CommandRequestDep, body: Annotated[ClaimBody, Depends(JsonBody(ClaimBody))]) -> Response:
    """Take a conversation that nobody has, or with `from` that of a colleague, which only a lead of its team may.

    Of two who claim it one gets 409 with the name of the other, as does who has no free unit, unless the setting
    `claim_over_capacity` allows it, or a lead says `over_capacity`.
    """
    context, case, caller = action.context, action.case, action.caller
    if body.taken_from not in (None, body.agent) and not _is_lead_of(caller, case):
        raise refusal(403, "Not a lead", "only_lead_takes_over")
    if body.over_capacity and not _is_lead_of(caller, case):
        raise refusal(403, "Not a lead", "only_lead_claims_over_capacity")
    settings = settings_of(await read_configuration(context.store, case.workspace), case.team)

    async def admit() -> None:
        await require_agent(context, case.workspace, body.agent)
        problem = refuse_finished(case)
        if problem is not None:
            raise CommandRejected(problem)

    # Without it as earlier versions hashed it, so that a request that is repeated over an upgrade is still known.
    unhashed = set() if body.over_capacity else {"over_capacity"}
    data = TaskClaim(
        agent=body.agent,
        conversation=case.id,
        from_agent=body.taken_from,
        over_capacity=settings.claim_over_capacity or body.over_capacity,
        task=transitions.task(case) if transitions.has_no_task(case) else None,
        request_hash=action_hash(case, "claim", body.model_dump(mode="json", by_alias=True, exclude=unhashed)),
    )
    return await action.claim(data, admit)


async def snooze(action: CommandRequestDep, body: Annotated[SnoozeBody, Depends(JsonBody(SnoozeBody))]) -> Response:
    """Let a conversation rest until a time. Its status stays and its clocks go on; it uses no unit of its agent."""
    now = action.context.time_source.now()
    until = body.until or now + timedelta(seconds=body.for_seconds or 0)
    if until <= now:
        raise unprocessable("/until", "time_is_over")
    fields = action.common_fields("snooze", body.model_dump(mode="json"))
    data = Snooze(agent=body.agent, until=until, wake_on_reply=body.wake_on_reply, **fields)
    return await action.execute("pasokh.command.snooze", data, lambda: _can_snooze(action, body.agent))


async def unsnooze(
    action: CommandRequestDep, body: Annotated[UnsnoozeBody, Depends(JsonBody(UnsnoozeBody, optional=True))]
) -> Response:
    """End the snooze of a conversation now."""
    data = Unsnooze(agent=body.agent, **action.common_fields("unsnooze", body.model_dump(mode="json")))
    return await action.execute("pasokh.command.unsnooze", data, lambda: _can_snooze(action, body.agent))


async def call(action: CommandRequestDep, body: Annotated[CallBody, Depends(JsonBody(CallBody))]) -> Response:
    """Call the customer: the agent's telephone rings, and whoever takes it there is connected with the customer's.

    The call is a message of the conversation, which the agent has from then on. Under one `Idempotency-Key` it rings once.
    """
    author = await read_agent(action.context, action.case.workspace, body.agent)
    fields = action.common_fields("call", body.model_dump(mode="json"))
    name = author.body.name if author else None
    data = PlaceCall(agent=body.agent, agent_name=name, language=action.language, **fields)
    return await action.execute(
        "pasokh.command.place_call", data, lambda: require_agent(action.context, action.case.workspace, body.agent)
    )


async def transfer(
    action: CommandRequestDep, body: Annotated[TransferBody, Depends(JsonBody(TransferBody))]
) -> Response:
    """Transfer to an agent who is not offline, whatever skills and capacity they have, or into a team's queue.

    Secrets in the `note` are masked, as in any note.
    """
    # Without a note as earlier versions hashed it, so that a request that is repeated over an upgrade is still known.
    fields = body.model_dump(mode="json", exclude={"note"})
    note, masked = None, []
    if body.note is not None:
        _, found = await redact_reply(body.note, await own_identifiers_for(action.context, action.case.workspace))
        note, masked = EncryptedText(text=found.text), list(found.kinds)
        fields["note"] = found.text
    data = Transfer(
        agent=body.agent,
        to_agent=body.to_agent,
        to_team=body.to_team,
        note=note,
        masked=masked,
        **action.common_fields("transfer", fields),
    )
    return await action.execute("pasokh.command.transfer", data, lambda: _can_transfer_to(action, body))


async def prioritise(
    action: CommandRequestDep, body: Annotated[PriorityBody, Depends(JsonBody(PriorityBody))]
) -> Response:
    fields = body.model_dump(mode="json")
    data = SetPriority(agent=body.agent, priority=body.priority, **action.common_fields("priority", fields))
    return await action.execute(
        "pasokh.command.set_priority", data, lambda: require_agent(action.context, action.case.workspace, body.agent)
    )


async def reapply(
    action: CommandRequestDep, body: Annotated[ReapplyBody, Depends(JsonBody(ReapplyBody, optional=True))]
) -> Response:
    """Apply the current SLA policies: running clocks are recomputed from their start, ended clocks stay as they are."""
    data = ReapplySla(agent=body.agent, **action.common_fields("sla/reapply", body.model_dump(mode="json")))
    return await action.execute(
        "pasokh.command.reapply_sla", data, lambda: require_agent(action.context, action.case.workspace, body.agent)
    )


async def note(action: CommandRequestDep, body: Annotated[NoteBody, Depends(JsonBody(NoteBody))]) -> Response:
    """Add a note that only agents see. Secrets in it are masked all the same. It may call colleagues who may see the conversation."""
    # Redacted as for its participants, not as for the public: agents may need an address or a telephone number.
    _, masked = await redact_reply(body.text or "", await own_identifiers_for(action.context, action.case.workspace))
    # Without what is empty as earlier versions hashed it, so that a request that is repeated over an upgrade is still known.
    unhashed = {name for name in ("attachments", "mentions") if not getattr(body, name)}
    fields = action.common_fields("notes", {**body.model_dump(mode="json", exclude=unhashed), "text": masked.text})
    files = await usable_files(action.context, action.case.workspace, action.case.key, body.attachments)
    author = await read_agent(action.context, action.case.workspace, body.agent) if body.agent else None
    data = AddNote(
        agent=body.agent,
        agent_name=author.body.name if author else None,
        text=EncryptedText(text=masked.text),
        masked=list(masked.kinds),
        attachments=[to_outbound(identity, blob) for identity, blob in files.items()],
        mentions=body.mentions,
        **fields,
    )

    async def admit() -> None:
        await require_agent(action.context, action.case.workspace, body.agent)
        await require_may_see(action.context, action.case, body.mentions)
        await assign_files(action.context.store, files, action.case.key)

    return await action.execute("pasokh.command.add_note", data, admit)


async def clear_handoff(
    action: CommandRequestDep, body: Annotated[ClearHandoffBody, Depends(JsonBody(ClearHandoffBody, optional=True))]
) -> Response:
    """Allow answers in public again. The fact `handoff_cleared` names the agent."""
    data = ClearHandoff(agent=body.agent, **action.common_fields("handoff/clear", body.model_dump(mode="json")))
    return await action.execute(
        "pasokh.command.clear_handoff", data, lambda: require_agent(action.context, action.case.workspace, body.agent)
    )


async def confirm_handoff(
    action: CommandRequestDep, body: Annotated[ConfirmHandoffBody, Depends(JsonBody(ConfirmHandoffBody))]
) -> Response:
    """Confirm that one of `handoff.unconfirmed` is the customer: the conversation continues with them in private."""
    fields = action.common_fields("handoff/confirm", body.model_dump(mode="json"))
    data = ConfirmHandoff(agent=body.agent, person=body.person, **fields)
    return await action.execute(
        "pasokh.command.confirm_handoff", data, lambda: require_agent(action.context, action.case.workspace, body.agent)
    )


ACTIONS: Mapping[str, Callable[..., Awaitable[Response]]] = {
    "resolve": resolve,
    "reopen": reopen,
    "claim": claim,
    "snooze": snooze,
    "unsnooze": unsnooze,
    "transfer": transfer,
    "call": call,
    "priority": prioritise,
    "sla/reapply": reapply,
    "notes": note,
    "handoff/clear": clear_handoff,
    "handoff/confirm": confirm_handoff,
}
"""Last segments of the path → handler."""
ADMIN_ACTIONS = frozenset({"sla/reapply"})
"""Actions that no agent needs at the page: they require the scope `write`."""


def action_hash(conversation: ConversationState, action: str, body: Json) -> str:
    """The hash that identifies a repeated request (Idempotency-Key)."""
    return request_hash("POST", f"{conversation.id}/{action}", body)


def build_command(
    context: Context, conversation: ConversationState, kind: str, data: Data, repeat: str | None
) -> Command:
    """The command for the owner of a conversation."""
    workspace, key = conversation.workspace, conversation.key
    identity = command_id(context.time_source, workspace, repeat)
    return Command(identity, kind, workspace, key, data, data.request_hash, repeatable=repeat is not None)


async def _can_snooze(action: CommandRequest, agent: str | None) -> None:
    # It frees a unit of the assignee, and hides their customer from them.
    _require_may_move(action.caller, action.case, "may_not_snooze")
    await require_agent(action.context, action.case.workspace, agent)


async def _can_transfer_to(action: CommandRequest, body: TransferBody) -> None:
    _require_may_move(action.caller, action.case, "may_not_transfer")
    await require_agent(action.context, action.case.workspace, body.agent)
    if body.to_agent is not None:
        await _is_existing_agent(action, body.to_agent)
    if body.to_team is not None:
        await _is_team(action, body.to_team)


def _is_lead_of(caller: Principal, case: ConversationState) -> bool:
    """Whether the caller leads the team of a conversation, as does a key of no agent."""
    return caller.agent is None or (caller.agent.is_lead and case.team in caller.agent.teams)


def _is_lead_of_others(caller: Principal, case: ConversationState) -> bool:
    """Whether a lead acts on the work of a colleague."""
    bound = caller.agent
    return bound is not None and bound.is_lead and case.agent not in (None, bound.id)


def _require_may_move(caller: Principal, case: ConversationState, reason: str) -> None:
    """Raise CommandRejected (409) for an agent who moves the work of a colleague and is no lead."""
    bound = caller.agent
    if bound is None or bound.is_lead or case.agent in (None, bound.id):
        return
    raise refusal(409, NOT_ASSIGNEE, reason, agent=bound.id, assignee=case.agent)


async def _is_existing_agent(action: CommandRequest, agent: str) -> None:
    record = await read_agent(action.context, action.case.workspace, agent)
    if record is None or not action.viewer.can_see_agent(record.id, record.body.teams):
        raise unknown_agent(agent, "/to_agent")
    if record.presence == "offline":
        raise CommandRejected(refused(409, "Conflict", "agent_offline", agent=agent))


async def _is_team(action: CommandRequest, team: str) -> None:
    configuration = await read_configuration(action.context.store, action.case.workspace)
    if team != DEFAULT_TEAM and (configuration is None or team not in configuration.teams):
        raise unprocessable("/to_team", "unknown_team", team=team)
