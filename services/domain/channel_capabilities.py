"""What each channel can do, for services that know no channel. Of some channels it depends on the account. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schemas.channel import Capabilities
from schemas.configuration import AccountBody, WorkspaceConfiguration


@dataclass(frozen=True, slots=True)
class ChannelCapabilities:
    """Channel name → what it can do; for channels in `by_account`, what decides for an account of theirs."""

    by_channel: Mapping[str, Capabilities]
    by_account: Mapping[str, Callable[[AccountBody], Capabilities]] = field(default_factory=dict)

    def of_account(
        self, channel: str, account: str, configuration: WorkspaceConfiguration | None
    ) -> Capabilities | None:
        """What an account can do; what its channel can do where the account is not connected. None: no such channel."""
        decide = self.by_account.get(channel)
        stored = configuration.accounts.get(f"{channel}/{account}") if configuration and decide else None
        return self.by_channel.get(channel) if decide is None or stored is None else decide(stored.body)

    def needs_configuration(self, channel: str) -> bool:
        """Whether to judge an answer takes the configuration: of the account, or of the time zone of a refusal."""
        known = self.by_channel.get(channel)
        return channel in self.by_account or (known is not None and bool(known.windows))
