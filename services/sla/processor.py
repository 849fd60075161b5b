"""The stage `sla`: facts of conversations in, clocks and facts about them out.

Time comes through the log, see `agenda`: only conversations' confirmation (`pasokh.control.tick`) fires what was due.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from schemas.configuration import Policy, WorkspaceConfiguration
from schemas.conversation import Conversation, ConversationFact
from schemas.envelope import Event
from schemas.sla import ClockFact, ClockMetric, ControlTick
from schemas.values import Json
from services.records.clocks import (
    AGENDAS,
    CLOCKS,
    EXEMPTIONS,
    ClockRecord,
    ExemptionRecord,
    clock_id,
    exemption_id,
)
from services.records.configuration import CONFIGURATION_HEADS, Configurations
from services.runtime.stage import Arrived, Input, WakeUp
from services.runtime.work import Effect, Work
from services.sla.agenda import agenda_id, arm, confirmed, due_by, look_ahead, wake_up
from services.sla.clocks import Change, Told, deliver, end, fail, reopen, reply, start, tick
from services.sla.defaults import default_policies
from services.sla.policies import choose

GROUP = "sla"
CONVERSATION = "pasokh.conversation."
MESSAGE_RECEIVED = f"{CONVERSATION}message_received"
TICK = "pasokh.control.tick"
FIRST_RESPONSE: ClockMetric = "first_response"
FIRST_RUN = 1
DESCRIBED = ("channel", "account", "surface", "team", "priority")
"""What a clock repeats of its conversation, as it was last said."""


@dataclass(slots=True)
class Memory:
    """What a batch read besides documents.

    `configurations` of the workspaces whose clocks may start; `floor` of the agenda, when it is looked at.
    """

    read: Configurations = field(default_factory=Configurations)
    configurations: dict[str, WorkspaceConfiguration] = field(default_factory=dict)
    floor: datetime | None = None


class SlaStage:
    """Runs the clocks of one partition's conversations. A million that are not due cost nothing."""

    group = GROUP
    topics = ("conversations",)
    # Promises are counted by the times of events: a moment later changes none, and leaves the moment to the router.
    linger_seconds = 0.05

    def remember(self) -> Memory:
        return Memory()

    async def load(self, work: Work, memory: Memory, inputs: Sequence[Input]) -> None:
        events = [one.event for one in inputs if isinstance(one, Arrived)]
        facts = [event for event in events if event.type.startswith(CONVERSATION)]
        cases = {_conversation(event) for event in facts}
        await work.fetch(
            [
                (AGENDAS, [agenda_id(work)]),
                (CLOCKS, [clock_id(case, FIRST_RESPONSE, FIRST_RUN) for case in cases]),
                (EXEMPTIONS, [exemption_id(case, FIRST_RESPONSE) for case in cases]),
                (CONFIGURATION_HEADS, {event.workspace for event in facts if event.type == MESSAGE_RECEIVED}),
            ]
        )
        heads = [work.get(CONFIGURATION_HEADS, event.workspace) for event in facts if _may_start(work, event)]
        memory.configurations = await memory.read.at(work.reader, heads)
        ticks = [_tick_at(one) for one in inputs if isinstance(one, Arrived) and one.event.type == TICK]
        if ticks or any(isinstance(one, WakeUp) for one in inputs):
            memory.floor = await look_ahead(work, max(ticks, default=None))

    def decide(self, work: Work, memory: Memory, one: Input) -> None:
        match one:
            case WakeUp():
                wake_up(work, memory.floor)
            case Arrived() if one.event.type == TICK:
                _fire(work, memory, _tick_at(one))
            case Arrived() if one.event.type.startswith(CONVERSATION):
                word = one.event.type.removeprefix(CONVERSATION)
                _follow(work, memory, word, ConversationFact.model_validate(one.event.data))

    async def perform(self, effect: Effect) -> dict[str, Json]:
        raise NotImplementedError(f"sla does nothing outside, and was asked for {effect.name}")


def _conversation(event: Event) -> str:
    return str(event.data.get("conversation"))


def _may_start(work: Work, event: Event) -> bool:
    known = work.get(CLOCKS, clock_id(_conversation(event), FIRST_RESPONSE, FIRST_RUN))
    return event.type == MESSAGE_RECEIVED and known is None


def _tick_at(one: Arrived) -> datetime:
    return ControlTick.model_validate(one.event.data).at


def _fire(work: Work, memory: Memory, at: datetime) -> None:
    """All that happened until `at` has been said: tell what was due by then, and look for what comes next."""
    for record in due_by(work, at):
        _keep(work, record, tick(record, at))
    confirmed(work, at, memory.floor)


# -- clocks ------------------------------------------------------------------------------------------------------------


def _replied(clock: ClockRecord, fact: ConversationFact) -> Change[ClockRecord]:
    return Change(reply(clock, fact.message or "", fact.at) if fact.author == "agent" else clock)


