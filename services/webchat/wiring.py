"""Wires live chat into a process: its routes, the change notifier and the session check."""

from collections.abc import Callable

from services.ingest.wiring import SharedComponents
from services.platform.http.service import Context, ServiceComponents
from services.rest.uploads import open_uploads
from services.webchat import page, plain_form
from services.webchat.message_stream import stream_shares
from services.webchat.notifier import ChangeNotifier
from services.webchat.routes import build_router
from services.webchat.session_auth import HandoffTokenDecoder, SigningKeys, WebchatAuthenticator
from services.webchat.session_check import open_session_streams
from services.webchat.session_context import WebchatDependencies
from services.webchat.status import PresenceCache


def open_webchat(read_handoff: HandoffTokenDecoder) -> Callable[[Context, SharedComponents], ServiceComponents]:
    """The web chat as a source of messages for `open_ingest`. `read_handoff` decodes hand-off tokens, which the router signs."""

    def opened(context: Context, shared: SharedComponents) -> ServiceComponents:
        notifier = ChangeNotifier(context.bus)
        authenticator = WebchatAuthenticator(
            context, shared.accounts, shared.rates, SigningKeys(context, {}), read_handoff
        )
        streams = open_session_streams(shared.accounts, notifier)
        presence = PresenceCache(context.store, context.time_source)
        dependencies = WebchatDependencies(
            authenticator,
            notifier,
            streams,
            shared.instruments,
            presence,
            stream_shares(context),
            open_uploads(context),
        )
        routers = [plain_form.build_router(dependencies), build_router(dependencies), page.build_router()]
        return ServiceComponents(
            routers=routers,
            background=[notifier.run, streams.run],
        )

    return opened
