"""A card number is masked before the log wherever a platform lets a person put one, however it is written."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from services.ingest.parsing import preview_activities
from services.ingest.publishing import to_record
from services.text.normalise import ascii_digit

CARD = "4539578763621486"
GROUPS = [CARD[i : i + 4] for i in range(0, 16, 4)]
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")

SPELLINGS = {
    "plain": CARD,
    "spaced": " ".join(GROUPS),
    "dashed": "-".join(GROUPS),
    "persian": " ".join(GROUPS).translate(PERSIAN),
    "lines": "\n".join(GROUPS),
    "indented lines": "\r\n      ".join(GROUPS),
    "invisible": "\u200b\u200c\u2066".join(CARD),
    "keycaps": "\ufe0f\u20e3".join(CARD),
    "emoji": "💳".join(GROUPS),
    "link": "https://pay.example/?n=" + "%20".join(GROUPS),
    "link in persian": "https://pay.example/?n=%DB%B4" + CARD[1:],
}
PERSON = {"id": 7, "is_bot": False, "first_name": "Neda"}
GROUP = {"id": -5100, "type": "supergroup", "title": "Shoppers"}
PRIVATE = {"id": 7, "type": "private"}
FILE = {"file_id": "f", "file_unique_id": "u"}


def message(chat: Mapping[str, Any] = GROUP, **more: Any) -> dict[str, Any]:
    return {"message_id": 900, "date": 1764000000, "chat": chat, "from": PERSON, **more}


def message_update(chat: Mapping[str, Any] = GROUP, **more: Any) -> dict[str, Any]:
    return {"message": message(chat, **{"text": "look", **more})}


def service_update(**more: Any) -> dict[str, Any]:
    return {"message": message(**more)}


def callback_update(**more: Any) -> dict[str, Any]:
    return {"callback_query": {"id": "5", "from": PERSON, "message": message(), "chat_instance": "1", **more}}


def button(text: str, data: str) -> dict[str, Any]:
    return message(reply_markup={"inline_keyboard": [[{"text": text, "callback_data": data}]]})


def quoted(card: str) -> dict[str, Any]:
    original = message(text=card, caption=card, quote={"text": card})
    return message_update(
        quote={"text": card, "position": 0}, reply_to_message=original, external_reply={"document": named(card)}
    )


def named(card: str) -> dict[str, Any]:
    return {**FILE, "file_name": f"{card}.pdf", "mime_type": f"application/{card}", "title": card, "performer": card}


def forwarded(card: str) -> dict[str, Any]:
    hidden = {"type": "hidden_user", "date": 1, "sender_user_name": card}
    return message_update(
        text=card, forward_origin=hidden, forward_sender_name=card, forward_from_chat={"id": -1, "title": card}
    )


def linked(card: str) -> dict[str, Any]:
    entity = {"type": "text_link", "offset": 0, "length": 4, "url": f"https://pay.example/{card}"}
    return service_update(photo=[FILE], caption="look", caption_entities=[entity], entities=[entity])


def split_name(card: str) -> dict[str, Any]:
    half = len(card) // 2
    return message_update(**{"from": {**PERSON, "first_name": card[:half], "last_name": card[half:]}})


# Where it stands → the update; the card's digits must be in no byte of what is published.
BUILDERS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "text in a group": lambda c: message_update(text=f"my card is {c} ok"),
    "text in private": lambda c: message_update(PRIVATE, text=c),
    "text of a business chat": lambda c: {"business_message": message(PRIVATE, text=c, business_connection_id="b")},
    "edit": lambda c: {"edited_message": message(text=c, edit_date=1764000009)},
    "edit of a caption": lambda c: {"edited_message": message(caption=c, photo=[FILE], edit_date=1764000009)},
    "caption": lambda c: service_update(caption=c, photo=[FILE]),
    "rich text": lambda c: service_update(rich_message={"blocks": [{"text": [c[:7], {"text": c[7:]}]}]}),
    "file": lambda c: service_update(document=named(c)),
    "song": lambda c: service_update(audio=named(c)),
    "contact": lambda c: service_update(contact={"first_name": c, "last_name": c, "phone_number": c}),
    "venue": lambda c: service_update(venue={"location": {"latitude": 1}, "title": c, "address": c}),
    "poll": lambda c: service_update(poll={"question": c, "options": [{"text": c}]}),
    "checklist": lambda c: service_update(checklist={"title": c, "tasks": [{"text": c}]}),
    "invoice": lambda c: service_update(invoice={"title": c, "description": c}),
    "sticker": lambda c: service_update(sticker={**FILE, "emoji": c}),
    "link": linked,
    "quote": quoted,
    "name": lambda c: message_update(**{"from": {**PERSON, "first_name": c}}),
    "both names": split_name,
    "username": lambda c: message_update(**{"from": {"id": 7, "username": c}}),
    "name of a channel that speaks": lambda c: message_update(sender_chat={"id": -9, "title": c}),
    "name of an edit's author": lambda c: {
        "edited_message": message(text="x", **{"from": {**PERSON, "first_name": c}})
    },
    "forwarded": forwarded,
    "post of the linked channel": lambda c: message_update(text=c, is_automatic_forward=True),
    "post of a channel": lambda c: {"channel_post": message(text=c)},
    "edited post of a channel": lambda c: {"edited_channel_post": message(text=c)},
    "data of a button": lambda c: callback_update(data=c),
    "words of a button": lambda c: callback_update(data="d", message=button(c, "d")),
    "game": lambda c: callback_update(game_short_name=c),
    "web app": lambda c: service_update(web_app_data={"data": json.dumps({"card": c}), "button_text": c}),
    "start": lambda c: message_update(PRIVATE, text=f"/start {c}"),
    "reaction": lambda c: {"message_reaction": {**message(), "user": PERSON, "new_reaction": [{"emoji": c}]}},
    "membership": lambda c: {"my_chat_member": {**message(), "new_chat_member": {"status": c, "custom_title": c}}},
    "title of the group": lambda c: service_update(new_chat_title=c),
    "pinned message": lambda c: service_update(pinned_message=message(text=c)),
    "language of the screen": lambda c: message_update(**{"from": {**PERSON, "language_code": f"en-{c}"}}),
    "word of another bot": lambda c: message_update(text=c, **{"from": {**PERSON, "is_bot": True}}),
    "inline query": lambda c: {"inline_query": {"id": "1", "from": PERSON, "query": c}},
    "chosen inline result": lambda c: {"chosen_inline_result": {"result_id": "1", "from": PERSON, "query": c}},
    "request to join": lambda c: {"chat_join_request": {"chat": GROUP, "from": PERSON, "bio": c}},
    "payment": lambda c: {"pre_checkout_query": {"id": "1", "from": PERSON, "invoice_payload": c}},
    "anything new": lambda c: {"constellation": {"from": PERSON, "chat": GROUP, "stars": [c, {c: c}]}},
    "message of nobody": lambda c: {"message": {"message_id": 1, "date": 1, "text": c, "quote": {"text": c}}},
}


def ascii_digits(text: str) -> str:
    """The text with every digit character as ASCII."""
    return "".join(ascii_digit(character) or character for character in text)


def published(channel: str, body: Any) -> str:
    """What would be on the log: every byte of it, all digits as ASCII."""
    found = preview_activities(channel, json.dumps(body).encode())
    assert found
    return ascii_digits("".join(to_record(one, 1).value.decode() for one in found))


def holds_card(text: str) -> bool:
    """Whether the digits of the card stand there in a row, whatever is between them."""
    plain = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda escape: chr(int(escape[1], 16)), text)
    return CARD in re.sub(r"[^0-9]", "", ascii_digits(plain))


@pytest.mark.parametrize("place", BUILDERS)
def test_a_card_number_is_masked_wherever_it_stands(place: str) -> None:
    logs = {name: published("telegram", {"update_id": 77, **BUILDERS[place](card)}) for name, card in SPELLINGS.items()}
    assert [name for name, log in logs.items() if holds_card(log) or any(group in log for group in GROUPS)] == []


@pytest.mark.parametrize("written", [CARD, "_".join(GROUPS)])
def test_a_command_of_digits_is_no_way_around(written: str) -> None:
    log = published("telegram", {"update_id": 77, **message_update(text=f"/{written}")})
    assert not holds_card(log)
    assert '"command":"[card]"' in log


def test_the_name_of_an_update_is_no_way_around() -> None:
    assert not holds_card(published("telegram", {"update_id": 77, CARD: {"from": PERSON}}))
    assert not holds_card(published("telegram", {"update_id": 77, **service_update(**{CARD: True})}))


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("kind", ["message", "edit", "reaction", "unheard_of"])
def test_a_system_of_ones_own_is_masked_as_well(kind: str, spelling: str) -> None:
    card = SPELLINGS[spelling]
    person = {"id": "7", "name": card, "email": f"{card}@x.example", "phone": card}
    files = [{"url": "https://files.example/1", "name": card, "media_type": card}]
    item = {"id": "1", "type": kind, "person": person, "message": "2", "emoji": card, "text": card}
    assert not holds_card(published("api", {**item, "attachments": files, "surface": "public"}))


@pytest.mark.parametrize("name", ["type", "unheard_of"])
def test_what_is_not_understood_is_not_kept(name: str) -> None:
    item = {"type": "unheard_of", "person": {"id": "7"}, "deep": {"er": CARD}, name: CARD}
    assert not holds_card(published("api", item))


def test_what_stands_beside_a_card_is_kept() -> None:
    """The search can find: a number that is no card stays where it was."""
    other = str(int(CARD) + 1)
    log = published(
        "telegram", {"update_id": 77, **message_update(PRIVATE, text=f"parcel {other}", quote={"text": "teapot"})}
    )
    assert other in log
    assert "teapot" in log
