"""The port that every channel implements, and the values that go through it. docs/add-a-channel.md walks through adding one.

A `Channel` proves who calls, reads what came in, and sends a message. What else a platform may be able to do is an ability
(`abilities.py`). A channel decides nothing: what may be sent, and when, is data in its `Capabilities`, and the router judges by it.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl

from schemas.activity import Activity, Address
from schemas.channel import Capabilities
from schemas.configuration import AccountBody
from schemas.outbound import OutboundAttachment, OutboundMessage
from schemas.values import Json
from services.channels.account_settings import AccountSettings
from services.platform.core.streamed_bytes import StreamedBytes
from services.platform.http.lenient_json import read_json
from services.platform.http.outgoing import HttpClient

T = TypeVar("T")
NOBODY = "none"
"""The external id of the person of an activity where the platform names nobody."""

# -- errors: the class is the verdict ----------------------------------------------------------------------------------


class InvalidSignature(Exception):
    """The request does not come from the platform: 401, nothing is stored.

    `challenge` is the value of the `WWW-Authenticate` header (RFC 9110, 11.6.1) for a platform that sends its password only
    when it is asked for it; None: no such header.
    """

    def __init__(self, detail: str, challenge: str | None = None) -> None:
        super().__init__(detail)
        self.challenge = challenge


class InvalidPayload(Exception):
    """The body cannot be parsed. The answer is `capabilities.invalid_payload_status`: 400, or 200 without any effect."""


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """The verdict on one item of a list: its index, its id if it has one, and why it was refused; None: it was accepted."""

    index: int
    id: str | None
    refusal: str | None


class PartlyInvalidPayload(InvalidPayload):
    """Some items of a list were refused. `activities` come from the accepted items; `items` has a verdict for each item."""

    def __init__(self, activities: "list[Activity]", items: list[ItemVerdict]) -> None:
        super().__init__("; ".join(item.refusal for item in items if item.refusal is not None))
        self.activities, self.items = activities, items


class CredentialsRejected(Exception):
    """The platform refuses the account's credentials: the account can send nothing until they are accepted again."""

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.status = status


# -- values ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Account:
    """A connected account as channels see it. `tokens` are access tokens that were refreshed, by credential name.

    Its text form, which a log or a traceback may show, has no credentials.
    """

    workspace: str
    channel: str
    id: str
    body: AccountBody = field(repr=False)
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)

    def secrets(self, name: str) -> list[str]:
        """Every live value of a credential, newest first: also `{name}_previous`, as accounts used to rotate."""
        live: list[str] = []
        for key in (name, f"{name}_previous"):
            value = self.body.credentials.get(key, [])
            live += [value] if isinstance(value, str) else value
        return [secret for secret in live if secret]

    def token(self, name: str) -> str:
        """The refreshed token of this credential, else its newest value; empty without either."""
        return self.tokens.get(name) or next(iter(self.secrets(name)), "")


