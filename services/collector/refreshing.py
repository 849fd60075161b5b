"""The effect that refreshes the tokens of an account. It runs outside of any batch."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import structlog

from services.channels.port import CredentialsRejected
from services.channels.registry import channel_label
from services.collector.context import CollectorDependencies, NamedAccount
from services.platform.core.errors import Unavailable
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError

REFRESH_SECONDS = 30.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRequest:
    """Refresh the tokens of an account that come from these credentials: attempt number `attempt`."""

    named: NamedAccount
    attempt: int
    credentials: str

    @property
    def workspace(self) -> str:
        """The workspace whose deletion ends the refresh (`belongs_to`)."""
        return self.named.workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshOutcome:
    """What came of a refresh. `refused`: only a person can mend it. `failed`: it may go well later.

    `stopped`: the account has other credentials by now, or is not connected any more.
    """

    kind: Literal["refreshed", "refused", "failed", "stopped"]
    # Not in `repr`: an outcome may end in a log.
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    expires_at: datetime | None = None
    detail: str = ""
    after: float | None = None


async def refresh_tokens(request: RefreshRequest, dependencies: CollectorDependencies) -> RefreshOutcome:
    """Refresh the tokens of an account once. Never raises."""
    try:
        async with asyncio.timeout(REFRESH_SECONDS):
            outcome = await _refresh(request, dependencies)
    except CredentialsRejected as error:
        outcome = RefreshOutcome(kind="refused", detail=str(error))
    except TransientSendError as error:
        outcome = RefreshOutcome(kind="failed", detail=str(error), after=error.after)
    except PermanentSendError as error:
        outcome = RefreshOutcome(kind="failed", detail=str(error))
    except (SendOutcomeUnknown, TimeoutError, Unavailable) as error:
        outcome = RefreshOutcome(kind="failed", detail=f"no clear answer ({type(error).__name__})")
    except Exception:  # a bug in one channel must not end the refreshes of all accounts
        log.exception("token_refresh_failed", channel=request.named.channel, workspace=request.workspace)
        outcome = RefreshOutcome(kind="failed", detail="an error of ours; see the log")
    channel = channel_label(dependencies.channels, request.named.channel)
    dependencies.instruments.refreshes.labels(channel, outcome.kind).inc()
    return outcome


async def _refresh(request: RefreshRequest, dependencies: CollectorDependencies) -> RefreshOutcome:
    connected = await dependencies.reload(request.named, request.credentials)
    channel = dependencies.refreshing(request.named.channel)
    if connected is None or channel is None:
        return RefreshOutcome(kind="stopped")
    refreshed = await channel.refresh(connected.account, dependencies.time_source.now(), dependencies.http)
    return RefreshOutcome(kind="refreshed", tokens=refreshed.tokens, expires_at=refreshed.expires_at)
