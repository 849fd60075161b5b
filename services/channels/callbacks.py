"""The address that a platform calls: whether it is one of ours, and how it is shown to people."""

from urllib.parse import urlsplit

from services.channels.port import Account


def our_address(account: Account, public_url: str | None) -> str:
    """The address of an account's webhook; without `public_url` its path."""
    return f"{_workspace(account, public_url)}{account.id}"


def is_ours(called: str, account: Account, public_url: str | None) -> bool:
    """Whether a platform calls this workspace. One URL may serve all of its accounts, so any account's will do."""
    ours = _workspace(account, public_url)
    return called.startswith(ours) if public_url else ours in urlsplit(called).path


def shown_address(called: str) -> str:
    """An address without what may be secret in it: the user, the password and the query."""
    parts = urlsplit(called)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _workspace(account: Account, public_url: str | None) -> str:
    return f"{(public_url or '').rstrip('/')}/webhooks/{account.channel}/{account.workspace}/"
