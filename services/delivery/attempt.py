"""One attempt to send a message or to perform an action, outside of any batch.

It reads the account, calls the channel and returns the result.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from schemas.configuration import WorkspaceConfiguration
from schemas.outbound import ChannelAction, Outbound, OutboundMessage
from services.channels.abilities import Abilities
from services.channels.port import Account, Channel, CredentialsRejected, OutgoingFile, SendReceipt
from services.channels.registry import account_rules, channel_label
from services.delivery.domain.outcomes import (
    SEND_TIMEOUT,
    AttemptResult,
    extra_time,
    is_repeatable,
    outcome_unknown,
    within_send_window,
)
from services.delivery.files import open_files
from services.delivery.instruments import DeliveryInstruments
from services.delivery.judgement import SenderRules, judge_again
from services.platform.core.errors import Unavailable
from services.platform.core.time_source import TimeSource
from services.platform.http.fair_share import ConnectionShares, NoConnection
from services.platform.http.outgoing import HttpClient, PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.platform.processing.unit_of_work import Reader
from services.records.configuration import Configurations
from services.records.tokens import read_account_tokens

log = structlog.get_logger(__name__)

TYPING_SHOWN_FOR = timedelta(seconds=10)
"""How long after its acceptance `typing` is still worth showing."""

CALL_WAITS_FOR = timedelta(minutes=1)
"""How long after its acceptance an agent still expects that a call rings."""

ACCOUNT_MISSING = AttemptResult(kind="refused", code="account_missing")


@dataclass(frozen=True, slots=True)
class SendDependencies:
    """What an attempt needs of its process. `channels` maps the name of each channel to its adapter, `abilities` are theirs."""

    channels: Mapping[str, Channel]
    abilities: Abilities
    http: HttpClient
    store: Reader
    time_source: TimeSource
    instruments: DeliveryInstruments
    configurations: Configurations = field(default_factory=Configurations)
    shares: ConnectionShares = field(default_factory=ConnectionShares)


async def attempt(message: Outbound, committed: datetime, dependencies: SendDependencies) -> AttemptResult:
    """Send a message or perform an action once, if `committed` (the time of its `sending`) is recent enough. Never raises."""
    started = dependencies.time_source.monotonic()
    result = await _attempt(message, committed, dependencies)
    channel = channel_label(dependencies.channels, message.channel)
    dependencies.instruments.attempts.labels(channel, result.kind).inc()
    dependencies.instruments.duration.labels(channel).observe(max(0.0, dependencies.time_source.monotonic() - started))
    return result


async def _attempt(message: Outbound, committed: datetime, dependencies: SendDependencies) -> AttemptResult:
    try:
        prepared = await _prepare(message, dependencies)
    except Unavailable:
        return AttemptResult(kind="not_started", detail="what the message is judged by could not be read")
    if isinstance(prepared, AttemptResult):
        return prepared
    # After the reads, which may have taken long: a late attempt could reach the customer when another owner of
    # the partition has settled it as unknown already.
    now = dependencies.time_source.now()
    if not within_send_window(committed, now):
        log.warning("send_too_late", message=message.id)
        return AttemptResult(kind="not_started", detail="the attempt came too late to be safe")
    if isinstance(message, ChannelAction) and (refusal := _refuse_action(message, now)):
        return refusal
    return await _call(prepared, dependencies)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What an attempt sends, by what and from where. The message has the tag of the window that is open now.

    `files` are those that the channel uploads; none for one that only names them.
    """

    channel: Channel
    account: Account
    message: Outbound
    files: Sequence[OutgoingFile] = ()


async def _prepare(message: Outbound, dependencies: SendDependencies) -> _Prepared | AttemptResult:
    """What there is to send now, or why there is nothing. Raises Unavailable."""
    channel = dependencies.channels.get(message.channel)
    # Read at the last moment: credentials rest in the configuration alone, and not in the message or its effect.
    configuration = await _configuration(message, dependencies)
    account = await _read_account(message, configuration, dependencies)
    if channel is None or configuration is None or account is None or _has_missing_credentials(channel, account):
        return ACCOUNT_MISSING
    if isinstance(message, ChannelAction):
        return _Prepared(channel, account, message)
    capabilities = dependencies.abilities.capabilities_of(channel, account.body)
    rules = SenderRules(capabilities, configuration.profile.body.timezone)
    judged = await judge_again(message, rules, dependencies.store, dependencies.time_source.now())
    if isinstance(judged, AttemptResult):
        return judged
    uploads = bool(judged.attachments) and channel.name in dependencies.abilities.file_senders
    try:
        files = await open_files(dependencies.store, judged) if uploads else ()
    except PermanentSendError as error:
        return AttemptResult(kind="refused", code=error.code, detail=str(error))
    return _Prepared(channel, account, judged, files)


