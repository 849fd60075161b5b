"""The caller as a viewer, as a dependency of routes; and which conversations, agents, customers and facts a viewer may see."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from schemas.envelope import Event
from services.domain.conversation_state import Contact
from services.domain.viewer import UNRESTRICTED, Viewer, agent_viewer
from services.platform.http.auth import BoundAgent, Principal, current_caller
from services.platform.http.dependencies import ContextDep
from services.platform.http.problems import Unauthorized
from services.platform.processing.unit_of_work import Reader
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Key, Query, Store
from services.platform.store.read_one import read_one
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.configuration import read_configuration
from services.records.conversations import CONVERSATIONS
from services.records.keys import bound_agent


async def read_viewer(reader: Reader, workspace: str, caller: Principal) -> Viewer:
    """The caller as a viewer of a workspace. Raises Unavailable.

    A key that is bound to no agent sees everything, and so does the scope `admin`: it could change what it sees.
    """
    if caller.agent is None or caller.has_scope("admin"):
        return UNRESTRICTED
    return await viewer_of_agent(reader, workspace, caller.agent)


async def viewer_of_agent(reader: Reader, workspace: str, agent: BoundAgent) -> Viewer:
    """An agent of a workspace as a viewer. Raises Unavailable."""
    configuration = await read_configuration(reader, workspace)
    settings = configuration.profile.body.settings if configuration else None
    visibility = settings.visibility if settings else "team"
    return agent_viewer(agent.id, agent.teams, is_lead=agent.is_lead, visibility=visibility)


async def caller_viewer(
    request: Request, context: ContextDep, caller: Annotated[Principal, Depends(current_caller)]
) -> Viewer:
    """The caller as a viewer of the path's workspace."""
    return await read_viewer(context.store, request.path_params["workspace"], caller)


ViewerDep = Annotated[Viewer, Depends(caller_viewer)]


async def visible_conversations(reader: Reader, viewer: Viewer, conversations: Iterable[str]) -> set[str]:
    """The ids, of some conversations of one workspace, of those that may be seen. Raises Unavailable."""
    keys = [Key(CONVERSATIONS.name, identity) for identity in dict.fromkeys(conversations)]
    found = await reader.get_many(keys) if keys else {}
    return {key.id for key, document in found.items() if viewer.can_see(CONVERSATIONS.decode(document))}


def visible_agents(viewer: Viewer, records: Iterable[AgentRecord]) -> list[AgentRecord]:
    """Those of some agents who may be seen."""
    return [record for record in records if viewer.can_see_agent(record.id, record.body.teams)]


async def read_visible_agents(reader: Reader, viewer: Viewer, workspace: str, agents: Iterable[str]) -> set[str]:
    """The ids, of some agents, of those who may be seen. Raises Unavailable."""
    keys = [Key(AGENTS.name, agent_id(workspace, agent)) for agent in dict.fromkeys(agents)]
    found = await reader.get_many(keys) if keys else {}
    return {record.id for record in visible_agents(viewer, map(AGENTS.decode, found.values()))}


async def can_see_person(store: Store, viewer: Viewer, contact: Contact) -> bool:
    """Whether a customer may be seen: one of their conversations may, or they have none. Raises Unavailable."""
    if not viewer.is_limited:
        return True
    # Also those of others that they continue: a private chat that a hand-off opened belongs to the public conversation.
    linked = [*contact.open.values(), *([contact.forwarded_to] if contact.forwarded_to else [])]
    if await visible_conversations(store, viewer, linked):
        return True
    has_any = bool(linked)
    query = Query(CONVERSATIONS.name, "person", {"workspace": contact.workspace, "person": contact.person})
    async for _, document in all_documents(store, query):
        has_any = True
        if viewer.can_see(CONVERSATIONS.decode(document)):
            return True
    return not has_any


# -- streams -----------------------------------------------------------------------------------------------------------


class _AllFacts(Container[str]):
    def __contains__(self, _: object) -> bool:
        return True


ALL_FACTS = _AllFacts()


async def read_current_viewer(reader: Reader, workspace: str, caller: Principal) -> Viewer:
    """The caller of an open stream as a viewer, with the agent's teams and role of now. Raises Unauthorized when the agent is gone, and Unavailable."""
    if caller.agent is None:
        return UNRESTRICTED
    record = await read_one(reader, AGENTS, agent_id(workspace, caller.agent.id))
    agent = bound_agent(record, caller.agent.generation)
    if agent is None:
        raise Unauthorized("The agent of this key was deleted.")
    return await read_viewer(reader, workspace, replace(caller, agent=agent))


async def visible_facts(reader: Reader, viewer: Viewer, workspace: str, facts: Sequence[Event]) -> Container[str]:
    """The ids of those facts that may be seen. Raises Unavailable.

    A fact about a conversation is as visible as the conversation is now, and the one by which an agent loses it also to them; one
    about an agent as the agent; others are not for agents.
    """
    if not viewer.is_limited or not facts:
        return ALL_FACTS
    conversations = {fact.id: name for fact in facts if (name := _named(fact, "conversation"))}
    agents = {fact.id: name for fact in facts if fact.id not in conversations and (name := _named(fact, "agent"))}
    cases = await visible_conversations(reader, viewer, conversations.values())
    colleagues = await read_visible_agents(reader, viewer, workspace, agents.values())
    lost = {fact.id for fact in facts if _named(fact, "previous_agent") == viewer.agent}
    return (
        lost
        | {fact for fact, case in conversations.items() if case in cases}
        | {fact for fact, agent in agents.items() if agent in colleagues}
    )


def _named(fact: Event, field: str) -> str | None:
    value = fact.data.get(field)
    return value if isinstance(value, str) else None
