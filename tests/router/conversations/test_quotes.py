"""What a message answers, quotes, forwards and links to reaches the people who need it; earlier texts stay."""

from typing import Any

import pytest

from schemas.values import EncryptedText
from services.ingest.split_cards import SplitCardDetector
from services.platform.store.codec import encode
from services.rest.views import message_view
from services.text.own import NO_OWN_IDENTIFIERS
from tests.router.conversations.harness import ConversationsHarness
from tests.router.conversations.telegram import in_group, message, texts, update

CARD = "4111 1111 1111 1111"


async def test_a_message_names_the_one_it_answers_and_what_of_it() -> None:
    house = ConversationsHarness()
    first = message(1, "my order has not come")
    await update(house, "message", **first)
    await update(house, "message", **message(2, "this one", reply_to_message=first, quote={"text": "my order"}))
    shown = message_view(house.messages()[-1])
    assert (shown.reply_to, shown.quote) == (house.messages()[0].id, "my order")


async def test_of_a_message_that_we_do_not_have_the_words_are_shown() -> None:
    house = ConversationsHarness()
    await update(house, "message", **message(2, "what about this", reply_to_message=message(1, "we ship on Monday")))
    shown = message_view(house.messages()[-1])
    assert (shown.reply_to, shown.quote) == (None, "we ship on Monday")


ORIGINS: list[tuple[dict[str, Any], str]] = [
    ({"forward_origin": {"type": "hidden_user", "sender_user_name": "Stranger", "date": 1}}, "Stranger"),
    ({"forward_origin": {"type": "user", "sender_user": {"first_name": "Ali", "last_name": "R"}}}, "Ali R"),
    ({"forward_origin": {"type": "channel", "chat": {"title": "News"}, "message_id": 4}}, "News"),
    ({"forward_origin": {"type": "chat", "sender_chat": {"title": "Buyers"}}}, "Buyers"),
    ({"forward_origin": {"type": "constellation"}}, "constellation"),
    ({"forward_date": 1, "forward_sender_name": "Old style"}, "Old style"),
    ({"forward_date": 1, "forward_from_chat": {"title": "Old channel"}}, "Old channel"),
    ({"forward_date": 1}, "unknown"),
]


@pytest.mark.parametrize(("fields", "name"), ORIGINS)
async def test_who_said_first_what_is_forwarded(fields: dict[str, Any], name: str) -> None:
    house = ConversationsHarness()
    await update(house, "message", **message(1, "pay here", **fields))
    assert message_view(house.messages()[-1]).forwarded_from == name


async def test_addresses_behind_words_are_shown_once() -> None:
    house = ConversationsHarness()
    links = [
        {"type": "text_link", "offset": 0, "length": 3, "url": "https://shop.example/orders/4711"},
        {"type": "text_link", "offset": 4, "length": 3, "url": "https://shop.example/orders/4711"},
        {"type": "bold", "offset": 0, "length": 3},
    ]
    await update(house, "message", **message(1, "see this", entities=links))
    assert message_view(house.messages()[-1]).links == ["https://shop.example/orders/4711"]


async def test_secrets_are_masked_wherever_they_are_quoted() -> None:
    house = ConversationsHarness()
    body = in_group(
        2,
        "this",
        quote={"text": f"card {CARD}"},
        forward_origin={"type": "hidden_user", "sender_user_name": f"card {CARD}"},
        entities=[{"type": "text_link", "offset": 0, "length": 4, "url": f"https://x.example/?card={CARD}"}],
        reply_to_message=in_group(1, f"my card is {CARD}"),
    )
    await update(house, "message", **body)
    record = house.messages()[0]
    assert "1111" not in str(encode(record))
    assert "card" in record.masked


async def test_an_edit_keeps_the_earlier_texts_as_they_were_masked() -> None:
    house = ConversationsHarness()
    for seconds, text in enumerate(["my card is " + CARD, "never mind", "where is my order"]):
        edit: dict[str, Any] = {"edit_date": int(house.driver.now.timestamp()) + seconds} if seconds else {}
        await update(house, "edited_message" if seconds else "message", **message(1, text, **edit))
    shown = message_view(house.messages()[0])
    assert [one.text for one in shown.edits] == ["my card is [card]", "never mind"]
    assert [one.masked for one in shown.edits] == [["card"], []]
    assert shown.text == "where is my order"


async def test_an_edit_that_changes_no_word_adds_none() -> None:
    house = ConversationsHarness()
    await update(house, "message", **message(1, "hello"))
    await update(house, "edited_message", **message(1, "hello", edit_date=int(house.driver.now.timestamp()) + 5))
    assert house.messages()[0].edits == []


async def test_a_deletion_takes_earlier_texts_and_quotes_along() -> None:
    house = ConversationsHarness()
    business: dict[str, Any] = {"business_connection_id": "bc"}
    await update(house, "business_message", **message(1, "secret", quote={"text": "a"}, **business))
    later: dict[str, Any] = {"edit_date": int(house.driver.now.timestamp()) + 5}
    await update(house, "edited_business_message", **message(1, "still secret", **later, **business))
    gone = {"chat": {"id": 70001, "type": "private"}, "message_ids": [1]}
    await update(house, "deleted_business_messages", **gone, **business)
    record = house.messages()[0]
    assert (record.text, record.edits, record.quote, record.state) == (None, [], None, "deleted")
    assert texts(house) == [None]


async def test_what_was_taken_out_of_a_message_is_kept_nowhere() -> None:
    """Halves of a card, as ingest finds them when the second one comes."""
    house, halves = ConversationsHarness(), SplitCardDetector()
    for number, text in enumerate(["my card is 4111 1111", "1111 1111"], 1):
        half = house.activity(number, text=EncryptedText(text=text))
        for one in halves.enrich(half, (), NO_OWN_IDENTIFIERS):
            await house.arrives("inbound", f"pasokh.inbound.{one.kind}", one)
    first, second = house.messages()
    assert (first.text, first.state, first.edits) == (EncryptedText(text="my card is [card]"), "edited", [])
    assert (second.text, second.masked) == (EncryptedText(text="[card]"), ["card"])
    assert "1111" not in "".join(str(encode(record)) for record in (first, second))
    assert house.case().sensitive
