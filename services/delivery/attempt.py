"""One attempt to send, outside of any batch: reads the account, calls the channel, returns the result."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from schemas.outbound import OutboundMessage
from services.channels.port import Account, Channel, CredentialsRejected
from services.delivery.domain.outcomes import SEND_TIMEOUT, AttemptResult, outcome_unknown, within_send_window
from services.delivery.instruments import DeliveryInstruments
from services.platform.core.errors import Unavailable
from services.platform.core.time_source import TimeSource
from services.platform.http.fair_share import NoConnection, Shares
from services.platform.http.outgoing import Http, PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.platform.processing.unit_of_work import Reader
from services.records.configuration import Configurations

log = structlog.get_logger(__name__)

ACCOUNT_MISSING = AttemptResult(
    kind="refused",
    code="account_missing",
    detail="The account is not connected (any more) or has no usable credentials; connect it and answer again.",
)


@dataclass(frozen=True, slots=True)
class SendDependencies:
    """The clients, channels and clock that an attempt uses."""

    channels: Mapping[str, Channel]
    http: Http
    store: Reader
    time_source: TimeSource
    instruments: DeliveryInstruments
    configurations: Configurations = field(default_factory=Configurations)
    shares: Shares = field(default_factory=Shares)


async def attempt(message: OutboundMessage, committed: datetime, outside: SendDependencies) -> AttemptResult:
    """Send a message once if `committed` is recent enough. Never raises: every outcome is a `Result`.

    Credentials are read at this moment, so that they are stored nowhere but in the configuration.
    """
    started = outside.time_source.monotonic()
    result = await _attempted(message, committed, outside)
    channel = message.channel if message.channel in outside.channels else "unknown"
    outside.instruments.attempts.labels(channel, result.kind).inc()
    outside.instruments.duration.labels(channel).observe(max(0.0, outside.time_source.monotonic() - started))
    return result


async def _attempted(message: OutboundMessage, committed: datetime, outside: SendDependencies) -> AttemptResult:
    channel = outside.channels.get(message.channel)
    try:
        account = await _account(message, outside)
    except Unavailable:
        return AttemptResult(kind="not_started", detail="the configuration could not be read")
    if channel is None or account is None or _has_missing_credentials(channel, account):
        return ACCOUNT_MISSING
    if not within_send_window(committed, outside.time_source.now()):
        log.warning("send_too_late", message=message.id)
        return AttemptResult(kind="not_started", detail="the attempt came too late to be safe")
    return await _sent(channel, message, account, outside)


async def _account(message: OutboundMessage, outside: SendDependencies) -> Account | None:
    configurations = await outside.configurations.current(outside.store, [message.workspace])
    if message.workspace not in configurations:
        return None
    stored = configurations[message.workspace].accounts.get(f"{message.channel}/{message.account}")
    return Account(message.workspace, message.channel, message.account, stored.body) if stored else None


def _has_missing_credentials(channel: Channel, account: Account) -> bool:
    return any(pointer.startswith("/credentials") for pointer, _ in channel.check_account(account.body))


async def _sent(
    channel: Channel, message: OutboundMessage, account: Account, outside: SendDependencies
) -> AttemptResult:
    try:
        # The timeout includes waiting for a free connection: the sender must be done within `SEND_TIMEOUT` (`outcomes`).
        async with (
            asyncio.timeout(SEND_TIMEOUT.total_seconds()),
            outside.shares.held(account.workspace, f"{account.channel}/{account.id}"),
        ):
            receipt = await channel.send(message, account, outside.http)
    except NoConnection as error:
        return AttemptResult(kind="not_started", detail=str(error))
    except TransientSendError as error:
        return AttemptResult(kind="retryable", after=error.after, scope=error.scope, detail=str(error))
    except PermanentSendError as error:
        return AttemptResult(kind="refused", code=error.code, detail=str(error), status=error.status)
    except CredentialsRejected as error:
        return AttemptResult(kind="unauthorized", detail=str(error), status=error.status)
    except (SendOutcomeUnknown, TimeoutError):
        return outcome_unknown(channel.capabilities)
    except Exception:  # a bug in the channel may have happened before or after the platform accepted the message
        log.exception("channel_send_failed", message=message.id, channel=message.channel)
        return outcome_unknown(channel.capabilities)
    return AttemptResult(kind="sent", platform_id=receipt.platform_id, address=receipt.address)
