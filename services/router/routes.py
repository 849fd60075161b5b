"""Conversations over REST: list and read them, their messages, decisions and events; replies; the status of commands."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import JSONResponse, Response

from schemas.commands import CommandResult, Reply
from schemas.decision import Decision
from schemas.envelope import Event
from schemas.values import Json
from services.domain.channel_capabilities import ChannelCapabilities
from services.domain.conversation_state import ConversationState
from services.domain.viewer import Viewer
from services.platform.http.auth import Principal, current_caller, require_scope
from services.platform.http.command_gateway import command_id
from services.platform.http.dependencies import (
    CommandsDep,
    ContextDep,
    IdempotencyKey,
    Page,
    PageParams,
    Wait,
    query_page,
)
from services.platform.http.json_body import JsonBody
from services.platform.http.languages import preferred_language
from services.platform.http.problems import problem_code
from services.platform.http.service import Context
from services.platform.store import port
from services.platform.store.collections import FACTS
from services.platform.store.read_one import read_one
from services.records.configuration import read_configuration
from services.records.conversations import MESSAGES, PERSONS
from services.records.decisions import DECISIONS
from services.rest.albums import grouped_views, read_whole_albums
from services.rest.dependencies import ExistingConversation, ExistingMessage, ExistingPerson, ExistingWorkspace
from services.rest.refusals import in_words, not_found
from services.rest.viewer import ViewerDep, read_visible_agents
from services.rest.views import MessageView, message_view
from services.router import (
    agents,
    customer_routes,
    explaining,
    inbox_routes,
    leases,
    mentions,
    message_routes,
    night,
    offers,
    signals,
    sla_reapply,
    wrap_ups,
)
from services.router.actions import ACTIONS, ADMIN_ACTIONS, action_hash, build_command
from services.router.agent_commands import AgentCommandsDep, AgentLanguageDep
from services.router.conversations.domain.command_phrases import BOOK, in_language, refused
from services.router.customer_views import CustomerConversation, PersonDetail, with_customers
from services.router.first_messages import first_message_route, message_response
from services.router.identities import read_person
from services.router.lists import list_page
from services.router.outgoing_content import check_content
from services.router.persons import persons_page
from services.router.phrases import Language
from services.router.reply_abilities import ConversationDetail, conversation_detail
from services.router.sentences import decision_view
from services.router.views import (
    CommandView,
    ConversationQuery,
    DecisionsQuery,
    EventsQuery,
    MessagesQuery,
    PersonsQuery,
    PersonView,
    ReplyBody,
)


async def list_conversations(
    configuration: ExistingWorkspace,
    context: ContextDep,
    viewer: ViewerDep,
    query: Annotated[ConversationQuery, Query()],
) -> Page[CustomerConversation]:
    """Newest first unless `sort` says otherwise. A page may be shorter than `limit`: there is more while `next` is given."""
    page = await list_page(context.store, configuration.workspace, query, viewer)
    return Page(items=await with_customers(context.store, page.items), next=page.next)


def conversation_route(capabilities: ChannelCapabilities) -> Callable[..., Awaitable[ConversationDetail]]:
    """The route of one conversation. `capabilities`: what channels take."""

    async def show_conversation(
        conversation: ExistingConversation,
        context: ContextDep,
        caller: Annotated[Principal, Depends(current_caller)],
        language: AgentLanguageDep,
    ) -> ConversationDetail:
        """A conversation, and whether an answer of the caller would go out now, on each surface."""
        return conversation_detail(
            conversation,
            await read_one(context.store, PERSONS, conversation.key),
            capabilities,
            await read_configuration(context.store, conversation.workspace),
            agent=caller.agent.id if caller.agent else None,
            language=language,
            now=context.time_source.now(),
        )

    return show_conversation


async def show_person(
    _: ExistingWorkspace, person: ExistingPerson, context: ContextDep, viewer: ViewerDep
) -> PersonDetail:
    """A customer, with what the channel tells about them, and evidence about them that contradicts itself."""
    return await read_person(context.store, viewer, person)


async def list_persons(
    configuration: ExistingWorkspace, context: ContextDep, viewer: ViewerDep, query: Annotated[PersonsQuery, Query()]
) -> Page[PersonView]:
    """Customers as accounts see them, who wrote last first. A page may be shorter than `limit`: there is more while `next` is given.

    Whose e-mail address, telephone number or person is exactly `q` comes first.
    """
    return await persons_page(context.store, configuration.workspace, query, viewer)


async def list_messages(
    conversation: ExistingConversation, context: ContextDep, query: Annotated[MessagesQuery, Query()]
) -> Page[MessageView]:
    """The messages of a conversation, oldest first unless `order` says otherwise.

    With `albums` files that were sent together are one message.
    """
    page_query = replace(
        _conversation_query(conversation, MESSAGES.name, query),
        descending=query.order == "desc",
        # Orders have one length: one character more is behind the message itself, and before the next.
        at_least=f"{await _order_of(context, conversation, query.after, 'after')} " if query.after else None,
        below=await _order_of(context, conversation, query.before, "before") if query.before else None,
    )
    if query.albums:
        records, following = await read_whole_albums(context.store, page_query)
        if query.order == "desc":
            # The files of an album stay in the order in which they were sent.
            return Page(items=grouped_views(records[::-1])[::-1], next=following)
        return Page(items=grouped_views(records), next=following)
    page = await query_page(context.store, page_query)
    return Page(items=[message_view(MESSAGES.decode(document)) for _, document in page.items], next=page.next)


async def _order_of(context: Context, conversation: ConversationState, message: str, parameter: str) -> str:
    """Where a message of a conversation stands. Raises CommandRejected (422) for one that is not of it."""
    found = await read_one(context.store, MESSAGES, message)
    if found is None or found.conversation != conversation.id:
        problem = refused(422, "Unprocessable Content", "no_message", f"/query/{parameter}")
        raise in_words(problem, BOOK)
    return found.order


async def show_message(message: ExistingMessage) -> MessageView:
    """One message."""
    return message_view(message)


async def list_decisions(
    conversation: ExistingConversation,
    context: ContextDep,
    query: Annotated[DecisionsQuery, Query()],
    viewer: ViewerDep,
    response: Response,
    accept_language: Annotated[str | None, Header(max_length=1000)] = None,
) -> Page[Decision]:
    """Why a conversation was assigned to which agent, or waits; oldest first.

    Sentences are in the language of `lang`, else of `Accept-Language`. Candidates whom the caller may not see are left out.
    """
    language = query.lang or preferred_language(accept_language, get_args(Language))
    response.headers.update({"Content-Language": language, "Vary": "Accept-Language"})
    page = await query_page(context.store, _conversation_query(conversation, DECISIONS.name, query))
    records = [DECISIONS.decode(document) for _, document in page.items]
    views = [decision_view(record, language) for record in records]
    return Page(items=await _visible_candidates(context, viewer, conversation.workspace, views), next=page.next)


async def _visible_candidates(
    context: Context, viewer: Viewer, workspace: str, decisions: list[Decision]
) -> list[Decision]:
    """The decisions with the candidates who may be seen. Whom it went to is the conversation's own, and stays."""
    if not viewer.is_limited:
        return decisions
    named = [candidate.agent for decision in decisions for candidate in decision.candidates]
    seen = await read_visible_agents(context.store, viewer, workspace, named)
    return [
        decision.model_copy(
            update={
                "candidates": [one for one in decision.candidates if one.agent in seen or one.agent == decision.agent]
            }
        )
        for decision in decisions
    ]


