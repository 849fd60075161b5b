"""`POST|GET /webhooks/{channel}/{workspace}/{account}[/{subpath}]`: an ASGI branch in front of the framework.

A call is resolved to its account, authenticated, and read for each account that it is for: parsed, enriched and published,
in this order. A 200 promises that the bus has everything durably. `responses` has the answers to all other outcomes.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.channels.abilities import Abilities
from services.channels.port import Account, Channel, InvalidPayload, Request
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache, ConnectedAccount
from services.ingest.authentication import WebhookAuthenticator
from services.ingest.bounds import Bounds, ChannelBounds
from services.ingest.confirmation import confirm
from services.ingest.forgeries import Forgeries
from services.ingest.inline_files import InlineFileStore
from services.ingest.instruments import IngestInstruments
from services.ingest.parsing import ParsedBody
from services.ingest.poll_notices import publish_poll_now
from services.ingest.public_keys import PublicKeys
from services.ingest.publishing import publish_activities
from services.ingest.reading import BodyReader
from services.ingest.receiving import receive_request
from services.ingest.resolution import WebhookAddress, parse_path, resolve_account, webhook_path
from services.ingest.responses import (
    ACKNOWLEDGED,
    REJECTIONS,
    RESPONSES,
    acknowledgement,
    channel_response,
    error_response,
    rejection_reason,
)
from services.ingest.shared_endpoints import SharedEndpoints
from services.ingest.unparsed import error_location
from services.ingest.verification import CallVerifier, MethodNotAllowed, VerificationFailed
from services.platform.bus.port import Bus
from services.platform.core.threads import WorkerThread
from services.platform.core.time_source import TimeSource
from services.platform.http.admission import AdmittedRequest, Overloaded
from services.platform.http.outgoing import HttpClient
from services.platform.http.problems import NotFound
from services.platform.http.rate_limits import network_for
from services.platform.store.port import Store

PublishBody = Callable[[Channel, ConnectedAccount, bytes], Awaitable[None]]
"""Publishes the activities of a body as if it had been posted. Raises Unavailable, Unknown."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDependencies:
    """What the webhooks of a process work with. `abilities` are those of `channels`."""

    channels: Mapping[str, Channel]
    abilities: Abilities
    accounts: AccountCache
    store: Store
    bus: Bus
    http: HttpClient
    time_source: TimeSource
    instruments: IngestInstruments
    recorder: AccountActivityRecorder
    bounds: Bounds = field(default_factory=Bounds)


