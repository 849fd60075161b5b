"""`PUT …/conversations/{conversation}/read`: an agent has read up to a message, or wants to have it unread again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, model_validator

from services.domain.conversation_state import ConversationState
from services.domain.read_marks import ReadMark, read_up_to, unread_again, unread_of
from services.platform.core.errors import Fenced, Unavailable
from services.platform.http.acting_agent import ActingBody
from services.platform.http.auth import require_scope
from services.platform.http.dependencies import ContextDep
from services.platform.http.json_body import JsonBody
from services.platform.http.service import Context
from services.platform.store.port import Changes, Condition, Key, Put, Query
from services.platform.store.read_one import read_one
from services.records.conversations import MESSAGES, MessageRecord
from services.records.read_marks import READ_MARKS, ReadMarks
from services.rest.dependencies import ExistingConversation, get_conversation
from services.rest.refusals import unprocessable
from services.router.agents import require_agent

TRIES = 5
"""Agents who read the same conversation write one document."""
LOOK = timedelta(seconds=1)
"""A look that follows another within this time is not written."""
PAGE = 200
Tell = Callable[[str, str, str], None]
"""Tells the pages of an agent, in a workspace, about a conversation that they have read."""


class ReadBody(ActingBody):
    """Up to where an agent has read: one of the two."""

    up_to: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None,
        description="The id of the last message that they have seen. An earlier one than before changes nothing.",
    )
    unread: Literal[True] | None = Field(
        default=None, description="The customer's latest message is to be unread again."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> "ReadBody":
        if (self.up_to is None) == (self.unread is None):
            raise ValueError("give one of `up_to` and `unread`")
        return self


class ReadView(BaseModel):
    """What is unread now."""

    unread: int = Field(description="How many messages of the customer the agent has not read.")


async def move_mark(context: Context, case: ConversationState, body: ReadBody) -> tuple[ReadView, bool]:
    """Move an agent's mark. Returns what is unread after it, and whether that is another mark than before.

    Raises CommandRejected, Unavailable.
    """
    await require_agent(context, case.workspace, body.agent)
    for _ in range(TRIES):
        # The conversation before its messages: one that comes between is then unread, not read unseen.
        case = await get_conversation(context.store, case.workspace, case.id)
        known = await read_one(context.store, READ_MARKS, case.id)
        before = known.marks.get(body.agent) if known is not None else None
        after = await _moved(context, case, before, body.up_to)
        if after is None or (before is not None and _is_same(before, after)):
            return ReadView(unread=unread_of(case, before)), False
        try:
            await _write(context, case, known, body.agent, after)
        except Fenced:
            continue
        return ReadView(unread=unread_of(case, after)), True
    raise Unavailable("many agents read this conversation at once")


def _is_same(before: ReadMark, after: ReadMark) -> bool:
    return replace(after, at=before.at) == before and after.at - before.at < LOOK


async def _write(
    context: Context, case: ConversationState, known: ReadMarks | None, agent: str, mark: ReadMark
) -> None:
    key = Key(READ_MARKS.name, case.id)
    found = known or ReadMarks(workspace=case.workspace, conversation=case.id, at=mark.at)
    after = replace(found, version=found.version + 1, marks={**found.marks, agent: mark}, at=mark.at)
    unchanged = Condition(key, "version", known.version if known is not None else None)
    await context.store.commit(Changes(conditions=[unchanged], puts=[Put(key, after)]))


async def _moved(
    context: Context, case: ConversationState, known: ReadMark | None, up_to: str | None
) -> ReadMark | None:
    now = context.time_source.now()
    if up_to is None:
        before = await _order_before_latest(context, case)
        return known if before is None else unread_again(case, known, before, now)
    message = await read_one(context.store, MESSAGES, up_to)
    if message is None or (message.workspace, message.conversation) != (case.workspace, case.id):
        raise unprocessable("/up_to", "message_elsewhere")
    later = await _received_after(context, message)
    return read_up_to(known, ReadMark(order=message.order, received=max(0, case.received - later), at=now))


def _messages(workspace: str, conversation: str) -> Query:
    return Query(MESSAGES.name, "conversation", {"workspace": workspace, "conversation": conversation}, limit=PAGE)


async def _received_after(context: Context, message: MessageRecord) -> int:
    """How many messages of the customer are behind a message."""
    query, count = replace(_messages(message.workspace, message.conversation), at_least=message.order), 0
    while True:
        page = await context.store.query(query)
        found = (MESSAGES.decode(document) for _, document in page.items)
        count += sum(one.direction == "inbound" and one.order > message.order for one in found)
        if page.next is None:
            return count
        query = replace(query, after=page.next)


async def _order_before_latest(context: Context, case: ConversationState) -> str | None:
    """The order of the message before the customer's latest, '' where that is the first. None: the customer wrote none."""
    query, found = replace(_messages(case.workspace, case.id), descending=True), False
    while True:
        page = await context.store.query(query)
        for _, document in page.items:
            message = MESSAGES.decode(document)
            if found:
                return message.order
            found = message.direction == "inbound"
        if page.next is None:
            return "" if found else None
        query = replace(query, after=page.next)


def build_router(tell: Tell) -> APIRouter:
    """The route. `tell` hears of each mark that moved."""

    async def put(
        case: ExistingConversation, body: Annotated[ReadBody, Depends(JsonBody(ReadBody))], context: ContextDep
    ) -> ReadView:
        """An agent has read a conversation up to a message, or wants it unread again. It changes nothing for others."""
        view, is_moved = await move_mark(context, case, body)
        if is_moved:
            tell(case.workspace, case.id, body.agent)
        return view

    router = APIRouter(prefix="/v1/workspaces/{workspace}/conversations", tags=["inbox"])
    router.add_api_route("/{conversation}/read", put, methods=["PUT"], dependencies=[Depends(require_scope("desk"))])
    return router
