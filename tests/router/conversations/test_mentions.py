"""Notes that mention agents: what is recorded, the fact, and what ends a mention."""

from typing import Any

import pytest

from schemas.commands import AddNote, Transfer
from schemas.values import EncryptedText
from services.records.mentions import MENTIONS, Mention, mention_id
from tests.router.conversations.harness import ConversationsHarness


@pytest.fixture
async def house() -> ConversationsHarness:
    harness = ConversationsHarness()
    await harness.customer(1)
    await harness.assign("sara")
    return harness


async def note(house: ConversationsHarness, *agents: str, by: str = "sara") -> str:
    text = EncryptedText(text="look")
    said: dict[str, Any] = {"accepted_at": house.driver.now, "request_hash": "h", "mentions": list(agents)}
    await house.command("add_note", AddNote(conversation=house.case().id, agent=by, agent_name="S", text=text, **said))
    return house.messages()[-1].id


def mentions(house: ConversationsHarness) -> dict[str, Mention]:
    agents = ("sara", "omar", "leila")
    found = {name: house.driver.get(MENTIONS, mention_id(house.case().id, name)) for name in agents}
    return {name: mention for name, mention in found.items() if mention}


async def test_a_note_calls_agents_to_the_conversation(house: ConversationsHarness) -> None:
    identity = await note(house, "omar", "leila")
    assert house.case().mentioned == {"omar": identity, "leila": identity}
    assert house.messages()[-1].mentions == ["omar", "leila"]
    assert house.messages()[-1].author.name == "S"
    [fact] = house.facts("noted")
    assert (fact.mentions, fact.message) == (["omar", "leila"], identity)
    assert {name: (one.note, one.scope) for name, one in mentions(house).items()} == {
        "omar": (identity, "default/accepted"),
        "leila": (identity, "default/accepted"),
    }


async def test_it_stands_in_the_lists_where_the_conversation_stands(house: ConversationsHarness) -> None:
    await note(house, "omar")
    await house.customer(2)
    assert mentions(house)["omar"].inbox == house.case().inbox
    move: dict[str, Any] = {"accepted_at": house.driver.now, "request_hash": "h"}
    await house.command("transfer", Transfer(conversation=house.case().id, to_team="billing", **move))
    assert mentions(house)["omar"].scope == "billing/waiting"
    await house.assign("omar")
    assert mentions(house)["omar"].scope == "own"


async def test_a_note_of_the_agent_ends_it_and_one_of_another_does_not(house: ConversationsHarness) -> None:
    await note(house, "omar")
    await note(house, by="leila")
    assert set(mentions(house)) == {"omar"}
    await note(house, by="omar")
    assert (mentions(house), house.case().mentioned) == ({}, {})


async def test_an_answer_of_the_agent_ends_it(house: ConversationsHarness) -> None:
    await note(house, "sara", "omar", by="leila")
    await house.reply("sara")
    assert set(mentions(house)) == set(house.case().mentioned) == {"omar"}


async def test_a_resolve_leaves_it_and_closing_ends_it(house: ConversationsHarness) -> None:
    await note(house, "omar")
    await house.resolve()
    assert set(mentions(house)) == {"omar"}
    [timer] = [timer for timer in house.driver.timers() if timer.name.startswith("close/")]
    await house.driver.advance_to(timer.due_at)
    assert house.case().status == "closed"
    assert (mentions(house), house.case().mentioned) == ({}, {})


async def test_who_notes_may_mention_themselves(house: ConversationsHarness) -> None:
    await note(house, "sara")
    assert set(mentions(house)) == {"sara"}
