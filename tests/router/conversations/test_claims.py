"""Whoever follows a link that stands in public is nobody in particular, until the customer or an agent says otherwise."""

from typing import Any

import pytest

from schemas.activity import Activity, Address
from schemas.commands import CommandResult, ConfirmHandoff, Forward
from schemas.conversation import UnconfirmedPerson
from schemas.identity import PersonKey
from services.domain.conversation_state import ConversationState
from services.records.conversations import PERSONS, MessageRecord
from services.router.conversations.domain.handoff import MAX_UNCONFIRMED, sign_token
from tests.router.conversations.harness import HANDOFFS, ConversationsHarness

PUBLIC: dict[str, Any] = {
    "surface": "public",
    "thread": "-100/7",
    "address": Address(chat="-100", thread="7", reply_to="11"),
}
TRUE, STRANGER = "webchat:site:anon-true", "webchat:site:anon-stranger"


@pytest.fixture
async def house() -> ConversationsHarness:
    """A case in a group, with an agent, on its way to a private place."""
    harness = ConversationsHarness()
    await harness.customer(1, **PUBLIC, sensitive=True, masked=["card"])
    await harness.assign("sara")
    await harness.driver.advance(1)
    return harness


def case_of(house: ConversationsHarness) -> ConversationState:
    return house.cases()[0]


def unconfirmed(house: ConversationsHarness) -> list[UnconfirmedPerson]:
    handoff = case_of(house).handoff
    assert handoff is not None
    return handoff.unconfirmed


def words_of(house: ConversationsHarness, person: str) -> str:
    return next(one.words for one in unconfirmed(house) if one.person.person == person)


def visitor(house: ConversationsHarness, number: int, who: str = TRUE, **more: Any) -> Activity:
    token = sign_token(HANDOFFS.secret, "w", case_of(house).id)
    known: dict[str, Any] = {
        "channel": "webchat",
        "account": "site",
        "person": who,
        "message": f"chat-{who}-{number}",
        "address": Address(chat=who.rpartition(":")[2]),
        "details": {"handoff": token},
        "text": {"text": f"{who} says {number}"},
    }
    return house.activity(number, **{**known, **more})


async def writes(house: ConversationsHarness, number: int, who: str = TRUE, **more: Any) -> list[str]:
    emitted = await house.arrives("inbound", "pasokh.inbound.message", visitor(house, number, who, **more))
    await house.settle()
    return emitted


async def customer_says(house: ConversationsHarness, number: int, text: str, **more: Any) -> None:
    await house.customer(number, **{**PUBLIC, "text": {"text": text}, **more})
    await house.settle()


async def confirmed(house: ConversationsHarness, person: str, agent: str | None = "sara") -> CommandResult:
    confirmation = ConfirmHandoff(
        conversation=case_of(house).id, agent=agent, person=person, accepted_at=house.driver.now, request_hash="h"
    )
    outcome = await house.command("confirm_handoff", confirmation)
    await house.settle()
    return outcome


def said_in(house: ConversationsHarness, case: ConversationState) -> list[MessageRecord]:
    return [one for one in house.messages() if one.conversation == case.id]


def texts(messages: list[MessageRecord]) -> list[str]:
    return [one.text.text for one in messages if one.text is not None]


async def test_the_words_of_a_stranger_stand_in_a_conversation_of_their_own(house: ConversationsHarness) -> None:
    assert (await writes(house, 20, STRANGER))[0] == "opened"
    case, own = house.cases()
    assert own.person == STRANGER
    assert f"{STRANGER} says 20" not in texts(said_in(house, case))
    assert (case.private_person, case.surface) == (None, "public")
    assert case.handoff is not None
    assert case.handoff.state == "started"


async def test_agents_see_in_the_case_who_followed_and_in_the_chat_whose_case_it_may_be(
    house: ConversationsHarness,
) -> None:
    await writes(house, 20)
    case, own = house.cases()
    [followed] = unconfirmed(house)
    assert (followed.person, followed.conversation) == (PersonKey("w", TRUE), own.id)
    assert [fact.conversation for fact in house.facts("handoff_claimed")] == [case.id]
    notes = [one for one in said_in(house, own) if one.direction == "note"]
    assert case.id in texts(notes)[0]


