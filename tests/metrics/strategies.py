"""Lives of conversations, told in facts as conversations and sla tell them, from a plan of random steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from schemas.conversation import Conversation, ConversationFact, FirstResponse, Handoff
from schemas.envelope import Event
from schemas.sla import Clock, ClockFact
from schemas.values import Contract
from tests.fakes import START
from tests.sla.harness import conversation

STEPS = (
    "hear",
    "hear",
    "assign",
    "reply",
    "deliver",
    "deliver",
    "fail",
    "notice",
    "resolve",
    "close",
    "transfer",
    "raise_",
    "note",
    "hand_off",
    "join",
    "expire",
    "promise",
    "keep",
    "break_",
    "cancel",
)
PLANS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(STEPS), st.integers(0, 40_000), st.booleans()),
    min_size=1,
    max_size=60,
)
"""Which conversation, what happens, after how many seconds, whether the partition gets a new owner."""


@dataclass
class FactLog:
    """One partition of facts: of what conversations know, and of nothing else. `events` are in the log's order."""

    now: datetime = START
    events: list[Event] = field(default_factory=list)
    lives: dict[int, "FactScript"] = field(default_factory=dict)

    def live(self, who: int, step: str, seconds: int) -> None:
        """One step of one conversation, if it can happen now; one that is closed is followed by another."""
        self.now += timedelta(seconds=seconds)
        life = self.lives.get(who)
        if life is None or life.case.status == "closed":
            life = self.lives[who] = FactScript(self, f"c{who}-{len(self.events)}", who)
        getattr(life, step)()

    def keep(self, event_type: str, data: Contract, source: str) -> None:
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


def told(plan: Sequence[tuple[int, str, int, bool]]) -> list[Event]:
    """The facts of a plan."""
    log = FactLog()
    for who, step, seconds, _ in plan:
        log.live(who, step, seconds)
    return log.events


@dataclass
class FactScript:
    """One conversation as its owner keeps it."""

    log: FactLog
    identity: str
    who: int
    on_their_way: list[tuple[str, datetime, str]] = field(default_factory=list)
    due_since: datetime | None = None
    first: FirstResponse | None = None
    promised: datetime | None = None
    runs: int = 0

    def __post_init__(self) -> None:
        team, language = ("default", "vip", "default")[self.who], ("fa", "en", None)[self.who]
        now = self.log.now
        self.case = conversation(self.identity, team=team, language=language, status="bot", opened_at=now)

    def tell(self, word: str, **more: Any) -> None:
        known = {"conversation": self.identity, "key": "w/telegram:main:1", "snapshot": self.case, "at": self.log.now}
        fact = ConversationFact.model_validate({**known, **more})
        self.log.keep(f"pasokh.conversation.{word}", fact, "conversations/0")

    def become(self, **update: Any) -> None:
        self.case = Conversation.model_validate({**self.case.model_dump(), **update})

    def hear(self) -> None:
        """A customer writes; the first time it opens, after a resolve it opens again."""
        again = self.case.status == "resolved"
        new = self.case.status == "bot"
        if new or again:
            self.become(status="waiting", agent=None)
            self.tell("opened" if new else "reopened")
        elif self.case.status == "pending":
            self.become(status="assigned")
        at = self.log.now - timedelta(seconds=3 * self.who)
        if self.first is None and self.due_since is None:
            self.due_since = at
        self.tell("message_received", author="customer", at=at, message=f"m{len(self.log.events)}")
        if new or again:
            self.tell("queued")

    def assign(self) -> None:
        if self.case.status == "waiting":
            self.become(status="assigned", agent=f"agent-{self.who}")
            self.tell("assigned")

    def reply(self) -> None:
        if self.case.status in ("assigned", "pending"):
            was = self.case.status
            message = f"r{len(self.log.events)}"
            at = self.log.now - timedelta(seconds=1)
            self.on_their_way.append((message, at, "agent"))
            self.become(status="pending")
            self.tell("replied", author="agent", message=message, at=at)
            if was != "pending":
                self.tell("pending")

    def notice(self) -> None:
        if self.case.status in ("waiting", "assigned"):
            message = f"n{len(self.log.events)}"
            self.on_their_way.append((message, self.log.now, "system"))
            self.tell("replied", author="system", message=message, message_surface="public")

    def deliver(self) -> None:
        if self.on_their_way:
            message, at, author = self.on_their_way.pop(0)
            first = None
            if author == "agent" and self.first is None and self.due_since is not None:
                first = self.first = FirstResponse(started_at=self.due_since, stopped_at=at)
                self.due_since = None
            self.tell("reply_delivered", author=author, message=message, at=at, first_response=first)

    def fail(self) -> None:
        if self.on_their_way:
            message, at, author = self.on_their_way.pop(0)
            if author == "agent" and self.case.status == "pending":
                self.become(status="assigned")
            self.tell("reply_failed", author=author, message=message, at=at)

    def resolve(self) -> None:
        if self.case.status in ("waiting", "assigned", "pending"):
            self.become(status="resolved", resolved_at=self.log.now)
            self.tell("resolved")

    def close(self) -> None:
        if self.case.status == "resolved":
            self.become(status="closed")
            self.tell("closed")

    def transfer(self) -> None:
        if self.case.status in ("waiting", "assigned", "pending"):
            was = self.case.status
            self.become(status="waiting", agent=None, team="vip" if self.case.team == "default" else "default")
            self.tell("transferred")
            if was != "waiting":
                self.tell("queued")

    def raise_(self) -> None:
        if self.case.status in ("waiting", "assigned"):
            self.become(priority="high" if self.case.priority == "normal" else "normal")
            self.tell("priority_changed")

    def note(self) -> None:
        if self.case.status != "bot":
            self.tell("noted", message=f"o{len(self.log.events)}")

    def hand_off(self) -> None:
        if self.case.handoff is None and self.case.status in ("waiting", "assigned"):
            self.become(handoff=Handoff(state="started", started_at=self.log.now, reason="card"), sensitive=True)
            self.tell("handoff_started")

    def join(self) -> None:
        self._end_hand_off("completed", completed_at=self.log.now)

    def expire(self) -> None:
        self._end_hand_off("expired")

    def _end_hand_off(self, state: str, **more: Any) -> None:
        handoff = self.case.handoff
        if handoff is not None and handoff.state == "started":
            self.become(handoff={**handoff.model_dump(), "state": state, **more})
            self.tell(f"handoff_{state}")

    def promise(self) -> None:
        if self.promised is None and self.case.status != "bot":
            self.promised, self.runs = self.log.now, self.runs + 1
            self._promise("started")

    def keep(self) -> None:
        self._settle("fulfilled")

    def break_(self) -> None:
        self._settle("breached")

    def cancel(self) -> None:
        self._settle("cancelled")

    def _settle(self, word: str) -> None:
        if self.promised is not None:
            self._promise(word)
            self.promised = None

    def _promise(self, word: str) -> None:
        at = self.promised or self.log.now
        state = "running" if word == "started" else word
        known = {"metric": "next_response", "policy": "p", "target_seconds": 60, "started_at": at, "due_at": at}
        clock = Clock.model_validate({**known, "state": state})
        case = self.case
        fact = ClockFact(
            conversation=self.identity,
            key="w/telegram:main:1",
            workspace="w",
            metric="next_response",
            run=self.runs,
            clock=clock,
            policy_version=1,
            channel=case.channel,
            account=case.account,
            surface=case.surface,
            team=case.team,
            priority=case.priority,
        )
        self.log.keep(f"pasokh.sla.{word}", fact, "sla/0")
