"""Lives of conversations as facts, written as conversations and sla write them, from a plan of random steps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from schemas.conversation import Conversation, ConversationFact, Handoff
from schemas.envelope import Event
from schemas.sla import Clock, ClockFact
from schemas.values import Contract
from services.domain import response_tracking
from services.domain.response_tracking import ResponseTracking, Tracked
from tests.fakes import START
from tests.sla.harness import conversation

STEPS = (
    "message",
    "message",
    "message",
    "older_message",
    "acknowledge",
    "delete",
    "offer",
    "assign",
    "assign",
    "reply",
    "reply",
    "deliver",
    "deliver",
    "fail",
    "notice",
    "answer_elsewhere",
    "resolve",
    "close",
    "transfer",
    "transfer_to_agent",
    "reprioritise",
    "note",
    "rate",
    "hand_off",
    "complete_handoff",
    "expire_handoff",
    "start_clock",
    "fulfil_clock",
    "breach_clock",
    "cancel_clock",
)
Plan = Sequence[tuple[int, str, int, bool]]
PLANS = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from(STEPS), st.one_of(st.integers(0, 900), st.integers(0, 40_000)), st.booleans()
    ),
    min_size=1,
    max_size=60,
)
"""Which conversation, what happens, after how many seconds, whether the partition gets a new owner."""
LONG_AFTER = timedelta(seconds=100)


@dataclass
class FactLog:
    """One partition of facts: of what conversations know, and of nothing else. `events` are in the log's order."""

    now: datetime = START
    events: list[Event] = field(default_factory=list)
    scripts: dict[int, "FactScript"] = field(default_factory=dict)

    def run(self, who: int, step: str, seconds: int) -> None:
        """One step of one conversation, if it can happen now; one that is closed is followed by another."""
        self.now += timedelta(seconds=seconds)
        script = self.scripts.get(who)
        if script is None or script.conversation.status == "closed":
            script = self.scripts[who] = FactScript(self, f"c{who}-{len(self.events)}", who)
        getattr(script, step)()

    def append(self, event_type: str, data: Contract, source: str) -> None:
        """One event more, with the next number."""
        number = len(self.events) + 1
        self.events.append(
            Event(
                id=f"{9999 - number:05d}",  # not in the order of the log: nothing may rely on that
                source=source,
                type=event_type,
                time=self.now,
                workspace="w",
                partitionkey="w/telegram:main:1",
                seq=number,
                index=0,
                data=data.model_dump(mode="json"),
            )
        )


def facts_of_plan(plan: Plan) -> list[Event]:
    """The facts of a plan."""
    log = FactLog()
    for who, step, seconds, _ in plan:
        log.run(who, step, seconds)
    return log.events


def without_runs(events: Sequence[Event]) -> list[Event]:
    """The same facts as a version wrote them that gave no runs."""
    return [
        event.model_copy(
            update={"data": {k: v for k, v in event.data.items() if k not in ("response", "ended_responses")}}
        )
        for event in events
    ]


