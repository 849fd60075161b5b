"""An agent who has not seen the latest message is told before the answer goes out: acceptance test 10 of the desk."""

import pytest

from schemas.commands import AddNote, CommandResult
from schemas.values import EncryptedText
from tests.router.conversations.harness import ConversationsHarness


@pytest.fixture
async def house() -> ConversationsHarness:
    harness = ConversationsHarness()
    await harness.customer(1)
    await harness.assign()
    return harness


def latest(house: ConversationsHarness) -> str:
    return str(house.case().last_message)


def newer(outcome: CommandResult) -> tuple[int, str, object]:
    assert outcome.problem is not None, outcome
    return outcome.problem.status, outcome.problem.title, outcome.problem.params["message"]


async def test_what_was_seen_is_answered(house: ConversationsHarness) -> None:
    assert (await house.reply(after=latest(house))).status == "applied"


async def test_a_customers_message_that_was_not_seen_is_named_and_its_id_is_the_consent(
    house: ConversationsHarness,
) -> None:
    seen = latest(house)
    await house.customer(2)
    assert newer(await house.reply(after=seen)) == (409, "Newer message", latest(house))
    assert len([one for one in house.messages() if one.direction == "outbound"]) == 0
    assert (await house.reply(after=latest(house))).status == "applied"


async def test_10_a_colleagues_answer_that_was_not_seen_is_named(house: ConversationsHarness) -> None:
    """Acceptance test 10: after a reconnect a colleague's answer is missing, and the customer is answered twice."""
    seen = latest(house)
    await house.reply("sara")
    await house.assign("omar")
    assert newer(await house.reply("omar", after=seen)) == (409, "Newer message", latest(house))


async def test_what_the_agent_wrote_on_another_page_stands_in_no_way(house: ConversationsHarness) -> None:
    seen = latest(house)
    await house.reply("sara")
    assert (await house.reply("sara", after=seen)).status == "applied"


async def test_a_note_or_notice_may_be_the_newest_that_is_shown(house: ConversationsHarness) -> None:
    note = AddNote(
        conversation=house.case().id,
        agent="omar",
        text=EncryptedText(text="ask for the number"),
        accepted_at=house.driver.now,
        request_hash="h",
    )
    await house.command("add_note", note)
    [shown] = [one.id for one in house.messages() if one.direction == "note"]
    assert (await house.reply(after=shown)).status == "applied"
    await house.customer(2)
    assert newer(await house.reply(after=shown))[2] == latest(house)


async def test_who_saw_what_is_not_there_has_not_seen_the_latest(house: ConversationsHarness) -> None:
    assert newer(await house.reply(after="never-there"))[0] == 409


async def test_who_says_nothing_of_what_they_saw_is_asked_nothing(house: ConversationsHarness) -> None:
    await house.customer(2)
    assert (await house.reply()).status == "applied"