def _delivered(clock: ClockRecord, fact: ConversationFact) -> Change[ClockRecord]:
    return deliver(clock, fact.at) if fact.author == "agent" else Change(clock)


def _failed(clock: ClockRecord, fact: ConversationFact) -> Change[ClockRecord]:
    return fail(clock, fact.message or "")


def _ended(clock: ClockRecord, fact: ConversationFact) -> Change[ClockRecord]:
    return end(clock, fact.at)


def _reopened(clock: ClockRecord, _: ConversationFact) -> Change[ClockRecord]:
    return Change(reopen(clock))


TRANSITIONS: dict[str, Callable[[ClockRecord, ConversationFact], Change[ClockRecord]]] = {
    "replied": _replied,
    "reply_delivered": _delivered,
    "reply_failed": _failed,
    "resolved": _ended,
    "closed": _ended,
    "reopened": _reopened,
}
"""What each fact of a conversation does to its first-response clock; every other leaves it running as it is."""


def _follow(work: Work, memory: Memory, word: str, fact: ConversationFact) -> None:
    record = work.get(CLOCKS, clock_id(fact.conversation, FIRST_RESPONSE, FIRST_RUN))
    if record is not None:
        described = record.model_copy(update={name: getattr(fact.snapshot, name) for name in DESCRIBED})
        transition = TRANSITIONS.get(word)
        _keep(work, record, transition(described, fact) if transition else Change(described))
    elif work.get(EXEMPTIONS, exemption_id(fact.conversation, FIRST_RESPONSE)) is None:
        _meet(work, memory, word, fact)


def _meet(work: Work, memory: Memory, word: str, fact: ConversationFact) -> None:
    """The first that is heard of a conversation decides whether it has a first-response clock, and which."""
    if word == "replied" and fact.author == "agent":
        _exempt(work, fact, "agent_started")
    elif word == "message_received" and fact.author in (None, "customer"):
        policy, version = _policy(memory.configurations.get(fact.snapshot.workspace), fact.snapshot)
        target = policy and policy.targets.of(FIRST_RESPONSE)
        if policy and target:
            _keep(work, None, start(_clock(work, fact, policy, version, target)))
        else:
            _exempt(work, fact, "no_target")


def _policy(configuration: WorkspaceConfiguration | None, case: Conversation) -> tuple[Policy | None, int]:
    """The policy that holds and its version: what was written, else the defaults (version 0)."""
    if configuration is not None and configuration.sla is not None:
        return choose(configuration.sla.body.policies, case), configuration.sla.version
    zone = configuration.itself.body.timezone if configuration else "UTC"
    return choose(default_policies(zone), case), 0


def _clock(work: Work, fact: ConversationFact, policy: Policy, version: int, target: float) -> ClockRecord:
    return ClockRecord(
        metric=FIRST_RESPONSE,
        policy=policy.id,
        target_seconds=target,
        started_at=fact.at,
        due_at=fact.at,
        state="running",
        run=FIRST_RUN,
        warn_at=policy.warn_at,
        calendar=policy.calendar,
        conversation=fact.conversation,
        workspace=fact.snapshot.workspace,
        key=fact.key,
        partition=work.place.partition,
        policy_version=version,
        channel=fact.snapshot.channel,
        account=fact.snapshot.account,
        surface=fact.snapshot.surface,
        team=fact.snapshot.team,
        priority=fact.snapshot.priority,
    )


def _exempt(work: Work, fact: ConversationFact, reason: Literal["agent_started", "no_target"]) -> None:
    exemption = ExemptionRecord(
        conversation=fact.conversation,
        workspace=fact.snapshot.workspace,
        metric=FIRST_RESPONSE,
        reason=reason,
        at=fact.at,
    )
    work.put(EXEMPTIONS, exemption_id(fact.conversation, FIRST_RESPONSE), exemption)


def _keep(work: Work, before: ClockRecord | None, change: Change[ClockRecord]) -> None:
    """Write what changed, tell what follows from it, and make sure that somebody looks in time."""
    after = change.clock
    if after == before:
        return
    work.put(CLOCKS, clock_id(after.conversation, after.metric, after.run), after)
    for told in change.told:
        work.emit(f"pasokh.sla.{told.word}", after.key, _fact(told))
    if after.next_at is not None:
        arm(work, after.next_at)


def _fact(told: Told[ClockRecord]) -> ClockFact:
    record = told.clock
    return ClockFact(
        conversation=record.conversation,
        key=record.key,
        workspace=record.workspace,
        metric=record.metric,
        run=record.run,
        clock=record.shown(),
        policy_version=record.policy_version,
        warned_at_fraction=told.fraction,
        late_by_seconds=record.late_by_seconds,
        channel=record.channel,
        account=record.account,
        surface=record.surface,
        team=record.team,
        priority=record.priority,
    )
