"""What is done to a conversation over REST besides answering: a table of actions, each one command that is awaited."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import JSONResponse, Response

from schemas.commands import (
    AddNote,
    ClearHandoff,
    ConfirmHandoff,
    Reapply,
    Reopen,
    Reply,
    Resolve,
    SetPriority,
    Transfer,
)
from schemas.configuration import DEFAULT_TEAM
from schemas.values import Json, Sealed
from services.domain.conversation_state import Case
from services.platform.host.service import Context
from services.platform.http.command_gateway import Admit, Command, command_id, request_hash
from services.platform.http.dependencies import IdempotencyKey, In, Wait, Waiting, accepted
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import Conflict, Invalid
from services.records.configuration import Configurations
from services.records.lookups import ExistingConversation, conversation_of
from services.router import agents
from services.router.reply_guard import masks_of, own_of
from services.router.views import (
    ClearBody,
    ConfirmBody,
    NoteBody,
    PriorityBody,
    ReapplyBody,
    ReopenBody,
    ResolveBody,
    TransferBody,
)

Data = Reply | Resolve | Reopen | Transfer | SetPriority | Reapply | AddNote | ClearHandoff | ConfirmHandoff


class Action:
    """One request about a conversation: how its command is sent, and the conversation that it answers with."""

    def __init__(
        self, conversation: ExistingConversation, context: In, repeat: IdempotencyKey, wait: Wait, commands: Waiting
    ) -> None:
        self.case, self.context = conversation, context
        self._repeat, self._wait, self._commands = repeat, wait, commands

    def asked(self, name: str, body: Json) -> Mapping[str, Any]:
        """What every command says: about which conversation, when, and the hash of what was asked."""
        return {
            "conversation": self.case.id,
            "accepted_at": self.context.clock.now(),
            "request_hash": asked_hash(self.case, name, body),
        }

    async def carry_out(self, kind: str, data: Data, admit: Admit) -> Response:
        """Send it and wait; 200 with the conversation, 202 when it takes longer."""
        command = command_of(self.context, self.case, kind, data, self._repeat)
        outcome = await self._commands.carry_out(command, self._wait, admit)
        if outcome is None:
            return accepted(command)
        after = await conversation_of(self.context.store, self.case.workspace, self.case.id)
        return JSONResponse(after.shown().model_dump(mode="json"))


Acting = Annotated[Action, Depends()]


async def resolve(
    action: Acting, body: Annotated[ResolveBody, Depends(JsonBody(ResolveBody, optional=True))]
) -> Response:
    data = Resolve(agent=body.agent, **action.asked("resolve", body.model_dump(mode="json")))
    return await action.carry_out(
        "pasokh.command.resolve", data, lambda: known_agent(action.context, action.case, body.agent)
    )


async def reopen(action: Acting, body: Annotated[ReopenBody, Depends(JsonBody(ReopenBody, optional=True))]) -> Response:
    data = Reopen(agent=body.agent, **action.asked("reopen", body.model_dump(mode="json")))
    return await action.carry_out(
        "pasokh.command.reopen", data, lambda: known_agent(action.context, action.case, body.agent)
    )


async def transfer(action: Acting, body: Annotated[TransferBody, Depends(JsonBody(TransferBody))]) -> Response:
    """To an agent who is not offline, whatever skills and units say, or into a team's queue."""
    asked = body.model_dump(mode="json")
    data = Transfer(agent=body.agent, to_agent=body.to_agent, to_team=body.to_team, **action.asked("transfer", asked))
    return await action.carry_out("pasokh.command.transfer", data, lambda: _can_take(action, body))


async def prioritise(action: Acting, body: Annotated[PriorityBody, Depends(JsonBody(PriorityBody))]) -> Response:
    asked = body.model_dump(mode="json")
    data = SetPriority(agent=body.agent, priority=body.priority, **action.asked("priority", asked))
    return await action.carry_out(
        "pasokh.command.priority", data, lambda: known_agent(action.context, action.case, body.agent)
    )


