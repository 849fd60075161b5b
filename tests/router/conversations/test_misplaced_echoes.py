"""Our answer to a comment below another's comment counts once, in the conversation that it answers, in whatever order owners decide."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Address, PostContext, Reaction
from schemas.channel import Capabilities, TextLimit
from schemas.commands import Resolve
from schemas.envelope import Event
from schemas.outbound import DeliverySent
from schemas.values import EncryptedText
from services.domain.conversation_state import ConversationState
from services.platform.processing.inputs import ReceivedEvent
from services.records.conversations import MessageRecord
from services.router.conversations.early import SECOND_LOOK_AFTER
from tests.examples import examples
from tests.router.conversations.harness import ConversationsHarness, assigned_to
from tests.router.conversations.owners import Owners, every_order

LIMITS = (TextLimit(limit=400),)
FLAT = Capabilities(surfaces=("private", "public"), text_limits=LIMITS, flat_threads=True)
UPPER, LOWER, PAGE = "w/telegram:main:upper", "w/telegram:main:lower", "w/telegram:main:page"
ANSWER = "It comes on Monday, between nine and five."


class Thread(ConversationsHarness):
    """A comment, another's comment below it, and an answer to the latter which is being sent."""

    reply_id: str

    async def commented(self, *, is_upper_assigned: bool) -> None:
        await self._comment("upper", "m-upper")
        if is_upper_assigned:
            await self._assigned(UPPER)
        await self._comment("lower", "m-lower", replies_to=["m-upper"])
        await self._assigned(LOWER)
        outcome = await self.reply(conversation=self.of(LOWER).id, text=ANSWER)
        assert outcome.result is not None
        self.reply_id = outcome.result

    async def _comment(self, author: str, message: str, **more: Any) -> None:
        fields = {"person": f"telegram:main:{author}", "message": message, **public(message), **more}
        comment = self.activity(1, **{**fields, "id": message})
        await self._event(comment, "pasokh.inbound.message", f"w/telegram:main:{author}", "inbound")

    async def _assigned(self, key: str) -> None:
        assigned = assigned_to(self.of(key), "sara", self.driver.now)
        await self._event(assigned, "pasokh.assignment.assigned", key, "assignments")

    async def _event(self, data: Any, event_type: str, key: str, topic: str) -> None:
        await self.driver.batch([self.driver.arrived(topic, event_type, data, key)])

    def of(self, key: str) -> ConversationState:
        return next(case for case in self.cases() if case.key == key)

    # -- what the platform reports -------------------------------------------------------------------------------------

    def echo(self) -> ReceivedEvent:
        """The platform's announcement of our answer: it names the upper comment alone."""
        about = self.activity(
            9,
            "echo",
            person="telegram:main:page",
            author="account",
            message="m-answer",
            replies_to=["m-upper"],
            text=EncryptedText(text=ANSWER),
            **public("m-upper", parent="m-upper"),
        )
        return self.driver.arrived("inbound", "pasokh.inbound.echo", about, PAGE)

    def result(self) -> ReceivedEvent:
        sent = DeliverySent(
            message=self.reply_id,
            conversation=self.of(LOWER).id,
            key=LOWER,
            platform_id="answer",
            aliases=["m-answer"],
            attempts=1,
            at=self.driver.now,
        )
        return self.driver.arrived("deliveries", "pasokh.delivery.sent", sent, LOWER)

    def reaction(self) -> ReceivedEvent:
        about = self.activity(
            8, "reaction", person="telegram:main:fan", message="m-answer", reaction=Reaction(emoji="❤"), **public("x")
        )
        return self.driver.arrived("inbound", "pasokh.inbound.reaction", about, "w/telegram:main:fan")

    def ours(self) -> list[MessageRecord]:
        return [message for message in self.messages() if message.direction == "outbound"]


def public(comment: str, parent: str | None = None) -> dict[str, Any]:
    address, context = Address(chat="post", reply_to=comment), PostContext(post="post", parent=parent)
    return {"surface": "public", "thread": "post", "address": address, "context": context}


