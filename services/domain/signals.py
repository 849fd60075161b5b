"""Who reads or types in which conversation now, as the signals of their pages say. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.signals import AgentSignal, SignalKind

LIFETIME = timedelta(seconds=20)
"""How long a signal counts: a page says it again with each beat, every 15 seconds."""
_STRENGTH: dict[SignalKind, int] = {"gone": 0, "viewing": 1, "note": 2, "reply": 3}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one browser of an agent is."""

    signal: AgentSignal
    until: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What is new about an agent in a conversation of a workspace."""

    workspace: str
    conversation: str
    agent: str
    name: str | None
    kind: SignalKind


class SignalBoard:
    """The places of all agents. A browser is in one conversation at a time; of several browsers the strongest sign counts."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], dict[str, _Place]] = {}
        """Workspace and agent → the places of their browsers."""

    def take(self, workspace: str, signal: AgentSignal, now: datetime) -> list[Told]:
        """Take in a signal. Returns what it changes for those who look; nothing where it says the same again."""
        places = self._places.setdefault((workspace, signal.agent), {})
        known = places.get(signal.source)
        if signal.kind == "gone" and known is not None and known.signal.conversation != signal.conversation:
            # It went on to another conversation before this word came.
            return []
        touched = {signal.conversation, *([known.signal.conversation] if known else [])}
        before = {one: self._kind(workspace, one, signal.agent) for one in touched}
        if signal.kind == "gone":
            places.pop(signal.source, None)
        else:
            places[signal.source] = _Place(signal, now + LIFETIME)
        return self._changes(workspace, signal, before)

    def expire(self, now: datetime) -> list[Told]:
        """Forget the places that nothing was heard of for too long. Returns what changes by it."""
        told: list[Told] = []
        for (workspace, agent), places in list(self._places.items()):
            for source, place in list(places.items()):
                if place.until <= now:
                    signal = place.signal
                    before = {signal.conversation: self._kind(workspace, signal.conversation, agent)}
                    del places[source]
                    told += self._changes(workspace, signal, before)
            if not places:
                del self._places[workspace, agent]
        return told

    def of(self, workspace: str) -> list[Told]:
        """Everybody who is somewhere in a workspace now."""
        found: dict[tuple[str, str], Told] = {}
        everybody = [places for (owner, _), places in self._places.items() if owner == workspace]
        for place in (place for places in everybody for place in places.values()):
            one = place.signal
            kind = self._kind(workspace, one.conversation, one.agent)
            found[one.conversation, one.agent] = Told(workspace, one.conversation, one.agent, one.name, kind)
        return list(found.values())

    def _changes(self, workspace: str, signal: AgentSignal, before: dict[str, SignalKind]) -> list[Told]:
        return [
            Told(workspace, one, signal.agent, signal.name, kind)
            for one, earlier in sorted(before.items())
            if (kind := self._kind(workspace, one, signal.agent)) != earlier
        ]

    def _kind(self, workspace: str, conversation: str, agent: str) -> SignalKind:
        return max(self._kinds(workspace, conversation, agent), key=_STRENGTH.__getitem__, default="gone")

    def _kinds(self, workspace: str, conversation: str, agent: str) -> Iterator[SignalKind]:
        for place in self._places.get((workspace, agent), {}).values():
            if place.signal.conversation == conversation:
                yield place.signal.kind
