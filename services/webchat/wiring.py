"""Live chat in a process: sessions, transcript and stream for browsers, and the widget's files."""

from collections.abc import Callable

from services.ingest.wiring import Shared
from services.platform.host.service import Context, Part
from services.webchat import page, plain_form
from services.webchat.notifier import Bells
from services.webchat.routes import Reception, router_of, shares_of
from services.webchat.session_auth import Door, ReadHandoff, Secrets
from services.webchat.session_check import Standings
from services.webchat.status import Presences


def webchat(read_handoff: ReadHandoff) -> Callable[[Context, Shared], Part]:
    """A way into ingest. `read_handoff` reads tokens of hand-off links, handed in because the router makes them."""

    def opened(context: Context, shared: Shared) -> Part:
        bells = Bells(context.bus)
        door = Door(context, shared.accounts, shared.rates, Secrets(context, {}), read_handoff)
        standings, presences = Standings(shared.accounts, bells), Presences(context.store, context.clock)
        reception = Reception(door, bells, standings, shared.instruments, presences, shares_of(context))
        return Part(
            routers=[plain_form.router_of(reception), router_of(reception), page.router_of()],
            background=[bells.run, standings.run],
        )

    return opened
