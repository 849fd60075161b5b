"""Compares one stored clock with its replay from the facts of its conversation, and with the facts about the clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.sla import Clock, ClockMetric
from schemas.values import Json
from services.platform.store.codec import encode
from services.records.clocks import ClockRecord
from services.sla.domain.clocks import is_terminal, recompute
from services.sla.replay import Run

COMPARED_FIELDS = ("policy", "target_seconds", "started_at", "due_at", "state", "stopped_at", "late_by_seconds")
LAST_FACT_FIELDS = ("policy", "target_seconds", "started_at", "due_at", "state")
"""What the last fact of a clock says of it, whatever happened since."""
WARNED = "warned"
CHANGED = "changed"

ClockFactName = str
EmittedFact = tuple[ClockFactName, Clock]
"""The last word of the type of a fact about a clock, and the clock as the fact has it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the record differs from the facts.

    `what`: a field of the clock, `clock` (there is none, or one too many), `told` (which facts of the clock were
    emitted), or `told` and a field of its last fact.
    """

    conversation: str
    metric: ClockMetric
    run: int
    what: str
    expected: Json
    found: Json


@dataclass(frozen=True, slots=True)
class ComparedClock:
    """One clock of a conversation as it is stored (None: it is not), and the facts that were emitted about it."""

    conversation: str
    run: Run
    stored: ClockRecord | None
    emitted: Sequence[EmittedFact]

    def difference(self, what: str, expected: Json, found: Json) -> Difference:
        """A difference of this clock."""
        return Difference(self.conversation, *self.run, what, expected, found)


def replayed_differences(
    clock: ComparedClock, expected: ClockRecord | None, names: Sequence[ClockFactName], *, emits_changes: bool
) -> Iterator[Difference]:
    """Where a clock differs from the replay: `expected` is the replayed clock, `names` are those of its events.

    `emits_changes`: the versions that wrote the facts emitted `changed`, so that the last fact shows the clock.
    """
    if expected is None or clock.stored is None:
        states = (expected.state if expected else None, clock.stored.state if clock.stored else None)
        yield clock.difference("clock", *states)
        return
    differing = list(_field_differences(clock, expected, clock.stored))
    yield from differing
    passed_over = (WARNED,) if emits_changes else (WARNED, CHANGED)
    yield from _name_differences(clock, names, passed_over)
    # A stored field that differs mostly differs in the last fact too: it is reported once.
    if emits_changes and not any(one.what in COMPARED_FIELDS for one in differing):
        yield from _last_fact_differences(clock, expected)


def own_differences(clock: ComparedClock, until: datetime) -> Iterator[Difference]:
    """Where a clock that cannot be replayed differs from its own due time and stop, or from the facts about it."""
    if clock.stored is None:
        yield clock.difference("clock", clock.emitted[-1][1].state if clock.emitted else None, None)
        return
    yield from _field_differences(clock, recompute(clock.stored, until), clock.stored)
    yield from _name_differences(clock, _names_of_life(clock.stored), (WARNED, CHANGED))
    # The due time of a clock that still runs may have moved without a fact; once it is over, its last fact shows it.
    if is_terminal(clock.stored):
        yield from _last_fact_differences(clock, clock.stored)


def _names_of_life(clock: ClockRecord) -> list[ClockFactName]:
    """The facts that a response clock in this state has had; it never pauses."""
    names = {"running": [], "paused": [], "breached": ["breached"]}.get(clock.state, [clock.state])
    return ["started", *names, *(["late"] if clock.late_by_seconds is not None else [])]


def _field_differences(clock: ComparedClock, expected: ClockRecord, stored: ClockRecord) -> Iterator[Difference]:
    should, does = encode(expected), encode(stored)
    for name in COMPARED_FIELDS:
        if should[name] != does[name]:
            yield clock.difference(name, should[name], does[name])
    # An answer that is read before the tick of a warning makes the warning needless, and the next moment another.
    if should["warned"] == does["warned"] and should["next_at"] != does["next_at"]:
        yield clock.difference("next_at", should["next_at"], does["next_at"])


def _name_differences(
    clock: ComparedClock, names: Sequence[ClockFactName], passed_over: Sequence[ClockFactName]
) -> Iterator[Difference]:
    expected = [name for name in names if name not in passed_over]
    emitted = [name for name, _ in clock.emitted if name not in passed_over]
    if expected != emitted:
        yield clock.difference("told", list[Json](expected), list[Json](emitted))


def _last_fact_differences(clock: ComparedClock, expected: ClockRecord) -> Iterator[Difference]:
    if clock.emitted:
        should, last = encode(expected), encode(clock.emitted[-1][1])
        for name in LAST_FACT_FIELDS:
            if should[name] != last[name]:
                yield clock.difference(f"told {name}", should[name], last[name])


def by_run(emitted: Sequence[tuple[Run, EmittedFact]]) -> Mapping[Run, Sequence[EmittedFact]]:
    """The facts about clocks by clock, in order."""
    found: dict[Run, list[EmittedFact]] = {}
    for run, fact in emitted:
        found.setdefault(run, []).append(fact)
    return found
