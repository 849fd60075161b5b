"""No state without a way out: every state that a conversation can come to, and what an agent can do from it.

The states are walked, not listed: from the first message on, everything that a customer, a visitor of the link, an
agent, dispatch, a platform and time can do is done to the real stage, until nothing leads to a state not seen before.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

import pytest

from schemas.activity import Address
from schemas.commands import (
    AddNote,
    ClearHandoff,
    CommandResult,
    ConfirmHandoff,
    Reopen,
    Reply,
    Resolve,
    Transfer,
)
from schemas.configuration import AccountBody, TeamBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.outbound import DeliveryFailed, DeliverySent
from schemas.routing import Assigned, Unassigned
from schemas.sla import Escalate
from schemas.values import EncryptedText, Failure
from services.domain.conversation_state import ConversationState
from services.platform.store.port import Document, Key
from services.records.configuration import CONFIGURATIONS
from services.records.conversations import CONVERSATIONS
from services.router.conversations.domain.handoff import sign_token
from tests.router.conversations.harness import HANDOFFS, ConversationsHarness

PUBLIC: dict[str, Any] = {
    "surface": "public",
    "thread": "-100/7",
    "address": Address(chat="-100", thread="7", reply_to="11"),
}
SECRET: dict[str, Any] = {"sensitive": True, "masked": ["card"]}
VISITOR = "webchat:site:anon-1"
NUMBERS = count(100)
State = tuple[object, ...]


@dataclass(frozen=True)
class Snapshot:
    """Everything that a partition keeps, at a moment; `case` is the conversation that is looked at."""

    documents: Mapping[Key, Document]
    now: datetime
    case: str


class Town:
    """One conversation, and everybody who can do something about it."""

    def __init__(self, **settings: Any) -> None:
        self.house, self.case_id = ConversationsHarness(), ""
        at = self.house.driver.now
        accounts = {"telegram/main": settings, "webchat/site": {}}
        configuration = WorkspaceConfiguration(
            workspace="w",
            version=3,
            profile=Versioned(body=WorkspaceBody(name="Shop"), version=1, at=at),
            teams={"billing": Versioned(body=TeamBody(name="Billing"), version=1, at=at)},
            accounts={
                name: Versioned(body=AccountBody(credentials={}, settings=given), version=1, at=at)
                for name, given in accounts.items()
            },
        )
        self.house.driver.put(CONFIGURATIONS, "w/3", configuration)

    @property
    def case(self) -> ConversationState:
        found = self.house.driver.get(CONVERSATIONS, self.case_id)
        assert found is not None
        return found

    def state(self) -> State:
        """All of a conversation that any decision about it looks at, and no more."""
        case, handoff = self.case, self.case.handoff
        return (
            *(case.status, case.surface, case.sensitive, case.last_surface, case.agent, case.priority),
            (handoff.state, bool(handoff.unconfirmed)) if handoff else None,
            tuple(sorted(case.addresses)),
            case.private_person is not None,
            case.thread is not None,
            sum(one.state == "queued" for one in self._replies()) > 0,
        )

    def snapshot(self) -> Snapshot:
        return Snapshot(dict(self.house.driver.store.documents), self.house.driver.now, self.case_id)

    def restore(self, snapshot: Snapshot) -> None:
        self.house.driver.rewind(snapshot.documents, snapshot.now)
        self.case_id = snapshot.case

    def _replies(self) -> list[Any]:
        return [m for m in self.house.messages() if m.conversation == self.case_id and m.author.kind == "agent"]

    # -- what happens ----------------------------------------------------------------------------------------------------

    async def customer(self, **more: Any) -> None:
        number = next(NUMBERS)
        await self.house.customer(number, **{"text": {"text": "hello"}, **more})

    async def public(self) -> None:
        await self.customer(**PUBLIC)

    async def public_secret(self) -> None:
        await self.customer(**PUBLIC, **SECRET)

    async def private(self) -> None:
        await self.customer(address=Address(chat="1"))

    async def private_secret(self) -> None:
        await self.customer(address=Address(chat="1"), **SECRET)

    async def edits_a_secret_in(self) -> None:
        mine = [m for m in self.house.messages() if m.conversation == self.case_id and m.direction == "inbound"]
        if mine and mine[0].surface == "public":
            number = next(NUMBERS)
            edit = {**PUBLIC, **SECRET, "message": mine[0].id, "id": f"edit-{number}", "sent_at": self.house.driver.now}
            await self.house.customer(number, "edit", **edit)

    async def starts(self) -> None:
        token = sign_token(HANDOFFS.secret, "w", self.case_id)
        await self.customer(address=Address(chat="1"), details={"command": "start", "start": token})

    async def blocks(self) -> None:
        await self.house.customer(next(NUMBERS), "follow", details={"state": "blocked"})

    async def follows_the_link(self) -> None:
        token, number = sign_token(HANDOFFS.secret, "w", self.case_id), next(NUMBERS)
        visitor = {"channel": "webchat", "account": "site", "person": VISITOR, "message": f"chat-{number}"}
        given = {"address": Address(chat="anon-1"), "details": {"handoff": token}, "text": {"text": "it is me"}}
        await self.customer(**visitor, **given)

    async def proves(self) -> None:
        handoff = self.case.handoff
        if handoff and handoff.unconfirmed:
            await self.customer(**PUBLIC, text={"text": handoff.unconfirmed[0].words})

    async def is_assigned(self) -> None:
        case = self.case
        data: dict[str, Any] = {"conversation": case.id, "key": case.key, "workspace": "w", "agent": "sara"}
        assigned = Assigned(**data, team=case.team, at=self.house.driver.now, decision="d", summary="s")
        await self.house.arrives("assignments", "pasokh.assignment.assigned", assigned)

    async def loses_its_agent(self) -> None:
        case = self.case
        gone = Unassigned(
            conversation=case.id,
            key=case.key,
            workspace="w",
            agent="sara",
            at=self.house.driver.now,
            reason="signed_off",
        )
        await self.house.arrives("assignments", "pasokh.assignment.unassigned", gone)

    async def is_escalated(self) -> None:
        agent_command = Escalate(conversation=self.case_id, priority="urgent", to_team="billing", reason="breached")
        await self.house.arrives("commands", "pasokh.command.escalate", agent_command)

    async def reply_arrives(self) -> None:
        for message in (one for one in self._replies() if one.state == "queued"):
            case = self.case
            at = self.house.driver.now
            sent = DeliverySent(
                message=message.id, conversation=case.id, key=case.key, platform_id="7", attempts=1, at=at
            )
            await self.house.arrives("deliveries", "pasokh.delivery.sent", sent)

    async def reply_fails(self) -> None:
        for message in (one for one in self._replies() if one.state == "queued"):
            case, error = self.case, Failure(code="blocked", detail="blocked")
            at = self.house.driver.now
            failed = DeliveryFailed(
                message=message.id, conversation=case.id, key=case.key, error=error, attempts=1, at=at
            )
            await self.house.arrives("deliveries", "pasokh.delivery.failed", failed)

    async def a_quarter_of_an_hour_passes(self) -> None:
        await self.house.driver.advance(901)

    async def four_days_pass(self) -> None:
        await self.house.driver.advance(4 * 86_400)

    # -- what agents do --------------------------------------------------------------------------------------------------

    async def _asked(self, verb: str, contract: Callable[..., Any], **more: Any) -> CommandResult:
        at = self.house.driver.now
        data = contract(conversation=self.case_id, accepted_at=at, request_hash=f"h{next(NUMBERS)}", **more)
        outcome = await self.house.command(verb, data)
        await self.house.settle()
        return outcome

    async def replies(self, surface: str | None = None) -> CommandResult:
        return await self._asked("reply", Reply, agent="sara", text=EncryptedText(text="hello"), surface=surface)

    async def replies_in_public(self) -> CommandResult:
        return await self.replies("public")

    async def replies_in_private(self) -> CommandResult:
        return await self.replies("private")

    async def resolves(self) -> CommandResult:
        return await self._asked("resolve", Resolve)

    async def reopens(self) -> CommandResult:
        return await self._asked("reopen", Reopen)

    async def hands_over(self) -> CommandResult:
        return await self._asked("transfer", Transfer, to_agent="omar")

    async def takes(self) -> CommandResult:
        outcome = await self._asked("transfer", Transfer, to_agent="sara")
        await self.is_assigned()
        return outcome

    async def moves_to_a_team(self) -> CommandResult:
        return await self._asked("transfer", Transfer, to_team="billing")

    async def notes(self) -> CommandResult:
        return await self._asked("add_note", AddNote, text=EncryptedText(text="a note"))

    async def clears(self) -> CommandResult:
        return await self._asked("clear_handoff", ClearHandoff, agent="sara")

    async def confirms(self) -> CommandResult:
        return await self._asked("confirm_handoff", ConfirmHandoff, agent="sara", person=VISITOR)


Step = Callable[[Town], Awaitable[object]]
STEPS: tuple[Step, ...] = (
    *(Town.public, Town.public_secret, Town.private, Town.private_secret, Town.edits_a_secret_in, Town.starts),
    *(Town.blocks, Town.follows_the_link, Town.proves, Town.is_assigned, Town.loses_its_agent, Town.is_escalated),
    *(Town.reply_arrives, Town.reply_fails, Town.a_quarter_of_an_hour_passes, Town.four_days_pass),
    *(Town.replies, Town.replies_in_public, Town.replies_in_private, Town.resolves, Town.reopens, Town.hands_over),
    *(Town.takes, Town.moves_to_a_team, Town.notes, Town.clears, Town.confirms),
)
BEGINNINGS: Mapping[str, Step] = {
    "in public": Town.public,
    "with a secret in public": Town.public_secret,
    "in private": Town.private,
    "with a secret in private": Town.private_secret,
}


WALKS = [(name, "shop_bot") for name in BEGINNINGS] + [(name, None) for name in BEGINNINGS if "public" in name]
"""How it begins, and the bot that a deep link would lead to; None: the link leads to a chat."""
_walked: dict[tuple[str, str | None], tuple[Town, dict[State, Snapshot]]] = {}


async def walked(beginning: str, bot: str | None) -> tuple[Town, dict[State, Snapshot]]:
    """Every state, with how it was come to for the first time; walked once."""
    if (beginning, bot) in _walked:
        return _walked[beginning, bot]
    town = Town(**({"username": bot} if bot else {}))
    await BEGINNINGS[beginning](town)
    town.case_id = town.house.case().id
    await town.house.settle()
    known = {town.state(): town.snapshot()}
    ahead = list(known.values())
    while ahead:
        here = ahead.pop()
        for step in STEPS:
            town.restore(here)
            await step(town)
            await town.house.settle()
            if (state := town.state()) not in known:
                known[state] = town.snapshot()
                ahead.append(known[state])
    return _walked.setdefault((beginning, bot), (town, known))


async def way_on(town: Town, snapshot: Snapshot) -> str:
    """What gets an answer to the customer: nothing but taking it, or clearing the mark first. '' when nothing does."""
    for name, first in (("reply", ()), ("clear", (Town.clears,))):
        for surface in (None, "private", "public"):
            town.restore(snapshot)
            if town.case.agent != "sara":
                await town.takes()
            for step in first:
                await step(town)
            if (await town.replies(surface)).status == "applied":
                return name
    return ""


async def unfinished(town: Town, status: object, snapshot: Snapshot) -> Snapshot | None:
    """What a finished conversation becomes when somebody wants to go on; None: the customer has another one open."""
    town.restore(snapshot)
    if status == "closed":
        # For good: what the customer writes next opens another, which is like the first.
        await town.public()
        town.case_id = max(town.house.cases(), key=lambda one: one.opened_at).id
        assert town.case.status == "waiting"
    elif status == "resolved":
        reopened = await town.reopens()
        if reopened.problem is not None:
            assert reopened.problem.title == "Another is open"
            return None
    else:
        assert (await town.resolves()).status == "applied"
        return snapshot
    return town.snapshot()


@pytest.mark.slow
@pytest.mark.parametrize(("beginning", "bot"), WALKS)
async def test_from_every_state_an_agent_can_go_on(beginning: str, bot: str | None) -> None:
    town, states = await walked(beginning, bot)
    assert len(states) > 50, "the walk went nowhere"
    for state, snapshot in states.items():
        open_again = await unfinished(town, state[0], snapshot)
        if open_again is None:
            continue
        needed = await way_on(town, open_again)
        assert needed, f"nobody can answer: {state}"
        town.restore(open_again)
        handoff = town.case.handoff
        waits = handoff is not None and handoff.state == "started"
        assert needed == "reply" or waits, f"only clearing helps, though nobody is waited for: {state}"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_every_status_surface_and_state_of_a_hand_off_is_walked() -> None:
    seen = {state for walk in WALKS for state in (await walked(*walk))[1]}
    assert len(seen) > 500
    assert {state[0] for state in seen} == {"waiting", "assigned", "pending", "resolved", "closed"}
    assert {state[1] for state in seen} == {"private", "public"}
    handoffs = {state[6][0] if isinstance(state[6], tuple) else None for state in seen}
    assert handoffs == {None, "started", "expired", "completed"}
    assert {state[7] for state in seen} >= {("private",), ("public",), ("private", "public")}
    assert {state[2] for state in seen} == {True, False}
