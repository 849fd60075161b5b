"""The REST routes `/webchat/{workspace}/{account}/...` for browsers: sessions, messages, and the message stream."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schemas.activity import Activity, Address, PersonIdentity
from schemas.values import EncryptedText, Json
from services.domain.outgoing_files import to_attachment
from services.ingest.publishing import publish_activities
from services.platform.core.identifiers import hashed_id, random_id
from services.platform.http.dependencies import Page, PageParamsDep
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import NotFound, Unauthorized
from services.platform.http.sse import EventStream
from services.records.blobs import Blob
from services.rest.file_stream import FILE_CONTENT, FileStream
from services.rest.files import open_blob
from services.rest.uploads import UploadedFile, assign_files, named_files, to_outbound
from services.rest.views import MessageView, attachment_view
from services.webchat.message_stream import stream
from services.webchat.models import ContactBody, Identity, MessageBody, SessionBody, SessionResponse
from services.webchat.session_auth import PREFLIGHT, TOKENS
from services.webchat.session_check import CHANNEL
from services.webchat.session_context import TOKEN, SessionContext, SessionContextDep, WebchatDependencies, cors_route
from services.webchat.status import AvailabilityView, calendar_for, to_availability
from services.webchat.tokens import (
    LIFETIME,
    Visitor,
    encode_token,
    new_visitor_id,
    verify_identity_hash,
    visitor_id_for_user,
)
from services.webchat.transcript import (
    get_file,
    get_message,
    list_transcript,
    wait_for_message,
)

LONG_TEXT = 1_000
"""Characters. Longer texts are enriched on a worker thread, so that the event loop answers others meanwhile."""
FILE_PATH = "/messages/{message}/attachments/{number}"


async def preflight(session: SessionContextDep) -> Response:
    """Answer a CORS preflight request."""
    return Response(status_code=204, headers=PREFLIGHT)


async def open_session(
    body: Annotated[SessionBody, Depends(JsonBody(SessionBody, mend=True))],
    session: SessionContextDep,
    request: Request,
) -> SessionResponse:
    """Open a session: with `identity` the same person on every device, otherwise a new anonymous visitor."""
    authenticator, account = session.dependencies.authenticator, session.connected.account
    await authenticator.verify_handoff_token(request, account.workspace, body.handoff)
    visitor = Visitor(
        workspace=account.workspace,
        account=account.id,
        visitor=await _visitor(session, body.identity, request),
        expires=int((authenticator.context.time_source.now() + LIFETIME).timestamp()),
        name=body.name,
        language=body.language,
        handoff=body.handoff,
        generation=session.connected.generation,
    )
    return SessionResponse(
        visitor=visitor.visitor, token=encode_token(visitor, await authenticator.secrets.get(TOKENS))
    )


async def _visitor(session: SessionContext, identity: Identity | None, request: Request) -> str:
    if identity is None:
        await session.dependencies.authenticator.count_new_visitor(request, session.connected.account)
        return new_visitor_id()
    # As cached, and before a refusal as it is stored now: the secret may have been rotated meanwhile.
    for connected in (session.connected, await session.dependencies.authenticator.reload_account(session.connected)):
        secrets = connected.account.secrets("identity_secret") if connected else []
        if any(verify_identity_hash(identity.user_id, identity.user_hash, secret) for secret in secrets):
            return visitor_id_for_user(identity.user_id)
    await session.dependencies.authenticator.count_auth_failure(request)
    raise Unauthorized("`user_hash` is not the hex HMAC-SHA256 of `user_id` under the account's identity_secret.")


async def post_message(
    body: Annotated[MessageBody, Depends(JsonBody(MessageBody, mend=True))],
    session: SessionContextDep,
    request: Request,
) -> Response:
    """201 with the message once it is in the conversation; a repeated id gives the first answer again.

    202 with the message, its `conversation` still null, when it is stored durably and the router is late.
    """
    dependencies, visitor = session.dependencies, session.require_visitor
    context = dependencies.authenticator.context
    store = context.store
    files = await named_files(store, visitor.workspace, body.attachments, lambda blob: blob.person == visitor.key)
    activities = await _enrich(session, _activity(session, visitor, body, files))
    # The message is the last one: edits that redact earlier pieces of the same card come before it.
    activity = activities[-1]
    message = activity.message or activity.id
    # A repeat is answered from the store. Only a new message counts against the rates, so that a browser with a bad network
    # pays for each message once.
    view = await get_message(store, visitor, message)
    if view is None:
        await dependencies.authenticator.count_write(request, session.connected.account, body.text or "")
        await assign_files(store, files, visitor.key)
        await _publish(session, activities)
        view = await wait_for_message(store, dependencies.notifier, visitor, message, dependencies.wait_seconds)
    if view is None:
        return JSONResponse(_message_view_of_activity(activity, message), status_code=202)
    return JSONResponse(view.model_dump(mode="json"), status_code=201)


def _activity(session: SessionContext, visitor: Visitor, body: MessageBody, files: Mapping[str, Blob]) -> Activity:
    now = session.dependencies.authenticator.context.time_source.now()
    # The browser chooses the id, so the person is part of the hash: nobody can write under the id of another's message.
    message = hashed_id(visitor.workspace, visitor.person, str(body.id))
    return Activity(
        id=hashed_id("message", message),
        workspace=visitor.workspace,
        channel=CHANNEL,
        account=visitor.account,
        kind="message",
        surface="private",
        person=visitor.person,
        person_name=visitor.name,
        message=message,
        platform_id=str(body.id),
        text=EncryptedText(text=body.text) if body.text else None,
        attachments=[to_attachment(to_outbound(identity, blob)) for identity, blob in files.items()],
        address=Address(chat=visitor.visitor),
        received_at=now,
        locale=visitor.language,
        identities=visitor.identities,
        details={} if visitor.handoff is None else {"handoff": visitor.handoff},
    )


async def _enrich(session: SessionContext, activity: Activity) -> list[Activity]:
    """The enriched message. Before it come edits of earlier messages that hold pieces of the same card."""
    expected, own = session.connected.expected_languages, session.connected.own
    split_cards = session.dependencies.split_cards
    if activity.text and len(activity.text.text) > LONG_TEXT:
        return await session.dependencies.worker_thread.run(lambda: split_cards.enrich(activity, expected, own))
    return split_cards.enrich(activity, expected, own)


def _message_view_of_activity(activity: Activity, message: str) -> dict[str, Json]:
    """The REST shape of a message that is on the bus but not in a conversation yet."""
    author: dict[str, Json] = {"kind": "customer", "id": activity.person, "name": activity.person_name}
    fields = activity.model_dump(mode="json", include={"surface", "channel", "masked", "platform_id"})
    views = [attachment_view(message, number, file, None) for number, file in enumerate(activity.attachments)]
    fields["attachments"] = [view.model_dump(mode="json") for view in views]
    times = activity.model_dump(mode="json", include={"sent_at", "received_at"})
    text = activity.text.text if activity.text else None
    rest: dict[str, Json] = {"direction": "inbound", "state": "received", "error": None, "conversation": None}
    return {"id": message, "author": author, "text": text, **rest, **fields, **times}


async def _publish(session: SessionContext, activities: list[Activity]) -> None:
    bus, instruments = session.dependencies.authenticator.context.bus, session.dependencies.instruments
    await publish_activities(bus, instruments, activities, {})


async def show_status(session: SessionContextDep, response: Response) -> AvailabilityView:
    """Whether somebody answers now, and if not, when the shop opens again. Needs no token."""
    account, dependencies = session.connected.account, session.dependencies
    response.headers["Cache-Control"] = "no-store"
    calendar = calendar_for(account, session.connected.configuration)
    online = await dependencies.presence.is_online(account.workspace)
    context = dependencies.authenticator.context
    return to_availability(
        calendar, context.time_source.now(), online=online, max_file_bytes=context.settings.file_bytes
    )


async def post_contact(
    body: Annotated[ContactBody, Depends(JsonBody(ContactBody))], session: SessionContextDep, request: Request
) -> Response:
    """Save the visitor's e-mail address, which agents see with the person. 204 once it is stored durably."""
    visitor, now = session.require_visitor, session.dependencies.authenticator.context.time_source.now()
    await session.dependencies.authenticator.count_write(request, session.connected.account, body.email)
    activity = Activity(
        id=hashed_id("contact", visitor.key, random_id(now)),
        workspace=visitor.workspace,
        channel=CHANNEL,
        account=visitor.account,
        kind="contact",
        surface="private",
        person=visitor.person,
        person_name=visitor.name,
        received_at=now,
        identities=[PersonIdentity(kind="email", value=body.email)],
        details={"consent": body.consent},
    )
    await _publish(session, await _enrich(session, activity))
    return Response(status_code=204)