async def list_events(
    conversation: ExistingConversation, context: ContextDep, query: Annotated[EventsQuery, Query()]
) -> Page[Event]:
    """The facts of a conversation and of its SLA clocks as CloudEvents, oldest first unless `order` says otherwise."""
    facts = replace(_conversation_query(conversation, FACTS.name, query), descending=query.order == "desc")
    page = await query_page(context.store, facts)
    return Page(items=[Event.model_validate(document) for _, document in page.items], next=page.next)


async def reply(
    conversation: ExistingConversation,
    body: Annotated[ReplyBody, Depends(JsonBody(ReplyBody))],
    repeat: IdempotencyKey,
    wait: Wait,
    commands: AgentCommandsDep,
    context: ContextDep,
    caller: Annotated[Principal, Depends(current_caller)],
) -> Response:
    """Send an agent's answer unchanged, or refuse it: 409 says what the guard found. The caller may confirm the reply."""
    surface = body.surface or conversation.last_surface
    content = await check_content(context, conversation.workspace, conversation.key, body, surface, caller)
    data = Reply(
        conversation=conversation.id,
        surface=body.surface,
        after=body.after,
        request_hash=action_hash(conversation, "replies", content.hashed_fields()),
        **content.command_fields(commands.language),
    )

    # Checked only for a new command: a repeat gets the outcome of the first, whatever has changed since.
    async def admit() -> None:
        await content.admit(data)

    command = build_command(context, conversation, "pasokh.command.reply", data, repeat)
    return await message_response(context, command, await commands.execute(command, wait, admit))


