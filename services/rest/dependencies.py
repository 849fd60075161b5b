"""The workspace, conversation or person that a path names, as dependencies of routes: 404 when it does not exist."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from schemas.configuration import WorkspaceConfiguration
from services.domain.conversation_state import Contact, ConversationState
from services.platform.http.auth import no_workspace
from services.platform.http.dependencies import ContextDep
from services.platform.http.problems import NotFound
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Key
from services.records.configuration import read_configuration
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord


async def existing_workspace(request: Request, context: ContextDep) -> WorkspaceConfiguration:
    """The configuration of the path's workspace. Raises NotFound."""
    workspace = request.path_params["workspace"]
    found = await read_configuration(context.store, workspace)
    if found is None:
        raise no_workspace(workspace)
    return found


async def get_conversation(reader: Reader, workspace: str, conversation: str) -> ConversationState:
    """A conversation of a workspace. Raises NotFound, Unavailable."""
    key = Key(CONVERSATIONS.name, conversation)
    document = (await reader.get_many([key])).get(key)
    # Another workspace's conversation is answered like one that does not exist: ids reveal nothing across workspaces.
    if document is None or document["workspace"] != workspace:
        raise NotFound(f"There is no conversation {conversation!r} in this workspace.")
    return CONVERSATIONS.decode(document)


async def existing_conversation(request: Request, context: ContextDep) -> ConversationState:
    """The path's conversation, when it is of the path's workspace. Raises NotFound."""
    path = request.path_params
    return await get_conversation(context.store, path["workspace"], path["conversation"])


async def get_message(reader: Reader, workspace: str, message: str) -> MessageRecord:
    """A message of a workspace. Raises NotFound, Unavailable."""
    key = Key(MESSAGES.name, message)
    document = (await reader.get_many([key])).get(key)
    if document is None or document["workspace"] != workspace:
        raise no_message(message)
    return MESSAGES.decode(document)


def no_message(message: str) -> NotFound:
    """The refusal of a message that does not exist, or is not of the workspace or the conversation that the path names."""
    return NotFound(f"There is no message {message!r} here.")


async def existing_message(request: Request, context: ContextDep) -> MessageRecord:
    """The path's message, when it is of the path's workspace. Raises NotFound."""
    path = request.path_params
    return await get_message(context.store, path["workspace"], path["message"])


async def existing_person(request: Request, context: ContextDep) -> Contact:
    """The path's customer, as one account of the path's workspace sees them. Raises NotFound."""
    workspace, person = request.path_params["workspace"], request.path_params["person"]
    key = Key(PERSONS.name, f"{workspace}/{person}")
    document = (await context.store.get_many([key])).get(key)
    if document is None or document["workspace"] != workspace:
        raise NotFound(f"There is no customer {person!r} in this workspace.")
    return PERSONS.decode(document)


ExistingWorkspace = Annotated[WorkspaceConfiguration, Depends(existing_workspace)]
ExistingConversation = Annotated[ConversationState, Depends(existing_conversation)]
ExistingMessage = Annotated[MessageRecord, Depends(existing_message)]
ExistingPerson = Annotated[Contact, Depends(existing_person)]
