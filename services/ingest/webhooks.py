"""`POST|GET /webhooks/{channel}/{workspace}/{account}`: an ASGI branch in front of the framework.

A 200 with an empty body promises that the bus has everything durably. (Empty, because Telegram would carry out a
method that a body names.) 404 unknown address, 401 forged, 413 over 1 MB, 408 late body, 400 nested too deeply, 503 with
Retry-After when bus or store are away or there is no room; what else cannot be read is answered as its channel says.
"""

import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import structlog
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from schemas.activity import Activity
from services.channels.port import (
    Account,
    Channel,
    InvalidSignature,
    ItemVerdict,
    MalformedPayload,
    PartlyMalformed,
    Request,
    WebhookResponse,
)
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache, ConnectedAccount
from services.ingest.forgeries import Forgeries
from services.ingest.instruments import IngestInstruments
from services.ingest.publishing import publish, truncate_to_max_size
from services.ingest.split_cards import SplitCardDetector
from services.platform.bus.port import Bus
from services.platform.core.errors import Unavailable, Unknown
from services.platform.core.identifiers import hashed_id
from services.platform.core.settings import Settings
from services.platform.core.threads import WorkerThread
from services.platform.core.time_source import TimeSource
from services.platform.http.admission import AdmissionControl, AdmittedRequest, Overloaded
from services.platform.http.bodies import (
    BODY_SECONDS,
    MAX_DEPTH,
    BodyTimeout,
    BodyTooLarge,
    ClientDisconnected,
    read_body,
    too_deep,
)
from services.platform.http.problems import (
    HttpProblem,
    NotFound,
    TooManyRequests,
    problem_response,
    refusal_response,
    unavailable_response,
)
from services.platform.http.rate_limits import RateLimits, network_for

PREFIX = "/webhooks/"
PATH_SEGMENT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
LARGE_BODY_BYTES = 32_768
LONG_BODY_BYTES = 3_000
"""Longer ones are read beside the event loop; nearly every update of a person is shorter."""
ACKNOWLEDGED = Response(status_code=200)
"""What every call that was taken is told."""
_log = structlog.get_logger(__name__)


class MethodNotAllowed(HttpProblem):
    """405: a method that no platform uses here."""

    status = 405


