"""The processor `collector`: looks after every connected account, by a timer for each thing that an account needs.

The partition of an account is that of its id, and the owner of a partition alone polls, probes and renews there: so the
partition is the lease. What talks to a platform is an effect, which holds nothing up; a timer repeats it when it is lost
with its process. Signs of trouble that others write (holds of the sender, forged calls) are read every few seconds.
"""

from schemas.accounts import ACCOUNT_CHANGED, ACCOUNT_SENDING_CHANGED, CHECK_ACCOUNTS, POLL_NOW
from services.collector import accounts, polls, reads, silence, tokens
from services.collector.accounts import CHECK_TIMER, SWEEP_TIMER
from services.collector.context import CollectorContext, CollectorDependencies, NamedAccount, PollsInFlight
from services.collector.polling import PollOutcome, PollRequest, poll_account
from services.collector.probe import ProbeResult, probe_account
from services.collector.refreshing import RefreshOutcome, RefreshRequest, refresh_tokens
from services.platform.processing.processor import EffectHandler, Handler, Processor
from services.platform.processing.unit_of_work import Effect
from services.records.accounts import ACCOUNT_CHECKS, WRITER
from services.records.polls import POLLS
from services.records.silence import ACCOUNT_HISTORIES
from services.records.tokens import ACCOUNT_TOKENS


async def _probe(dependencies: CollectorDependencies, effect: Effect) -> ProbeResult:
    """Probe an account at its platform. Never raises."""
    named: NamedAccount = effect.request
    return await probe_account(named, dependencies)


async def _poll(dependencies: CollectorDependencies, effect: Effect) -> PollOutcome:
    """Poll an account, and publish what came. Never raises."""
    request: PollRequest = effect.request
    return await poll_account(request, dependencies)


async def _refresh(dependencies: CollectorDependencies, effect: Effect) -> RefreshOutcome:
    """Refresh the tokens of an account. Never raises."""
    request: RefreshRequest = effect.request
    return await refresh_tokens(request, dependencies)


EVERY_ACCOUNT = (reads.every_head, reads.every_configuration, reads.every_record)

PROCESSOR: Processor[CollectorDependencies, PollsInFlight, CollectorContext] = Processor(
    group=WRITER,
    topics=("accounts",),
    context=CollectorContext,
    memory=PollsInFlight,
    handlers={
        ACCOUNT_CHANGED: Handler(accounts.on_account_changed, (reads.written, reads.configuration)),
        ACCOUNT_SENDING_CHANGED: Handler(accounts.on_sending_changed, (reads.health,)),
        CHECK_ACCOUNTS: Handler(accounts.on_start, EVERY_ACCOUNT),
        POLL_NOW: Handler(polls.on_poll_now, (reads.poll,)),
    },
    timers={
        CHECK_TIMER: Handler(accounts.on_check_timer, (reads.signs_of_trouble, reads.health_of_troubled)),
        SWEEP_TIMER: Handler(accounts.on_sweep_timer, EVERY_ACCOUNT),
        "poll/": Handler(polls.on_poll_timer, (reads.poll_due,)),
        "refresh/": Handler(tokens.on_refresh_timer, (reads.tokens_due,)),
        "silence/": Handler(silence.on_silence_timer, (reads.hour_over, reads.configuration_of_hour)),
    },
    effects={
        "probe/": EffectHandler(
            _probe, Handler(accounts.on_probe_result, (reads.probed, reads.configuration_of_probed)), is_repeatable=True
        ),
        "poll/": EffectHandler(
            _poll, Handler(polls.on_poll_result, (reads.polled, reads.health_of_polled)), is_repeatable=True
        ),
        # Its result is waited for: a platform may have made the refresh token of before void.
        "refresh/": EffectHandler(_refresh, Handler(tokens.on_refresh_result, (reads.refreshed,))),
    },
    collections=(ACCOUNT_CHECKS, ACCOUNT_HISTORIES, ACCOUNT_TOKENS, POLLS),
)
