"""The checks of `pasokh doctor` that read the configuration of every workspace."""

from collections.abc import AsyncIterator

from schemas.accounts import AccountHealth
from schemas.configuration import AccountBody
from services.channels.registry import account_rules, channel
from services.cli.errors import CliError
from services.platform.core.time_source import SystemTimeSource
from services.platform.store.port import Store
from services.records.accounts import read_health
from services.records.configuration import Configurations
from services.records.unmet import ConfigurationWarning, read_warnings
from services.workspaces.target_validation import MIN_SECRET_LENGTH, is_weak


async def check_routing(store: Store) -> str:
    """Every routing rule of every workspace has an agent who meets it. Raises CliError, Unavailable."""
    details = [f"{workspace}: {warning.detail}" async for workspace, warning in _unmet(store)]
    if details:
        raise CliError(" ".join(details))
    return "every rule can be met by somebody"


async def _unmet(store: Store) -> AsyncIterator[tuple[str, ConfigurationWarning]]:
    async for configuration in Configurations().every(store):
        for warning in await read_warnings(store, configuration):
            yield configuration.workspace, warning


async def check_secrets(store: Store) -> str:
    """No account has a secret that could be guessed. Raises CliError, Unavailable."""
    weak = [
        f"{configuration.workspace}/{account}: {pointer.removeprefix('/credentials/')}"
        async for configuration in Configurations().every(store)
        for account, stored in configuration.accounts.items()
        for pointer, secret in _chosen_secrets(account, stored.body)
        if is_weak(secret)
    ]
    if weak:
        raise CliError(
            f"secrets of fewer than {MIN_SECRET_LENGTH} characters can be guessed: {', '.join(weak)}. Write a longer one to the "
            "account and to the platform (or page) that uses it: openssl rand -hex 32."
        )
    return "no account has a secret that could be guessed"


def _chosen_secrets(account: str, body: AccountBody) -> list[tuple[str, str]]:
    adapter = channel(account.split("/", 1)[0])
    return account_rules(adapter).chosen_secrets(body) if adapter is not None else []


async def check_account_settings(store: Store) -> str:
    """Every stored account is what its channel demands today. Raises CliError, Unavailable."""
    wrong = [
        f"{configuration.workspace}/{account}: {sentence}."
        async for configuration in Configurations().every(store)
        for account, stored in configuration.accounts.items()
        for sentence in _account_problems(account, stored.body)
    ]
    if wrong:
        raise CliError(" ".join([*wrong, "Write these accounts anew: PUT …/accounts/{channel}/{account}."]))
    return "every account is what its channel demands"


def _account_problems(account: str, body: AccountBody) -> list[str]:
    name = account.split("/", 1)[0]
    adapter = channel(name)
    if adapter is None:
        return [f"this Pasokh has no channel {name}"]
    return [f"{pointer.removeprefix('/')}: {sentence}" for pointer, sentence in account_rules(adapter).problems(body)]


async def check_accounts(store: Store) -> str:
    """Every connected account sends and receives. Raises CliError, Unavailable.

    A state that may end without the operator (`paused`, `forged`, `incomplete`, `silent`) is reported and is no failure.
    """
    accounts: list[tuple[str, AccountHealth]] = []
    async for configuration in Configurations().every(store):
        health = await read_health(store, configuration.workspace, configuration.accounts, SystemTimeSource().now())
        accounts += [
            (f"{configuration.workspace} {name}: {account_health.detail}", account_health)
            for name, account_health in health.items()
        ]
    if broken := [
        sentence for sentence, account_health in accounts if account_health.state in ("credentials", "webhook")
    ]:
        raise CliError(" ".join(broken))
    passing = [sentence for sentence, account_health in accounts if account_health.state != "ok"]
    return " ".join([f"{len(accounts)} connected, all of them in order.", *passing])
