"""Recomputes the clocks of one conversation from its facts and says where the clocks that rest, or what was told, differ.

It hears the facts in the order in which conversations told them. When a breach was told is taken from the record (a
look may come late, after other facts); whether there is one follows from the times of events alone. Warnings are not
compared: an answer that is read before a warning was looked for makes it needless.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.configuration import SlaBody
from schemas.conversation import ConversationFact
from schemas.envelope import Event
from schemas.promise import Terms, Watch
from schemas.sla import ClockFact, ClockMetric
from schemas.values import Json
from services.records.clocks import ClockRecord
from services.sla.clocks import Change, tick
from services.sla.hearing import heard, picked

Run = tuple[ClockMetric, int]
CONVERSATION = "pasokh.conversation."
SLA = "pasokh.sla."
LOOKS = frozenset({f"{SLA}breached", f"{SLA}warned"})
COMPARED = ("policy", "target_seconds", "started_at", "due_at", "state", "stopped_at", "late_by_seconds")
READ_AROUND = timedelta(seconds=5)
"""A batch may have read what was written a moment before or after the time of its facts."""


@dataclass(frozen=True, slots=True)
class Written:
    """SLA policies of a workspace that were in force from `at` on; `body` None: the defaults, in `timezone`."""

    at: datetime
    version: int
    body: SlaBody | None
    timezone: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the record differs from what the facts say. `what`: a field of the clock, or `told`."""

    conversation: str
    metric: ClockMetric
    run: int
    what: str
    expected: Json
    found: Json


@dataclass(slots=True)
class Replay:
    """One conversation heard again."""

    history: Sequence[Written]
    versions: frozenset[int] = frozenset()
    watch: Watch | None = None
    clocks: dict[Run, ClockRecord] = field(default_factory=dict)
    told: dict[Run, list[str]] = field(default_factory=dict)

    def hear(self, word: str, fact: ConversationFact, time: datetime) -> None:
        """Let a fact act that was told at `time`."""
        waits = self.watch.waits.items() if self.watch else ()
        waited = {metric: self.clocks[metric, wait.run] for metric, wait in waits if wait.run is not None}
        story = heard(word, fact, self.watch, waited, 0, lambda told: self._pick(told, time))
        self.watch = story.watch
        self.clocks.update(story.changed)
        for one in story.told:
            self.told.setdefault((one.clock.metric, one.clock.run), []).append(one.word)

    def look(self, run: Run, at: datetime) -> None:
        """Look at one clock when all that happened until `at` has been heard."""
        if run in self.clocks:
            change: Change[ClockRecord] = tick(self.clocks[run], at)
            self.clocks[run] = change.clock
            self.told.setdefault(run, []).extend(one.word for one in change.told)

    def _pick(self, fact: ConversationFact, time: datetime) -> Terms | None:
        """By what was in force; of what may have been read, what the record says was."""
        before = [one for one in self.history if one.at <= time + READ_AROUND]
        usual = [one for one in before if one.at <= time][-1:] or self.history[:1]
        around = [one for one in before if one.at > time - READ_AROUND and one.version in self.versions]
        for one in (around or usual)[-1:]:
            return picked(one.body, one.version, one.timezone, fact.snapshot)
        return picked(None, 0, "UTC", fact.snapshot)


def differences(
    facts: Iterable[Event], resting: Mapping[Run, ClockRecord], history: Sequence[Written], until: datetime
) -> list[Difference]:
    """Where the clocks of one conversation differ from its facts (of both kinds, in any order).

    `resting` are its clocks as they are stored; `history` what was written about promises, oldest first; `until`: what
    was due by then has been looked at.
    """
    said = sorted(facts, key=lambda event: (event.source, event.seq or 0, event.index or 0))
    promises = [event for event in said if event.type.startswith(SLA)]
    replay = _replayed([event for event in said if event.type.startswith(CONVERSATION)], promises, history, until)
    told = _told(promises)
    found: list[Difference] = []
    for run in sorted({*replay.clocks, *resting, *told}):
        found.extend(_of_run(run, replay, resting.get(run), told.get(run, [])))
    return found


def _replayed(facts: Sequence[Event], promises: Sequence[Event], history: Sequence[Written], until: datetime) -> Replay:
    known = [ClockFact.model_validate(event.data) for event in promises]
    replay = Replay(history, frozenset(fact.policy_version for fact in known))
    looks = [(e.time, (f.metric, f.run)) for e, f in zip(promises, known, strict=True) if e.type in LOOKS]
    for event in facts:
        while looks and looks[0][0] < event.time:
            time, run = looks.pop(0)
            replay.look(run, time)
        replay.hear(event.type.removeprefix(CONVERSATION), ConversationFact.model_validate(event.data), event.time)
    for run in list(replay.clocks):
        replay.look(run, until)
    return replay


def _told(promises: Iterable[Event]) -> dict[Run, list[str]]:
    told: dict[Run, list[str]] = {}
    for event in promises:
        fact = ClockFact.model_validate(event.data)
        told.setdefault((fact.metric, fact.run), []).append(event.type.removeprefix(SLA))
    return told


def _of_run(run: Run, replay: Replay, resting: ClockRecord | None, told: Sequence[str]) -> Iterable[Difference]:
    expected, conversation = replay.clocks.get(run), replay.watch.conversation if replay.watch else ""
    conversation = resting.conversation if resting else conversation
    if expected is None or resting is None:
        states = (expected.state if expected else None, resting.state if resting else None)
        yield Difference(conversation, *run, "clock", *states)
        return
    should, does = expected.model_dump(mode="json"), resting.model_dump(mode="json")
    for name in COMPARED:
        if should[name] != does[name]:
            yield Difference(conversation, *run, name, should[name], does[name])
    words = [word for word in replay.told.get(run, []) if word != "warned"]
    said = [word for word in told if word != "warned"]
    if words != said:
        yield Difference(conversation, *run, "told", list[Json](words), list[Json](said))
