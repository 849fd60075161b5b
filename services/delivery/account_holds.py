"""Writes holds with their timers, and ends them: the messages that waited go on, in order, page by page."""

from dataclasses import replace

from schemas.accounts import ACCOUNT_SENDING_CHANGED, AccountChanged
from services.delivery.context import HoldTimerPayload, SendContext, set_hold_timer
from services.delivery.domain import holds
from services.delivery.start import send, start
from services.domain.account_sends import AccountSends
from services.platform.bus.port import partition_for
from services.records.sends import ACCOUNT_SENDS

RELEASE_BATCH_SIZE = 200
"""How many messages go on in one batch after a hold."""


def put_holds(context: SendContext, sends_id: str, chat: str, before: AccountSends, after: AccountSends) -> None:
    """Write the state of an account after an outcome, and set the timers of holds that begin, grow or end with it."""
    context.put_account_sends(sends_id, before, after)
    if chat in after.chats and after.chats[chat] != before.chats.get(chat):
        set_hold_timer(context, HoldTimerPayload(account=sends_id, chat=chat), after.chats[chat])
    if (after.held_for, after.held_until) != (before.held_for, before.held_until):
        # Without an end the hold is over: its timer is due now and lets the messages that waited go on.
        set_hold_timer(context, HoldTimerPayload(account=sends_id), after.held_until or context.now)
    if after.held_for != before.held_for:
        _emit_sending_changed(context, after)


def end_hold(context: SendContext, hold: HoldTimerPayload) -> None:
    """The timer of a hold fired: the messages that wait for it go on, unless the hold was made longer meanwhile."""
    sends = context.work.get(ACCOUNT_SENDS, hold.account)
    if sends is None:
        return
    until = sends.held_until if hold.chat is None else sends.chats.get(hold.chat)
    if until is not None and until > context.now:
        # Another message met the limit meanwhile, and made the hold longer.
        set_hold_timer(context, hold, until)
    elif hold.chat is None and holds.is_locked(sends):
        # Refused credentials have no end of their own: one message finds out, and the others wait on.
        probe(context, hold.account)
    else:
        if hold.chat is None and sends.held_for is not None:
            context.put_account_sends(hold.account, sends, holds.without_hold(sends))
            _emit_sending_changed(context, sends)
        _release(context, hold)


def _release(context: SendContext, hold: HoldTimerPayload) -> None:
    """Let one page of the messages that wait for a hold go on; a timer that is due now takes the next page."""
    page = context.held_by(hold.hold_id)[:RELEASE_BATCH_SIZE]
    for record in page:
        start(context, replace(record, hold=None))
    if len(page) == RELEASE_BATCH_SIZE:
        # Perhaps there are more, and a batch must stay small.
        set_hold_timer(context, hold, context.now)


def probe(context: SendContext, sends_id: str) -> None:
    """Send the oldest message that waits for a locked account, to see whether its credentials are accepted now."""
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


def _emit_sending_changed(context: SendContext, sends: AccountSends) -> None:
    """Let the collector decide now how healthy the account is."""
    changed = AccountChanged(workspace=sends.workspace, channel=sends.channel, account=sends.account)
    collector = partition_for(changed.name, context.work.place.partitions)
    context.work.emit(ACCOUNT_SENDING_CHANGED, sends.workspace, changed, topic="accounts", partition=collector)