async def test_the_visitor_is_asked_for_two_words_in_the_language_of_the_case(house: ConversationsHarness) -> None:
    await writes(house, 20)
    sent = next(e for e in house.driver.sent[::-1] if e.type == "pasokh.outbound.message").data
    [question] = [
        one for one in said_in(house, house.cases()[1]) if one.author.kind == "system" and one.direction != "note"
    ]
    assert (sent["channel"], sent["account"], sent["surface"]) == ("webchat", "site", "private")
    assert question.text is not None
    assert words_of(house, TRUE) in question.text.text
    assert question.text.text.startswith("برای اینکه بدانیم خود شما هستید")


async def test_an_answer_in_private_finds_no_way_before_somebody_is_confirmed(house: ConversationsHarness) -> None:
    await writes(house, 20, STRANGER)
    outcome = await house.reply("sara", conversation=case_of(house).id, surface="private")
    assert outcome.problem is not None
    assert outcome.problem.title == "No address on that surface"


async def test_the_customer_who_writes_the_words_in_public_goes_on_in_the_case(house: ConversationsHarness) -> None:
    await writes(house, 20, STRANGER)
    await writes(house, 21)
    await customer_says(house, 2, f"ok: {words_of(house, TRUE)}!")
    case, _, own = sorted(
        house.cases(), key=lambda one: (one.opened_at, one.person != "telegram:main:1", one.person == TRUE)
    )
    assert case.private_person == PersonKey("w", TRUE)
    assert case.handoff is not None
    assert (case.handoff.state, case.handoff.private_channel, case.handoff.unconfirmed) == ("completed", "webchat", [])
    assert own.status == "resolved"
    assert (await house.reply("sara", conversation=case.id, text="in private")).status == "applied"
    sent = [e for e in house.driver.sent if e.type == "pasokh.outbound.message"][-1].data
    assert (sent["channel"], sent["address"]["chat"], sent["surface"]) == ("webchat", "anon-true", "private")  # type: ignore[index,call-overload]  # the shape of OutboundMessage


async def test_what_the_customer_wrote_before_the_proof_stands_in_the_case_after_it_and_a_strangers_never(
    house: ConversationsHarness,
) -> None:
    await writes(house, 20, STRANGER)
    await writes(house, 21)
    await writes(house, 22)
    await customer_says(house, 2, words_of(house, TRUE))
    await writes(house, 23)
    await writes(house, 24, STRANGER)
    private = [one for one in said_in(house, case_of(house)) if one.surface == "private"]
    assert texts(private) == [f"{TRUE} says {number}" for number in (21, 22, 23)]
    assert {one.author.id for one in private} == {TRUE}


async def test_an_agent_confirms_whom_they_know(house: ConversationsHarness) -> None:
    await writes(house, 20, STRANGER)
    await writes(house, 21)
    assert (await confirmed(house, TRUE)).status == "applied"
    assert case_of(house).private_person == PersonKey("w", TRUE)
    assert (await confirmed(house, TRUE)).status == "applied"
    late = await confirmed(house, STRANGER)
    assert late.problem is not None
    assert late.problem.status == 409


@pytest.mark.parametrize("person", ["webchat:site:anon-nobody", "telegram:main:1", "nonsense"])
async def test_nobody_is_confirmed_who_did_not_follow(house: ConversationsHarness, person: str) -> None:
    await writes(house, 20)
    outcome = await confirmed(house, person)
    assert outcome.problem is not None
    assert TRUE in outcome.problem.detail
    assert case_of(house).private_person is None


async def test_words_of_others_and_words_by_others_prove_nothing(house: ConversationsHarness) -> None:
    await writes(house, 20)
    words = words_of(house, TRUE)
    await customer_says(house, 2, " ".join(reversed(words.split())))
    await customer_says(house, 3, words.split()[0])
    await customer_says(house, 4, words, person="telegram:main:2")
    await writes(house, 21, STRANGER, text={"text": words})
    await writes(house, 22, TRUE, text={"text": words})
    assert case_of(house).private_person is None


async def test_words_are_looked_for_in_the_beginning_of_a_message(house: ConversationsHarness) -> None:
    await writes(house, 20)
    await customer_says(house, 2, "x " * 100 + words_of(house, TRUE))
    assert case_of(house).private_person is None


