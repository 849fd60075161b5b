"""A card in pieces over several messages of one person: none of it stays where messages rest."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.activity import Activity
from schemas.values import EncryptedText
from services.ingest.split_cards import SplitCardDetector
from services.text.own import NO_OWN_IDENTIFIERS

START = datetime(2026, 11, 28, tzinfo=UTC)


def message(number: int, text: str, *, at: float = 0, person: str = "1", workspace: str = "shop") -> Activity:
    return Activity(
        id=f"a{number}",
        workspace=workspace,
        channel="telegram",
        account="main",
        kind="message",
        surface="private",
        person=f"telegram:main:{person}",
        message=f"m{number}",
        text=EncryptedText(text=text),
        received_at=START + timedelta(seconds=at),
    )


def published_texts(*activities: Activity) -> list[tuple[str, str | None, str]]:
    """Kind, message and text of all that reaches the log."""
    halves = SplitCardDetector()
    found = [one for activity in activities for one in halves.enrich(activity, (), NO_OWN_IDENTIFIERS)]
    return [(one.kind, one.message, one.text.text if one.text else "") for one in found]


@pytest.mark.parametrize(
    ("texts", "remain"),
    [
        (["4111 1111", "1111 1111"], ["[card]", "[card]"]),
        (["my card is 6037 9974", "1234 5671 thanks"], ["my card is [card]", "[card] thanks"]),
        (["4111", "1111", "1111", "1111"], ["[card]"] * 4),
        (["شماره کارت ۴۱۱۱۱۱۱۱", "۱۱۱۱۱۱۱۱"], ["شماره کارت [card]", "[card]"]),
        (["first half 41111111", "and the rest: 11111111"], ["first half [card]", "and the rest: [card]"]),
        (["4111 1111 1111 1111", "exp 12/27 cvv 123"], ["[card]", "exp 12/27 cvv [cvv]"]),
    ],
)
def test_no_digit_of_a_card_in_pieces_rests(texts: list[str], remain: list[str]) -> None:
    last: dict[str | None, str] = {}
    kinds = published_texts(*(message(number, text, at=10 * number) for number, text in enumerate(texts)))
    for _, name, text in kinds:
        last[name] = text
    assert list(last.values()) == remain
    assert kinds[-1][:2] == ("message", f"m{len(texts) - 1}")


def test_the_message_that_completes_a_card_reaches_the_log_without_its_piece() -> None:
    published = published_texts(message(1, "my card: 4111 1111"), message(2, "1111 1111", at=5))
    assert published == [
        *(("message", "m1", "my card: 4111 1111"), ("edit", "m1", "my card: [card]")),
        ("message", "m2", "[card]"),
    ]


@pytest.mark.parametrize(
    "second",
    [
        message(2, "1111 1111", at=61),
        message(2, "1111 1111", at=1, person="2"),
        message(2, "1111 1111", at=1, workspace="other"),
        message(2, "1111 1112", at=1),
    ],
)
def test_others_and_later_messages_are_no_pieces(second: Activity) -> None:
    assert [text for _, _, text in published_texts(message(1, "4111 1111"), second)] == [
        "4111 1111",
        second.text and second.text.text,
    ]


def test_what_our_own_side_writes_is_no_piece() -> None:
    ours = message(1, "4111 1111").model_copy(update={"author": "account"})
    assert [text for _, _, text in published_texts(ours, message(2, "1111 1111", at=1))] == ["4111 1111", "1111 1111"]


def test_orders_and_phones_one_after_another_stay() -> None:
    texts = ["order 4521", "and order 4533", "67123456", "67654328", "0912 123 4567", "2 pieces", "12:30"]
    assert [text for _, _, text in published_texts(*(message(n, t, at=n) for n, t in enumerate(texts)))] == texts


def test_a_repeat_of_the_platform_finds_the_same() -> None:
    first, second = message(1, "4111 1111"), message(2, "1111 1111", at=5)
    halves = SplitCardDetector()
    halves.enrich(first, (), NO_OWN_IDENTIFIERS)
    once, again = (halves.enrich(second, (), NO_OWN_IDENTIFIERS) for _ in range(2))
    assert once == again
    assert once[0].id != first.id
    assert once[0].masked == once[1].masked == ["card"]
    assert once[1].sensitive
