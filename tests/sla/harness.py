"""Facts of one conversation as conversations tells them, and an `sla` partition with conversations at its side."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from schemas.configuration import Policy, SlaBody, Targets, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.conversation import Conversation, ConversationFact
from schemas.envelope import Event
from schemas.sla import ClockFact, ClockMetric, Escalate, Watermark, WatermarkRequest
from services.domain.response_tracking import ResponseTracking, follow_fact
from services.platform.processing.inputs import ReceivedEvent
from services.records.clocks import CLOCK_SCHEDULES, CLOCKS, SLA_STATES, ClockRecord, clock_id
from services.records.configuration import (
    CONFIGURATION_HEADS,
    CONFIGURATIONS,
    ConfigurationHead,
    version_id,
)
from services.sla.processor import PROCESSOR
from tests.driver import Driver
from tests.fakes import START

ONE_MINUTE = Policy(id="minute", targets=Targets(first_response_seconds=60))


def at(seconds: float) -> datetime:
    """Seconds after the first customer message."""
    return START + timedelta(seconds=seconds)


def conversation(identity: str = "c1", **fields: object) -> Conversation:
    """A waiting private conversation of a Telegram customer."""
    known: dict[str, object] = {
        "id": identity,
        "workspace": "w",
        "status": "waiting",
        "channel": "telegram",
        "account": "main",
        "surface": "private",
        "person": "telegram:main:1",
        "team": "default",
        "opened_at": START,
        "updated_at": START,
    }
    return Conversation.model_validate({**known, **fields})


class SlaHarness(Driver):
    """A partition of `sla` with the facts that it receives; `run_until` answers its watermark requests."""

    def __init__(self, policies: Sequence[Policy] | None = (ONE_MINUTE,)) -> None:
        super().__init__(
            PROCESSOR.bind(None), (CLOCKS, SLA_STATES, CLOCK_SCHEDULES, CONFIGURATION_HEADS, CONFIGURATIONS)
        )
        self.case = conversation()
        self.fact_events: list[Event] = []
        self.tracking: dict[str, ResponseTracking] = {}
        self.gives_runs = True
        self.configure(policies)

    def configure(
        self,
        policies: Sequence[Policy] | None,
        version: int = 3,
        timezone: str = "Europe/Riga",
        at: datetime = START,
    ) -> None:
        """What REST has written: `None` when never anything about sla."""
        sla = None if policies is None else Versioned(body=SlaBody(policies=list(policies)), version=version, at=at)
        itself = Versioned(body=WorkspaceBody(name="W", timezone=timezone), version=1, at=START)
        written = WorkspaceConfiguration(workspace="w", version=version, profile=itself, sla=sla)
        self.put(CONFIGURATION_HEADS, "w", ConfigurationHead(workspace="w", version=version))
        self.put(CONFIGURATIONS, version_id("w", version), written)

    def fact(
        self,
        name: str,
        when: datetime,
        *,
        message: str | None = None,
        author: str | None = None,
        case: Conversation | None = None,
        surface: str | None = None,
        before: str | None = None,
        needs_answer: bool = True,
    ) -> ReceivedEvent:
        """A fact that counts at `when`; `surface` is the message's, when it is not the conversation's.

        `before`: the status that the conversation had.
        """
        snapshot = case or conversation()
        fact = ConversationFact.model_validate(
            {
                "conversation": snapshot.id,
                "key": "w/telegram:main:1",
                "snapshot": snapshot,
                "previous_status": before,
                "at": when,
                "message": message,
                "message_surface": surface,
                "author": author,
                "needs_answer": needs_answer,
            }
        )
        with_runs = self._with_runs(name, fact)
        fact = with_runs if self.gives_runs else fact
        arrived = self.arrived("conversations", f"pasokh.conversation.{name}", fact)
        self.fact_events.append(arrived.event)
        return arrived

    def _with_runs(self, name: str, fact: ConversationFact) -> ConversationFact:
        """The fact with its response runs, as conversations gives them."""
        tracked = follow_fact(self.tracking.get(fact.conversation, ResponseTracking()), name, fact)
        self.tracking[fact.conversation] = tracked.tracking
        runs = {"response": tracked.tracking.open_run(), "ended_responses": list(tracked.ended)}
        return fact.model_copy(update=runs)

    async def receive_fact(
        self,
        name: str,
        when: datetime,
        *,
        message: str | None = None,
        author: str | None = None,
        surface: str | None = None,
        **case: object,
    ) -> None:
        """One fact, in a batch of its own; the clock stands at `when` or later. `case`: how the conversation is now."""
        self.now = max(self.now, when)
        self.case = self.case.model_copy(update=case)
        await self.batch([self.fact(name, when, message=message, author=author, surface=surface, case=self.case)])

    async def receive_message(self, when: datetime) -> None:
        """A customer's message."""
        await self.receive_fact("message_received", when, message="m", author="customer")

    async def replied(self, when: datetime, message: str = "r1", author: str = "agent") -> None:
        """REST accepted a reply."""
        await self.receive_fact("replied", when, message=message, author=author)

    async def delivered(self, when: datetime, message: str = "r1", author: str = "agent") -> None:
        """A reply accepted at `when` reached the customer."""
        await self.receive_fact("reply_delivered", when, message=message, author=author)

    async def failed(self, when: datetime, message: str = "r1") -> None:
        """A reply accepted at `when` will never reach the customer."""
        await self.receive_fact("reply_failed", when, message=message, author="agent")

    async def confirm_watermark(self, when: datetime) -> None:
        """The watermark of conversations: every fact of until `when` has been read."""
        await self.batch([self.arrived("conversations", "pasokh.control.watermark", Watermark(at=when), "w/control")])

    async def run_until(self, moment: datetime) -> None:
        """Move the time, and answer each watermark request at once, as conversations without a lag does."""
        while True:
            timers = self.timers()
            if not timers or timers[0].due_at > moment:
                break
            answered = len(self.watermark_requests())
            await self.advance_to(timers[0].due_at)
            for request in self.watermark_requests()[answered:]:
                await self.confirm_watermark(WatermarkRequest.model_validate(request.data).at)
        self.now = max(self.now, moment)

    def watermark_requests(self) -> list[Event]:
        """The watermark requests to conversations, in order."""
        return [event for event in self.sent if event.type == "pasokh.control.watermark_request"]

    def emitted_names(self, case: str = "c1") -> list[str]:
        """The last words of the facts about a conversation's clocks, in order."""
        facts = [e for e in self.sent if e.type.startswith("pasokh.sla.")]
        return [e.type.rsplit(".", 1)[1] for e in facts if e.data["conversation"] == case]

    def clock_facts(self, name: str) -> list[ClockFact]:
        """The facts of one kind."""
        return [ClockFact.model_validate(e.data) for e in self.sent if e.type == f"pasokh.sla.{name}"]

    def names_of_run(self, metric: ClockMetric, run: int = 1) -> list[str]:
        """The last words of the facts about one run, in order."""
        emitted = [(e, ClockFact.model_validate(e.data)) for e in self.sent if e.type.startswith("pasokh.sla.")]
        return [e.type.rsplit(".", 1)[1] for e, fact in emitted if (fact.metric, fact.run) == (metric, run)]

    def escalations(self) -> list[Escalate]:
        """The escalations, in order."""
        return [Escalate.model_validate(e.data) for e in self.sent if e.type == "pasokh.command.escalate"]

    def clock(self, case: str = "c1", metric: ClockMetric = "first_response", run: int = 1) -> ClockRecord:
        """The clock as it rests."""
        record = self.get(CLOCKS, clock_id(case, metric, run))
        if record is None:
            raise LookupError(f"{case} has no clock")
        return record