@pytest.mark.parametrize("is_upper_assigned", [True, False])
async def test_whoever_decides_first_the_answer_stands_once_and_only_its_customer_was_answered(
    is_upper_assigned: bool,
) -> None:
    house, orders, taken_back = Thread(capabilities={"telegram": FLAT}), 0, 0
    await house.commented(is_upper_assigned=is_upper_assigned)
    await house.driver.batch([house.echo()])
    forwarded = house.driver.sent[-1]
    assert (forwarded.type, forwarded.partitionkey) == ("pasokh.command.forward", UPPER)
    async for _ in every_order(house, [ReceivedEvent(forwarded, "commands", 99), house.result()]):
        orders += 1
        (answer,) = house.ours()
        assert (answer.id, answer.conversation, answer.state) == (house.reply_id, house.of(LOWER).id, "sent")
        assert_waits(house, is_assigned=is_upper_assigned)
        taken_back += len(house.facts("reply_failed"))
        assert house.of(LOWER).status == "pending"
        assert house.of(LOWER).first_response_at is not None
    # Of the orders there are those in which the echo was first, and those in which it was not.
    assert 0 < taken_back < orders
    assert orders > 30


def assert_waits(house: Thread, *, is_assigned: bool) -> None:
    """The author of the upper comment waits as if the echo had never come."""
    upper = house.of(UPPER)
    run = upper.response_tracking.open_run()
    assert run is not None
    assert (run.kind, upper.first_response, upper.first_response_at) == ("first_response", None, None)
    assert upper.status == ("assigned" if is_assigned else "waiting")
    tasks = [one.type.rsplit("_", 1)[1] for one in house.driver.sent if is_task(one, upper.id)]
    assert is_assigned or tasks[-1] == "queued"


def is_task(event: Event, conversation: str) -> bool:
    return event.type.startswith("pasokh.routing.task_") and event.data["conversation"] == conversation


@examples(100)
@given(st.data())
def test_a_reaction_ends_on_the_answer_wherever_it_found_it(data: st.DataObject) -> None:
    async def play() -> None:
        house = Thread(capabilities={"telegram": FLAT})
        await house.commented(is_upper_assigned=True)
        owners = Owners(house, [house.echo(), house.result(), house.reaction()])
        while able := owners.able():
            await owners.step(data.draw(st.sampled_from(able)))
        # A reaction that found nothing while the result was committed finds the answer at the second look.
        await owners.wait(SECOND_LOOK_AFTER.total_seconds() + 1)
        (answer,) = house.ours()
        assert [(one.emoji, one.author.id) for one in answer.reactions] == [("❤", "telegram:main:fan")]
        assert_waits(house, is_assigned=True)

    asyncio.run(play())


@pytest.mark.parametrize("kind", ["edit", "deletion"])
async def test_what_the_owner_did_to_the_echo_happens_to_the_answer(kind: str) -> None:
    house = Thread(capabilities={"telegram": FLAT})
    await house.commented(is_upper_assigned=True)
    by_page: dict[str, Any] = {"person": "telegram:main:page", "author": "account", "message": "m-answer"}
    better = EncryptedText(text="On Tuesday.") if kind == "edit" else None
    changed = house.activity(7, kind, **{**by_page, **public("x"), "text": better, "sent_at": house.driver.now})
    owners = Owners(house, [house.echo()])
    await owners.finish()
    assert len(house.ours()) == 2
    owners.arrive(house.driver.arrived("inbound", f"pasokh.inbound.{kind}", changed, PAGE))
    await owners.finish()
    owners.arrive(house.result())
    await owners.finish()
    (answer,) = house.ours()
    assert (answer.state, answer.text) == ("deleted", None) if kind == "deletion" else answer.text == better


async def test_a_customer_who_was_answered_since_waits_no_more_when_the_echo_is_taken_back() -> None:
    house = Thread(capabilities={"telegram": FLAT})
    await house.commented(is_upper_assigned=True)
    owners = Owners(house, [house.echo()])
    await owners.finish()
    assert house.of(UPPER).status == "pending"
    await house.command("resolve", resolve_of(house.of(UPPER)))
    owners.arrive(house.result())
    await owners.finish()
    assert house.of(UPPER).status == "resolved"
    assert len(house.ours()) == 1


async def test_where_threads_are_not_flat_nobody_asks() -> None:
    house = Thread(capabilities={"telegram": FLAT.model_copy(update={"flat_threads": False})})
    await house.commented(is_upper_assigned=True)
    owners = Owners(house, [house.result()])
    await owners.finish()
    assert not [event for event in house.driver.sent if event.type == "pasokh.command.check_echo"]


def resolve_of(case: ConversationState) -> Resolve:
    return Resolve(conversation=case.id, agent="sara", accepted_at=case.updated_at, request_hash="h")
