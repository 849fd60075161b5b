"""What each channel can do, for services that know no channel. Of some channels it depends on the account. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schemas.channel import Capabilities, Pace
from schemas.configuration import AccountBody, WorkspaceConfiguration

SIGNS_OF_NUMBERS = re.compile(r"[\s+().-]")


def _digits(written: str) -> str:
    """A phone number by its digits alone; anything else as it is."""
    digits = SIGNS_OF_NUMBERS.sub("", written)
    return digits if digits.isdecimal() and digits.isascii() else written


def _e164(written: str) -> str:
    """A phone number of E.164, with its plus sign; a national or short number, and anything else, without punctuation as it is."""
    digits = _digits(written)
    return f"+{digits}" if digits.isdecimal() and written.strip().startswith("+") else digits


PERSON_IDS: Mapping[str, Callable[[str], str]] = {"exact": str, "digits": _digits, "e164": _e164, "lower": str.lower}
"""`person_ids` → the external id as the platform writes it."""


@dataclass(frozen=True, slots=True)
class ChannelCapabilities:
    """Channel name → what it can do; for channels in `by_account`, what decides for an account of theirs."""

    by_channel: Mapping[str, Capabilities]
    by_account: Mapping[str, Callable[[AccountBody], Capabilities]] = field(default_factory=dict)

    @property
    def paces(self) -> dict[str, Pace]:
        """How fast people talk on each channel, by its name."""
        return {name: capabilities.pace for name, capabilities in self.by_channel.items()}

    def of_account(
        self, channel: str, account: str, configuration: WorkspaceConfiguration | None
    ) -> Capabilities | None:
        """What an account can do; what its channel can do where the account is not connected. None: no such channel."""
        decide = self.by_account.get(channel)
        stored = configuration.accounts.get(f"{channel}/{account}") if configuration and decide else None
        return self.by_channel.get(channel) if decide is None or stored is None else decide(stored.body)

    def person_id(self, written: str) -> str:
        """A person, `channel:account:external_id`, by the id that the platform gives to whom an agent writes otherwise."""
        channel, account, external = written.split(":", 2)
        known = self.by_channel.get(channel)
        return f"{channel}:{account}:{PERSON_IDS[known.person_ids](external)}" if known else written

    def needs_configuration(self, channel: str) -> bool:
        """Whether to judge an answer takes the configuration: of the account, or of the time zone of a refusal."""
        known = self.by_channel.get(channel)
        return channel in self.by_account or (known is not None and bool(known.windows))
