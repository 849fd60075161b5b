"""Silence: hour by hour, each account is compared with its own weeks before."""

from dataclasses import replace
from datetime import datetime, timedelta

from schemas.configuration import AccountBody, Versioned, WorkspaceConfiguration
from services.collector.context import CollectorContext, NamedAccount, named_by_timer
from services.collector.domain.schedule import next_judgement
from services.collector.domain.silence import (
    NO_HISTORY,
    chance_after,
    hour_of_week,
    is_holiday,
    is_silent,
    with_week,
)
from services.collector.health import decide_health
from services.platform.processing.inputs import TimerFired
from services.records.accounts import ACCOUNT_CALLS, ACCOUNT_CHECKS, AccountCheck
from services.records.silence import ACCOUNT_HISTORIES, AccountHistory

HOUR = timedelta(hours=1)
LATE = timedelta(minutes=10)
"""A judgement that comes later than this, or skips an hour, was held up by an outage of ours: that says nothing of the
account."""


def timer_name(named: NamedAccount) -> str:
    """The timer by which an account's last hour is judged."""
    return f"silence/{named.id}"


def keep_judging(context: CollectorContext, named: NamedAccount) -> None:
    """Give an account that is connected its history and its hourly timer."""
    if context.connected(named) is None:
        return
    if context.work.get(ACCOUNT_HISTORIES, named.id) is None:
        history = AccountHistory(
            workspace=named.workspace, channel=named.channel, account=named.account, hours=NO_HISTORY
        )
        context.work.put(ACCOUNT_HISTORIES, named.id, history)
    context.work.set_timer(timer_name(named), next_judgement(named.id, context.now), named.data())


def on_silence_timer(context: CollectorContext, timer: TimerFired) -> None:
    """An hour is over: learn from it, and judge whether the account is silent."""
    named = named_by_timer(timer)
    configuration, connected = context.configuration(named), context.connected(named)
    history, check = context.work.get(ACCOUNT_HISTORIES, named.id), context.check(named.id)
    if configuration is None or connected is None or history is None or check is None:
        return
    context.work.set_timer(timer_name(named), next_judgement(named.id, context.now), named.data())
    calls = context.work.get(ACCOUNT_CALLS, named.id)
    last = calls.last_webhook_at if calls is not None else None
    history = _judged(context, configuration, connected, history, timer.due_at, last)
    context.work.put(ACCOUNT_HISTORIES, named.id, history)
    is_reported = last is not None and is_silent(history.chance) and _is_wanted(configuration)
    _note(context, named, check, last if is_reported else None)


def _judged(
    context: CollectorContext,
    configuration: WorkspaceConfiguration,
    connected: Versioned[AccountBody],
    history: AccountHistory,
    ended_at: datetime,
    last: datetime | None,
) -> AccountHistory:
    """The history after the hour that ended then; `last` is when the account heard something last."""
    began_at, before = ended_at - HOUR, history.judged_at
    had_event = last is not None and last > began_at
    is_late = context.now - ended_at > LATE or (before is not None and began_at - before > LATE)
    history = replace(history, judged_at=ended_at, chance=1.0 if is_late or had_event else history.chance)
    timezone = configuration.profile.body.timezone
    calendar = connected.body.calendar or configuration.profile.body.calendar
    is_closed = calendar is not None and is_holiday(began_at, calendar.timezone, calendar.holidays)
    if context.now - ended_at > LATE or is_closed:
        return history
    hours, hour = list(history.hours), hour_of_week(began_at, timezone)
    chance = chance_after(history.chance, hours, hour, had_event=had_event)
    hours[hour] = with_week(hours[hour], had_event=had_event)
    return replace(history, hours=tuple(hours), chance=chance)


def _is_wanted(configuration: WorkspaceConfiguration) -> bool:
    settings = configuration.profile.body.settings
    return settings is None or settings.detect_silence


def _note(context: CollectorContext, named: NamedAccount, check: AccountCheck, silent_since: datetime | None) -> None:
    if check.silent_since != silent_since:
        check = replace(check, silent_since=silent_since)
        context.work.put(ACCOUNT_CHECKS, named.id, check)
        decide_health(context, named.id, check)