class Webhooks:
    """The ASGI app of all channels' webhooks."""

    def __init__(self, dependencies: WebhookDependencies) -> None:
        self._channels, self._accounts, self._bus = dependencies.channels, dependencies.accounts, dependencies.bus
        self._http, self._time_source, self._bounds = dependencies.http, dependencies.time_source, dependencies.bounds
        self._instruments, self._recorder = dependencies.instruments, dependencies.recorder
        self._abilities = abilities = dependencies.abilities
        large_bodies = WorkerThread()
        self._responders, self._announcing = abilities.responders, abilities.announces
        self._fetching = abilities.fetches
        self._reader = BodyReader(abilities, self._instruments, large_bodies)
        self._files = InlineFileStore(abilities.inline_files, dependencies.store, large_bodies)
        verifier = CallVerifier(abilities.public_keys, PublicKeys(self._http, self._time_source), large_bodies)
        forgeries = Forgeries(self._bounds.rates, self._time_source)
        self._authenticator = WebhookAuthenticator(self._accounts, verifier, forgeries, self._recorder)
        self._shared = SharedEndpoints(
            abilities.shared_endpoints, self._accounts, verifier, self._reader, self._instruments
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(scope, receive)
        if response is not None:
            await response(scope, receive, send)

    async def publish_body(self, channel: Channel, connected: ConnectedAccount, body: bytes) -> None:
        """Publish the activities of a body that was polled: the platform's address has proven it. Raises Unavailable, Unknown.

        A malformed body is counted as a posted one is, and does not end the polling.
        """
        path, now = webhook_path(connected.account), self._time_source.now()
        try:
            await self._accept(channel, connected, Request("POST", path, {}, {}, body, now), polled=True)
        except InvalidPayload as error:
            self._count_rejection(connected.account, error)
        self._recorder.record_call(connected.account)

    async def _respond(self, scope: Scope, receive: Receive) -> Response | None:
        client = scope.get("client")
        network = network_for(client[0]) if client else "unknown"
        try:
            address = parse_path(scope["path"], self._channels)
            # Admission counts by the path, because the account is looked up only for a call that is admitted.
            bounds = self._bounds.bounds_of(address.channel, scope["headers"])
            async with bounds.admission.admit(network, address.name) as admitted:
                with self._instruments.in_flight.track_inprogress():
                    return await self._handle(scope, receive, address, bounds, admitted)
        except tuple(RESPONSES) as error:
            if isinstance(error, NotFound):
                self._instruments.unknown_paths.inc()
            elif isinstance(error, Overloaded):
                self._instruments.overloaded.inc()
            return error_response(error)

    async def _handle(
        self, scope: Scope, receive: Receive, address: WebhookAddress, bounds: ChannelBounds, admitted: AdmittedRequest
    ) -> Response:
        if scope["method"] not in ("POST", "GET"):
            raise MethodNotAllowed("Webhooks are posted.", headers={"Allow": "POST, GET"})
        channel, connected = address.channel, await resolve_account(address, self._accounts)
        try:
            request = await receive_request(
                scope,
                bounds.admission.count_bytes(admitted, receive),
                address.subpath,
                max_bytes=self._abilities.capabilities_of(channel, connected.account.body).max_body_bytes,
                seconds=bounds.body_seconds,
                time_source=self._time_source,
            )
            # Signatures are over the raw bytes, so nothing reads the body before they are verified.
            call = await self._authenticator.authenticate_call(channel, connected, request, admitted.address)
            bounds.admission.prove(admitted)
            if call.handshake is not None:
                if call.handshake.confirm_url is not None:
                    await confirm(self._http, call.handshake.confirm_url)
                return channel_response(call.handshake)
            return await self._receive(channel, call.connected, request)
        except REJECTIONS as error:
            self._count_rejection(connected.account, error)
            raise
        except VerificationFailed:
            self._instruments.unverified.labels(connected.account.workspace, channel.name).inc()
            raise

    async def _receive(self, channel: Channel, connected: ConnectedAccount, request: Request) -> Response:
        """The answer to an authentic call, once the bus has its activities. Raises InvalidPayload, Unavailable, Unknown."""
        bodies: list[ParsedBody] = []
        for recipient in await self._shared.recipients(channel, connected, request):
            self._recorder.record_call(recipient.account)
            bodies.append(await self._accept(channel, recipient, request))
            await self._poll_if_announced(channel, recipient.account, request)
        if channel.name in self._responders:
            return self._channel_response(channel, connected.account, request, bodies)
        return acknowledgement([verdict for body in bodies for verdict in body.verdicts])

    async def _accept(
        self, channel: Channel, connected: ConnectedAccount, request: Request, *, polled: bool = False
    ) -> ParsedBody:
        """Parse, enrich and publish an authentic body; `polled`: one that we fetched. Raises InvalidPayload, Unavailable, Unknown."""
        parsed = await self._reader.read_activities(channel, connected, request)
        activities = await self._files.store_files(connected.account, request, parsed.activities)
        if polled:
            activities = [activity.model_copy(update={"polled": True}) for activity in activities]
        await publish_activities(self._bus, self._instruments, activities, request.headers)
        refused = sum(verdict.refusal is not None for verdict in parsed.verdicts)
        if refused:
            self._instruments.count_rejected(connected.account, "malformed", refused)
            _log.warning(
                "webhook_partly_malformed",
                channel=channel.name,
                workspace=connected.account.workspace,
                refused=refused,
            )
        return parsed

    def _channel_response(
        self, channel: Channel, account: Account, request: Request, bodies: list[ParsedBody]
    ) -> Response:
        activities = [activity for body in bodies for activity in body.activities]
        try:
            return channel_response(self._responders[channel.name].response(request, account, activities))
        except Exception as error:  # noqa: BLE001 -- our bug; the bus has everything, so nothing is to be repeated
            names = {"channel": channel.name, "workspace": account.workspace}
            _log.error("webhook_response_failed", **names, **error_location(error))
            return ACKNOWLEDGED

    async def _poll_if_announced(self, channel: Channel, account: Account, request: Request) -> None:
        """Let the account be polled, if the call only said that there is something. Raises Unavailable, Unknown."""
        announcing, fetching = self._announcing.get(channel.name), self._fetching.get(channel.name)
        named = fetching.named(request, account) if fetching is not None else ()
        if named or (announcing is not None and announcing.announces(request, account)):
            await publish_poll_now(self._bus, account, self._time_source.now(), named)

    def _count_rejection(self, account: Account, error: Exception) -> None:
        self._instruments.count_rejected(account, rejection_reason(error))