async def reapply(
    action: Acting, body: Annotated[ReapplyBody, Depends(JsonBody(ReapplyBody, optional=True))]
) -> Response:
    """The SLA policies of now: clocks that run are counted anew from their start, those that are over stay as they are."""
    data = Reapply(agent=body.agent, **action.asked("sla/reapply", body.model_dump(mode="json")))
    return await action.carry_out(
        "pasokh.command.reapply", data, lambda: known_agent(action.context, action.case, body.agent)
    )


async def note(action: Acting, body: Annotated[NoteBody, Depends(JsonBody(NoteBody))]) -> Response:
    """Only colleagues see it; secrets are masked all the same."""
    _, masked = await masks_of(body.text, await own_of(action.context, action.case.workspace))
    asked = action.asked("notes", {**body.model_dump(mode="json"), "text": masked.text})
    data = AddNote(agent=body.agent, text=Sealed(text=masked.text), masked=list(masked.kinds), **asked)
    return await action.carry_out(
        "pasokh.command.note", data, lambda: known_agent(action.context, action.case, body.agent)
    )


async def clear_handoff(
    action: Acting, body: Annotated[ClearBody, Depends(JsonBody(ClearBody, optional=True))]
) -> Response:
    """It is not sensitive any more: it may be answered in public. The fact `handoff_cleared` says who said so."""
    data = ClearHandoff(agent=body.agent, **action.asked("handoff/clear", body.model_dump(mode="json")))
    return await action.carry_out(
        "pasokh.command.clear_handoff", data, lambda: known_agent(action.context, action.case, body.agent)
    )


async def confirm_handoff(action: Acting, body: Annotated[ConfirmBody, Depends(JsonBody(ConfirmBody))]) -> Response:
    """One of `handoff.unconfirmed` is the customer: the conversation goes on with them, in private."""
    asked = action.asked("handoff/confirm", body.model_dump(mode="json"))
    data = ConfirmHandoff(agent=body.agent, person=body.person, **asked)
    return await action.carry_out(
        "pasokh.command.confirm_handoff", data, lambda: known_agent(action.context, action.case, body.agent)
    )


MOVES: Mapping[str, Callable[..., Awaitable[Response]]] = {
    "resolve": resolve,
    "reopen": reopen,
    "transfer": transfer,
    "priority": prioritise,
    "sla/reapply": reapply,
    "notes": note,
    "handoff/clear": clear_handoff,
    "handoff/confirm": confirm_handoff,
}
"""End of the path → what it does."""
MORE_THAN_DESK = frozenset({"priority", "sla/reapply"})
"""What an agent's page does not do: it needs `write`."""


def asked_hash(conversation: Case, action: str, body: Json) -> str:
    """The hash by which a repeat of a request is known."""
    return request_hash("POST", f"{conversation.id}/{action}", body)


def command_of(context: Context, conversation: Case, kind: str, data: Data, repeat: str | None) -> Command:
    """The command for the owner of a conversation."""
    workspace, key = conversation.workspace, conversation.key
    identity = command_id(context.clock, workspace, repeat)
    return Command(identity, kind, workspace, key, data, data.request_hash, repeatable=repeat is not None)


async def known_agent(context: Context, conversation: Case, agent: str | None) -> None:
    """Raises Invalid for an agent that is not there."""
    if agent is not None and await agents.agent_of(context, conversation.workspace, agent) is None:
        raise Invalid(("/agent", f"There is no agent {agent!r} in this workspace."))


async def _can_take(action: Action, body: TransferBody) -> None:
    await known_agent(action.context, action.case, body.agent)
    if body.to_agent is not None:
        await _can_agent_take(action, body.to_agent)
    if body.to_team is not None:
        await _is_team(action, body.to_team)


async def _can_agent_take(action: Action, agent: str) -> None:
    found = await agents.agent_of(action.context, action.case.workspace, agent)
    if found is None:
        raise Invalid(("/to_agent", f"There is no agent {agent!r} in this workspace."))
    if found.presence == "offline":
        raise Conflict(f"{agent} is offline. Transfer to a team, or to an agent who is online or away.")


async def _is_team(action: Action, team: str) -> None:
    workspace = action.case.workspace
    found = (await Configurations().of(action.context.store, [workspace])).get(workspace)
    if team != DEFAULT_TEAM and (found is None or team not in found.teams):
        raise Invalid(("/to_team", f"There is no team {team!r} in this workspace."))
