"""Dead letters over REST: events that a group could not handle, listed without customers' texts; retry or drop them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from schemas.values import Instant
from services.platform.core.identifiers import hashed_id
from services.platform.http.auth import Principal, require_scope
from services.platform.http.dependencies import ContextDep, Page, PageParamsDep, query_page, reject_cursor
from services.platform.http.problems import NotFound
from services.platform.http.service import Context
from services.platform.processing.dead_letters import Action, GroupTopics, command_on
from services.platform.store.collections import DEAD_LETTERS, DeadLetter
from services.platform.store.port import Query
from services.platform.store.read_one import read_one

SCAN_LIMIT = 2000
"""The maximum number of other workspaces' dead letters that are skipped for one page."""
Admin = Annotated[Principal, Depends(require_scope("admin"))]


class DeadLetterView(BaseModel):
    """A dead letter. `workspace` is empty when it could not be read from the event."""

    id: str
    group: str
    partition: int
    topic: str
    offset: int
    event_id: str
    event_type: str
    workspace: str
    error: str
    at: Instant


class ActionAccepted(BaseModel):
    """An action was requested. The dead letter leaves the list once its group has handled or dropped the event."""

    id: str
    action: Action
    asked_at: Instant


def to_view(identity: str, letter: DeadLetter) -> DeadLetterView:
    """What REST shows of a dead letter: everything but the event, which may hold what a customer wrote."""
    return DeadLetterView(
        id=identity,
        group=letter.group,
        partition=letter.partition,
        topic=letter.topic,
        offset=letter.offset,
        event_id=letter.event_id,
        event_type=letter.event_type,
        workspace=letter.workspace,
        error=letter.error,
        at=letter.at,
    )


async def list_dead_letters(caller: Admin, context: ContextDep, params: PageParamsDep) -> Page[DeadLetterView]:
    """The dead letters, newest first. A key of one workspace sees only those of the workspace, so that a page may be short: see `next`."""
    views: list[DeadLetterView] = []
    after, examined = _to_store_cursor(caller, params.cursor), 0
    while True:
        query = Query(DEAD_LETTERS.name, "at", descending=True, limit=params.limit - len(views), after=after)
        # The index is over all workspaces: dead letters that the caller may not see are skipped here.
        page = await query_page(context.store, query)
        letters = [to_view(identity, DEAD_LETTERS.decode(document)) for identity, document in page.items]
        views += [letter for letter in letters if caller.can_access_workspace(letter.workspace)]
        after, examined = page.next, examined + len(letters)
        if after is None or len(views) >= params.limit or examined >= SCAN_LIMIT:
            return Page(items=views, next=after and f"{_mark(caller)}{after}")


def _mark(caller: Principal) -> str:
    """The prefix of a caller's cursors, which ties them to the workspace of the key."""
    return f"{hashed_id('dead_letters', caller.workspace)[:8]}." if caller.workspace else ""


def _to_store_cursor(caller: Principal, cursor: str | None) -> str | None:
    """The store's cursor inside the caller's cursor. Raises UnprocessableContent for another caller's cursor."""
    mark = _mark(caller)
    if cursor is None or not mark:
        return cursor
    if not cursor.startswith(mark):
        raise reject_cursor()
    return cursor.removeprefix(mark)


async def get_dead_letter(context: Context, caller: Principal, identity: str) -> DeadLetter:
    """A dead letter that the caller may see. Raises NotFound, also for one of another workspace."""
    letter = await read_one(context.store, DEAD_LETTERS, identity)
    if letter is None or not caller.can_access_workspace(letter.workspace):
        raise NotFound(f"There is no dead letter {identity!r} that this key can see.")
    return letter


def build_router(topics: GroupTopics) -> APIRouter:
    """The routes. `topics`: group → the topics it reads."""

    async def request(caller: Principal, context: Context, identity: str, action: Action) -> ActionAccepted:
        letter = await get_dead_letter(context, caller, identity)
        at: datetime = context.time_source.now()
        # Published and not applied here: only the owner of the group's partition may handle the event or drop it.
        await context.bus.publish([command_on(identity, letter, action, topics, context.time_source)])
        return ActionAccepted(id=identity, action=action, asked_at=at)

    async def retry(dead_letter: str, caller: Admin, context: ContextDep) -> ActionAccepted:
        """Let the group handle the event again. The dead letter stays in the list when that fails again."""
        return await request(caller, context, dead_letter, "retry")

    async def drop(dead_letter: str, caller: Admin, context: ContextDep) -> ActionAccepted:
        """Drop the event: it will not be handled."""
        return await request(caller, context, dead_letter, "drop")

    router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"])
    router.add_api_route("", list_dead_letters)
    router.add_api_route("/{dead_letter}/retry", retry, methods=["POST"], status_code=202)
    router.add_api_route("/{dead_letter}/drop", drop, methods=["POST"], status_code=202)
    return router
