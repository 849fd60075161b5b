"""Which channel has which ability: found once, in tables by the channel's name. Services ask the tables, never a channel's type."""

# mypy: disable-error-code="type-abstract"
# The Protocols are handed to `isinstance` alone, and nobody makes one of them (python/mypy#4717).

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from schemas.channel import Capabilities
from schemas.configuration import AccountBody
from services.channels.port import (
    AccountCapabilities,
    AnnouncesEvents,
    Channel,
    ChecksAccount,
    FetchesNamed,
    InlineFiles,
    PerformsActions,
    Polls,
    PublicKeyVerified,
    RefreshesTokens,
    ResolvesMedia,
    RespondsToWebhook,
    SendsFiles,
    SharedEndpoint,
)

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
