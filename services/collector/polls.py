"""Polling: the timer of each polled account, the start of a poll, and what its result changes."""

from dataclasses import replace
from datetime import timedelta

from schemas.accounts import AccountChanged
from services.collector import reads
from services.collector.context import CollectorContext, NamedAccount, named_by_timer
from services.collector.domain.schedule import FIRST_POLL_RETRY, MAX_POLL_RETRY, pause_after
from services.collector.health import decide_health
from services.collector.polling import POLL_SECONDS, PollOutcome, PollRequest
from services.platform.processing.inputs import EffectCompleted, ReceivedEvent, TimerFired
from services.records.accounts import ACCOUNT_CHECKS
from services.records.polls import POLLS, Poll
from services.records.tokens import credentials_digest

GIVEN_UP_AFTER = timedelta(seconds=POLL_SECONDS + 5)
"""A poll without a result by then is lost with its process: the next one begins."""

FETCHED_AT_ONCE, MAX_FETCH = 20, 1_000
"""How much of what webhooks named one poll reads, and how much waits at most: the latest."""


def timer_name(named: NamedAccount) -> str:
    """The timer by which an account is polled."""
    return f"poll/{named.id}"


def keep_polling(context: CollectorContext, named: NamedAccount) -> None:
    """Begin to poll an account that is to be polled, unless this owner does already; end the polling of any other."""
    connected = context.connected(named)
    poll = context.work.get(POLLS, named.id)
    if connected is None or context.dependencies.polling(named.channel, connected.body) is None:
        _stop(context, named, poll)
        return
    digest = credentials_digest(connected.body)
    if poll is None or poll.credentials != digest:
        start(context, named, replace(poll or Poll(), credentials=digest, is_begun=False, failures=0))
    # After a failure the timer stands: a new owner asks the platform no sooner than the last one would have.
    elif named.id not in context.polls.polled and not poll.failures:
        start(context, named, poll)


def _stop(context: CollectorContext, named: NamedAccount, poll: Poll | None) -> None:
    context.work.cancel_timer(timer_name(named))
    context.polls.end(named.id)
    if poll is None:
        return
    if context.connected(named) is None:
        context.work.delete(POLLS, named.id)
    elif poll.credentials:
        # The result of a poll that still runs belongs to no attempt then. The cursor stays for the next time.
        context.work.put(POLLS, named.id, replace(poll, attempt=poll.attempt + 1, credentials="", is_begun=False))


def start(context: CollectorContext, named: NamedAccount, poll: Poll) -> None:
    """Begin the next poll. Its timer begins another one, should this one be lost with its process."""
    attempt = poll.attempt + 1
    context.work.put(POLLS, named.id, replace(poll, attempt=attempt))
    context.polls.begin(named.id)
    context.work.set_timer(timer_name(named), context.now + GIVEN_UP_AFTER, named.data())
    request = PollRequest(
        named=named,
        attempt=attempt,
        cursor=poll.cursor,
        credentials=poll.credentials,
        is_begun=poll.is_begun,
        fetch=poll.fetch[:FETCHED_AT_ONCE],
    )
    context.work.schedule_effect(timer_name(named), request)


def on_poll_timer(context: CollectorContext, timer: TimerFired) -> None:
    """The pause is over, or the result of the last poll did not come."""
    named = named_by_timer(timer)
    poll = context.work.get(POLLS, named.id)
    if poll is not None and poll.credentials:
        start(context, named, poll)


def on_poll_now(context: CollectorContext, received: ReceivedEvent) -> None:
    """The platform has something for us: poll at once, or once more after the poll that runs."""
    named = reads.named_by(received)
    poll = context.work.get(POLLS, named.id)
    if poll is None or not poll.credentials:
        return
    fetch = received.event.payload_as(AccountChanged).fetch
    if fetch:
        poll = replace(poll, fetch=tuple(dict.fromkeys((*poll.fetch, *fetch)))[-MAX_FETCH:])
        context.work.put(POLLS, named.id, poll)
    if named.id in context.polls.running:
        context.polls.again.add(named.id)
    # After a failure the platform has asked for the pause, or would fail again.
    elif not poll.failures:
        start(context, named, poll)


def on_poll_result(context: CollectorContext, completed: EffectCompleted) -> None:
    """A poll ended: the cursor is committed, and the next poll has its time."""
    request: PollRequest = completed.request
    outcome: PollOutcome = completed.result
    named = request.named
    poll, check = context.work.get(POLLS, named.id), context.check(named.id)
    if poll is None or check is None or poll.attempt != request.attempt:
        return
    context.polls.running.discard(named.id)
    if outcome.kind == "stopped":
        # The change of the account is on its way as an event, or its workspace is being deleted.
        context.polls.end(named.id)
        context.work.cancel_timer(timer_name(named))
        return
    after = _after(poll, request, outcome)
    context.work.put(POLLS, named.id, after)
    _schedule_next(context, named, after, outcome)
    error = outcome.error
    if outcome.kind != "unclear" and (error.detail if error else None) != check.poll_error:
        check = replace(check, poll_error=error.detail if error else None, poll_reason=error.reason if error else None)
        context.work.put(ACCOUNT_CHECKS, named.id, check)
        decide_health(context, named.id, check)


def _after(poll: Poll, request: PollRequest, outcome: PollOutcome) -> Poll:
    if outcome.kind == "fetched":
        fetch = tuple(name for name in poll.fetch if name not in request.fetch)
        return replace(poll, cursor=outcome.cursor, failures=0, is_begun=outcome.is_begun, fetch=fetch)
    return replace(poll, failures=poll.failures + 1, is_begun=outcome.is_begun)


def _schedule_next(context: CollectorContext, named: NamedAccount, poll: Poll, outcome: PollOutcome) -> None:
    if outcome.kind != "fetched":
        pause = pause_after(poll.failures, FIRST_POLL_RETRY, MAX_POLL_RETRY, outcome.after)
    elif outcome.has_more or poll.fetch or named.id in context.polls.again:
        pause = timedelta()
    else:
        pause = _interval(context, named)
    if pause > timedelta():
        context.work.set_timer(timer_name(named), context.now + pause, named.data())
    else:
        start(context, named, poll)


def _interval(context: CollectorContext, named: NamedAccount) -> timedelta:
    channel = context.dependencies.abilities.polls.get(named.channel)
    return channel.interval if channel is not None else MAX_POLL_RETRY
