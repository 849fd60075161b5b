"""The effect that polls an account: fetches what came after the cursor, and publishes it. It runs outside of any batch.

The cursor goes into the store only behind this: when the process dies in between, the next owner of the partition fetches
the same events again, and their activities have the same ids.
"""

import asyncio
from dataclasses import dataclass
from typing import Literal

import structlog

from services.channels.port import CredentialsRejected, PollResult
from services.channels.registry import channel_label
from services.collector.context import CollectorDependencies, NamedAccount
from services.domain.account_phrases import AccountFinding, finding
from services.platform.core.errors import Unavailable, Unknown
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError

POLL_SECONDS = 60.0
"""The most that one poll may take, with the publishing of its events."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRequest:
    """Poll an account with these credentials, from the cursor on: attempt number `attempt`. `is_begun`: see `Poll`.

    `fetch` is read first.
    """

    named: NamedAccount
    attempt: int
    cursor: str | None
    credentials: str
    is_begun: bool
    fetch: tuple[str, ...] = ()

    @property
    def workspace(self) -> str:
        """The workspace whose deletion ends the poll (`belongs_to`)."""
        return self.named.workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """What came of a poll.

    `fetched`: all up to `cursor` is on the bus. `failed`: the platform refused, and `error` says why. `unclear`: no clear
    answer came, or our own store or bus was away. `stopped`: the account is no longer polled, or is another one now.
    """

    kind: Literal["fetched", "failed", "unclear", "stopped"]
    cursor: str | None = None
    has_more: bool = False
    is_begun: bool = False
    error: AccountFinding | None = None
    after: float | None = None


async def poll_account(request: PollRequest, dependencies: CollectorDependencies) -> PollOutcome:
    """Poll an account once. Never raises."""
    started = dependencies.time_source.monotonic()
    outcome = await _outcome(request, dependencies)
    channel = channel_label(dependencies.channels, request.named.channel)
    dependencies.instruments.polls.labels(channel, outcome.kind).inc()
    elapsed = dependencies.time_source.monotonic() - started
    dependencies.instruments.poll_seconds.labels(channel).observe(max(0.0, elapsed))
    return outcome


async def _outcome(request: PollRequest, dependencies: CollectorDependencies) -> PollOutcome:
    begun = request.is_begun
    try:
        async with asyncio.timeout(POLL_SECONDS):
            return await _poll(request, dependencies)
    except CredentialsRejected as error:
        found = finding("fetching_refused", said=str(error))
        return PollOutcome(kind="failed", is_begun=begun, error=found)
    except PermanentSendError as error:
        if error.code == "conflict":
            # A webhook may have been set meanwhile: the platform is asked again to store events.
            return PollOutcome(kind="failed", error=finding("fetched_by_other", said=str(error)))
        return PollOutcome(kind="failed", is_begun=begun, error=finding("fetching_failed", said=str(error)))
    except TransientSendError as error:
        found = finding("fetching_failed", said=str(error))
        return PollOutcome(kind="failed", is_begun=begun, error=found, after=error.after)
    except (SendOutcomeUnknown, TimeoutError, Unavailable, Unknown) as error:
        # Nothing is lost: the cursor stays, and the next poll fetches and publishes the same events.
        log.info("poll_unclear", account=f"{request.workspace}/{request.named.channel}", reason=type(error).__name__)
        return PollOutcome(kind="unclear", is_begun=begun)
    except Exception:  # a bug in one channel must not end the polling of the account, nor that of others
        log.exception("poll_failed", channel=request.named.channel, workspace=request.workspace)
        return PollOutcome(kind="unclear", is_begun=begun)


async def _poll(request: PollRequest, dependencies: CollectorDependencies) -> PollOutcome:
    connected = await dependencies.reload(request.named, request.credentials)
    channel = dependencies.polling(request.named.channel, connected.account.body) if connected is not None else None
    # Whoever changes the account publishes that, which begins the next attempt.
    if connected is None or channel is None:
        return PollOutcome(kind="stopped")
    if not request.is_begun:
        # Once per credentials: a platform may store events only while no webhook is set.
        await channel.begin_polling(connected.account, dependencies.http)
    fetching = dependencies.abilities.fetches.get(request.named.channel) if request.fetch else None
    if fetching is not None:
        read = PollResult(await fetching.fetch(request.fetch, connected.account, dependencies.http), request.cursor)
        if not await _publish(request, read, dependencies):
            return PollOutcome(kind="stopped")
    fetched = await channel.poll(connected.account, dependencies.http, request.cursor)
    if fetched.bodies and not await _publish(request, fetched, dependencies):
        return PollOutcome(kind="stopped")
    return PollOutcome(kind="fetched", cursor=fetched.cursor, has_more=fetched.has_more, is_begun=True)


async def _publish(request: PollRequest, fetched: PollResult, dependencies: CollectorDependencies) -> bool:
    """Publish what was fetched, if the account is still the one that was polled. Raises Unavailable, Unknown."""
    # The poll may have waited long: the account may be disconnected by now, its workspace deleted, or the bot another one.
    connected = await dependencies.reload(request.named, request.credentials)
    if connected is None or dependencies.polling(request.named.channel, connected.account.body) is None:
        return False
    channel = dependencies.channels[request.named.channel]
    for body in fetched.bodies:
        await dependencies.publish_body(channel, connected, body)
    return True
