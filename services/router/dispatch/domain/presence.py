"""The presence of an agent: what they declared, lowered by what keeps them from answering. Pure.

`effective` is the one place that says whether an agent is there, and why not. The time of the next change follows from the
values alone, so that a timer on the record is all that a restart needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from schemas.configuration import Lowering, PresenceStatus

FORGOTTEN_AFTER = timedelta(hours=4)
"""An agent whose connection was lost for so long has to say anew that they are there: nobody is online by opening a page."""
PUSH_GRACE = timedelta(minutes=10)
"""A telephone to which notices are pushed may be out of touch for so long: offers reach its agent nevertheless."""

# In order: of two that lower equally far the first is the reason.
_LOWERED_TO: Mapping[Lowering, PresenceStatus] = {
    "connection_gone": "offline",
    "connection_lost": "away",
    "idle": "away",
    "missed_offers": "away",
}
_REASONS: Mapping[Lowering, str] = {"connection_gone": "connection_lost"}
_RANK: Mapping[PresenceStatus, int] = {"online": 0, "away": 1, "offline": 2}


@dataclass(frozen=True, slots=True)
class PresenceSettings:
    """After how long an agent who is out of touch, or touches nothing (None: never), counts as away, loses work, is offline."""

    lost_away: timedelta = timedelta(seconds=60)
    lost_return: timedelta = timedelta(seconds=300)
    lost_offline: timedelta = timedelta(seconds=900)
    idle_away: timedelta | None = None


DEFAULT_PRESENCE = PresenceSettings()


@dataclass(frozen=True, slots=True)
class PageLease:
    """When the page of an agent was last heard, when its agent last touched something, and whether notices are pushed to them."""

    beat_at: datetime
    input_at: datetime | None = None
    has_push: bool = False


@dataclass(frozen=True, slots=True)
class Presence:
    """What an agent declared, with words of their own, and what lowers it, each since when.

    `following` is what they declared to be once their work in hand is done. `has_returned`: in this absence the conversations
    that wait for them were given back already.
    """

    declared: PresenceStatus = "offline"
    words: str | None = None
    following: PresenceStatus | None = None
    lowered: Mapping[Lowering, datetime] = field(default_factory=dict)
    has_returned: bool = False

    @property
    def effective(self) -> PresenceStatus:
        """Whether the agent is there."""
        return max((self.declared, *(_LOWERED_TO[code] for code in self.lowered)), key=_RANK.__getitem__)

    @property
    def reason(self) -> str | None:
        """Why: the code of what lowered it, or the agent's own words."""
        if self.effective == self.declared:
            return self.words
        code = next(code for code, to in _LOWERED_TO.items() if code in self.lowered and to == self.effective)
        return _REASONS.get(code, code)

    def declares(self, status: PresenceStatus, words: str | None) -> "Presence":
        """The agent says this now, which lifts whatever lowered it."""
        return Presence(status, words)

    def finishes_first(self, status: PresenceStatus, words: str | None) -> "Presence":
        """The agent goes on with the work in hand, gets no other, and then is this."""
        return replace(self, words=words, following=status)

    def finished(self) -> "Presence":
        """The work in hand is done: the agent is what they said to be afterwards."""
        if self.following is None:
            return self
        return replace(self, declared=self.following, following=None)

    def lowered_by(self, code: Lowering, since: datetime) -> "Presence":
        return replace(self, lowered={**self.lowered, code: self.lowered.get(code, since)})

    def lifted(self, *codes: Lowering) -> "Presence":
        """Without these, because what caused them is over."""
        after = replace(self, lowered={code: at for code, at in self.lowered.items() if code not in codes})
        return replace(after, has_returned=False) if after.effective == "online" else after


@dataclass(frozen=True, slots=True)
class Advanced:
    """A presence with all that is due. `returns`: the conversations that wait for the agent are to be given back now.

    `forgets_lease`: the page was not heard for so long that it is not waited for any more. `next_at`: when there is more to do.
    """

    presence: Presence
    returns: bool = False
    forgets_lease: bool = False
    next_at: datetime | None = None


def advance(presence: Presence, lease: PageLease | None, settings: PresenceSettings, now: datetime) -> Advanced:
    """What time has done to a presence. `lease` is None for agents whose desk does not tell us that it is there."""
    after, changes = presence, _lease_changes(presence, lease, settings)
    for at, code in changes:
        if at <= now:
            after = after.lowered_by(code, at)
    forgets_at = lease.beat_at + FORGOTTEN_AFTER if lease is not None else None
    if forgets_at is not None and forgets_at <= now:
        after = Presence("offline", "connection_lost", has_returned=after.has_returned)
    return_at = _return_at(after, lease, settings)
    returns = return_at is not None and return_at <= now
    after = replace(after, has_returned=True) if returns else after
    is_forgotten = forgets_at is not None and forgets_at <= now
    times = [at for at in (*(at for at, _ in changes), return_at, forgets_at) if at is not None and at > now]
    return Advanced(after, returns, is_forgotten, min(times, default=None))


def heard(presence: Presence, lease: PageLease, settings: PresenceSettings, now: datetime) -> Presence:
    """The page of the agent is heard again: this lifts what its silence lowered, and idleness where something was touched."""
    after = presence.lifted("connection_gone", "connection_lost")
    limit = settings.idle_away
    is_active = limit is None or lease.input_at is None or lease.input_at + limit > now
    return after.lifted("idle") if is_active else after


def _lease_changes(
    presence: Presence, lease: PageLease | None, settings: PresenceSettings
) -> list[tuple[datetime, Lowering]]:
    if lease is None:
        return []
    changes: list[tuple[datetime, Lowering]] = [
        (lease.beat_at + _grace(lease, settings), "connection_lost"),
        (lease.beat_at + max(settings.lost_offline, _grace(lease, settings)), "connection_gone"),
    ]
    if settings.idle_away is not None and lease.input_at is not None:
        changes.append((lease.input_at + settings.idle_away, "idle"))
    return [(at, code) for at, code in changes if code not in presence.lowered]


def _grace(lease: PageLease, settings: PresenceSettings) -> timedelta:
    return max(settings.lost_away, PUSH_GRACE) if lease.has_push else settings.lost_away


def _return_at(presence: Presence, lease: PageLease | None, settings: PresenceSettings) -> datetime | None:
    """When the conversations that wait for an agent who was lowered are given back; what agents declare is dealt with at once."""
    if presence.has_returned or presence.effective == "online" or not presence.lowered:
        return None
    times = [at for code, at in presence.lowered.items() if code not in ("connection_gone", "connection_lost")]
    returns = [at + settings.lost_return for at in times]
    if lease is not None and "connection_lost" in presence.lowered:
        returns.append(max(lease.beat_at + settings.lost_return, presence.lowered["connection_lost"]))
    return min(returns, default=None)
