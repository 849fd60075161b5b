"""Actions on one message over REST: edit and delete our own, react to it, hide a public one. Each sends a command."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from schemas.channel import ActionKind
from schemas.commands import PerformAction
from schemas.values import EncryptedText, Json
from services.domain.conversation_state import ConversationState
from services.platform.http.auth import Principal, current_caller, require_scope
from services.platform.http.command_gateway import Precheck
from services.platform.http.dependencies import ContextDep, IdempotencyKey, Wait, accepted_response
from services.platform.http.json_body import JsonBody
from services.rest.dependencies import ExistingMessage, get_conversation, get_message
from services.rest.views import MessageView, message_view
from services.router.actions import action_hash, build_command
from services.router.agent_commands import AgentCommandsDep
from services.router.agents import require_agent
from services.router.reply_guard import check_text, record_confirmed, require_may_confirm
from services.router.views import EditBody, MessageActionBody, ReactBody


class ActionRequest:
    """A request for an action on a message: sends its command and answers with the message."""

    def __init__(
        self,
        message: ExistingMessage,
        context: ContextDep,
        repeat: IdempotencyKey,
        wait: Wait,
        commands: AgentCommandsDep,
    ) -> None:
        self.message, self.context = message, context
        self._idempotency_key, self._wait, self._commands = repeat, wait, commands

    async def conversation(self) -> ConversationState:
        """The conversation of the message. Raises NotFound."""
        return await get_conversation(self.context.store, self.message.workspace, self.message.conversation)

    def command(self, case: ConversationState, kind: ActionKind, agent: str, body: Json) -> PerformAction:
        """The command for an action. `body` is what identifies a repeated request."""
        return PerformAction(
            conversation=case.id,
            agent=agent,
            kind=kind,
            message=self.message.id,
            language=self._commands.language,
            accepted_at=self.context.time_source.now(),
            request_hash=action_hash(case, f"messages/{self.message.id}/{kind}", body),
        )

    async def execute(self, case: ConversationState, data: PerformAction, admit: Precheck) -> Response:
        """Send the command and wait for its outcome: 200 with the message, 202 when it takes longer."""
        command = build_command(self.context, case, "pasokh.command.perform_action", data, self._idempotency_key)
        if await self._commands.execute(command, self._wait, admit) is None:
            return accepted_response(command)
        # Read again: the command was applied by the owner of the partition, perhaps in another process.
        after = await get_message(self.context.store, case.workspace, self.message.id)
        return JSONResponse(message_view(after).model_dump(mode="json"))


ActionRequestDep = Annotated[ActionRequest, Depends()]


async def edit(
    action: ActionRequestDep,
    body: Annotated[EditBody, Depends(JsonBody(EditBody))],
    caller: Annotated[Principal, Depends(current_caller)],
) -> Response:
    """Replace the text of a message that we sent. Secrets are refused as in a reply; the caller may confirm them."""
    require_may_confirm(caller, confirm=body.confirm)
    case = await action.conversation()
    guard = await check_text(action.context, case.workspace, body.text, action.message.surface)
    # The hash is of the redacted text: a card number could be guessed from its hash.
    fields = body.model_dump(mode="json", exclude=set() if body.confirm else {"confirm"})
    command = action.command(case, "edit", body.agent, {**fields, "text": guard.masked})
    data = command.model_copy(
        update={
            "text": EncryptedText(text=body.text),
            "sensitive_kinds": guard.kinds_found,
            "confirmed_by": guard.confirmed_by(caller, confirm=body.confirm),
        }
    )

    async def admit() -> None:
        await require_agent(action.context, case.workspace, body.agent)
        guard.check(confirmed=body.confirm)
        record_confirmed(case.workspace, case.id, data)

    return await action.execute(case, data, admit)


async def react(action: ActionRequestDep, body: Annotated[ReactBody, Depends(JsonBody(ReactBody))]) -> Response:
    """React to a message with an emoji, or take the reaction back."""
    case = await action.conversation()
    command = action.command(case, "react", body.agent, body.model_dump(mode="json"))
    data = command.model_copy(update={"emoji": body.emoji})
    return await action.execute(case, data, lambda: require_agent(action.context, case.workspace, body.agent))


PlainBody = Annotated[MessageActionBody, Depends(JsonBody(MessageActionBody))]


async def delete(action: ActionRequestDep, body: PlainBody) -> Response:
    """Delete a message that we sent, at its platform too. Any agent may."""
    return await _perform(action, "delete", body)


async def hide(action: ActionRequestDep, body: PlainBody) -> Response:
    """Hide a customer's public message from others at its platform. Any agent may."""
    return await _perform(action, "hide", body)


async def unhide(action: ActionRequestDep, body: PlainBody) -> Response:
    """Show a hidden public message again. Any agent may."""
    return await _perform(action, "unhide", body)


async def _perform(action: ActionRequest, kind: ActionKind, body: MessageActionBody) -> Response:
    case = await action.conversation()
    data = action.command(case, kind, body.agent, body.model_dump(mode="json"))
    return await action.execute(case, data, lambda: require_agent(action.context, case.workspace, body.agent))


MESSAGE_ACTIONS: Mapping[str, Callable[..., Awaitable[Response]]] = {
    "edit": edit,
    "delete": delete,
    "react": react,
    "hide": hide,
    "unhide": unhide,
}
"""Last segment of the path → handler."""


def build_router() -> APIRouter:
    """The routes of messages. All of them are what an agent's page does."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}", tags=["conversations"])
    desk_scope = [Depends(require_scope("desk"))]
    for action, route in MESSAGE_ACTIONS.items():
        path = f"/messages/{{message}}/{action}"
        router.add_api_route(path, route, methods=["POST"], dependencies=desk_scope, response_model=MessageView)
    return router
