"""Changes that wait for their message: the newest of each sort stays, and a deletion applies last."""

from datetime import timedelta

from schemas.activity import Activity, ActivityKind, ReceiptState
from services.router.conversations.domain.early_changes import MAX_EARLY, in_order, merged
from tests.fakes import START


def change(kind: ActivityKind, seconds: float = 0, *, person: str = "p", state: ReceiptState | None = None) -> Activity:
    at = START + timedelta(seconds=seconds)
    return Activity(
        id=f"{kind}/{seconds}/{person}/{state}",
        workspace="w",
        channel="telegram",
        account="main",
        kind=kind,
        surface="private",
        person=person,
        message="m1",
        receipt_state=state,
        sent_at=at,
        received_at=at,
    )


def test_the_newer_of_two_edits_stays_whichever_arrives_first() -> None:
    older, newer = change("edit", 1), change("edit", 2)
    assert merged(merged([], older), newer) == merged(merged([], newer), older) == [newer]


def test_of_two_edits_of_one_time_the_later_to_arrive_stays() -> None:
    first = change("edit", 1)
    second = first.model_copy(update={"id": "second"})
    assert merged([first], second) == [second]


def test_reactions_of_two_people_and_receipts_of_two_states_stay_apart() -> None:
    changes = [
        change("reaction", person="a"),
        change("reaction", person="b"),
        change("receipt", state="delivered"),
        change("receipt", state="read"),
    ]
    stored: list[Activity] = []
    for one in changes:
        stored = merged(stored, one)
    assert stored == changes
    assert merged(stored, change("reaction", 5, person="a"))[-1].person == "a"
    assert len(merged(stored, change("reaction", 5, person="a"))) == len(changes)


def test_a_deletion_applies_after_everything_else() -> None:
    changes = [change("deletion"), change("receipt", state="read"), change("reaction"), change("edit")]
    assert [one.kind for one in in_order(changes)] == ["edit", "reaction", "receipt", "deletion"]


def test_the_latest_are_stored_when_there_are_too_many() -> None:
    stored: list[Activity] = []
    for number in range(MAX_EARLY + 3):
        stored = merged(stored, change("reaction", number, person=str(number)))
    assert [one.person for one in stored] == [str(number) for number in range(3, MAX_EARLY + 3)]
