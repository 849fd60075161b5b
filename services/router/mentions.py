"""Who may see a conversation, and so may be mentioned in a note there."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from schemas.configuration import PresenceStatus
from schemas.values import Json
from services.domain.conversation_state import ConversationState
from services.domain.viewer import agent_viewer
from services.platform.http.auth import require_scope
from services.platform.http.dependencies import ContextDep, Page
from services.platform.http.problems import CommandRejected
from services.platform.http.service import Context
from services.platform.processing.unit_of_work import Reader
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Key, Query
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.configuration import read_configuration
from services.rest.dependencies import ExistingConversation
from services.rest.viewer import ViewerDep, visible_agents
from services.router.conversations.domain.command_phrases import refused
from services.router.conversations.domain.silence import settings_of


class ColleagueView(BaseModel):
    """An agent who may see the conversation."""

    id: str
    name: str
    presence: PresenceStatus


async def who_may_see(reader: Reader, case: ConversationState, records: Sequence[AgentRecord]) -> list[AgentRecord]:
    """Those of some agents who may see a conversation. Raises Unavailable."""
    visibility = settings_of(await read_configuration(reader, case.workspace)).visibility
    return [
        record
        for record in records
        if agent_viewer(
            record.id, frozenset(record.body.teams), is_lead=record.body.role == "lead", visibility=visibility
        ).can_see(case)
    ]


async def require_may_see(context: Context, case: ConversationState, agents: Sequence[str]) -> None:
    """Raise CommandRejected (422) unless all of these agents exist and may see the conversation."""
    if not agents:
        return
    keys = {name: Key(AGENTS.name, agent_id(case.workspace, name)) for name in agents}
    found = await context.store.get_many(list(keys.values()))
    records = [AGENTS.decode(document) for document in found.values()]
    seeing = {record.id for record in await who_may_see(context.store, case, records)}
    for number, name in enumerate(agents):
        if name not in seeing:
            raise CommandRejected(
                refused(422, "Not theirs to see", "mention_unseen", f"/mentions/{number}", agent=name)
            )


async def list_colleagues(
    conversation: ExistingConversation, context: ContextDep, viewer: ViewerDep
) -> Page[ColleagueView]:
    """The agents who may see the conversation, by id: whom a note may mention. All on one page."""
    equals: dict[str, Json] = {"workspace": conversation.workspace}
    records = [
        AGENTS.decode(document)
        async for _, document in all_documents(context.store, Query(AGENTS.name, "workspace", equals))
    ]
    seeing = visible_agents(viewer, await who_may_see(context.store, conversation, records))
    named = [ColleagueView(id=one.id, name=one.body.name, presence=one.presence) for one in seeing]
    return Page(items=sorted(named, key=lambda one: one.id))


def build_router() -> APIRouter:
    """The route of those who may be mentioned."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}/conversations/{conversation}/agents", tags=["conversations"])
    router.add_api_route("", list_colleagues, dependencies=[Depends(require_scope("read"))])
    return router