async def upload_file(session: SessionContextDep, request: Request) -> UploadedFile:
    """Upload a file for a message: its bytes are the body, its name is in `Content-Disposition` (RFC 6266)."""
    visitor, uploads = session.require_visitor, session.dependencies.uploads
    size = uploads.check_size(request)
    await session.dependencies.authenticator.count_file(request, session.connected.account, size)
    own = session.connected.own
    return await uploads.receive(request, visitor.workspace, own_identifiers=own, person=visitor.person_key)


async def show_file(session: SessionContextDep, message: str, number: Annotated[int, Path(ge=0, lt=1000)]) -> Response:
    """A file of the visitor's own conversation. Browsers save it; pictures have the type that their bytes show."""
    visitor, store = session.require_visitor, session.dependencies.authenticator.context.store
    attachment = await get_file(store, visitor, message, number)
    if attachment is None or attachment.blob is None:
        raise NotFound("There is no such file in this conversation.")
    return FileStream(partial(open_blob, store, visitor.workspace, attachment.blob), attachment.name)


async def list_messages(session: SessionContextDep, page: PageParamsDep) -> Page[MessageView]:
    """The messages of the visitor's own conversation in both directions, oldest first."""
    return await list_transcript(session.dependencies.authenticator.context.store, session.require_visitor, page)


