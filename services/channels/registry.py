"""The registry of channels: adding one is a file, its fixtures, and one line here."""

from collections.abc import Container

from services.channels.abilities import find_abilities
from services.channels.account_settings import AccountModelRules
from services.channels.api import Api
from services.channels.bale import Bale
from services.channels.eitaa import Eitaa
from services.channels.email import Email
from services.channels.instagram import Instagram
from services.channels.line import Line
from services.channels.linkedin import Linkedin
from services.channels.messenger import Messenger
from services.channels.port import Channel
from services.channels.reviews.channel import Reviews
from services.channels.rubika import Rubika
from services.channels.sms import Sms
from services.channels.survey import Survey
from services.channels.telegram import Telegram
from services.channels.voice import Voice
from services.channels.webchat import Webchat
from services.channels.whatsapp import Whatsapp
from services.channels.x import X
from services.domain.channel_capabilities import ChannelCapabilities

CHANNELS: tuple[Channel, ...] = (
    Telegram(),
    Api(),
    Webchat(),
    Email(),
    Messenger(),
    Instagram(),
    Whatsapp(),
    Line(),
    Linkedin(),
    Rubika(),
    Bale(),
    Eitaa(),
    Reviews(),
    Survey(),
    Sms(),
    X(),
    Voice(),
)
ABILITIES = find_abilities(CHANNELS)
_BY_NAME = {channel.name: channel for channel in CHANNELS}
CAPABILITIES = ChannelCapabilities(
    {channel.name: channel.capabilities for channel in CHANNELS},
    {name: ability.capabilities_for for name, ability in ABILITIES.account_capabilities.items()},
)
"""What the channels can do, of the account where that decides."""


def channel(name: str) -> Channel | None:
    """The channel of this name; None when there is none."""
    return _BY_NAME.get(name)


def channel_label(channels: Container[str], name: str) -> str:
    """The name of a channel as the label of a metric: `unknown` for one that is not among `channels`."""
    # A label comes from a bounded set, and what is stored may name any channel there once was.
    return name if name in channels else "unknown"


def account_rules(channel: Channel) -> AccountModelRules:
    """What a channel demands of its accounts."""
    return AccountModelRules(channel.name, channel.account_model)
