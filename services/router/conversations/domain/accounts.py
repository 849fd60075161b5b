"""Accounts in the configuration of a workspace. Pure."""

from schemas.configuration import AccountBody, WorkspaceConfiguration


def account_of(configuration: WorkspaceConfiguration | None, channel: str, account: str) -> AccountBody | None:
    """An account in the configuration; None for one that was deleted."""
    stored = configuration.accounts.get(f"{channel}/{account}") if configuration else None
    return stored.body if stored else None


def account_language(configuration: WorkspaceConfiguration | None, channel: str, account: str) -> str | None:
    """The language of an account; None where it says none, and for one that was deleted."""
    found = account_of(configuration, channel, account)
    return found.language if found else None
