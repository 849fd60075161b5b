"""Whatever order answers, failures, ticks and ends come in: one breach at most, and event times alone decide."""

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.domain.sla_state import SlaClockState
from services.sla.domain import clocks
from tests.examples import examples
from tests.sla.harness import at

TARGET = 100
Step = tuple[str, int]


@dataclass
class Oracle:
    """The names of the facts that must be emitted, worked out from the events so far, without a clock."""

    pending: dict[str, int] = field(default_factory=dict)
    ended: int | None = None
    names: list[str] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        return bool({"fulfilled", "cancelled", "late"} & set(self.names))

    def breach(self) -> None:
        if "breached" not in self.names:
            self.names.append("breached")

    def end(self) -> None:
        """Where no answer in time is on its way, an end before the due time cancels."""
        if self.ended is None or "breached" in self.names or any(a <= TARGET for a in self.pending.values()):
            return
        if self.ended > TARGET:
            self.breach()
        else:
            self.names.append("cancelled")

    def apply(self, word: str, now: int, message: str, accepted: int) -> None:
        if self.settled:
            return
        if word == "replied":
            self.pending[message] = accepted
        elif word == "delivered":
            if accepted <= TARGET and "breached" not in self.names:
                self.names.append("fulfilled")
            else:
                self.breach()
                self.names.append("late")
        elif word == "failed":
            self.pending.pop(message, None)
            self.end()
        elif word == "resolved":
            self.ended = self.ended if self.ended is not None else now
            self.end()
        elif word == "reopened":
            self.ended = None
        elif word == "tick" and now >= TARGET and not any(a <= TARGET for a in self.pending.values()):
            self.breach()


OUTCOMES = {"settle": "delivered", "fail": "failed"}
# What settles nothing comes more often, so that stories last.
words = st.sampled_from(["replied", "replied", "fail", "fail", "resolved", "reopened", "tick", "settle"])
waits = st.sampled_from([0, 1, 1, 40, 60, 101])
steps = st.lists(st.tuples(words, waits), min_size=2, max_size=14)


def running_clock() -> SlaClockState:
    return clocks.start(
        SlaClockState(
            metric="first_response",
            policy="p",
            target_seconds=TARGET,
            started_at=at(0),
            due_at=at(0),
            state="running",
            warn_at=[0.5, 0.8],
        )
    ).clock


def apply(clock: SlaClockState, word: str, now: int, message: str, accepted: int) -> clocks.Transition[SlaClockState]:
    match word:
        case "replied":
            return clocks.Transition(clocks.reply(clock, message, at(accepted)))
        case "delivered":
            return clocks.deliver(clock, at(accepted))
        case "failed":
            return clocks.fail(clock, message)
        case "resolved":
            return clocks.end(clock, at(now))
        case "reopened":
            return clocks.Transition(clocks.reopen(clock))
        case _:
            return clocks.tick(clock, at(now))


@examples(400)
@given(steps, st.data())
def test_any_interleaving_tells_what_the_times_say(plan: list[Step], data: st.DataObject) -> None:
    clock, oracle, emitted, now = running_clock(), Oracle(), list[str](), 0
    sent: dict[str, int] = {}
    for number, (word, wait) in enumerate(plan):
        now += wait
        name, message, accepted = OUTCOMES.get(word, word), f"r{number}", now
        if word in OUTCOMES:
            if not sent:
                continue
            message = data.draw(st.sampled_from(sorted(sent)))
            accepted = sent.pop(message)
        elif word == "replied":
            sent[message] = accepted
        change = apply(clock, name, now, message, accepted)
        oracle.apply(name, now, message, accepted)
        emitted += [t.name for t in change.events if t.name != "warned"]
        clock = change.clock
        assert emitted == oracle.names, (name, now)
    assert emitted.count("breached") <= 1
    assert emitted.count("late") <= 1
    assert not {"fulfilled", "breached"} <= set(emitted)
    assert not ({"late"} <= set(emitted) and "breached" not in emitted)


@given(steps, st.data())
def test_an_open_clock_always_has_a_next_moment_or_an_answer_on_its_way(plan: list[Step], data: st.DataObject) -> None:
    clock, now = running_clock(), 0
    for number, (word, wait) in enumerate(plan):
        now += wait
        name = OUTCOMES.get(word, word)
        known = [a.message for a in clock.answers]
        message = data.draw(st.sampled_from(known)) if known and name in ("delivered", "failed") else f"r{number}"
        clock = apply(clock, name, now, message, now).clock
        waits = any(a.at <= clock.due_at for a in clock.answers)
        assert (clock.next_at is None) == (clock.state != "running" or waits)
        assert clock.next_at is None or clock.next_at <= clock.due_at


@given(st.lists(st.integers(0, 400), max_size=10))
def test_the_number_of_ticks_changes_nothing(ticks: list[int]) -> None:
    clock, emitted = running_clock(), list[str]()
    for moment in [*sorted(ticks), 400]:
        change = clocks.tick(clock, at(moment))
        clock, emitted = change.clock, [*emitted, *(t.name for t in change.events)]
    assert emitted == ["warned", "warned", "breached"]
    assert clock.due_at == at(0) + timedelta(seconds=TARGET)
