"""Files over REST: those of messages, read on demand, and those that agents upload for a reply."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from services.domain.conversation_state import ConversationState
from services.platform.http.auth import require_scope
from services.platform.http.dependencies import ContextDep
from services.platform.http.service import Context
from services.records.blobs import Blob, IntendedKind
from services.records.conversations import MessageRecord
from services.rest.dependencies import (
    ExistingConversation,
    ExistingMessage,
    ExistingWorkspace,
    get_conversation,
    get_message,
    no_message,
)
from services.rest.file_stream import FILE_CONTENT, FileStream
from services.rest.files import AttachmentSource, FileReader, is_file
from services.rest.refusals import not_found
from services.rest.uploads import UploadedFile, Uploads, named_files
from services.router.reply_guard import own_identifiers_for

Responses = dict[int | str, dict[str, Any]]  # Any: OpenAPI
Number = Annotated[int, Path(ge=0, lt=1000, description="The attachment's place in the message, from 0.")]
Kind = Annotated[
    IntendedKind | None,
    Query(description="What it is meant as, where its bytes do not show it; else it goes out as what they show."),
]


@dataclass(frozen=True, slots=True)
class AttachmentRoutes:
    """The routes, with what they need of the process."""

    files: FileReader
    uploads: Uploads

    async def show(self, context: ContextDep, message: ExistingMessage, number: Number) -> Response:
        """The file of a message. Browsers save it; pictures, sound and film have the type that their bytes show."""
        conversation = await get_conversation(context.store, message.workspace, message.conversation)
        return self._stream(conversation, message, number)

    async def show_in_conversation(
        self, conversation: ExistingConversation, context: ContextDep, message: str, number: Number
    ) -> Response:
        """The same, under the path of its conversation."""
        record = await get_message(context.store, conversation.workspace, message)
        if record.conversation != conversation.id:
            raise no_message(message)
        return self._stream(conversation, record, number)

    async def upload(
        self, configuration: ExistingWorkspace, context: ContextDep, request: Request, kind: Kind = None
    ) -> UploadedFile:
        """Upload a file for a reply or a note: its bytes are the body, its name is in `Content-Disposition` (RFC 6266)."""
        own = await own_identifiers_for(context, configuration.workspace)
        return await self.uploads.receive(
            request, configuration.workspace, own_identifiers=own, is_trusted=True, kind=kind
        )

    def _stream(self, conversation: ConversationState, record: MessageRecord, number: int) -> Response:
        if number >= len(record.attachments):
            raise not_found("no_such_attachment")
        attachment = record.attachments[number]
        if not is_file(attachment):
            raise not_found("attachment_without_file")
        return FileStream(partial(self.files.open, _source(conversation, record), attachment), attachment.name)


def _source(conversation: ConversationState, record: MessageRecord) -> AttachmentSource:
    """The account by which a message came: after a hand-off its private side may be another than the conversation's."""
    address = conversation.addresses.get(record.surface)
    is_elsewhere = address is not None and address.channel == record.channel and address.account is not None
    account = address.account if address is not None and is_elsewhere else conversation.account
    return AttachmentSource(record.workspace, record.channel, account or conversation.account)


# -- files of our messages ---------------------------------------------------------------------------------------------


async def usable_files(context: Context, workspace: str, key: str, identities: Sequence[str]) -> dict[str, Blob]:
    """The files that a message names: uploaded for any, or of the customer of `key`. Raises UnprocessableContent."""
    own = {None, key}
    return await named_files(context.store, workspace, identities, lambda blob: blob.person in own)


def build_router(files: FileReader, uploads: Uploads) -> APIRouter:
    """The routes of files; each states the scope that it needs."""
    routes = AttachmentRoutes(files, uploads)
    router = APIRouter(prefix="/v1/workspaces/{workspace}", tags=["conversations"])
    read = [Depends(require_scope("read"))]
    described: Responses = {
        200: {"description": "The file", "content": FILE_CONTENT},
        206: {"description": "The part that the header `Range` asks for", "content": FILE_CONTENT},
        416: {"description": "The file has no such part"},
    }
    path = "/messages/{message}/attachments/{number}"
    router.add_api_route(path, routes.show, dependencies=read, response_class=Response, responses=described)
    router.add_api_route(
        f"/conversations/{{conversation}}{path}",
        routes.show_in_conversation,
        dependencies=read,
        response_class=Response,
        responses=described,
    )
    router.add_api_route(
        "/attachments",
        routes.upload,
        methods=["POST"],
        dependencies=[Depends(require_scope("desk"))],
        status_code=201,
        openapi_extra={"requestBody": {"required": True, "content": FILE_CONTENT}},
    )
    return router
