"""What a platform may be able to do beside the core of every channel (`port.py`), and which channel can do it.

An ability is a Protocol of one to three methods. Which channel has which is found once, in tables by the channel's name: services
ask the tables, never a channel's type.
"""

# mypy: disable-error-code="type-abstract"
# The Protocols are handed to `isinstance` alone, and nobody makes one of them (python/mypy#4717).

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar, runtime_checkable

from schemas.activity import Activity, Attachment
from schemas.channel import Capabilities
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction, OutboundMessage
from services.channels.port import (
    Account,
    Channel,
    InlineFile,
    MediaLocation,
    OutgoingFile,
    PollResult,
    RefreshedTokens,
    Request,
    SendReceipt,
    WebhookResponse,
)
from services.domain.account_phrases import AccountFinding
from services.platform.http.outgoing import HttpClient


@runtime_checkable
class ChecksAccount(Protocol):
    """A channel whose platform can report on our account."""

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        """What keeps customers' messages from arriving and how to fix it; None when all is well.

        A channel makes it of a code of `services.domain.account_phrases`, whose sentences are in every language of operators.
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


# -- which channel has which -------------------------------------------------------------------------------------------

A = TypeVar("A")


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """The channels with each ability, by name."""

    account_capabilities: Mapping[str, AccountCapabilities]
    announces: Mapping[str, AnnouncesEvents]
    checks: Mapping[str, ChecksAccount]
    fetches: Mapping[str, FetchesNamed]
    file_senders: Mapping[str, SendsFiles]
    inline_files: Mapping[str, InlineFiles]
    media: Mapping[str, ResolvesMedia]
    actions: Mapping[str, PerformsActions]
    polls: Mapping[str, Polls]
    public_keys: Mapping[str, PublicKeyVerified]
    refreshes: Mapping[str, RefreshesTokens]
    responders: Mapping[str, RespondsToWebhook]
    shared_endpoints: Mapping[str, SharedEndpoint]

    def capabilities_of(self, channel: Channel, body: AccountBody) -> Capabilities:
        """What an account can do: what its channel can, unless the channel decides by the account."""
        by_account = self.account_capabilities.get(channel.name)
        return by_account.capabilities_for(body) if by_account else channel.capabilities


def find_abilities(channels: Iterable[Channel]) -> Abilities:
    """The tables of these channels. A channel has an ability when it has all methods of its Protocol."""
    listed = list(channels)

    def having(ability: type[A]) -> dict[str, A]:
        return {channel.name: channel for channel in listed if isinstance(channel, ability)}

    return Abilities(
        account_capabilities=having(AccountCapabilities),
        announces=having(AnnouncesEvents),
        checks=having(ChecksAccount),
        fetches=having(FetchesNamed),
        file_senders=having(SendsFiles),
        inline_files=having(InlineFiles),
        media=having(ResolvesMedia),
        actions=having(PerformsActions),
        polls=having(Polls),
        public_keys=having(PublicKeyVerified),
        refreshes=having(RefreshesTokens),
        responders=having(RespondsToWebhook),
        shared_endpoints=having(SharedEndpoint),
    )
