"""The port that every channel implements. docs/add-a-channel.md walks through adding one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from schemas.activity import Activity, Address
from schemas.channel import Capabilities
from schemas.configuration import AccountBody
from schemas.outbound import OutboundMessage
from services.platform.http.outgoing import Http


class InvalidSignature(Exception):
    """The request does not come from the platform: 401, nothing is stored."""


class MalformedPayload(Exception):
    """The body cannot be parsed. The answer is the channel's `status_for_malformed`: 400, or 200 without any effect."""


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """The verdict on one item of a list: its index, its id if it has one, and why it was refused; None: it was accepted."""

    index: int
    id: str | None
    refusal: str | None


class PartlyMalformed(MalformedPayload):
    """Some items of a list were refused. `activities` come from the accepted items; `items` has a verdict for each item."""

    def __init__(self, activities: "list[Activity]", items: list[ItemVerdict]) -> None:
        super().__init__("; ".join(item.refusal for item in items if item.refusal is not None))
        self.activities, self.items = activities, items


class CredentialsRejected(Exception):
    """The platform refuses the account's credentials: the account can send nothing until they are accepted again."""

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class Account:
    """A connected account as channels see it."""

    workspace: str
    channel: str
    id: str
    body: AccountBody


@dataclass(frozen=True, slots=True)
class Request:
    """One webhook call. Header names are lower case; `body` is the raw bytes.

    `received_at` is the only source of time for verification and parsing, so that a repeat of the call gives the same
    activities.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """The answer to a handshake."""

    status: int
    body: bytes
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class SendReceipt:
    """The platform accepted the message and gave it `platform_id`.

    `address` is set when the message went to another address than its own: a topic was deleted, or a group moved.
    """

    platform_id: str | None
    address: Address | None = None


@runtime_checkable
class SelfCheckingChannel(Protocol):
    """A channel whose platform can report on our account. A channel without this method is not checked."""

    async def check(self, account: Account, http: Http, public_url: str | None, now: datetime) -> str | None:
        """A sentence about what keeps customers' messages from arriving and how to fix it; None when all is well.

        `public_url` is the configured address of this installation, None without one. Raises CredentialsRejected when the
        platform refuses the credentials; TransientSendError, PermanentSendError or SendOutcomeUnknown when it gives no
        clear answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class FetchedUpdates:
    """Fetched bodies in the shape of webhook calls, oldest first, and the cursor after the last of them."""

    bodies: Sequence[bytes]
    cursor: str | None


@runtime_checkable
class PollingChannel(Protocol):
    """A channel whose events can be polled, for installations that the platform cannot reach."""

    def is_polled(self, body: AccountBody) -> bool:
        """Whether the account is configured for polling."""
        ...

    async def begin_polling(self, account: Account, http: Http) -> None:
        """Make the platform store events for polling. No event is dropped. Raises as `fetch` does."""
        ...

    async def fetch(self, account: Account, http: Http, cursor: str | None) -> FetchedUpdates:
        """The updates after the cursor (None: all that the platform has), waiting some seconds for the first.

        Fetching with a cursor lets the platform drop all before it. Raises CredentialsRejected, TransientSendError,
        PermanentSendError (code `conflict`: another client fetches, or a webhook is set), SendOutcomeUnknown.
        """
        ...


class Channel(Protocol):
    """One platform's adapter. It is stateless, and every method but `send` is pure."""

    @property
    def name(self) -> str:
        """The channel's name in paths, persons and events."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """The channel's surfaces, text limit, rate limits and features."""
        ...

    @property
    def status_for_malformed(self) -> int:
        """The answer to a malformed body: 400, or 200 where the platform would repeat the body for hours."""
        ...

    def check_account(self, body: AccountBody) -> list[tuple[str, str]]:
        """What is wrong with credentials or settings: (JSON pointer within the body, sentence); empty when fine.

        A credential whose name ends in `_url` is an address that we call: REST also refuses a private one (SSRF).
        """
        ...

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """The answer to a platform's test of the address; None when this request is none. Raises InvalidSignature."""
        ...

    def verify(self, request: Request, account: Account) -> None:
        """Check on the raw bytes, in constant time, that the platform sent the request. Raises InvalidSignature."""
        ...

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a body, in order. What is authentic but not understood is of kind `unknown`.

        The ids of activities and messages hold the scope in which the platform numbers them: bot, page, phone number.
        Raises MalformedPayload for a body in no format of the channel, PartlyMalformed for a list with good and bad items.
        """
        ...

    async def send(self, message: OutboundMessage, account: Account, http: Http) -> SendReceipt:
        """Send one message, once. Raises TransientSendError, PermanentSendError, CredentialsRejected, SendOutcomeUnknown."""
        ...