CommandKey = Annotated[str, Query(min_length=1, max_length=255, description="The key with which the request was sent.")]


async def show_command_of_key(
    workspace: str,
    idempotency_key: CommandKey,
    context: ContextDep,
    commands: CommandsDep,
    language: AgentLanguageDep,
) -> Response:
    """The status of the request that was sent with this Idempotency-Key, without sending it again; 404: it did not arrive.

    A request whose answer is still open may be 404 for the seconds that it waits.
    """
    identity = command_id(context.time_source, workspace, idempotency_key)
    return await show_command(workspace, identity, commands, language)


async def show_command(workspace: str, command: str, commands: CommandsDep, language: AgentLanguageDep) -> Response:
    """The status of a command that was answered with 202."""
    outcome = await commands.status(workspace, command)
    if outcome is None:
        raise not_found("unknown_command", command=command)
    problem = outcome.problem if isinstance(outcome, CommandResult) else None
    problem = problem and in_language(problem, language).model_copy(update={"code": problem_code(problem.title)})
    view = CommandView(status=outcome.status if isinstance(outcome, CommandResult) else "pending", problem=problem)
    return JSONResponse(view.model_dump(mode="json", exclude_none=True))


def _conversation_query(conversation: ConversationState, collection: str, page: PageParams) -> port.Query:
    equals: dict[str, Json] = {"workspace": conversation.workspace, "conversation": conversation.id}
    return port.Query(collection, "conversation", equals, limit=page.limit, after=page.cursor)


def build_router(capabilities: ChannelCapabilities) -> APIRouter:
    """Conversations and commands; each route states the scope that it needs."""
    read, desk_scope = [Depends(require_scope("read"))], [Depends(require_scope("desk"))]
    router = APIRouter(prefix="/v1/workspaces/{workspace}", tags=["conversations"])
    add, conversation_path = router.add_api_route, "/conversations/{conversation}"
    add("/conversations", list_conversations, dependencies=read)
    add(conversation_path, conversation_route(capabilities), dependencies=read)
    add(f"{conversation_path}/messages", list_messages, dependencies=read)
    add("/messages/{message}", show_message, dependencies=read)
    add(f"{conversation_path}/decisions", list_decisions, dependencies=read)
    add(f"{conversation_path}/events", list_events, dependencies=read)
    add(
        f"{conversation_path}/replies",
        reply,
        methods=["POST"],
        dependencies=desk_scope,
        status_code=201,
        response_model=MessageView,
    )
    for action, route in ACTIONS.items():
        needed = [Depends(require_scope("write" if action in ADMIN_ACTIONS else "desk"))]
        path = f"{conversation_path}/{action}"
        add(path, route, methods=["POST"], dependencies=needed, response_model=CustomerConversation)
    add(
        "/messages",
        first_message_route(capabilities),
        methods=["POST"],
        dependencies=desk_scope,
        status_code=201,
        response_model=MessageView,
    )
    add("/persons", list_persons, dependencies=read)
    add("/persons/{person:path}", show_person, dependencies=read)
    add("/commands", show_command_of_key, dependencies=read, response_model=CommandView)
    add("/commands/{command}", show_command, dependencies=read, response_model=CommandView)
    return router


def build_routers(capabilities: ChannelCapabilities) -> list[APIRouter]:
    """Every router of this service, for its wiring."""
    return [
        build_router(capabilities),
        message_routes.build_router(),
        customer_routes.build_router(),
        inbox_routes.build_router(),
        night.build_router(),
        mentions.build_router(),
        agents.build_router(),
        leases.build_router(),
        wrap_ups.build_router(),
        offers.build_router(),
        signals.build_router(capabilities),
        sla_reapply.build_router(),
        explaining.build_router(capabilities),
    ]
