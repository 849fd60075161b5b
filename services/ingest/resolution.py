"""Resolves the path of a webhook call to its channel and account: `/webhooks/{channel}/{workspace}/{account}[/{subpath}]`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.channels.port import Account, Channel
from services.ingest.accounts import AccountCache, ConnectedAccount
from services.platform.http.problems import NotFound

PREFIX = "/webhooks/"
PATH_SEGMENT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
UNKNOWN_ADDRESS = "There is no such channel, workspace or account."


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    """What a path names. `subpath` is what follows the account, empty without; a secret may stand in it."""

    channel: Channel
    workspace: str
    account: str
    subpath: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The account's name in the sharing of room: calls are admitted before their account is looked up."""
        return f"{self.channel.name}/{self.workspace}/{self.account}"


def parse_path(path: str, channels: Mapping[str, Channel]) -> WebhookAddress:
    """The address that a path names; whether there is such an account is not known yet. Raises NotFound."""
    name, *names = path.removeprefix(PREFIX).split("/", 3)
    channel = channels.get(name)
    # An account's path with a slash and nothing behind it is no address: a platform that adds one is to be told.
    if channel is None or len(names) < 2 or "" in names or not all(map(PATH_SEGMENT.fullmatch, names[:2])):
        raise NotFound(UNKNOWN_ADDRESS)
    return WebhookAddress(channel, *names)


async def resolve_account(address: WebhookAddress, accounts: AccountCache) -> ConnectedAccount:
    """The account of an address. Raises NotFound, Unavailable."""
    names = address.workspace, address.channel.name, address.account
    # The cache may be a second old, and an account may have been connected within it: the store decides.
    connected = await accounts.find(*names) or await accounts.reload(*names)
    if connected is None:
        raise NotFound(UNKNOWN_ADDRESS)
    return connected


def webhook_path(account: Account) -> str:
    """The path at which an account receives webhooks."""
    return f"{PREFIX}{account.channel}/{account.workspace}/{account.id}"
