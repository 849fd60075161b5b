"""Messages to customers who need not have written, over REST."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from starlette.responses import JSONResponse, Response

from schemas.commands import CommandResult, WriteFirst
from schemas.configuration import WorkspaceConfiguration
from schemas.identity import PersonKey
from services.domain.channel_capabilities import ChannelCapabilities
from services.platform.http.auth import Principal, current_caller
from services.platform.http.command_gateway import Command, command_id, request_hash
from services.platform.http.dependencies import ContextDep, IdempotencyKey, Wait, accepted_response
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import UnprocessableContent
from services.platform.http.service import Context
from services.platform.store.port import Key
from services.platform.store.read_one import read_one
from services.records.conversations import MESSAGES, PERSONS
from services.rest.dependencies import ExistingWorkspace
from services.rest.refusals import not_found, refusal
from services.rest.viewer import ViewerDep, can_see_person, visible_conversations
from services.rest.views import initial_view
from services.router.agent_commands import AgentCommandsDep
from services.router.conversations.domain.refusals import NOT_ASSIGNEE
from services.router.outgoing_content import check_content
from services.router.views import FirstMessageBody


class Writer:
    """The caller who writes, and what they may see."""

    def __init__(
        self, caller: Annotated[Principal, Depends(current_caller)], viewer: ViewerDep, context: ContextDep
    ) -> None:
        self.caller, self.viewer, self.context = caller, viewer, context

    async def require_visible(self, workspace: str, person: str) -> None:
        """Raise CommandRejected: 404 for a customer who may not be seen, 409 where colleagues have the conversation of one."""
        if not self.viewer.is_limited:
            return
        store = self.context.store
        contact = await read_one(store, PERSONS, str(PersonKey(workspace, person)))
        if contact is None:
            return
        if not await can_see_person(store, self.viewer, contact):
            raise not_found("unknown_customer", person=person)
        current = contact.forwarded_to or contact.open.get("")
        if current is not None and not await visible_conversations(store, self.viewer, [current]):
            raise refusal(409, NOT_ASSIGNEE, "customer_is_with_colleagues")


def first_message_route(capabilities: ChannelCapabilities) -> Callable[..., Awaitable[Response]]:
    """The route of messages to customers who need not have written. `capabilities` say how channels write their persons."""

    async def write_first(
        configuration: ExistingWorkspace,
        body: Annotated[FirstMessageBody, Depends(JsonBody(FirstMessageBody))],
        repeat: IdempotencyKey,
        wait: Wait,
        commands: AgentCommandsDep,
        writer: Annotated[Writer, Depends()],
    ) -> Response:
        """Write to a customer in private where the platform allows it: the open conversation goes on, or one is opened."""
        workspace, context, caller = configuration.workspace, writer.context, writer.caller
        body = body.model_copy(update={"person": capabilities.person_id(body.person)})
        key, identity = str(PersonKey(workspace, body.person)), command_id(context.time_source, workspace, repeat)
        content = await check_content(context, workspace, key, body, "private", caller)
        data = WriteFirst(
            person=body.person,
            request_hash=request_hash("POST", "messages", content.hashed_fields()),
            **content.command_fields(commands.language),
        )

        async def admit() -> None:
            _require_account(configuration, body.person)
            await writer.require_visible(workspace, body.person)
            await content.admit(data)

        command = Command(
            identity,
            "pasokh.command.write_first",
            workspace,
            key,
            data,
            data.request_hash,
            repeatable=repeat is not None,
        )
        return await message_response(context, command, await commands.execute(command, wait, admit))

    return write_first


async def message_response(context: Context, command: Command, outcome: CommandResult | None) -> Response:
    """201 with the message that a command made; 202 while there is no outcome."""
    if outcome is None or outcome.result is None:
        return accepted_response(command)
    key = Key(MESSAGES.name, outcome.result)
    message = MESSAGES.decode((await context.store.get_many([key]))[key])
    return JSONResponse(initial_view(message).model_dump(mode="json"), status_code=201)


def _require_account(configuration: WorkspaceConfiguration, person: str) -> None:
    channel, account, _ = person.split(":", 2)
    if f"{channel}/{account}" not in configuration.accounts:
        detail = (
            f"There is no account {channel}/{account} in this workspace; a person is `channel:account:external_id`."
        )
        raise UnprocessableContent(("/person", detail))