@dataclass(frozen=True, slots=True)
class Request:
    """One webhook call. Its text form has neither secrets nor what a customer wrote: method and time alone.

    `path` is the path as it was sent, `raw_query` the query without its question mark. `subpath` is what follows the
    account in the path, decoded and without its slash; a secret may stand in it. `query` has the last value of each
    parameter, `parameters` has all. `headers` holds each header in lower case; of a repeated one the values joined by
    `, ` (RFC 9110, 5.3). `body` is the raw bytes. `received_at` is the only source of time here. `public_keys` are what
    `PublicKeyVerified.key_urls` asked for: URL → the fetched bytes.
    """

    method: str
    path: str = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime
    subpath: str = field(default="", repr=False)
    raw_query: str = field(default="", repr=False)
    public_keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    # By body: a request that was made of another with `replace` has another.
    # Any: whatever a reader makes of a body.
    _read: dict[tuple[bytes, Hashable], Any] = field(default_factory=dict, repr=False, compare=False)

    def json(self) -> Json:
        """The body as JSON, repaired as by `read_json`, and read once for all the accounts that it is for. Nobody changes it.

        Raises ValueError, whose message quotes nothing of the body, RecursionError.
        """
        document: Json = self.once("json", lambda: read_json(self.body))
        return document

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """What `read` makes of the body, made once for all who ask with this key. Nobody changes it; raises as `read`.

        What else of the call it depends on (a header, the kind of account) is in the key.
        """
        place = (self.body, key)
        if place not in self._read:
            self._read[place] = read()
        found: T = self._read[place]
        return found

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Every parameter of the query; see `query_parameters`."""
        return query_parameters(self.raw_query)


def query_parameters(raw_query: str) -> list[tuple[str, str]]:
    """Every parameter of a query in its order, repeated and empty ones too."""
    return parse_qsl(raw_query, keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """An answer to a webhook that a channel words itself: of a handshake, or of `RespondsToWebhook`.

    `confirm_url` is an address on a fixed host of the platform that has to be called before the answer of a handshake
    (SNS: `SubscribeURL`); the channel has checked that the platform named it. It is never logged.
    """

    status: int
    body: bytes
    media_type: str = "text/plain"
    confirm_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SendReceipt:
    """The platform accepted the message and gave it `platform_id`.

    - `aliases` are the ids under which receipts, reactions and echoes will name it, made as `Activity.message` is.
    - `address` is set when the message went to another address than its own: a topic was deleted, a group moved.
    - `person` is the external id of whom it reached, where only the platform could say: of a private reply to a comment.
    - `further_ids` are the platform's ids of the other messages that it became: an album is a message for each of its files.
    """

    platform_id: str | None
    address: Address | None = None
    aliases: tuple[str, ...] = ()
    person: str | None = None
    further_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InlineFile:
    """A file that came inside a webhook: the SHA-256 of its bytes in hex, and the bytes."""

    digest: str
    content: bytes


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file of a message that is sent: what is known of it, and its bytes, which are read while they are sent.

    Reading raises PermanentSendError, TransientSendError: a channel lets them pass.
    """

    attachment: OutboundAttachment
    content: StreamedBytes


@dataclass(frozen=True, slots=True)
class MediaLocation:
    """Where a file can be downloaded now, and the headers that the platform wants; never handed to a browser."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PollResult:
    """Polled bodies in the shape of webhook calls, oldest first, and the cursor after the last of them.

    `has_more`: the platform has further events already, so that the next poll does not wait for the interval.
    """

    bodies: Sequence[bytes]
    cursor: str | None
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class RefreshedTokens:
    """New tokens by credential name, and when they expire; None: they do not.

    A refresh token that is replaced with each use is one of them: `Account.token` gives the newest.
    """

    tokens: Mapping[str, str]
    expires_at: datetime | None


# -- the channel ---------------------------------------------------------------------------------------------------------


class Channel(Protocol):
    """One platform's adapter. It is stateless, and every method but `send` is pure."""

    @property
    def name(self) -> str:
        """The channel's name in paths, persons and events."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the channel can do: surfaces, limits, windows, rates."""
        ...

    @property
    def account_model(self) -> type[AccountSettings]:
        """The model of an account: which credentials and settings it has, and what each of them is."""
        ...

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """The answer to a platform's test of the address; None when this request is none. Raises InvalidSignature."""
        ...

    def verify(self, request: Request, account: Account) -> None:
        """Check on the raw bytes, in constant time, that the platform sent the request. Raises InvalidSignature."""
        ...

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a body, in order; at least one for an authentic body. What is not understood is of kind `unknown`.

        The ids of activities and messages hold the scope in which the platform numbers them: bot, page, phone number.
        Raises InvalidPayload for a body that is no such thing at all, PartlyInvalidPayload for a list with good and bad items.
        """
        ...

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """Send one message, once. Raises TransientSendError, PermanentSendError, CredentialsRejected, SendOutcomeUnknown."""
        ...
