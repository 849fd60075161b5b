"""The sight of a caller as a dependency of routes, and what it means for agents and customers."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from schemas.envelope import Event
from services.domain.conversation_state import Contact
from services.domain.sight import EVERYTHING, Sight, agent_sight
from services.platform.http.auth import Principal, current_caller
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


async def read_sight(reader: Reader, workspace: str, caller: Principal) -> Sight:
    """What a caller may see of a workspace now. Raises Unavailable.

    A key that is bound to no agent sees everything, and so does the scope `admin`: it could change what it sees.
    """
    if caller.agent is None or caller.has_scope("admin"):
        return EVERYTHING
    configuration = await read_configuration(reader, workspace)
    settings = configuration.profile.body.settings if configuration else None
    visibility = settings.visibility if settings else "team"
    return agent_sight(caller.agent.id, caller.agent.teams, is_lead=caller.agent.is_lead, visibility=visibility)


async def caller_sight(
    request: Request, context: ContextDep, caller: Annotated[Principal, Depends(current_caller)]
) -> Sight:
    """The sight of the caller in the path's workspace."""
    return await read_sight(context.store, request.path_params["workspace"], caller)


SightDep = Annotated[Sight, Depends(caller_sight)]


async def visible_conversations(reader: Reader, sight: Sight, conversations: Iterable[str]) -> set[str]:
    """The ids, of some conversations of one workspace, of those that may be seen. Raises Unavailable."""
    keys = [Key(CONVERSATIONS.name, identity) for identity in dict.fromkeys(conversations)]
    found = await reader.get_many(keys) if keys else {}
    return {key.id for key, document in found.items() if sight.sees(CONVERSATIONS.decode(document))}


def visible_agents(sight: Sight, records: Iterable[AgentRecord]) -> list[AgentRecord]:
    """Those of some agents who may be seen."""
    return [record for record in records if sight.sees_agent(record.id, record.body.teams)]


async def read_visible_agents(reader: Reader, sight: Sight, workspace: str, agents: Iterable[str]) -> set[str]:
    """The ids, of some agents, of those who may be seen. Raises Unavailable."""
    keys = [Key(AGENTS.name, agent_id(workspace, agent)) for agent in dict.fromkeys(agents)]
    found = await reader.get_many(keys) if keys else {}
    return {record.id for record in visible_agents(sight, map(AGENTS.decode, found.values()))}


async def sees_person(store: Store, sight: Sight, contact: Contact) -> bool:
    """Whether a customer may be seen: one of their conversations may, or they have none. Raises Unavailable."""
    if not sight.is_limited:
        return True
    # Also those of others that they continue: a private chat that a hand-off opened belongs to the public conversation.
    linked = [*contact.open.values(), *([contact.forwarded_to] if contact.forwarded_to else [])]
    if await visible_conversations(store, sight, linked):
        return True
    has_any = bool(linked)
    query = Query(CONVERSATIONS.name, "person", {"workspace": contact.workspace, "person": contact.person})
    async for _, document in all_documents(store, query):
        has_any = True
        if sight.sees(CONVERSATIONS.decode(document)):
            return True
    return not has_any


# -- streams -----------------------------------------------------------------------------------------------------------


class _Everything(Container[str]):
    def __contains__(self, _: object) -> bool:
        return True


ALL_FACTS = _Everything()


async def follow_sight(reader: Reader, workspace: str, caller: Principal) -> Sight:
    """What the caller of an open stream may see by now. Raises Unauthorized when the agent is gone, and Unavailable."""
    if caller.agent is None:
        return EVERYTHING
    record = await read_one(reader, AGENTS, agent_id(workspace, caller.agent.id))
    agent = bound_agent(record, caller.agent.generation)
    if agent is None:
        raise Unauthorized("The agent of this key was deleted.")
    return await read_sight(reader, workspace, replace(caller, agent=agent))


async def visible_facts(reader: Reader, sight: Sight, workspace: str, facts: Sequence[Event]) -> Container[str]:
    """The ids of those facts that may be seen. Raises Unavailable.

    A fact about a conversation is as visible as the conversation is now; one about an agent as the agent; others are not
    for agents.
    """
    if not sight.is_limited or not facts:
        return ALL_FACTS
    conversations = {fact.id: name for fact in facts if (name := _named(fact, "conversation"))}
    agents = {fact.id: name for fact in facts if fact.id not in conversations and (name := _named(fact, "agent"))}
    cases = await visible_conversations(reader, sight, conversations.values())
    colleagues = await read_visible_agents(reader, sight, workspace, agents.values())
    return {fact for fact, case in conversations.items() if case in cases} | {
        fact for fact, agent in agents.items() if agent in colleagues
    }


def _named(fact: Event, field: str) -> str | None:
    value = fact.data.get(field)
    return value if isinstance(value, str) else None
