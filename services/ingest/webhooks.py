"""`POST|GET /webhooks/{channel}/{workspace}/{account}`: an ASGI branch in front of the framework.

A call is resolved to its account, authenticated, parsed, enriched and published, in this order. A 200 with an empty
body promises that the bus has everything durably. `responses` has the answers to all other outcomes.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.channels.port import Account, Channel, InvalidPayload, ItemVerdict, Request
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache, ConnectedAccount
from services.ingest.authentication import MethodNotAllowed, WebhookAuthenticator
from services.ingest.forgeries import Forgeries
from services.ingest.instruments import IngestInstruments
from services.ingest.publishing import publish_activities
from services.ingest.reading import BodyReader
from services.ingest.receiving import receive_request
from services.ingest.resolution import resolve_account, webhook_path
from services.ingest.responses import (
    REJECTIONS,
    RESPONSES,
    acknowledgement,
    error_response,
    rejection_reason,
)
from services.platform.bus.port import Bus
from services.platform.core.settings import Settings
from services.platform.core.time_source import TimeSource
from services.platform.http.admission import AdmissionControl, AdmittedRequest, Overloaded
from services.platform.http.bodies import BODY_SECONDS
from services.platform.http.problems import NotFound
from services.platform.http.rate_limits import RateLimits, network_for

PublishBody = Callable[[Channel, ConnectedAccount, bytes], Awaitable[None]]
"""Publishes the activities of a body as if it had been posted. Raises Unavailable, Unknown."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is admitted: calls and bytes in flight, failed authentications, and seconds until a body is complete."""

    room: AdmissionControl = field(default_factory=AdmissionControl)
    rates: RateLimits = field(default_factory=lambda: RateLimits(Settings()))
    body_seconds: float = BODY_SECONDS


class Webhooks:
    """The ASGI app of all channels' webhooks."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        accounts: AccountCache,
        bus: Bus,
        time_source: TimeSource,
        instruments: IngestInstruments,
        notes: AccountActivityRecorder,
        bounds: Bounds | None = None,
    ) -> None:
        bounds = bounds or Bounds()
        self._channels, self._accounts, self._bus, self._time_source = channels, accounts, bus, time_source
        self._instruments, self._notes = instruments, notes
        self._admission, self._body_seconds = bounds.room, bounds.body_seconds
        self._authenticator = WebhookAuthenticator(accounts, Forgeries(bounds.rates, time_source), notes)
        self._reader = BodyReader(instruments)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(scope, receive)
        if response is not None:
            await response(scope, receive, send)

    async def take(self, channel: Channel, connected: ConnectedAccount, body: bytes) -> None:
        """Publish the activities of a body that was polled: the platform's address has proven it. Raises Unavailable, Unknown.

        A malformed body is counted as a posted one is, and does not end the polling.
        """
        path, now = webhook_path(connected.account), self._time_source.now()
        try:
            await self._accept(channel, connected, Request("POST", path, {}, {}, body, now))
        except InvalidPayload as error:
            self._count_rejection(connected.account, error)
        self._notes.record_call(connected.account)

    async def _respond(self, scope: Scope, receive: Receive) -> Response | None:
        client = scope.get("client")
        address = network_for(client[0]) if client else "unknown"
        try:
            # Admission counts by the path, because the account is looked up only for a call that is admitted.
            async with self._admission.admit(address, scope["path"]) as admitted:
                with self._instruments.in_flight.track_inprogress():
                    return await self._handle(scope, receive, admitted)
        except tuple(RESPONSES) as error:
            if isinstance(error, NotFound):
                self._instruments.unknown_paths.inc()
            elif isinstance(error, Overloaded):
                self._instruments.overloaded.inc()
            return error_response(error)

    async def _handle(self, scope: Scope, receive: Receive, admitted: AdmittedRequest) -> Response:
        if scope["method"] not in ("POST", "GET"):
            raise MethodNotAllowed("Webhooks are posted.", headers={"Allow": "POST, GET"})
        channel, connected = await resolve_account(scope["path"], self._channels, self._accounts)
        try:
            counted = self._admission.count_bytes(admitted, receive)
            request = await receive_request(scope, counted, self._body_seconds, self._time_source)
            # Signatures are over the raw bytes, so nothing reads the body before they are verified.
            call = await self._authenticator.authenticate_call(channel, connected, request, admitted.address)
            self._admission.prove(admitted)
            if call.handshake is not None:
                return Response(call.handshake.body, call.handshake.status, media_type=call.handshake.media_type)
            self._notes.record_call(call.connected.account)
            verdicts = await self._accept(channel, call.connected, request)
            return acknowledgement(verdicts)
        except REJECTIONS as error:
            self._count_rejection(connected.account, error)
            raise

    async def _accept(self, channel: Channel, connected: ConnectedAccount, request: Request) -> list[ItemVerdict]:
        """Parse, enrich and publish an authentic body. Raises InvalidPayload, Unavailable, Unknown."""
        parsed = await self._reader.read_activities(channel, connected, request)
        await publish_activities(self._bus, self._instruments, parsed.activities, request.headers)
        refused = sum(verdict.refusal is not None for verdict in parsed.verdicts)
        if refused:
            self._instruments.count_rejected(connected.account.workspace, channel.name, "malformed", refused)
            _log.warning(
                "webhook_partly_malformed",
                channel=channel.name,
                workspace=connected.account.workspace,
                refused=refused,
            )
        return parsed.verdicts

    def _count_rejection(self, account: Account, error: Exception) -> None:
        self._instruments.count_rejected(account.workspace, account.channel, rejection_reason(error))
