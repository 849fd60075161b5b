"""The port that every channel implements, and the abilities that some have. docs/add-a-channel.md walks through adding one.

The core (`Channel`) proves who calls, reads what came in, and sends a message. What else a platform may be able to do is an
ability: a Protocol of one or two methods. `abilities.py` finds once which channel has which. A channel decides nothing:
what may be sent, and when, is data in its `Capabilities`, and the router judges by it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable
from urllib.parse import parse_qsl

from schemas.activity import Activity, Address, Attachment
from schemas.channel import Capabilities
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction, OutboundAttachment, OutboundMessage
from schemas.values import Json
from services.channels.account_settings import AccountSettings
from services.platform.http.lenient_json import read_json
from services.platform.http.outgoing import HttpClient

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
    _documents: dict[bytes, Json] = field(default_factory=dict, repr=False, compare=False)

    def json(self) -> Json:
        """The body as JSON, repaired as by `read_json`, and read once for all the accounts that it is for. Nobody changes it.

        Raises ValueError, whose message quotes nothing of the body, RecursionError.
        """
        if self.body not in self._documents:
            self._documents[self.body] = read_json(self.body)
        return self._documents[self.body]

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

    `aliases` are the ids under which receipts, reactions and echoes will name it, made as `Activity.message` is. `address` is set when the message went to
    another address than its own: a topic was deleted, a group moved. `person` is the external id of whom it reached,
    where only the platform could say: of a private reply to a comment. `further_ids` are the platform's ids of the other
    messages that it became: an album is a message for each of its files.
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
    """A file of a message that is sent: what is known of it, and its bytes."""

    attachment: OutboundAttachment
    content: bytes


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


# -- the core: every channel -------------------------------------------------------------------------------------------


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


# -- abilities: only who has them --------------------------------------------------------------------------------------


@runtime_checkable
class ChecksAccount(Protocol):
    """A channel whose platform can report on our account."""

    async def check(self, account: Account, http: HttpClient, public_url: str | None, now: datetime) -> str | None:
        """A sentence about what keeps customers' messages from arriving and how to fix it; None when all is well.

        `public_url` is the configured address of this installation, None without one. Raises CredentialsRejected when the
        platform refuses the credentials; TransientSendError, PermanentSendError or SendOutcomeUnknown when it gives no
        clear answer.
        """
        ...


@runtime_checkable
class SharedEndpoint(Protocol):
    """A channel whose platform calls one URL for many accounts.

    A body is parsed for each account that it addresses, in the workspace of the path, if the account's own `verify` accepts
    the same request. `parse` takes what is for its account; where nothing is, it gives an activity of kind `unknown`.
    """

    def own_id(self, account: AccountBody) -> str | None:
        """The platform's id of an account, by which bodies name it; None: the account does not say."""
        ...

    def addressees(self, request: Request) -> Sequence[str]:
        """The platform's ids of the accounts that a body is about, in order; empty for one that names none."""
        ...


@runtime_checkable
class PublicKeyVerified(Protocol):
    """A channel whose platform signs with a key that it publishes."""

    def key_urls(self, request: Request, account: Account) -> Sequence[str]:
        """The https URLs of the keys, on fixed hosts of the platform. They are fetched through the guard and cached an hour.

        Raises InvalidSignature for a request that names a key elsewhere, and for one whose key cannot be known.
        """
        ...


@runtime_checkable
class RespondsToWebhook(Protocol):
    """A channel whose platform acts on what we answer (Twilio: TwiML)."""

    def response(self, request: Request, account: Account, activities: Sequence[Activity]) -> WebhookResponse:
        """The answer, once the bus has every activity."""
        ...


@runtime_checkable
class InlineFiles(Protocol):
    """A channel whose webhooks carry files themselves: mail.

    `parse` names such a file by the `digest` of an attachment.
    """

    def files(self, request: Request, account: Account) -> Iterator[InlineFile]:
        """The files of a body. Those that an attachment names are stored before its activities are published."""
        ...


@runtime_checkable
class ResolvesMedia(Protocol):
    """A channel whose files need a call or credentials to be downloaded."""

    async def locate(self, attachment: Attachment, account: Account, http: HttpClient) -> MediaLocation:
        """Where the file is now. Raises CredentialsRejected, TransientSendError, PermanentSendError (code `not_found`: it is gone)."""
        ...


@runtime_checkable
class SendsFiles(Protocol):
    """A channel that uploads the files of a message to its platform. The others name them, or take none."""

    async def send_files(
        self, message: OutboundMessage, files: Sequence[OutgoingFile], account: Account, http: HttpClient
    ) -> SendReceipt:
        """Send a message with its files, once and all together. `message.text` may be empty. Raises as `send` does."""
        ...


@runtime_checkable
class Polls(Protocol):
    """A channel whose events can be asked for, where the platform cannot call us, or to fetch what its calls have missed."""

    @property
    def interval(self) -> timedelta:
        """The pause between two polls; zero for a platform that itself waits until there is something (long polling)."""
        ...

    def is_polled(self, body: AccountBody) -> bool:
        """Whether the account is configured for polling."""
        ...

    async def begin_polling(self, account: Account, http: HttpClient) -> None:
        """Make the platform store events for polling. No event is dropped. Raises as `poll` does."""
        ...

    async def poll(self, account: Account, http: HttpClient, cursor: str | None) -> PollResult:
        """What came after the cursor (None: everything that the platform still has), waiting at most 30 s for the first.

        Polling with a cursor may let the platform drop all before it. A cursor names the identity that it belongs to, if
        other credentials can make the account another one. Raises CredentialsRejected, TransientSendError (`after`: the
        platform's Retry-After), PermanentSendError (code `conflict`: another program polls, or a webhook is set),
        SendOutcomeUnknown.
        """
        ...


@runtime_checkable
class AnnouncesEvents(Protocol):
    """A polled channel whose webhooks may only say that there is something to fetch."""

    def announces(self, request: Request, account: Account) -> bool:
        """Whether an authentic call is such a notice: the account is polled at once."""
        ...


@runtime_checkable
class FetchesNamed(Protocol):
    """A polled channel whose webhooks may only name something that no poll would find: it is read by what they name."""

    def named(self, request: Request, account: Account) -> Sequence[str]:
        """What an authentic call names, each as a text of at most 200 characters; empty for a call that says all."""
        ...

    async def fetch(self, named: Sequence[str], account: Account, http: HttpClient) -> Sequence[bytes]:
        """Bodies in the shape of webhook calls, which say all about these; what is gone is left out. Raises as `poll`."""
        ...


@runtime_checkable
class RefreshesTokens(Protocol):
    """A channel whose access tokens expire and can be renewed."""

    def expires_at(self, account: Account, now: datetime) -> datetime | None:
        """When the token in the account's credentials, which are new `now`, expires; None: it does not. A time in the past:
        it takes a refresh before anything can be done. After a refresh its `RefreshedTokens.expires_at` counts instead.
        """
        ...

    async def refresh(self, account: Account, now: datetime, http: HttpClient) -> RefreshedTokens:
        """New tokens. Raises CredentialsRejected when only a person can renew them, else as `poll` does."""
        ...


@runtime_checkable
class PerformsActions(Protocol):
    """A channel that can do more to a message than send it: see `schemas.channel.ActionKind`."""

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        """Do it once. Raises as `send` does."""
        ...


@runtime_checkable
class AccountCapabilities(Protocol):
    """A channel whose abilities depend on the account: a tier, a provider, an approval."""

    def capabilities_for(self, body: AccountBody) -> Capabilities:
        """What this account can do; takes the place of the channel's `capabilities`."""
        ...
