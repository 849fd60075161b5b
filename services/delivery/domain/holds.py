"""Holds: pauses of a chat or an account that a platform demanded. Pure: an account's state in, the new one out.

A rate limit first counts for the chat that met it. It becomes the account's when a second chat meets one while the
first still waits, or when the platform says so. An account whose credentials are refused is held until a message gets
through: one message at a time probes the account, the others wait.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from schemas.channel import Scope
from schemas.outbound import Outbound
from schemas.values import Failure
from services.delivery.domain.outcomes import (
    ASSUME_UNKNOWN_AFTER,
    OUTCOME_UNKNOWN,
    Failed,
    Locked,
    Outcome,
    Retry,
    Sent,
    probe_after,
)
from services.domain.account_sends import AccountSends

RECORD_INTERVAL = timedelta(seconds=10)
# Longer than `ASSUME_UNKNOWN_AFTER`: a probe that was lost with its process is settled as unknown, which opens the
# account, before another message probes it. Two probes at a time would double what a locked account costs.
PROBE_WITHIN = ASSUME_UNKNOWN_AFTER + timedelta(seconds=5)


def account_sends_id(partition: int, message: Outbound) -> str:
    """The id of the account's `AccountSends` in a partition."""
    # Each partition has a document of its own: the persons of an account are spread over all partitions, and a document
    # that several partitions wrote would let one commit undo another's hold.
    return f"{partition}/{message.workspace}/{message.channel}:{message.account}"


def initial_sends(partition: int, message: Outbound) -> AccountSends:
    """The state of the message's account before its first message."""
    return AccountSends(
        workspace=message.workspace, channel=message.channel, account=message.account, partition=partition
    )


def find_hold(sends: AccountSends, sends_id: str, chat: str, now: datetime) -> str | None:
    """The id of the hold that a message to this chat waits for; None: it may be sent. `sends_id`: the id of `sends`."""
    if is_locked(sends) or (sends.held_until is not None and sends.held_until > now):
        return sends_id
    # After the account's hold: who waits for the account meets the chat's hold when the account's ends.
    until = sends.chats.get(chat)
    return chat_hold_id(sends_id, chat) if until is not None and until > now else None


def chat_hold_id(sends_id: str, chat: str) -> str:
    """The id of a chat's hold."""
    return f"{sends_id}/{chat}"


def is_locked(sends: AccountSends) -> bool:
    """Whether the platform refuses the account's credentials."""
    return sends.held_for == "credentials"


def after_outcome(sends: AccountSends, message: Outbound, outcome: Outcome, now: datetime) -> AccountSends:
    """The state after an attempt to send a message."""
    if not isinstance(outcome, Locked) and is_locked(sends) and sends.probe == message.id:
        # Any other outcome of the probe, even a refusal of this one message, shows that the credentials are accepted.
        sends = without_hold(sends)
    match outcome:
        case Retry():
            is_limited = outcome.quiet != "message"
            return with_limit(sends, message.address.chat, outcome.quiet, outcome.at, now) if is_limited else sends
        case Locked():
            return with_lock(sends, message.id, outcome.error, now)
        case Sent():
            return with_success(sends, now)
        case Failed():
            return with_refusal(sends, outcome.error, now)


def with_limit(sends: AccountSends, chat: str, scope: Scope, until: datetime, now: datetime) -> AccountSends:
    """The state with a hold of the chat, or of the account, until `until`. A longer hold that runs already stays."""
    chats = {other: end for other, end in sends.chats.items() if end > now}
    chats[chat] = max(until, chats.get(chat, until))
    after = replace(sends, chats=chats)
    # Two chats under a limit at the same time: some platforms count the whole account and name the chat all the same.
    if is_locked(sends) or (scope != "account" and len(chats) == 1):
        return after
    return replace(after, held_for="limit", held_until=max(until, sends.held_until or until))


def with_lock(sends: AccountSends, message_id: str, error: Failure, now: datetime) -> AccountSends:
    """The state after the credentials were refused to a message."""
    refused = replace(sends, last_refused_at=now, last_refusal=error)
    # Attempts that ran already when the account was locked are refused too. Only the probe says something new, so only
    # its refusals count and make the pause longer.
    if is_locked(sends) and sends.probe != message_id:
        return refused
    refusals = sends.refusals + 1
    return replace(
        refused, held_for="credentials", held_until=now + probe_after(refusals), refusals=refusals, probe=None
    )


def with_probe(sends: AccountSends, message_id: str, now: datetime) -> AccountSends:
    """The state while a message probes a locked account. After `PROBE_WITHIN` without a result the next one does."""
    return replace(sends, probe=message_id, held_until=now + PROBE_WITHIN)


def without_hold(sends: AccountSends) -> AccountSends:
    """The state without a hold of the account. Its chats may still be held."""
    return replace(sends, held_for=None, held_until=None, probe=None, refusals=0)


def with_success(sends: AccountSends, now: datetime) -> AccountSends:
    """The state after a successful send; `sends` itself when the last one was recorded within `RECORD_INTERVAL`."""
    last = sends.last_sent_at
    return sends if last is not None and now - last < RECORD_INTERVAL else replace(sends, last_sent_at=now)


def with_refusal(sends: AccountSends, error: Failure, now: datetime) -> AccountSends:
    """The state after a refused message; `sends` itself when the same error was recorded within `RECORD_INTERVAL`."""
    # An unknown outcome tells nothing of the account: the platform did not answer.
    if error == OUTCOME_UNKNOWN.error:
        return sends
    last, is_same = sends.last_refused_at, sends.last_refusal == error
    if is_same and last is not None and now - last < RECORD_INTERVAL:
        return sends
    return replace(sends, last_refused_at=now, last_refusal=error)
