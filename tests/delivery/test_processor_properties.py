"""Any interleaving of results, timers, crashes and zombies: at most one attempt that may have been accepted.

Of an action there may be more, as long as nothing that came after it was done before.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from schemas.outbound import ChannelAction, Outbound, OutboundMessage
from schemas.values import Json
from services.channels.port import Account, CredentialsRejected
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.platform.processing.inputs import EffectCompleted
from services.platform.processing.unit_of_work import Effect
from tests.delivery.harness import LIKE_TELEGRAM, ActingChannel, SenderHarness, action, outbound
from tests.examples import examples

Fate = Literal["taken", "busy", "flood", "paused", "locked", "refused", "reset_after", "reset_before"]
FATES: tuple[Fate, ...] = get_args(Fate)
MAYBE_ACCEPTED = {"taken", "reset_after", "reset_before"}
PERSONS = ("1", "2", "3")


@dataclass
class Platform:
    """What really happened to each message, as only the platform knows, and who is being called now."""

    fate: Fate = "taken"
    attempts: dict[str, list[Fate]] = field(default_factory=dict)
    wrongs: list[str] = field(default_factory=list)
    accepted: dict[str, list[str]] = field(default_factory=lambda: {p: [] for p in PERSONS})

    async def take(self, message: OutboundMessage, account: Account) -> str | None:
        earlier = self.attempts.setdefault(message.id, [])
        # Noted, not raised: an attempt takes whatever a channel raises for a doubtful result.
        if (MAYBE_ACCEPTED | {"refused"}) & set(earlier):
            self.wrongs.append(f"{message.id} was sent again after {earlier}")
        earlier.append(self.fate)
        self._accept(message)
        return self._answer(message)

    async def act(self, message: ChannelAction) -> None:
        # Whatever happened before: also an attempt whose answer was lost may be made again.
        self.attempts.setdefault(message.id, []).append(self.fate)
        self._accept(message)
        self._answer(message)

    def _accept(self, message: Outbound) -> None:
        if self.fate in ("taken", "reset_after"):
            self.accepted[message.address.chat].append(message.id)

    def _answer(self, message: Outbound) -> str:
        match self.fate:
            case "busy":
                raise TransientSendError("busy")
            case "paused":
                raise TransientSendError("unavailable", after=7.0, scope="account")
            case "flood":
                raise TransientSendError("too many requests", after=7.0, scope="chat")
            case "locked":
                raise CredentialsRejected("the token is not accepted", 401)
            case "refused":
                raise PermanentSendError("blocked", "blocked")
            case "reset_after" | "reset_before":
                raise SendOutcomeUnknown("reset")
            case "taken":
                return f"tg-{message.id}"


class Sending(RuleBasedStateMachine):
    """Drives one partition of the sender through everything that can happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.platform = Platform()
        channel = ActingChannel(capabilities=LIKE_TELEGRAM, script=self.platform.take, act=self.platform.act)
        self.sender = SenderHarness(channel)
        self.queued: dict[str, list[str]] = {p: [] for p in PERSONS}
        self.results: list[EffectCompleted] = []
        self.zombies: list[Effect] = []

    def teardown(self) -> None:
        try:
            self._settle_everything()
        finally:
            self.runner.close()

    def do(self, what: Awaitable[object]) -> None:
        async def _do() -> None:
            await what

        self.runner.run(_do())

    # -- what can happen -----------------------------------------------------------------------------------------------

    @rule(
        work=st.lists(st.tuples(st.sampled_from(PERSONS), st.booleans()), min_size=1, max_size=5), again=st.booleans()
    )
    def agents_answer(self, work: list[tuple[str, bool]], again: bool) -> None:
        messages: list[Outbound] = []
        for person, is_action in work:
            identity = f"{person}-{len(self.queued[person])}"
            self.queued[person].append(identity)
            edit = action(identity, "edit", person, message="m", platform_id="9", text="better")
            messages.append(edit if is_action else outbound(identity, person))
        self.do(self.sender.arrive(*messages, *(messages if again else [])))

    @precondition(lambda self: self.sender.effects)
    @rule(which=st.integers(0, 10), fate=st.sampled_from(FATES))
    def attempt_is_made(self, which: int, fate: Fate) -> None:
        self._attempt(self.sender.effects[which % len(self.sender.effects)], fate, is_received=True)

    @precondition(lambda self: self.zombies)
    @rule(fate=st.sampled_from(FATES))
    def dead_owner_still_sends(self, fate: Fate) -> None:
        self._attempt(self.zombies.pop(0), fate, is_received=False)

    def _attempt(self, effect: Effect, fate: Fate, *, is_received: bool) -> None:
        self.platform.fate = fate

        async def make() -> None:
            result = await self.sender.perform(effect)
            if is_received:
                self.results.append(result)

        self.do(make())

    @precondition(lambda self: self.results)
    @rule(which=st.integers(0, 10), twice=st.booleans(), forget=st.booleans())
    def result_comes_in(self, which: int, twice: bool, forget: bool) -> None:
        result = self.results[which % len(self.results)]
        if forget:
            self.results.remove(result)
        self.do(self.sender.batch([result, result] if twice else [result]))

    @rule(seconds=st.sampled_from([0.2, 1.0, 4.9, 5.1, 31.0, 90.0]))
    def time_passes(self, seconds: float) -> None:
        self.sender.time_source.move(seconds)
        self.do(self.sender.fire_due())

    @rule(zombie=st.booleans(), seconds=st.sampled_from([0.0, 2.0]))
    def process_dies(self, zombie: bool, seconds: float) -> None:
        self.zombies += self.sender.effects if zombie else []
        self.results.clear()
        self.sender.restart()
        self.sender.time_source.move(seconds)

    # -- what always holds ---------------------------------------------------------------------------------------------

    @invariant()
    def one_in_flight_per_person(self) -> None:
        for person, queued in self.queued.items():
            open_ones = [i for i in queued if self.sender.record(i).state in ("waiting", "sending", "retry")]
            assert len(open_ones) <= 1, f"{person}: {open_ones}"

    @invariant()
    def nothing_that_may_be_there_is_sent_again(self) -> None:
        assert self.platform.wrongs == []

    @invariant()
    def platform_sees_each_once_in_order(self) -> None:
        for person, accepted in self.platform.accepted.items():
            # An action that was done several times in a row counts as once: `wrongs` holds messages to once.
            in_order = [identity for identity, _ in groupby(accepted)]
            assert in_order == sorted(set(accepted), key=self.queued[person].index)

    @invariant()
    def facts_come_at_most_once_and_in_order(self) -> None:
        for queued in self.queued.values():
            reported = [m for _, m in self.sender.facts() if m in queued]
            assert reported == queued[: len(reported)]

    def _settle_everything(self) -> None:
        self.platform.fate = "taken"
        for effect in self.zombies:
            self._attempt(effect, "taken", is_received=False)
        self.do(self.sender.run_until_idle())
        facts = {message: kind for kind, message in self.sender.facts()}
        for queued in self.queued.values():
            for identity in queued:
                self._ended(identity, facts)
        self.nothing_that_may_be_there_is_sent_again()
        self.platform_sees_each_once_in_order()
        self.facts_come_at_most_once_and_in_order()

    def _ended(self, identity: str, facts: dict[Json, str]) -> None:
        fates, record = self.platform.attempts.get(identity, []), self.sender.record(identity)
        assert facts[identity].replace("action_performed", "sent").removeprefix("action_") == record.state
        if record.state == "sent":
            assert "taken" in fates
            assert fates[-1] == "taken" or isinstance(record.message, ChannelAction)
        else:
            assert record.error is not None
            assert record.error.code in ("blocked", "outcome_unknown")
        assert self.sender.queue(record.message.key) is None


TestSending = Sending.TestCase
TestSending.settings = settings(examples(80), stateful_step_count=30)
