"""Any sequence of facts, with ticks in between, ends with the clocks that the oracle reads off the whole log."""

from datetime import datetime

import hypothesis.strategies as st
from hypothesis import given

from schemas.configuration import Policy, SlaBody, Targets
from schemas.conversation import Conversation, ConversationFact
from schemas.sla import ClockMetric
from services.domain.response_tracking import ResponseTracking, follow_fact
from services.sla.domain.response_runs import RESPONSE_METRICS
from services.sla.replay import PolicyVersion, Replay
from tests.examples import examples
from tests.fakes import START
from tests.sla import oracle
from tests.sla.harness import at, conversation
from tests.sla.oracle import ExpectedClock, LogEntry

TARGETS = Targets(first_response_seconds=100, next_response_seconds=70, resolution_seconds=150, pickup_seconds=50)
POLICY = Policy(id="all", targets=TARGETS, warn_at=[0.5])
HISTORY = [PolicyVersion(1, START, 1, SlaBody(policies=[POLICY]), "UTC")]
END = 100_000.5
EVENT_NAMES = {"customer": "message_received", "delivered": "reply_delivered", "failed": "reply_failed"}

OFTEN = ("customer", "customer", "customer", "reply", "reply", "reply", "settle", "settle", "assign", "assign")
deeds = st.sampled_from([*OFTEN, "fail", "resolve", "reopen", "requeue", "tick"])
plans = st.lists(st.tuples(deeds, st.sampled_from([1, 2, 30, 51, 71, 101])), max_size=25)


class ConversationScript:
    """One conversation: it performs deeds that are possible in its status, and each fact is replayed."""

    def __init__(self) -> None:
        self.replay, self.log = Replay(HISTORY), list[LogEntry]()
        self.case: Conversation = conversation()
        self.tracking = ResponseTracking()
        self.way, self.answers, self.now = dict[int, float](), 0, 0.0
        self.record("opened")
        self.record("customer")
        self.record("queued")

    def record(self, word: str, answer: int = -1, accepted: float = 0.0, **case: object) -> None:
        self.case = self.case.model_copy(update=case)
        self.log.append(LogEntry(word, self.now, answer, accepted))
        author = {"customer": "customer"}.get(word, "agent" if answer >= 0 else None)
        counts = accepted if word in ("delivered", "failed") else self.now
        fact = ConversationFact.model_validate(
            {
                "conversation": "c1",
                "key": "w/telegram:main:1",
                "snapshot": self.case,
                "at": at(counts),
                "message": str(answer),
                "author": author,
            }
        )
        name = EVENT_NAMES.get(word, word)
        tracked = follow_fact(self.tracking, name, fact)
        self.tracking = tracked.tracking
        runs = {"response": tracked.tracking.open_run(), "ended_responses": list(tracked.ended)}
        self.replay.apply(name, fact.model_copy(update=runs), at(self.now))

    def perform(self, deed: str) -> None:
        status = self.case.status
        match deed:
            case "customer" if status == "resolved":
                self.reopen()
                self.record("customer")
                self.record("queued")
            case "customer":
                self.record("customer", status="assigned" if status == "pending" else status)
            case "reply" if status in ("assigned", "pending"):
                self.answers += 1
                self.way[self.answers] = self.now
                self.record("replied", self.answers, self.now, status="pending")
            case "settle" | "fail" if self.way:
                # Platforms take answers in order; which of them is given up is anybody's guess.
                answer = min(self.way) if deed == "settle" else max(self.way)
                accepted = self.way.pop(answer)
                word = "delivered" if deed == "settle" else "failed"
                is_mine = deed == "fail" and status == "pending"
                self.record(word, answer, accepted, status="assigned" if is_mine else status)
            case "resolve" if status != "resolved":
                self.record("resolved", status="resolved")
            case "reopen" if status == "resolved":
                self.reopen()
                self.record("queued")
            case "assign" if status == "waiting":
                self.record("assigned", status="assigned")
            case "requeue" if status in ("assigned", "pending"):
                self.record("queued", status="waiting")
            case "tick":
                self.tick(self.now - 0.5)

    def reopen(self) -> None:
        self.record("reopened", status="waiting")

    def tick(self, when: float) -> None:
        for run in list(self.replay.clocks):
            self.replay.tick(run, at(when))

    def clocks(self, metric: ClockMetric) -> list[ExpectedClock]:
        runs = sorted(run for run in self.replay.clocks if run[0] == metric)
        clocks = [self.replay.clocks[run] for run in runs]
        return [
            ExpectedClock(
                seconds(c.started_at),
                c.state,
                None if c.stopped_at is None else seconds(c.stopped_at),
                c.late_by_seconds,
            )
            for c in clocks
        ]


def seconds(moment: datetime) -> float:
    return (moment - START).total_seconds()


def perform_all(plan: list[tuple[str, int]]) -> ConversationScript:
    script = ConversationScript()
    for deed, wait in plan:
        script.now += wait
        script.perform(deed)
    script.tick(END)
    return script


@examples(300)
@given(plans)
def test_answers(plan: list[tuple[str, int]]) -> None:
    script = perform_all(plan)
    found = [(metric, fate) for metric in RESPONSE_METRICS for fate in script.clocks(metric)]
    # An answer that is on its way shows where it would stop.
    settled = [
        (
            metric,
            f if f.state not in ("running", "breached") or f.late is not None else ExpectedClock(f.started, f.state),
        )
        for metric, f in found
    ]
    assert settled == list(oracle.responses(script.log, {"first_response": 100, "next_response": 70}, END))


@examples(200)
@given(plans)
def test_pickup(plan: list[tuple[str, int]]) -> None:
    script = perform_all(plan)
    assert script.clocks("pickup") == list(oracle.pickups(script.log, 50, END))


@examples(300)
@given(plans)
def test_resolution(plan: list[tuple[str, int]]) -> None:
    script = perform_all(plan)
    assert script.clocks("resolution") == list(oracle.resolutions(script.log, 150, END))


@examples(100)
@given(plans)
def test_each_run_has_each_fact_once_at_most(plan: list[tuple[str, int]]) -> None:
    for words in perform_all(plan).replay.events.values():
        assert words[0] == "started"
        assert all(words.count(word) <= 1 for word in ("started", "breached", "late", "fulfilled", "cancelled"))
        assert words.count("resumed") <= words.count("paused") <= words.count("resumed") + 1
        assert len({"fulfilled", "cancelled", "breached"} & set(words)) <= 1
