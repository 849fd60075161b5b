"""Who has to wait because a platform said so: a chat, or a whole account. Pure: an account's sends in, newer ones out.

A limit is taken for that of the chat which met it. The account is held when a second chat meets one while the first
still waits, or when the platform says that it means the account. An account whose credentials are refused is held
until a message gets through: one at a time is tried, the others wait.
"""

from datetime import datetime, timedelta

from schemas.channel import Scope
from schemas.outbound import OutboundMessage
from schemas.values import Failure
from services.delivery.domain.outcomes import ASSUME_UNKNOWN_AFTER, OUTCOME_UNKNOWN, probe_after
from services.records.sends import AccountSends

RECORD_INTERVAL = timedelta(seconds=10)
PROBE_WITHIN = ASSUME_UNKNOWN_AFTER + timedelta(seconds=5)


def sends_id(partition: int, message: OutboundMessage) -> str:
    """The id of what a partition knows of the account of a message."""
    return f"{partition}/{message.workspace}/{message.channel}:{message.account}"


def sends_of(partition: int, message: OutboundMessage) -> AccountSends:
    """An account of which nothing is known yet."""
    return AccountSends(
        workspace=message.workspace, channel=message.channel, account=message.account, partition=partition
    )


def hold_of(sends: AccountSends, identity: str, chat: str, now: datetime) -> str | None:
    """The hold that a message to a chat has to wait for; None when it may go. `identity`: the id of `sends`."""
    if is_locked(sends) or (sends.held_until is not None and sends.held_until > now):
        return identity
    until = sends.chats.get(chat)
    return chat_hold(identity, chat) if until is not None and until > now else None


def chat_hold(identity: str, chat: str) -> str:
    """The id of a chat's hold."""
    return f"{identity}/{chat}"


def is_locked(sends: AccountSends) -> bool:
    """Whether the platform does not let the account in."""
    return sends.held_for == "credentials"


def limited(sends: AccountSends, chat: str, scope: Scope, until: datetime, now: datetime) -> AccountSends:
    """A chat, or the account, takes nothing before `until`. A longer hold that runs already stays."""
    chats = {other: at for other, at in sends.chats.items() if at > now}
    chats[chat] = max(until, chats.get(chat, until))
    after = sends.model_copy(update={"chats": chats})
    if is_locked(sends) or (scope != "account" and len(chats) == 1):
        return after
    held_until = max(until, sends.held_until or until)
    return after.model_copy(update={"held_for": "limit", "held_until": held_until})


def locked(sends: AccountSends, message: str, error: Failure, now: datetime) -> AccountSends:
    """The account was refused. Attempts that were on their way when it was locked say nothing new."""
    refusal = {"last_refused_at": now, "last_refusal": error}
    if is_locked(sends) and sends.probe != message:
        return sends.model_copy(update=refusal)
    refusals = sends.refusals + 1
    hold = {"held_for": "credentials", "held_until": now + probe_after(refusals), "refusals": refusals, "probe": None}
    return sends.model_copy(update={**refusal, **hold})


def probing(sends: AccountSends, message: str, now: datetime) -> AccountSends:
    """A message tries whether the account is let in again; the next one does when nothing comes of it."""
    return sends.model_copy(update={"probe": message, "held_until": now + PROBE_WITHIN})


def opened(sends: AccountSends) -> AccountSends:
    """Nothing holds the account any more; its chats may still be held."""
    return sends.model_copy(update={"held_for": None, "held_until": None, "probe": None, "refusals": 0})


def with_success(sends: AccountSends, now: datetime) -> AccountSends:
    """The account has sent something: written down every few seconds."""
    last = sends.last_sent_at
    return (
        sends if last is not None and now - last < RECORD_INTERVAL else sends.model_copy(update={"last_sent_at": now})
    )


def with_rate_limited(sends: AccountSends, error: Failure, now: datetime) -> AccountSends:
    """A message of the account was refused: written down every few seconds, and when it is for another reason.

    An outcome that nobody knows is no refusal.
    """
    if error == OUTCOME_UNKNOWN.error:
        return sends
    last, same = sends.last_refused_at, sends.last_refusal == error
    if same and last is not None and now - last < RECORD_INTERVAL:
        return sends
    return sends.model_copy(update={"last_refused_at": now, "last_refusal": error})