@dataclass(frozen=True, slots=True)
class _WebhookRequest:
    """A call that is proven."""

    channel: Channel
    connected: ConnectedAccount
    request: Request

    @property
    def labels(self) -> tuple[str, str]:
        return self.connected.account.workspace, self.channel.name


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is let in: calls at once, calls that prove nothing, and seconds for a body."""

    room: AdmissionControl = field(default_factory=AdmissionControl)
    rates: RateLimits = field(default_factory=lambda: RateLimits(Settings()))
    body_seconds: float = BODY_SECONDS


def _unavailable() -> Response:
    return unavailable_response("The event could not be stored. Send it again.")


RESPONSES: Mapping[type[Exception], Callable[[], Response]] = {
    # RFC 9110, 15.5.2: a 401 names a challenge. What proves a call differs by channel; none is Bearer or Basic.
    InvalidSignature: lambda: problem_response(
        401, "The call does not prove that the platform sent it.", headers={"WWW-Authenticate": "Signature"}
    ),
    Unavailable: _unavailable,
    Unknown: _unavailable,
    BodyTooLarge: lambda: problem_response(413, "A body has at most 1 MB.", headers={"Connection": "close"}),
    BodyTimeout: lambda: problem_response(
        408, "The body was not complete in 15 seconds.", headers={"Connection": "close"}
    ),
}
"""What the sender is answered, by the error that ended its call; an `HttpProblem` says that itself."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """The activities of a body; where some items of a list cannot be read, what became of each."""

    activities: list[Activity]
    items: list[ItemVerdict] = field(default_factory=list)


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
        self._channels, self._accounts, self._bus, self._clock = channels, accounts, bus, time_source
        bounds = bounds or Bounds()
        self._instruments, self._room, self._body_seconds = instruments, bounds.room, bounds.body_seconds
        self._beside, self._split_cards = WorkerThread(), SplitCardDetector()
        self._notes = notes
        self._forgeries = Forgeries(bounds.rates, time_source)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._response(scope, receive)
        if response is not None:
            await response(scope, receive, send)

    async def _response(self, scope: Scope, receive: Receive) -> Response | None:
        client = scope.get("client")
        address = network_for(client[0]) if client else "unknown"
        try:
            # The account by its path: what is at the path is looked up when the call has its place.
            async with self._room.admit(address, scope["path"]) as place:
                with self._instruments.in_flight.track_inprogress():
                    return await self._handle(scope, receive, place)
        except HttpProblem as refusal:
            self._record_metrics(refusal)
            return refusal_response(refusal)
        except tuple(RESPONSES) as error:
            return next(respond() for kind, respond in RESPONSES.items() if isinstance(error, kind))
        except ClientDisconnected:
            return None

    def _record_metrics(self, refusal: HttpProblem) -> None:
        if isinstance(refusal, NotFound):
            self._instruments.unknown_paths.inc()
        elif isinstance(refusal, Overloaded):
            self._instruments.overloaded.inc()

    async def _handle(self, scope: Scope, receive: Receive, place: AdmittedRequest) -> Response:
        if scope["method"] not in ("POST", "GET"):
            raise MethodNotAllowed("Webhooks are posted.", headers={"Allow": "POST, GET"})
        channel, connected = await self._resolve_account(scope["path"])
        labels = connected.account.workspace, channel.name
        try:
            counted = self._room.counted(place, receive)
            body = await read_body(counted, scope["headers"], seconds=self._body_seconds)
        except (BodyTooLarge, BodyTimeout, ClientDisconnected) as error:
            self._reject(labels, {BodyTooLarge: "too_large", BodyTimeout: "late"}.get(type(error), "broken"))
            raise
        request = _request(scope, body, self._clock)
        reply, connected = await self._authenticate(channel, connected, request, place.address)
        self._room.prove(place)
        if reply is not None:
            return Response(reply.body, reply.status, media_type=reply.media_type)
        self._notes.record_call(connected.account)
        return await self._accept(_WebhookRequest(channel, connected, request))

    async def _resolve_account(self, path: str) -> tuple[Channel, ConnectedAccount]:
        parts = path.removeprefix(PREFIX).split("/")
        channel = self._channels.get(parts[0]) if len(parts) == 3 else None
        if channel is None or not all(PATH_SEGMENT.fullmatch(part) for part in parts[1:]):
            raise NotFound("There is no such channel, workspace or account.")
        name, workspace, account = parts
        found = await self._accounts.find(workspace, name, account)
        found = found or await self._accounts.reload(workspace, name, account)
        if found is None:
            raise NotFound("There is no such channel, workspace or account.")
        return channel, found

    async def _authenticate(
        self, channel: Channel, connected: ConnectedAccount, request: Request, address: str
    ) -> tuple[WebhookResponse | None, ConnectedAccount]:
        """Proof against the account as cached; before it is refused, against the account as it is now."""
        try:
            return _verify(channel, connected.account, request), connected
        except InvalidSignature:
            account = connected.account
            await self._counted_guess(address, account)
            fresh = await self._accounts.reload(account.workspace, channel.name, account.id)
        if fresh is None:
            raise NotFound("There is no such channel, workspace or account.")
        try:
            return _verify(channel, fresh.account, request), fresh
        except InvalidSignature:
            self._reject((account.workspace, channel.name), "forged")
            self._notes.record_forged(account)
            self._forgeries.log(account)
            raise

    async def _counted_guess(self, address: str, account: Account) -> None:
        try:
            await self._forgeries.guessed(address, account)
        except TooManyRequests:
            self._reject((account.workspace, account.channel), "too_many_guesses")
            raise

    async def take(self, channel: Channel, connected: ConnectedAccount, body: bytes) -> None:
        """Publish what a body tells that was fetched, and not posted: proven by where it comes from.

        Raises Unavailable, Unknown. A body that nobody can read is counted, as a posted one is.
        """
        account = connected.account
        path = f"{PREFIX}{account.channel}/{account.workspace}/{account.id}"
        await self._accept(_WebhookRequest(channel, connected, Request("POST", path, {}, {}, body, self._clock.now())))

    async def _accept(self, call: _WebhookRequest) -> Response:
        if too_deep(call.request.body):
            # No platform nests so deep: whoever knows the secret and sends this is told, whatever the channel says.
            self._reject(call.labels, "too_deep")
            return problem_response(400, f"The body nests arrays and objects deeper than {MAX_DEPTH}.")
        try:
            reading = await self._reading(call)
        except MalformedPayload as error:
            self._reject(call.labels, "malformed")
            _log.warning("webhook_malformed", channel=call.channel.name, workspace=call.labels[0], reason=str(error))
            if call.channel.status_for_malformed < 300:
                return Response(status_code=call.channel.status_for_malformed)
            return problem_response(call.channel.status_for_malformed, f"The body cannot be read: {error}.")
        await self._publish(call, reading.activities)
        return self._partly_taken(call, reading.items) if reading.items else ACKNOWLEDGED

    def _partly_taken(self, call: _WebhookRequest, items: list[ItemVerdict]) -> Response:
        """207: what can be read is durable, and the sender reads of each item whether it was taken, and why not."""
        refused = [item for item in items if item.refusal is not None]
        for _ in refused:
            self._reject(call.labels, "malformed")
        _log.warning(
            "webhook_partly_malformed", channel=call.channel.name, workspace=call.labels[0], refused=len(refused)
        )
        return JSONResponse({"items": [_shown(item) for item in items]}, status_code=207)

    async def _reading(self, call: _WebhookRequest) -> _Reading:
        """Long bodies are read beside the event loop, so that one of them does not hold up all others."""
        if len(call.request.body) > LONG_BODY_BYTES:
            return await self._beside.run(lambda: self._read(call))
        return self._read(call)

    def _read(self, call: _WebhookRequest) -> _Reading:
        account = call.connected.account
        try:
            try:
                return _Reading(self._understood(call, call.channel.parse(call.request, account)))
            except PartlyMalformed as part:
                return _Reading(self._understood(call, part.activities), part.items)
        except MalformedPayload:
            raise
        except Exception as error:  # noqa: BLE001 -- our bug; a 5xx would make some platforms hold back all that follows
            _log.error(
                "webhook_not_understood", channel=account.channel, workspace=account.workspace, **_error_location(error)
            )
            self._instruments.unparsed.labels(*call.labels, "error").inc()
            return _Reading([_unparsed_activity(call, type(error).__name__)])

    def _understood(self, call: _WebhookRequest, parsed: list[Activity]) -> list[Activity]:
        read = (self._split_cards.enrich(one, call.connected.expected_languages, call.connected.own) for one in parsed)
        return [self._truncated(call, one) for several in read for one in several]

    def _truncated(self, call: _WebhookRequest, activity: Activity) -> Activity:
        # The size is known by encoding, and no activity is thirty times as long as what told of it.
        fitting = truncate_to_max_size(activity) if len(call.request.body) > LARGE_BODY_BYTES else activity
        if fitting is not activity:
            self._instruments.unparsed.labels(*call.labels, "too_large").inc()
            _log.error("activity_too_large", channel=activity.channel, workspace=activity.workspace, id=activity.id)
        return fitting

    async def _publish(self, call: _WebhookRequest, activities: list[Activity]) -> None:
        self._instruments.received.labels(*call.labels).inc(len(activities))
        try:
            await publish(self._bus, activities, call.request.headers)
        except BaseException:
            self._instruments.failed.labels(*call.labels).inc(len(activities))
            raise
        for one in activities:
            self._instruments.published.labels(*call.labels, one.kind).inc()
            for kind in one.masked:
                self._instruments.masked.labels(*call.labels, kind).inc()

    def _reject(self, labels: tuple[str, str], reason: str) -> None:
        self._instruments.received.labels(*labels).inc()
        self._instruments.rejected.labels(*labels, reason).inc()


def _verify(channel: Channel, account: Account, request: Request) -> WebhookResponse | None:
    """The answer of a handshake, or None once the platform is proven. Raises InvalidSignature, MethodNotAllowed."""
    reply = channel.handshake(request, account)
    if reply is None and request.method == "GET":
        raise MethodNotAllowed("This channel has no handshake; its events are posted.", headers={"Allow": "POST"})
    if reply is None:
        channel.verify(request, account)
    return reply


def _request(scope: Scope, body: bytes, time_source: TimeSource) -> Request:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Request(scope["method"], scope["path"], query, headers, body, time_source.now())


def _error_location(error: Exception) -> dict[str, str]:
    """What failed and where; the message may quote a customer, so it is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": type(error).__name__, "where": f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""}


def _secrets(call: _WebhookRequest) -> list[str]:
    """What makes a hash of a body of no use to who reads it: nobody can guess what stood in it."""
    credentials = call.connected.account.body.credentials
    return [credentials[name] for name in sorted(credentials)]


def _shown(item: ItemVerdict) -> dict[str, object]:
    told: dict[str, object] = {"index": item.index, "id": item.id, "taken": item.refusal is None}
    return told if item.refusal is None else {**told, "detail": item.refusal}


def _unparsed_activity(call: _WebhookRequest, error: str) -> Activity:
    account, body = call.connected.account, call.request.body
    return Activity(
        id=hashed_id(account.workspace, account.channel, account.id, "not understood", *_secrets(call), body.hex()),
        workspace=account.workspace,
        channel=account.channel,
        account=account.id,
        kind="unknown",
        surface="private",
        person=f"{account.channel}:{account.id}:none",
        received_at=call.request.received_at,
        details={"raw": "not_understood", "error": error},
    )
