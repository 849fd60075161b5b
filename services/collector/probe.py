"""Probes an account at its platform, outside of any batch. Never raises: no clear answer is `unknown`."""

import asyncio
from dataclasses import dataclass
from typing import Literal

import structlog

from services.channels.abilities import ChecksAccount
from services.channels.port import Account, CredentialsRejected
from services.collector.context import CollectorDependencies, NamedAccount
from services.domain.account_phrases import WELL, AccountFinding, finding
from services.platform.core.errors import Unavailable
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError

PROBE_TIMEOUT_SECONDS = 20.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """The platform's answer about an account. `gone`: the workspace has no such account. `unknown`: no clear answer."""

    state: Literal["ok", "credentials", "webhook", "unknown", "gone"]
    found: AccountFinding = WELL


UNKNOWN = ProbeResult(state="unknown")


async def probe_account(named: NamedAccount, dependencies: CollectorDependencies) -> ProbeResult:
    """Probe an account now. On a channel that is no `ChecksAccount` every account is `ok`."""
    try:
        connected = await dependencies.accounts.reload(named.workspace, named.channel, named.account)
    except Unavailable:
        return UNKNOWN
    if connected is None:
        return ProbeResult(state="gone")
    adapter = dependencies.abilities.checks.get(named.channel)
    if adapter is None:
        return ProbeResult(state="ok")
    return await _probe(adapter, connected.account, dependencies)


async def _probe(channel: ChecksAccount, account: Account, dependencies: CollectorDependencies) -> ProbeResult:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_SECONDS):
            now = dependencies.time_source.now()
            found = await channel.check(account, dependencies.http, dependencies.public_url, now)
    except CredentialsRejected as error:
        return ProbeResult(state="credentials", found=finding("credentials_refused", said=str(error)))
    except (TransientSendError, PermanentSendError, SendOutcomeUnknown, TimeoutError):
        return UNKNOWN
    except Exception:  # a bug in one channel must not end the health checks of all accounts
        log.exception("account_check_failed", channel=account.channel, workspace=account.workspace)
        return UNKNOWN
    return ProbeResult(state="ok") if found is None else ProbeResult(state="webhook", found=found)
