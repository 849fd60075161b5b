"""Conversations over REST: lists, one, what was said and decided, replies and resolving; and what became of commands."""

from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import JSONResponse, Response

from schemas.commands import Outcome, Reply
from schemas.conversation import Conversation
from schemas.envelope import Event
from schemas.routing import Decision
from schemas.values import Json, Sealed
from services.domain.conversation_state import Case
from services.platform.host.service import Context
from services.platform.http.auth import Caller, allowed, the_caller
from services.platform.http.dependencies import (
    Asked,
    IdempotencyKey,
    In,
    Listing,
    PageAsked,
    Wait,
    Waiting,
    accepted,
    queried,
)
from services.platform.http.json_body import JsonBody
from services.platform.http.languages import preferred_language
from services.platform.http.problems import Forbidden, NotFound, code_of
from services.platform.store import port
from services.platform.store.collections import FACTS
from services.platform.store.port import Key
from services.records.conversations import MESSAGES, MessageRecord
from services.records.decisions import DECISIONS, DecisionRecord
from services.records.lookups import ExistingConversation, ExistingPerson, ExistingWorkspace
from services.records.shown import MessageShown, as_accepted, shown_message
from services.router import agents, sla_reapply
from services.router.actions import MORE_THAN_DESK, MOVES, asked_hash, command_of, known_agent
from services.router.lists import listed
from services.router.phrases import Language
from services.router.reply_guard import guard_of, note_confirmed
from services.router.sentences import shown_decision
from services.router.views import (
    CommandShown,
    ConversationsAsked,
    DecisionsAsked,
    PersonShown,
    ReplyBody,
)


async def list_conversations(
    configuration: ExistingWorkspace, context: In, asked: Annotated[ConversationsAsked, Query()]
) -> Listing[Conversation]:
    """Newest first unless `sort` says otherwise. A page may be shorter than `limit`: there is more while `next` is given."""
    return await listed(context.store, configuration.workspace, asked)


async def show_conversation(conversation: ExistingConversation) -> Conversation:
    return conversation.shown()


async def show_person(_: ExistingWorkspace, person: ExistingPerson) -> PersonShown:
    """Who a customer is, as far as the channel tells."""
    return PersonShown.model_validate(person, from_attributes=True)


async def list_messages(conversation: ExistingConversation, context: In, asked: Asked) -> Listing[MessageShown]:
    """Oldest first."""
    page = await queried(context.store, _of(conversation, MESSAGES.name, asked))
    return Listing(items=[shown_message(MessageRecord.model_validate(d)) for _, d in page.items], next=page.next)


async def list_decisions(
    conversation: ExistingConversation,
    context: In,
    asked: Annotated[DecisionsAsked, Query()],
    response: Response,
    accept_language: Annotated[str | None, Header(max_length=1000)] = None,
) -> Listing[Decision]:
    """Why it went to whom, or waited; oldest first. Sentences are in `lang`, else in the language of `Accept-Language`."""
    language = asked.lang or preferred_language(accept_language, get_args(Language))
    response.headers.update({"Content-Language": language, "Vary": "Accept-Language"})
    page = await queried(context.store, _of(conversation, DECISIONS.name, asked))
    records = [DecisionRecord.model_validate(document) for _, document in page.items]
    return Listing(items=[shown_decision(record, language) for record in records], next=page.next)


async def list_events(conversation: ExistingConversation, context: In, asked: Asked) -> Listing[Event]:
    """Its facts, of the conversation and of its clocks, as CloudEvents; oldest first."""
    page = await queried(context.store, _of(conversation, FACTS.name, asked))
    return Listing(items=[Event.model_validate(document) for _, document in page.items], next=page.next)


