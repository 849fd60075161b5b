"""The workspace, conversation or person that a path names, as dependencies of routes: 404 when it does not exist."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from schemas.configuration import WorkspaceConfiguration
from services.domain.conversation_state import Contact, ConversationState
from services.platform.http.auth import no_workspace
from services.platform.http.dependencies import ContextDep
from services.platform.http.problems import CommandRejected
from services.platform.processing.unit_of_work import Reader
from services.platform.store.read_one import read_one
from services.records.configuration import read_configuration
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.rest.refusals import not_found
from services.rest.viewer import ViewerDep, can_see_person, visible_conversations


async def existing_workspace(request: Request, context: ContextDep) -> WorkspaceConfiguration:
    """The configuration of the path's workspace. Raises NotFound."""
    workspace = request.path_params["workspace"]
    found = await read_configuration(context.store, workspace)
    if found is None:
        raise no_workspace(workspace)
    return found


async def get_conversation(reader: Reader, workspace: str, conversation: str) -> ConversationState:
    """A conversation of a workspace. Raises NotFound, Unavailable."""
    found = await read_one(reader, CONVERSATIONS, conversation)
    # Another workspace's conversation is answered like one that does not exist: ids reveal nothing across workspaces.
    if found is None or found.workspace != workspace:
        raise no_conversation(conversation)
    return found


def no_conversation(conversation: str) -> CommandRejected:
    """The refusal of a conversation that does not exist, is of another workspace, or may not be seen."""
    return not_found("unknown_conversation", conversation=conversation)


async def existing_conversation(request: Request, context: ContextDep, viewer: ViewerDep) -> ConversationState:
    """The path's conversation, when it is of the path's workspace and the caller may see it. Raises NotFound."""
    path = request.path_params
    found = await get_conversation(context.store, path["workspace"], path["conversation"])
    if not viewer.can_see(found):
        raise no_conversation(found.id)
    return found


async def get_message(reader: Reader, workspace: str, message: str) -> MessageRecord:
    """A message of a workspace. Raises NotFound, Unavailable."""
    found = await read_one(reader, MESSAGES, message)
    if found is None or found.workspace != workspace:
        raise no_message(message)
    return found


def no_message(message: str) -> CommandRejected:
    """The refusal of a message that does not exist, or is not of the workspace or the conversation that the path names."""
    return not_found("unknown_message", message=message)


async def existing_message(request: Request, context: ContextDep, viewer: ViewerDep) -> MessageRecord:
    """The path's message, when it is of the path's workspace and the caller may see it. Raises NotFound."""
    path = request.path_params
    found = await get_message(context.store, path["workspace"], path["message"])
    if viewer.is_limited and not await visible_conversations(context.store, viewer, [found.conversation]):
        raise no_message(found.id)
    return found


async def existing_person(request: Request, context: ContextDep, viewer: ViewerDep) -> Contact:
    """The path's customer, as one account of the path's workspace sees them. Raises NotFound."""
    workspace, person = request.path_params["workspace"], request.path_params["person"]
    found = await read_one(context.store, PERSONS, f"{workspace}/{person}")
    if found is None or found.workspace != workspace or not await can_see_person(context.store, viewer, found):
        raise not_found("unknown_customer", person=person)
    return found


ExistingWorkspace = Annotated[WorkspaceConfiguration, Depends(existing_workspace)]
ExistingConversation = Annotated[ConversationState, Depends(existing_conversation)]
ExistingMessage = Annotated[MessageRecord, Depends(existing_message)]
ExistingPerson = Annotated[Contact, Depends(existing_person)]
