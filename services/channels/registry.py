"""The registry of channels: adding one is a file, its fixtures, and one line here."""

from collections.abc import Iterable

from services.channels.account_settings import AccountModelRules
from services.channels.api import Api
from services.channels.port import Channel, RefreshesTokens
from services.channels.telegram import Telegram
from services.channels.webchat import Webchat

CHANNELS: tuple[Channel, ...] = (Telegram(), Api(), Webchat())
_BY_NAME = {channel.name: channel for channel in CHANNELS}


def channel(name: str) -> Channel | None:
    """The channel of this name; None when there is none."""
    return _BY_NAME.get(name)


def channels_with_tokens(channels: Iterable[Channel]) -> frozenset[str]:
    """The names of the channels whose tokens are refreshed: only their accounts have any to be read."""
    return frozenset(channel.name for channel in channels if isinstance(channel, RefreshesTokens))


def account_rules(channel: Channel) -> AccountModelRules:
    """What a channel demands of its accounts."""
    return AccountModelRules(channel.name, channel.account_model)
