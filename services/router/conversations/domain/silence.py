"""What follows from a customer's silence after an answer: the task stops counting, then the conversation is resolved. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.channel import Pace
from schemas.configuration import DEFAULT_CHANNEL, WorkspaceConfiguration, WorkspaceSettings
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_pending
from services.domain.team_settings import overridden

RETRY_AFTER = timedelta(hours=1)
"""How soon a conversation that must not be resolved yet is considered again."""


@dataclass(frozen=True, slots=True)
class SilenceRules:
    """How long a customer may be silent until the task stops counting, and until the conversation is resolved; None: never."""

    release: timedelta
    resolve: timedelta | None


@dataclass(frozen=True, slots=True)
class DueAction:
    """What a customer's silence has led to by now, and when there may be more; None: nothing more will come of it."""

    releases: bool = False
    resolves: bool = False
    next_at: datetime | None = None


NOTHING_DUE = DueAction()


def settings_of(configuration: WorkspaceConfiguration | None, team: str | None = None) -> WorkspaceSettings:
    """The settings of a workspace, or the defaults; those of the team stand in their place."""
    profile = configuration.profile if configuration else None
    general = (profile.body.settings if profile else None) or WorkspaceSettings()
    versioned = configuration.teams.get(team) if configuration and team else None
    own = versioned.body.settings if versioned else None
    return general if own is None else overridden(general, own)


def silence_rules(
    configuration: WorkspaceConfiguration | None, case: ConversationState, paces: Mapping[str, Pace]
) -> SilenceRules:
    """The rules for a conversation, by its team and channel. Who writes a mail or a review is not there: they release at once."""
    settings, channel = settings_of(configuration, case.team), case.channel
    is_live = paces.get(channel, "chat") in {"chat", "call"}
    seconds = settings.auto_resolve_seconds
    if isinstance(seconds, dict):
        seconds = seconds.get(channel, seconds.get(DEFAULT_CHANNEL))
    return SilenceRules(
        release=timedelta(seconds=settings.pending_release_seconds if is_live else 0),
        resolve=None if seconds is None else timedelta(seconds=seconds),
    )


def due(case: ConversationState, rules: SilenceRules, now: datetime) -> DueAction:
    """What is due for a conversation. Only a pending one is silent: with any other it is our turn, or nobody's."""
    if not is_pending(case.status):
        return NOTHING_DUE
    if case.active_call is not None:
        # They talk, and have only written beside.
        return DueAction(next_at=now + RETRY_AFTER)
    # Earlier versions did not record when the answer was given.
    since = case.silent_since or case.updated_at
    release_at = since + rules.release
    resolve_at = since + rules.resolve if rules.resolve is not None else None
    if case.snoozed_until is not None:
        # It uses no unit, and the silence begins anew when it wakes.
        return NOTHING_DUE
    if resolve_at is not None and resolve_at <= now:
        if _may_resolve(case):
            return DueAction(resolves=True)
        resolve_at = now + RETRY_AFTER
    later = [at for at in (release_at, resolve_at) if at is not None and at > now]
    releases = release_at <= now and case.agent is not None
    return DueAction(releases=releases, next_at=min(later, default=None))


def _may_resolve(case: ConversationState) -> bool:
    """Whether nothing is open: no question of the customer's, no answer that failed, no hand-off."""
    hands_off = case.handoff is not None and case.handoff.state == "started"
    is_answered = case.response_tracking.open_run() is None and case.failed_answer is None
    return is_answered and not hands_off