async def test_a_crowd_of_strangers_does_not_shut_the_customer_out(house: ConversationsHarness) -> None:
    await writes(house, 20)
    for number in range(MAX_UNCONFIRMED + 5):
        await writes(house, 100 + number, f"webchat:site:anon-{number}")
    assert len(unconfirmed(house)) == MAX_UNCONFIRMED
    assert len({one.words for one in unconfirmed(house)}) == MAX_UNCONFIRMED
    await writes(house, 21)
    await customer_says(house, 2, words_of(house, TRUE))
    assert case_of(house).private_person == PersonKey("w", TRUE)


async def test_after_the_hand_off_expired_the_proof_is_still_good(house: ConversationsHarness) -> None:
    await writes(house, 20)
    await house.driver.advance(901)
    await customer_says(house, 2, words_of(house, TRUE))
    handoff = case_of(house).handoff
    assert handoff is not None
    assert handoff.state == "completed"


async def test_a_later_secret_in_public_keeps_who_followed(house: ConversationsHarness) -> None:
    await writes(house, 20)
    words = words_of(house, TRUE)
    await house.driver.advance(901)
    await customer_says(house, 2, "again", sensitive=True, masked=["card"])
    assert [one.words for one in unconfirmed(house)] == [words]


async def test_a_conversation_that_the_visitor_had_before_goes_on(house: ConversationsHarness) -> None:
    await house.driver.advance(1)
    await house.arrives("inbound", "pasokh.inbound.message", visitor(house, 20, details={}))
    await house.driver.advance(1)
    await writes(house, 21)
    await customer_says(house, 2, words_of(house, TRUE))
    case, own = house.cases()
    assert own.status == "waiting"
    assert texts([one for one in said_in(house, case) if one.surface == "private"]) == [f"{TRUE} says 21"]


async def test_an_edit_of_what_was_said_in_private_changes_it_there(house: ConversationsHarness) -> None:
    await writes(house, 20)
    await customer_says(house, 2, words_of(house, TRUE))
    await writes(house, 21)
    edit = visitor(house, 21).model_copy(update={"kind": "edit", "id": "edit-21", "text": None})
    await house.arrives("inbound", "pasokh.inbound.edit", edit)
    await house.settle()
    assert said_in(house, case_of(house))[-1].state == "edited"


async def test_what_was_said_in_private_is_known_by_its_other_ids_too(house: ConversationsHarness) -> None:
    await writes(house, 20)
    await customer_says(house, 2, words_of(house, TRUE))
    await writes(house, 21, aliases=["a" * 32])
    deletion = visitor(house, 21).model_copy(
        update={"kind": "deletion", "id": "deletion-21", "message": "a" * 32, "text": None}
    )
    await house.arrives("inbound", "pasokh.inbound.deletion", deletion)
    await house.settle()
    assert said_in(house, case_of(house))[-1].state == "deleted"


async def test_what_a_case_does_not_take_any_more_is_not_lost(house: ConversationsHarness) -> None:
    """A process of an older version, or a case that was closed meanwhile."""
    forwarded = Forward(conversation=case_of(house).id, activity=visitor(house, 20, details={}))
    await house.arrives("commands", "pasokh.command.forward", forwarded)
    await house.settle()
    own = house.cases()[-1]
    assert texts(said_in(house, own)) == [f"{TRUE} says 20"]
    assert own.person == TRUE
    assert len(house.cases()) == 2


async def test_a_forwarded_message_that_comes_twice_is_one(house: ConversationsHarness) -> None:
    await writes(house, 20)
    await customer_says(house, 2, words_of(house, TRUE))
    forwarded = Forward(conversation=case_of(house).id, activity=visitor(house, 21, details={}))
    await house.arrives("commands", "pasokh.command.forward", forwarded)
    assert await house.arrives("commands", "pasokh.command.forward", forwarded) == []


async def test_who_joined_before_proofs_were_asked_goes_on(house: ConversationsHarness) -> None:
    """Documents of an older version name the private side by its person alone, which followed at once."""
    await writes(house, 20)
    await customer_says(house, 2, words_of(house, TRUE))
    for document in house.driver.store.documents.values():
        if document.get("private_person"):
            document["private_person"] = TRUE
            document["handoff"].pop("unconfirmed")  # type: ignore[union-attr,arg-type]  # an object in JSON
    person = house.driver.get(PERSONS, f"w/{TRUE}")
    assert person is not None
    assert person.forwarded_to == case_of(house).id
    await writes(house, 21)
    assert texts(said_in(house, case_of(house)))[-1] == f"{TRUE} says 21"
