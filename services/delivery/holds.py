"""Holds: pauses of a chat or of a whole account that a platform demanded. Pure: the account's state in, the new one out.

A rate limit first counts for the chat that met it. It becomes the account's when a second chat meets one while the first
still waits, or when the platform says so. An account whose credentials are refused is held until a message gets through:
one message at a time probes the account, the others wait.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from schemas.channel import Scope
from schemas.outbound import OutboundMessage
from schemas.values import Failure
from services.delivery.domain.outcomes import ASSUME_UNKNOWN_AFTER, OUTCOME_UNKNOWN, probe_after
from services.records.sends import AccountSends

RECORD_INTERVAL = timedelta(seconds=10)
PROBE_WITHIN = ASSUME_UNKNOWN_AFTER + timedelta(seconds=5)


def sends_id(partition: int, message: OutboundMessage) -> str:
    """The id of the account's `AccountSends` in a partition."""
    return f"{partition}/{message.workspace}/{message.channel}:{message.account}"


def initial_sends(partition: int, message: OutboundMessage) -> AccountSends:
    """The initial state of an account."""
    return AccountSends(
        workspace=message.workspace, channel=message.channel, account=message.account, partition=partition
    )


def find_hold(sends: AccountSends, identity: str, chat: str, now: datetime) -> str | None:
    """The id of the hold that a message to this chat waits for; None when it may be sent. `identity`: the id of `sends`."""
    if is_locked(sends) or (sends.held_until is not None and sends.held_until > now):
        return identity
    until = sends.chats.get(chat)
    return chat_hold(identity, chat) if until is not None and until > now else None


def chat_hold(identity: str, chat: str) -> str:
    """The id of a chat's hold."""
    return f"{identity}/{chat}"


def is_locked(sends: AccountSends) -> bool:
    """Whether the platform refuses the account's credentials."""
    return sends.held_for == "credentials"


def limited(sends: AccountSends, chat: str, scope: Scope, until: datetime, now: datetime) -> AccountSends:
    """The state with a hold of the chat, or of the account, until `until`. A longer hold that runs already stays."""
    chats = {other: at for other, at in sends.chats.items() if at > now}
    chats[chat] = max(until, chats.get(chat, until))
    after = replace(sends, chats=chats)
    if is_locked(sends) or (scope != "account" and len(chats) == 1):
        return after
    held_until = max(until, sends.held_until or until)
    return replace(after, held_for="limit", held_until=held_until)


def locked(sends: AccountSends, message: str, error: Failure, now: datetime) -> AccountSends:
    """The state after the credentials were refused. Attempts that were already running when it was locked do not count."""
    refused = replace(sends, last_refused_at=now, last_refusal=error)
    if is_locked(sends) and sends.probe != message:
        return refused
    refusals = sends.refusals + 1
    return replace(
        refused, held_for="credentials", held_until=now + probe_after(refusals), refusals=refusals, probe=None
    )


def probing(sends: AccountSends, message: str, now: datetime) -> AccountSends:
    """The state while a message probes a locked account. Without a result within `PROBE_WITHIN` the next message probes it."""
    return replace(sends, probe=message, held_until=now + PROBE_WITHIN)


def opened(sends: AccountSends) -> AccountSends:
    """The state without a hold of the account. Its chats may still be held."""
    return replace(sends, held_for=None, held_until=None, probe=None, refusals=0)


def with_success(sends: AccountSends, now: datetime) -> AccountSends:
    """The state after a successful send, recorded at most once per `RECORD_INTERVAL`."""
    last = sends.last_sent_at
    return sends if last is not None and now - last < RECORD_INTERVAL else replace(sends, last_sent_at=now)


def with_rate_limited(sends: AccountSends, error: Failure, now: datetime) -> AccountSends:
    """The state after a refused message, recorded at most once per `RECORD_INTERVAL` and whenever the error changes.

    An unknown outcome is no refusal.
    """
    if error == OUTCOME_UNKNOWN.error:
        return sends
    last, same = sends.last_refused_at, sends.last_refusal == error
    if same and last is not None and now - last < RECORD_INTERVAL:
        return sends
    return replace(sends, last_refused_at=now, last_refusal=error)
