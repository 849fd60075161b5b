"""Probes an account at its platform, outside of any batch. Never raises: no clear answer is `unknown`."""

import asyncio
from dataclasses import dataclass
from typing import Literal

import structlog

from services.channels.port import Account, ChecksAccount, CredentialsRejected
from services.delivery.attempt import SendDependencies
from services.platform.core.errors import Unavailable
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError

PROBE_TIMEOUT_SECONDS = 20.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """The platform's answer about an account. `gone`: the workspace has no such account. `unknown`: no clear answer."""

    state: Literal["ok", "credentials", "webhook", "unknown", "gone"]
    detail: str = ""


UNKNOWN = ProbeResult(state="unknown")


async def probe_account(
    workspace: str, channel: str, account: str, dependencies: SendDependencies, public_url: str | None
) -> ProbeResult:
    """Probe an account now. On a channel that is no `ChecksAccount` every account is `ok`."""
    try:
        configurations = await dependencies.configurations.current(dependencies.store, [workspace])
    except Unavailable:
        return UNKNOWN
    configuration = configurations.get(workspace)
    stored = configuration.accounts.get(f"{channel}/{account}") if configuration else None
    if stored is None:
        return ProbeResult(state="gone")
    adapter = dependencies.channels.get(channel)
    if not isinstance(adapter, ChecksAccount):
        return ProbeResult(state="ok")
    return await _probe(adapter, Account(workspace, channel, account, stored.body), dependencies, public_url)


async def _probe(
    channel: ChecksAccount, account: Account, dependencies: SendDependencies, public_url: str | None
) -> ProbeResult:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_SECONDS):
            finding = await channel.check(account, dependencies.http, public_url, dependencies.time_source.now())
    except CredentialsRejected as error:
        return ProbeResult(state="credentials", detail=str(error))
    except (TransientSendError, PermanentSendError, SendOutcomeUnknown, TimeoutError):
        return UNKNOWN
    except Exception:  # a bug in one channel must not end the health checks of all accounts
        log.exception("account_check_failed", channel=account.channel, workspace=account.workspace)
        return UNKNOWN
    return ProbeResult(state="ok") if finding is None else ProbeResult(state="webhook", detail=finding)
