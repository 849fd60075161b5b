"""What a channel is. Adding one: a file here, fixtures in tests/channels/<name>, one line in `registry`."""

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
    """The body cannot be read. Whether that is 400 or a quiet 2xx is the channel's `status_for_malformed`."""


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """An item of a list: its place, its own id when it has one, and why it cannot be read; None: it was taken."""

    index: int
    id: str | None
    refusal: str | None


class PartlyMalformed(MalformedPayload):
    """Some items of a list can be read, others cannot. `activities` are those of the first, `items` says which are which."""

    def __init__(self, activities: "list[Activity]", items: list[ItemVerdict]) -> None:
        super().__init__("; ".join(item.refusal for item in items if item.refusal is not None))
        self.activities, self.items = activities, items


class CredentialsRejected(Exception):
    """The platform does not accept the account's credentials: nothing of the account can be sent until they change."""

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
    """One webhook call. Header names are lower case; `body` is the raw bytes; `received_at` is the only clock here."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """What a handshake answers."""

    status: int
    body: bytes
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class SendReceipt:
    """The platform took the message, under this id of its own.

    `address` is where it went, when that is not the message's address any more: a topic is gone, a group has moved.
    """

    platform_id: str | None
    address: Address | None = None


@runtime_checkable
class SelfCheckingChannel(Protocol):
    """A channel whose platform says how our account is."""

    async def check(self, account: Account, http: Http, public_url: str | None, now: datetime) -> str | None:
        """What keeps customers' messages from coming in, and what to do about it; None when nothing does.

        `public_url` is where this installation is reached, None when nobody said. Raises CredentialsRejected when the
        platform does not accept the credentials; TransientSendError, PermanentSendError, SendOutcomeUnknown when it gives no clear answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class FetchedUpdates:
    """Bodies as the platform would have posted them, oldest first, and the cursor after the last of them."""

    bodies: Sequence[bytes]
    cursor: str | None


@runtime_checkable
class PollingChannel(Protocol):
    """A channel whose events can be fetched where the platform cannot reach us."""

    def is_polled(self, body: AccountBody) -> bool:
        """Whether the account asks for it."""
        ...

    async def begin_polling(self, account: Account, http: Http) -> None:
        """Have the platform keep events for us to fetch; none is dropped. Raises as `fetch` does."""
        ...

    async def fetch(self, account: Account, http: Http, cursor: str | None) -> FetchedUpdates:
        """What came after the cursor (None: everything that is kept), waiting some seconds for the first.

        Asking with a cursor lets the platform forget all before it. Raises CredentialsRejected, TransientSendError, PermanentSendError (code
        `conflict`: somebody else fetches, or a webhook is set), SendOutcomeUnknown.
        """
        ...


class Channel(Protocol):
    """One platform. Stateless; every method but `send` is pure."""

    @property
    def name(self) -> str:
        """Its name in paths, persons and events."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    @property
    def status_for_malformed(self) -> int:
        """400, or 200 where the platform would repeat an unreadable body for hours."""
        ...

    def check_account(self, body: AccountBody) -> list[tuple[str, str]]:
        """What is wrong with credentials or settings: (JSON pointer within the body, sentence); empty when fine.

        A credential whose name ends in `_url` is an address that we call: REST also refuses it when it is private.
        """
        ...

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """The answer to a platform's test of the address; None when this request is none. Raises InvalidSignature."""
        ...

    def verify(self, request: Request, account: Account) -> None:
        """Prove on the raw bytes, in constant time, that the platform sent this. Raises InvalidSignature."""
        ...

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a body, in order. What is authentic but not understood is of kind `unknown`.

        The ids of activities and messages hold the scope in which the platform numbers them: bot, page, phone number.
        Raises MalformedPayload for a body that is no such thing at all, PartlyMalformed for a list with good and bad items.
        """
        ...

    async def send(self, message: OutboundMessage, account: Account, http: Http) -> SendReceipt:
        """Send one message, once. Raises TransientSendError, PermanentSendError, CredentialsRejected, SendOutcomeUnknown."""
        ...
