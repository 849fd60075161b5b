"""Who reads and types where: a page says it over REST, and it goes on to the pages of colleagues, and to the customer as typing."""

from collections import OrderedDict
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from schemas.commands import PerformAction
from schemas.envelope import Event, encode
from schemas.signals import AgentSignal, SignalKind, Typing
from schemas.values import RequestModel
from services.domain.channel_capabilities import ChannelCapabilities
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_with_agent
from services.platform.bus.port import ProducerRecord, partition_for
from services.platform.core.identifiers import random_id
from services.platform.http.acting_agent import ActingAgent
from services.platform.http.auth import Principal, current_caller, require_scope
from services.platform.http.command_gateway import Command, command_id
from services.platform.http.dependencies import CommandsDep, ContextDep
from services.platform.http.json_body import JsonBody
from services.platform.http.service import Context
from services.records.configuration import read_configuration
from services.rest.dependencies import ExistingConversation
from services.router.agents import read_agent, unknown_agent
from services.router.conversations.domain.plans import channel_of

SOURCE = "rest"
TOPIC = "signals"
SIGNAL = "pasokh.signal.shown"
TYPING_SECONDS = 6.0
"""How often a customer is told at most that somebody types. Platforms show it for five seconds or longer."""
MAX_REMEMBERED = 10_000


class SignalBody(RequestModel):
    """What an agent does in the conversation now: `typing` a reply or a note, else reading, or with `viewing` false neither."""

    agent: ActingAgent
    viewing: bool = Field(default=True, description="Whether the conversation is before the agent's eyes.")
    typing: Typing | None = Field(
        default=None, description="What the agent writes: a `reply` or a `note`; null: nothing."
    )


def kind_of(body: SignalBody) -> SignalKind:
    """The signal that a body stands for."""
    if not body.viewing:
        return "gone"
    return body.typing or "viewing"


async def show_signal(context: Context, workspace: str, signal: AgentSignal) -> None:
    """Tell the pages of colleagues, in all processes. Raises Unavailable, Unknown."""
    now = context.time_source.now()
    event = Event(
        id=random_id(now),
        source=SOURCE,
        type=SIGNAL,
        time=now,
        workspace=workspace,
        partitionkey=workspace,
        data=signal.model_dump(mode="json"),
    )
    partition = partition_for(workspace, context.bus.partitions)
    await context.bus.publish([ProducerRecord(TOPIC, partition, workspace, encode(event))])


class CustomerTyping:
    """Shows customers that an agent types, where their channel can."""

    def __init__(self, capabilities: ChannelCapabilities) -> None:
        self._capabilities = capabilities
        self._shown: OrderedDict[str, float] = OrderedDict()

    async def show(self, context: Context, commands: CommandsDep, case: ConversationState, agent: str) -> None:
        """Show it to the customer of a conversation that the agent has, unless that was done a moment ago."""
        if case.agent != agent or not is_with_agent(case.status) or not self._is_due(context, case.id):
            return
        if not await self._is_possible(context, case):
            return
        data = PerformAction(
            conversation=case.id,
            agent=agent,
            kind="typing",
            accepted_at=context.time_source.now(),
            request_hash="",
        )
        identity = command_id(context.time_source, case.workspace, None)
        await commands.send(Command(identity, "pasokh.command.perform_action", case.workspace, case.key, data, ""))

    async def _is_possible(self, context: Context, case: ConversationState) -> bool:
        surface = case.last_surface
        address = case.addresses.get(surface)
        if surface != "private" or address is None:
            return False
        channel, account = channel_of(case, address)
        stored = await read_configuration(context.store, case.workspace)
        known = self._capabilities.of_account(channel, account, stored)
        return known is not None and "typing" in known.actions_on(surface)

    def _is_due(self, context: Context, conversation: str) -> bool:
        now = context.time_source.monotonic()
        last = self._shown.get(conversation)
        if last is not None and now - last < TYPING_SECONDS:
            return False
        self._shown[conversation] = now
        self._shown.move_to_end(conversation)
        if len(self._shown) > MAX_REMEMBERED:
            self._shown.popitem(last=False)
        return True


def build_router(capabilities: ChannelCapabilities) -> APIRouter:
    """The route of signals."""
    typing = CustomerTyping(capabilities)

    async def signal(
        conversation: ExistingConversation,
        body: Annotated[SignalBody, Depends(JsonBody(SignalBody))],
        caller: Annotated[Principal, Depends(current_caller)],
        context: ContextDep,
        commands: CommandsDep,
    ) -> Response:
        """Say what an agent does in the conversation now. It is forgotten after 20 seconds, unless it is said again."""
        agent = await read_agent(context, conversation.workspace, body.agent)
        if agent is None:
            raise unknown_agent(body.agent)
        shown = AgentSignal(
            conversation=conversation.id,
            agent=agent.id,
            name=agent.body.name,
            kind=kind_of(body),
            source=caller.session or caller.key,
        )
        await show_signal(context, conversation.workspace, shown)
        if shown.kind == "reply":
            await typing.show(context, commands, conversation, agent.id)
        return Response(status_code=204)

    router = APIRouter(prefix="/v1/workspaces/{workspace}/conversations/{conversation}/signal", tags=["conversations"])
    router.add_api_route(
        "",
        signal,
        methods=["POST"],
        dependencies=[Depends(require_scope("desk"))],
        status_code=204,
        response_model=None,
    )
    return router
