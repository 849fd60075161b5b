"""The context of a webchat request: the account of the path, the origin of the page, and the visitor of the token."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.requests import Request
from starlette.responses import Response

from services.ingest.accounts import ConnectedAccount
from services.ingest.instruments import IngestInstruments
from services.ingest.split_cards import SplitCardDetector
from services.platform.core.errors import Fenced, Unavailable, Unknown
from services.platform.core.threads import WorkerThread
from services.platform.http.bodies import BodyTimeout, BodyTooLarge, ClientDisconnected
from services.platform.http.open_streams import OpenStreams
from services.platform.http.problems import HANDLERS, HttpProblem, Unauthorized
from services.platform.http.stream_limits import StreamShares
from services.rest.uploads import Uploads
from services.webchat.notifier import ChangeNotifier
from services.webchat.session_auth import WebchatAuthenticator
from services.webchat.session_check import SessionStream
from services.webchat.status import PresenceCache
from services.webchat.tokens import (
    Visitor,
)

WAIT_SECONDS = 10.0
TOKEN = HTTPBearer(auto_error=False, scheme_name="VisitorToken", description="The token of a webchat session.")
HANDLED_ERRORS = (
    HttpProblem,
    RequestValidationError,
    Unavailable,
    Unknown,
    Fenced,
    BodyTimeout,
    BodyTooLarge,
    ClientDisconnected,
)

Handle = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class WebchatDependencies:
    """Dependencies of the routes. `wait_seconds`: how long a POST waits until its message is in the conversation."""

    authenticator: WebchatAuthenticator
    notifier: ChangeNotifier
    session_streams: OpenStreams[SessionStream]
    instruments: IngestInstruments
    presence: PresenceCache
    streams: StreamShares
    uploads: Uploads
    wait_seconds: float = WAIT_SECONDS
    worker_thread: WorkerThread = field(default_factory=WorkerThread)
    split_cards: SplitCardDetector = field(default_factory=SplitCardDetector)


@dataclass(frozen=True, slots=True)
class SessionContext:
    """An authorised request: its account and, where the route requires a token, its visitor."""

    dependencies: WebchatDependencies
    connected: ConnectedAccount
    visitor: Visitor | None

    @property
    def require_visitor(self) -> Visitor:
        """The visitor. Raises Unauthorized when there is none, which is a bug: the route did not require a token."""
        if self.visitor is None:
            raise Unauthorized("This needs the token of a session.")
        return self.visitor


def session_context(request: Request) -> SessionContext:
    """The session context that the checked route stored in the request."""
    session: SessionContext = request.state.webchat_session
    return session


SessionContextDep = Annotated[SessionContext, Depends(session_context)]


def cors_route(dependencies: WebchatDependencies) -> type[APIRoute]:
    """A route class that first checks account, origin and token, and adds the CORS headers to every answer, errors too."""

    class CheckedRoute(APIRoute):
        def get_route_handler(self) -> Handle:
            handle = super().get_route_handler()
            # A route requires a token by listing `TOKEN` among its dependencies, which also documents it in OpenAPI.
            needs_token = any(dependency.dependency is TOKEN for dependency in self.dependencies)

            async def answered(request: Request) -> Response:
                # Without CORS headers on errors too, a page's script could not read why it was refused. They are set
                # only after the origin is allowed.
                headers: Mapping[str, str] = {}
                try:
                    connected = await dependencies.authenticator.find_account(request)
                    headers = await dependencies.authenticator.cors_headers(request, connected)
                    visitor = await dependencies.authenticator.authenticate(request, connected) if needs_token else None
                    request.state.webchat_session = SessionContext(dependencies, connected, visitor)
                    response = await handle(request)
                except HANDLED_ERRORS as error:
                    response = await to_problem(request, error)
                response.headers.update(headers)
                return response

            return answered

    return CheckedRoute


async def to_problem(request: Request, error: Exception) -> Response:
    """The problem response for one of `HANDLED_ERRORS`."""
    answer = next(HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS)
    response: Response = await answer(request, error)
    return response
