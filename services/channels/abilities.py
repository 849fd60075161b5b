"""Which channel has which ability: found once, in tables by the channel's name. Services ask the tables, never a channel's type."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.channels.port import (
    AccountCapabilities,
    AnnouncesEvents,
    Channel,
    ChecksAccount,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """The channels with each ability, by name."""

    account_capabilities: Mapping[str, AccountCapabilities]
    announces: Mapping[str, AnnouncesEvents]
    checks: Mapping[str, ChecksAccount]
    file_senders: Mapping[str, SendsFiles]
    inline_files: Mapping[str, InlineFiles]
    media: Mapping[str, ResolvesMedia]
    actions: Mapping[str, PerformsActions]
    polls: Mapping[str, Polls]
    public_keys: Mapping[str, PublicKeyVerified]
    refreshes: Mapping[str, RefreshesTokens]
    responders: Mapping[str, RespondsToWebhook]
    shared_endpoints: Mapping[str, SharedEndpoint]


def find_abilities(channels: Iterable[Channel]) -> Abilities:
    """The tables of these channels. A channel has an ability when it has all methods of its Protocol."""
    by_name = {channel.name: channel for channel in channels}
    return Abilities(
        account_capabilities={name: it for name, it in by_name.items() if isinstance(it, AccountCapabilities)},
        announces={name: it for name, it in by_name.items() if isinstance(it, AnnouncesEvents)},
        checks={name: it for name, it in by_name.items() if isinstance(it, ChecksAccount)},
        file_senders={name: it for name, it in by_name.items() if isinstance(it, SendsFiles)},
        inline_files={name: it for name, it in by_name.items() if isinstance(it, InlineFiles)},
        media={name: it for name, it in by_name.items() if isinstance(it, ResolvesMedia)},
        actions={name: it for name, it in by_name.items() if isinstance(it, PerformsActions)},
        polls={name: it for name, it in by_name.items() if isinstance(it, Polls)},
        public_keys={name: it for name, it in by_name.items() if isinstance(it, PublicKeyVerified)},
        refreshes={name: it for name, it in by_name.items() if isinstance(it, RefreshesTokens)},
        responders={name: it for name, it in by_name.items() if isinstance(it, RespondsToWebhook)},
        shared_endpoints={name: it for name, it in by_name.items() if isinstance(it, SharedEndpoint)},
    )
