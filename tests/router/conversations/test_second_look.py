"""What others do to a comment finds it, also where its owner stores it at the same moment as they find nothing."""

from typing import Any

import pytest

from schemas.activity import Activity, Address, Reaction
from services.platform.processing.inputs import ReceivedEvent
from services.platform.store.collections import TIMERS
from services.router.conversations.early import SECOND_LOOK_AFTER
from tests.router.conversations.harness import ConversationsHarness
from tests.router.conversations.owners import Owners, every_order

WRITER, FAN, OTHER = ("w/telegram:main:writer", "w/telegram:main:fan", "w/telegram:main:other")
LATER = SECOND_LOOK_AFTER.total_seconds() + 1


def arrived(house: ConversationsHarness, key: str, kind: str, **more: Any) -> ReceivedEvent:
    author = key.split("/")[1]
    public = {"surface": "public", "thread": "post", "address": Address(chat="post")}
    fields = {"person": author, "message": "m-comment", "id": f"{kind} {author}", **public, **more}
    return house.driver.arrived("inbound", f"pasokh.inbound.{kind}", house.activity(1, kind, **fields), key)


def by(house: ConversationsHarness, key: str, kind: str) -> ReceivedEvent:
    """What somebody does to the comment."""
    changes: dict[str, dict[str, Any]] = {
        "reaction": {"reaction": Reaction(emoji="❤")},
        "visibility": {"author": "account", "hidden": True},
        "deletion": {"author": "account"},
    }
    return arrived(house, key, kind, text=None, sent_at=house.driver.now, **changes[kind])


@pytest.mark.parametrize("kind", ["reaction", "visibility", "deletion"])
async def test_a_change_by_somebody_else_ends_on_the_comment_in_every_order(kind: str) -> None:
    house = ConversationsHarness()
    inputs, missed = [arrived(house, WRITER, "message"), by(house, FAN, kind)], 0
    async for owners in every_order(house, inputs):
        missed += not is_changed(house, kind)
        await owners.wait(LATER)
        assert is_changed(house, kind)
    # Of the orders there is the one in which neither saw the other.
    assert missed


def is_changed(house: ConversationsHarness, kind: str) -> bool:
    (message,) = house.messages()
    return {"reaction": bool(message.reactions), "visibility": message.hidden, "deletion": message.state == "deleted"}[
        kind
    ]


async def test_two_people_who_react_at_the_same_moment_are_both_shown() -> None:
    house = ConversationsHarness()
    fans = [by(house, FAN, "reaction"), by(house, OTHER, "reaction")]
    async for owners in every_order(house, [arrived(house, WRITER, "message"), *fans]):
        await owners.wait(LATER)
        (message,) = house.messages()
        assert len(message.reactions) == 2


async def test_a_change_is_applied_once_and_leaves_no_timer() -> None:
    house = ConversationsHarness()
    owners = Owners(house, [by(house, FAN, "reaction")])
    await owners.finish()
    owners.arrive(arrived(house, WRITER, "message"))
    await owners.finish()
    assert len(house.facts("reaction_changed")) == 1
    await owners.wait(LATER)
    assert len(house.facts("reaction_changed")) == 1
    assert [timer for timer in house.driver.store.all(TIMERS) if "second_look" in timer.name] == []


async def test_in_private_nobody_looks_again() -> None:
    house = ConversationsHarness()
    await house.customer(kind="reaction", text=None, reaction=Reaction(emoji="❤"))
    assert house.driver.store.all(TIMERS) == []


def test_the_timer_holds_the_whole_change() -> None:
    change = ConversationsHarness().activity(1, "reaction", reaction=Reaction(emoji="❤"), text=None)
    assert Activity.model_validate(change.model_dump(mode="json", exclude_defaults=True)) == change