def build_router(dependencies: WebchatDependencies) -> APIRouter:
    """The routes of all webchat accounts."""
    prefix = "/webchat/{workspace}/{account}"
    router = APIRouter(prefix=prefix, tags=["webchat"], route_class=cors_route(dependencies))
    add, with_token = router.add_api_route, [Depends(TOKEN)]
    add("/sessions", open_session, methods=["POST"], status_code=201)
    add(
        "/messages",
        post_message,
        methods=["POST"],
        dependencies=with_token,
        status_code=201,
        response_model=MessageView,
        responses={202: {"description": "Kept durably; its `conversation` is null until the router has sorted it in"}},
    )
    add("/messages", list_messages, dependencies=with_token)
    add("/status", show_status)
    add("/contact", post_contact, methods=["POST"], dependencies=with_token, status_code=204)
    add(
        "/attachments",
        upload_file,
        methods=["POST"],
        dependencies=with_token,
        status_code=201,
        openapi_extra={"requestBody": {"required": True, "content": FILE_CONTENT}},
    )
    add(
        FILE_PATH,
        show_file,
        dependencies=with_token,
        response_class=Response,
        responses={200: {"description": "The file", "content": FILE_CONTENT}},
    )
    described = {"description": "Messages as they come", "content": {EventStream.media_type: {"schema": {}}}}
    add("/stream", stream, dependencies=with_token, response_class=EventStream, responses={200: described})
    for path in ("/sessions", "/messages", "/stream", "/status", "/contact", "/attachments", FILE_PATH):
        add(path, preflight, methods=["OPTIONS"], include_in_schema=False)
    return router