@dataclass
class FactScript:
    """One conversation as its owner keeps it. `on_their_way` are message, acceptance and author of each answer."""

    log: FactLog
    identity: str
    who: int
    on_their_way: list[tuple[str, datetime, str]] = field(default_factory=list)
    tracking: ResponseTracking = field(default_factory=ResponseTracking)
    messages: list[str] = field(default_factory=list)
    clock_since: datetime | None = None
    clock_runs: int = 0

    def __post_init__(self) -> None:
        team, language = ("default", "vip", "default")[self.who], ("fa", "en", None)[self.who]
        now = self.log.now
        person = f"telegram:main:{self.who}"
        self.conversation = conversation(
            self.identity, team=team, language=language, status="bot", opened_at=now, person=person
        )

    def record(self, name: str, track: Callable[[ResponseTracking], Tracked] | None = None, **more: Any) -> None:
        """One fact of the conversation; `track` says what it means for who waits."""
        tracked = track(self.tracking) if track else Tracked(self.tracking)
        self.tracking = tracked.tracking
        known = {
            "conversation": self.identity,
            "key": "w/telegram:main:1",
            "snapshot": self.conversation,
            "at": self.log.now,
            "response": self.tracking.open_run(),
            "ended_responses": list(tracked.ended),
        }
        fact = ConversationFact.model_validate({**known, **more})
        self.log.append(f"pasokh.conversation.{name}", fact, "conversations/0")

    def become(self, **update: Any) -> None:
        self.conversation = Conversation.model_validate({**self.conversation.model_dump(), **update})

    # -- the customer ------------------------------------------------------------------------------------------------

    def message(self, at: datetime | None = None, *, needs_answer: bool = True, **traits: Any) -> None:
        """A customer writes; the first time it opens, after a resolve it opens again."""
        again = self.conversation.status == "resolved"
        new = self.conversation.status == "bot"
        if not needs_answer and (new or again):
            return
        if new or again:
            self.become(status="waiting", agent=None, resolved_at=None, **traits)
            self.record("opened" if new else "reopened")
        elif self.conversation.status == "pending" and needs_answer:
            # What a person of ours answered elsewhere has no agent: it goes back into the queue.
            self.become(status="assigned" if self.conversation.agent else "waiting")
        at, message = at or self.log.now - timedelta(seconds=3 * self.who), f"m{len(self.log.events)}"
        self.become(sentiment=("negative", "neutral", "positive")[len(self.messages) % 3] if self.who else None)
        self.messages.append(message)

        def track(tracking: ResponseTracking) -> Tracked:
            return response_tracking.message_received(tracking, message, at) if needs_answer else Tracked(tracking)

        self.record("message_received", track, author="customer", at=at, message=message, needs_answer=needs_answer)
        if self.conversation.status == "waiting":
            self.record("queued")

    def older_message(self) -> None:
        """A message that was sent earlier arrives second."""
        self.message(self.log.now - LONG_AFTER)

    def acknowledge(self) -> None:
        self.message(needs_answer=False)

    def delete(self) -> None:
        if self.messages:
            self.record("message_deleted", message=self.messages.pop())

    # -- our own side ------------------------------------------------------------------------------------------------

    def offer(self) -> None:
        if self.conversation.status == "waiting":
            self.become(status="offered")
            self.record("offered")

    def assign(self) -> None:
        """Dispatch accepted it a moment before conversations records that."""
        if self.conversation.status in ("waiting", "offered"):
            self.become(status="assigned", agent=f"agent-{self.who}")
            self.record("assigned", at=self.log.now - timedelta(milliseconds=250))

    def reply(self) -> None:
        if self.conversation.status in ("assigned", "pending"):
            self._reply("agent", self.log.now - timedelta(seconds=1))

    def answer_elsewhere(self) -> None:
        """A person of ours answers by phone, which has arrived already."""
        if self.conversation.status in ("waiting", "assigned", "pending"):
            message = self._reply("account", self.log.now)
            self.on_their_way = [one for one in self.on_their_way if one[0] != message]
            self._deliver(message, self.log.now, "account")

    def _reply(self, author: str, at: datetime) -> str:
        before, message = self.conversation.status, f"r{len(self.log.events)}"
        self.on_their_way.append((message, at, author))
        self.become(status="pending")
        self.record(
            "replied",
            lambda tracking: response_tracking.answer_accepted(tracking, message, at),
            author=author,
            message=message,
            at=at,
            previous_status=before,
        )
        if before != "pending":
            self.record("pending")
        return message

    def notice(self) -> None:
        if self.conversation.status in ("waiting", "assigned"):
            message = f"n{len(self.log.events)}"
            self.on_their_way.append((message, self.log.now, "system"))
            self.record("replied", author="system", message=message, message_surface="public")

    def deliver(self) -> None:
        if self.on_their_way:
            self._deliver(*self.on_their_way.pop(0))

    def _deliver(self, message: str, at: datetime, author: str) -> None:
        def track(tracking: ResponseTracking) -> Tracked:
            if author == "system":
                return response_tracking.notice_delivered(tracking, at)
            return response_tracking.answer_delivered(tracking, message)

        self.record("reply_delivered", track, author=author, message=message, at=at)

    def fail(self) -> None:
        if self.on_their_way:
            message, at, author = self.on_their_way.pop(0)
            before = self.conversation.status
            if author == "agent" and before == "pending" and self.conversation.agent:
                self.become(status="assigned")
            self.record(
                "reply_failed",
                lambda tracking: response_tracking.answer_failed(tracking, message),
                author=author,
                message=message,
                at=at,
                previous_status=before,
            )

    def resolve(self) -> None:
        if self.conversation.status in ("waiting", "offered", "assigned", "pending"):
            self.become(status="resolved", resolved_at=self.log.now)
            self.record("resolved", lambda tracking: response_tracking.resolved(tracking, self.log.now))

    def close(self) -> None:
        if self.conversation.status == "resolved":
            self.become(status="closed")
            self.record("closed", lambda tracking: response_tracking.closed(tracking, self.log.now))

    def transfer(self) -> None:
        if self.conversation.status in ("waiting", "assigned", "pending"):
            was = self.conversation.status
            team = "vip" if self.conversation.team == "default" else "default"
            self.become(status="waiting", agent=None, team=team)
            self.record("transferred")
            if was != "waiting":
                self.record("queued")

    def transfer_to_agent(self) -> None:
        if self.conversation.status in ("waiting", "assigned", "pending"):
            status = "pending" if self.conversation.status == "pending" else "assigned"
            self.become(status=status, agent="agent-9")
            self.record("transferred")

    def reprioritise(self) -> None:
        if self.conversation.status in ("waiting", "assigned"):
            self.become(priority="high" if self.conversation.priority == "normal" else "normal")
            self.record("priority_changed")

    def note(self) -> None:
        if self.conversation.status != "bot":
            self.record("noted", message=f"o{len(self.log.events)}")

    def rate(self) -> None:
        """The customer says in a survey how it went."""
        if self.conversation.status != "bot":
            ratings = ["csat_4", "nps_promoter"]
            self.record("survey_answered", message=f"s{len(self.log.events)}", author="customer", ratings=ratings)

    # -- hand-off ----------------------------------------------------------------------------------------------------

    def hand_off(self) -> None:
        if self.conversation.handoff is None and self.conversation.status in ("waiting", "assigned"):
            self.become(handoff=Handoff(state="started", started_at=self.log.now, reason="card"), sensitive=True)
            self.record("handoff_started")

    def complete_handoff(self) -> None:
        self._end_handoff("completed", completed_at=self.log.now)

    def expire_handoff(self) -> None:
        self._end_handoff("expired")

    def _end_handoff(self, state: str, **more: Any) -> None:
        handoff = self.conversation.handoff
        if handoff is not None and handoff.state == "started":
            self.become(handoff={**handoff.model_dump(), "state": state, **more})
            self.record(f"handoff_{state}")

    # -- a clock -----------------------------------------------------------------------------------------------------

    def start_clock(self) -> None:
        if self.clock_since is None and self.conversation.status != "bot":
            self.clock_since, self.clock_runs = self.log.now, self.clock_runs + 1
            self._record_clock("started")

    def fulfil_clock(self) -> None:
        self._settle_clock("fulfilled")

    def breach_clock(self) -> None:
        self._settle_clock("breached")

    def cancel_clock(self) -> None:
        self._settle_clock("cancelled")

    def _settle_clock(self, name: str) -> None:
        if self.clock_since is not None:
            self._record_clock(name)
            self.clock_since = None

    def _record_clock(self, name: str) -> None:
        at = self.clock_since or self.log.now
        state = "running" if name == "started" else name
        stopped_at = self.log.now if name == "cancelled" else None
        known = {"metric": "next_response", "policy": "p", "target_seconds": 60, "started_at": at, "due_at": at}
        clock = Clock.model_validate({**known, "state": state, "stopped_at": stopped_at})
        shown = self.conversation
        fact = ClockFact(
            conversation=self.identity,
            key="w/telegram:main:1",
            workspace="w",
            metric="next_response",
            run=self.clock_runs,
            clock=clock,
            policy_version=1,
            channel=shown.channel,
            account=shown.account,
            surface=shown.surface,
            team=shown.team,
            priority=shown.priority,
        )
        self.log.append(f"pasokh.sla.{name}", fact, "sla/0")