async def _configuration(message: Outbound, dependencies: SendDependencies) -> WorkspaceConfiguration | None:
    configurations = await dependencies.configurations.current(dependencies.store, [message.workspace])
    return configurations.get(message.workspace)


async def _read_account(
    message: Outbound, configuration: WorkspaceConfiguration | None, dependencies: SendDependencies
) -> Account | None:
    stored = configuration.accounts.get(f"{message.channel}/{message.account}") if configuration else None
    if stored is None:
        return None
    account = Account(message.workspace, message.channel, message.account, stored.body)
    if message.channel not in dependencies.abilities.refreshes:
        return account
    tokens = await read_account_tokens(dependencies.store, account.workspace, account.channel, account.id, stored.body)
    return replace(account, tokens=tokens)


def _has_missing_credentials(channel: Channel, account: Account) -> bool:
    rules = account_rules(channel)
    return any(pointer.startswith("/credentials") for pointer, _ in rules.problems(account.body))


def _refuse_action(action: ChannelAction, now: datetime) -> AttemptResult | None:
    """Why an action is not worth a call, as its result."""
    if action.kind == "call":
        is_late = now - action.accepted_at > CALL_WAITS_FOR
        return AttemptResult(kind="refused", code="too_late_to_call") if is_late else None
    if action.message is not None and action.platform_id is None:
        return AttemptResult(kind="refused", code="not_sent")
    if action.kind == "typing" and now - action.accepted_at > TYPING_SHOWN_FOR:
        return AttemptResult(kind="refused", code="too_late")
    return None


async def _call(prepared: _Prepared, dependencies: SendDependencies) -> AttemptResult:
    channel, account, message = prepared.channel, prepared.account, prepared.message
    started_at = dependencies.time_source.now()
    try:
        # The timeout includes the wait for a free connection, so that the whole attempt ends within `SEND_TIMEOUT`.
        async with (
            asyncio.timeout((SEND_TIMEOUT + extra_time(message, channel.capabilities)).total_seconds()),
            dependencies.shares.acquire(account.workspace, f"{account.channel}/{account.id}"),
        ):
            receipt = await _hand_over(prepared, dependencies)
    except NoConnection as error:
        return AttemptResult(kind="not_started", detail=str(error))
    except TransientSendError as error:
        return AttemptResult(kind="retryable", after=error.after, scope=error.scope, detail=str(error))
    except PermanentSendError as error:
        if error.code == "not_found" and isinstance(message, ChannelAction) and message.kind == "delete":
            # What is not there any more is deleted: by somebody else, or by an attempt whose answer was lost.
            return AttemptResult(kind="sent", platform_id=message.platform_id)
        return AttemptResult(
            kind="refused", code=error.code, detail=str(error), status=error.status, reason=error.reason
        )
    except CredentialsRejected as error:
        return AttemptResult(kind="unauthorized", detail=str(error), status=error.status)
    except (SendOutcomeUnknown, TimeoutError):
        # The request may have gone out, and no answer came back: the platform may have the message.
        return outcome_unknown(repeatable=is_repeatable(message, channel.capabilities))
    except Exception:  # a bug of the channel, before or after the platform accepted the message
        log.exception("channel_send_failed", message=message.id, channel=message.channel)
        return outcome_unknown(repeatable=is_repeatable(message, channel.capabilities))
    return AttemptResult(
        kind="sent",
        platform_id=receipt.platform_id,
        address=receipt.address,
        aliases=receipt.aliases,
        further_ids=receipt.further_ids,
        started_at=started_at,
        person=receipt.person,
    )


async def _hand_over(prepared: _Prepared, dependencies: SendDependencies) -> SendReceipt:
    """Send a message, or perform an action. Raises as `Channel.send`."""
    channel, account, message, files = prepared.channel, prepared.account, prepared.message, prepared.files
    http = dependencies.http
    if isinstance(message, OutboundMessage):
        uploader = dependencies.abilities.file_senders.get(channel.name)
        if files and uploader is not None:
            return await uploader.send_files(message, files, account, http)
        return await channel.send(message, account, http)
    performer = dependencies.abilities.actions.get(channel.name)
    if performer is None:
        raise PermanentSendError("unsupported", f"{channel.name} performs no actions")
    return await performer.perform(message, account, http)
