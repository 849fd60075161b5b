"""Begins and ends holds: a chat or an account waits, then its messages go on, in order and page by page."""

from dataclasses import replace
from datetime import datetime

from schemas.accounts import AccountChanged
from schemas.channel import Scope
from schemas.values import Failure
from services.delivery.context import HoldTimerPayload, SendContext, set_hold_timer
from services.delivery.domain import holds
from services.delivery.start import send, start
from services.domain.account_sends import AccountSends
from services.records.sends import ACCOUNT_SENDS, SendRecord

RELEASE_BATCH_SIZE = 200
"""How many messages go on in one batch after a hold."""


def hold_for_limit(context: SendContext, record: SendRecord, scope: Scope, until: datetime) -> None:
    """Hold the chat of a message, or its whole account, until a time that the platform named."""
    sends_id, before = context.account_sends(record.message)
    chat = record.message.address.chat
    after = holds.with_limit(before, chat, scope, until, context.now)
    context.put_account_sends(sends_id, before, after)
    set_hold_timer(context, HoldTimerPayload(account=sends_id, chat=chat), after.chats[chat])
    if after.held_for == "limit" and after.held_until is not None:
        set_hold_timer(context, HoldTimerPayload(account=sends_id), after.held_until)
        if before.held_for is None:
            _emit_sending_changed(context, after)


def hold_for_credentials(context: SendContext, record: SendRecord, error: Failure) -> None:
    """Hold the account of a message whose credentials were refused; the message waits with the others."""
    sends_id, before = context.account_sends(record.message)
    after = holds.with_lock(before, record.message.id, error, context.now)
    context.put_account_sends(sends_id, before, after)
    # Without a first attempt: the day after which a message is given up begins when its account is let in again.
    context.put_send(replace(record, state="waiting", due_at=None, hold=sends_id, first_tried_at=None))
    set_hold_timer(context, HoldTimerPayload(account=sends_id), after.held_until or context.now)
    if not holds.is_locked(before):
        _emit_sending_changed(context, after)


def end_hold(context: SendContext, hold: HoldTimerPayload) -> None:
    """The timer of a hold fired: the messages that wait for it go on, unless the hold was made longer meanwhile."""
    sends = context.work.get(ACCOUNT_SENDS, hold.account)
    if sends is None:
        return
    until = sends.held_until if hold.chat is None else sends.chats.get(hold.chat)
    if until is not None and until > context.now:
        set_hold_timer(context, hold, until)
    elif hold.chat is None and holds.is_locked(sends):
        probe(context, hold.account)
    else:
        if hold.chat is None and sends.held_for is not None:
            context.put_account_sends(hold.account, sends, holds.without_hold(sends))
            _emit_sending_changed(context, sends)
        _release(context, hold)


def _release(context: SendContext, hold: HoldTimerPayload) -> None:
    """Let one page of the messages that wait for a hold go on; a timer that is due now lets the next page go on."""
    page = context.held_by(hold.hold_id)[:RELEASE_BATCH_SIZE]
    for record in page:
        start(context, replace(record, hold=None))
    if len(page) == RELEASE_BATCH_SIZE:
        set_hold_timer(context, hold, context.now)


def probe(context: SendContext, sends_id: str) -> None:
    """Send the oldest message that waits for a locked account, to see whether the platform accepts the credentials now."""
    sends = context.work.get(ACCOUNT_SENDS, sends_id)
    if sends is None or not holds.is_locked(sends):
        return
    waiting = context.held_by(sends_id)
    if not waiting:
        # No message to probe with: the account opens, and the next message that comes is the probe.
        context.put_account_sends(sends_id, sends, holds.without_hold(sends))
        return
    after = holds.with_probe(sends, waiting[0].message.id, context.now)
    context.put_account_sends(sends_id, sends, after)
    set_hold_timer(context, HoldTimerPayload(account=sends_id), after.held_until or context.now)
    send(context, waiting[0])


def open_probed_account(context: SendContext, record: SendRecord) -> None:
    """End the hold of a locked account if this message was its probe, and its credentials were accepted."""
    sends_id, sends = context.account_sends(record.message)
    if holds.is_locked(sends) and sends.probe == record.message.id:
        context.put_account_sends(sends_id, sends, holds.without_hold(sends))
        set_hold_timer(context, HoldTimerPayload(account=sends_id), context.now)
        _emit_sending_changed(context, sends)


def _emit_sending_changed(context: SendContext, sends: AccountSends) -> None:
    """Let the processor `accounts` decide now how healthy the account is."""
    changed = AccountChanged(workspace=sends.workspace, channel=sends.channel, account=sends.account)
    context.work.emit("pasokh.control.account_sending_changed", sends.workspace, changed, topic="accounts")
