"""Resolves the path of a webhook call, `/webhooks/{channel}/{workspace}/{account}`, to the account that it names."""

import re
from collections.abc import Mapping

from services.channels.port import Account, Channel
from services.ingest.accounts import AccountCache, ConnectedAccount
from services.platform.http.problems import NotFound

PREFIX = "/webhooks/"
PATH_SEGMENT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
UNKNOWN_ADDRESS = "There is no such channel, workspace or account."


async def resolve_account(
    path: str, channels: Mapping[str, Channel], accounts: AccountCache
) -> tuple[Channel, ConnectedAccount]:
    """The channel and the account of a path. Raises NotFound, Unavailable."""
    parts = path.removeprefix(PREFIX).split("/")
    channel = channels.get(parts[0]) if len(parts) == 3 else None
    if channel is None or not all(PATH_SEGMENT.fullmatch(part) for part in parts[1:]):
        raise NotFound(UNKNOWN_ADDRESS)
    name, workspace, account = parts
    connected = await accounts.find(workspace, name, account)
    # The cache may be a second old, and an account may have been connected within it: the store decides.
    connected = connected or await accounts.reload(workspace, name, account)
    if connected is None:
        raise NotFound(UNKNOWN_ADDRESS)
    return channel, connected


def webhook_path(account: Account) -> str:
    """The path at which an account receives webhooks."""
    return f"{PREFIX}{account.channel}/{account.workspace}/{account.id}"
