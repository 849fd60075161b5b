"""Wires live chat into a process: its routes, the change notifier and the session check."""

from collections.abc import Callable

from services.ingest.wiring import SharedComponents
from services.platform.http.service import Context, ServiceComponents
from services.webchat import page, plain_form
from services.webchat.notifier import ChangeNotifier
from services.webchat.routes import build_router, stream_shares
from services.webchat.session_auth import HandoffTokenDecoder, SigningKeys, WebchatAuthenticator
from services.webchat.session_check import open_session_streams
from services.webchat.session_context import WebchatDependencies
from services.webchat.status import PresenceCache


def open_webchat(read_handoff: HandoffTokenDecoder) -> Callable[[Context, SharedComponents], ServiceComponents]:
    """A source of customer messages for ingest. `read_handoff` decodes hand-off tokens; the router, which signs them, gives it."""

    def opened(context: Context, shared: SharedComponents) -> ServiceComponents:
        notifier = ChangeNotifier(context.bus)
        authenticator = WebchatAuthenticator(
            context, shared.accounts, shared.rates, SigningKeys(context, {}), read_handoff
        )
        streams, presences = (
            open_session_streams(shared.accounts, notifier),
            PresenceCache(context.store, context.time_source),
        )
        reception = WebchatDependencies(
            authenticator, notifier, streams, shared.instruments, presences, stream_shares(context)
        )
        return ServiceComponents(
            routers=[plain_form.build_router(reception), build_router(reception), page.build_router()],
            background=[notifier.run, streams.run],
        )

    return opened
