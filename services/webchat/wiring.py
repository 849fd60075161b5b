"""Live chat in a process: sessions, transcript and stream for browsers, and the widget's files."""

from collections.abc import Callable

from services.ingest.wiring import SharedComponents
from services.platform.http.service import Context, ServiceComponents
from services.webchat import page, plain_form
from services.webchat.notifier import ChangeNotifier
from services.webchat.routes import WebchatDependencies, router_of, shares_of
from services.webchat.session_auth import HandoffTokenDecoder, SigningKeys, WebchatAuthenticator
from services.webchat.session_check import open_session_streams
from services.webchat.status import PresenceCache


def open_webchat(read_handoff: HandoffTokenDecoder) -> Callable[[Context, SharedComponents], ServiceComponents]:
    """A way into ingest. `read_handoff` reads tokens of hand-off links, handed in because the router makes them."""

    def opened(context: Context, shared: SharedComponents) -> ServiceComponents:
        notifier = ChangeNotifier(context.bus)
        authenticator = WebchatAuthenticator(
            context, shared.accounts, shared.rates, SigningKeys(context, {}), read_handoff
        )
        streams, presences = (
            open_session_streams(shared.accounts, notifier),
            PresenceCache(context.store, context.clock),
        )
        reception = WebchatDependencies(
            authenticator, notifier, streams, shared.instruments, presences, shares_of(context)
        )
        return ServiceComponents(
            routers=[plain_form.router_of(reception), router_of(reception), page.router_of()],
            background=[notifier.run, streams.run],
        )

    return opened