async def reply(
    conversation: ExistingConversation,
    body: Annotated[ReplyBody, Depends(JsonBody(ReplyBody))],
    repeat: IdempotencyKey,
    wait: Wait,
    commands: Waiting,
    context: In,
    caller: Annotated[Caller, Depends(the_caller)],
) -> Response:
    """As the agent wrote it, or not at all: 409 says what the guard found. The caller may confirm that it is wrong."""
    guard = await guard_of(context, conversation, body)
    if body.confirm and not caller.may("write"):
        raise Forbidden("To send what the guard refuses (`confirm`) needs a key with the scope `write`.")
    # The hash is of the masked text: a hash of a card number alone could be turned back into it.
    written = body.model_dump(mode="json", exclude=set() if body.confirm else {"confirm"})
    asked = asked_hash(conversation, "replies", {**written, "text": guard.masked})
    agent = await agents.agent_of(context, conversation.workspace, body.agent)
    data = Reply(
        conversation=conversation.id,
        agent=body.agent,
        agent_name=agent.body.name if agent else None,
        text=Sealed(text=body.text),
        found=guard.found,
        confirmed_by=caller.key if body.confirm and guard.found else None,
        surface=body.surface,
        accepted_at=context.clock.now(),
        request_hash=asked,
    )

    async def admit() -> None:
        await known_agent(context, conversation, body.agent)
        guard.judge(confirmed=body.confirm)
        if data.confirmed_by is not None:
            note_confirmed(conversation, data)

    command = command_of(context, conversation, "pasokh.command.reply", data, repeat)
    outcome = await commands.carry_out(command, wait, admit)
    message = await _message(context, outcome)
    if message is None:
        return accepted(command)
    return JSONResponse(as_accepted(message).model_dump(mode="json"), status_code=201)


async def show_command(workspace: str, command: str, commands: Waiting) -> Response:
    """What became of a command that was answered with 202."""
    found = await commands.status(workspace, command)
    if found is None:
        raise NotFound(f"There is no command {command!r} in this workspace.")
    problem = found.problem if isinstance(found, Outcome) else None
    problem = problem and problem.model_copy(update={"code": code_of(problem.title)})
    shown = CommandShown(status=found.status if isinstance(found, Outcome) else "pending", problem=problem)
    return JSONResponse(shown.model_dump(mode="json", exclude_none=True))


def _of(conversation: Case, collection: str, asked: PageAsked) -> port.Query:
    equals: dict[str, Json] = {"workspace": conversation.workspace, "conversation": conversation.id}
    return port.Query(collection, "conversation", equals, limit=asked.limit, after=asked.cursor)


async def _message(context: Context, outcome: Outcome | None) -> MessageRecord | None:
    if outcome is None or outcome.result is None:
        return None
    key = Key(MESSAGES.name, outcome.result)
    return MessageRecord.model_validate((await context.store.get_many([key]))[key])


def router_of() -> APIRouter:
    """Conversations and commands; each route states the scope that it needs."""
    read, desk = [Depends(allowed("read"))], [Depends(allowed("desk"))]
    router = APIRouter(prefix="/v1/workspaces/{workspace}", tags=["conversations"])
    add, one = router.add_api_route, "/conversations/{conversation}"
    add("/conversations", list_conversations, dependencies=read)
    add(one, show_conversation, dependencies=read)
    add(f"{one}/messages", list_messages, dependencies=read)
    add(f"{one}/decisions", list_decisions, dependencies=read)
    add(f"{one}/events", list_events, dependencies=read)
    add(f"{one}/replies", reply, methods=["POST"], dependencies=desk, status_code=201, response_model=MessageShown)
    for action, route in MOVES.items():
        needed = [Depends(allowed("write" if action in MORE_THAN_DESK else "desk"))]
        add(f"{one}/{action}", route, methods=["POST"], dependencies=needed, response_model=Conversation)
    add("/persons/{person:path}", show_person, dependencies=read)
    add("/commands/{command}", show_command, dependencies=read, response_model=CommandShown)
    return router


def routers_of() -> list[APIRouter]:
    """Every router of this service, for its wiring."""
    return [router_of(), agents.router_of(), sla_reapply.router_of()]
