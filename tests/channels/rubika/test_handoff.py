"""From a group into the private chat: Rubika calls one person by their user id there, and by the chat here."""

import json
import re
from typing import Any

from services.channels.rubika import Rubika
from services.router.conversations.domain.handoff import is_in_private
from tests.channels.installation import Installation
from tests.channels.places import HELLO, Update, text_of
from tests.channels.rubika.cases import CHAT, SARA, account, places

CARD = "my card 4539 5787 6362 1486 was charged twice"


def opened() -> Installation:
    return Installation(Rubika(), account(), next(place for place in places() if place.name == "group"))


async def invited(at: Installation) -> str:
    """The token of the link that somebody reads who gives away a card number in the group."""
    message = at.place.message(1)
    message["update"]["new_message"]["text"] = CARD
    await at.post(message)
    await at.send()
    [call] = at.calls
    found = re.search(r"https://rubika\.ir/example_shop_bot\?st=([\w-]+)", call.json["text"])
    assert found is not None
    return found[1]


def started(token: str, *, kind: str = "StartedBot", **message: Any) -> Update:
    pressed = {"message_id": "900", "aux_data": {"start_id": token}, **message}
    return {"update": {"type": kind, "chat_id": CHAT, "update_time": 1772366460, "new_message": pressed}}


def said(number: int, text: str) -> Update:
    message = {"message_id": str(number), "text": text, "sender_type": "User", "sender_id": SARA}
    return {"update": {"type": "NewMessage", "chat_id": CHAT, "new_message": message}}


async def test_who_follows_the_link_goes_on_in_the_private_chat_and_is_answered_there() -> None:
    at = opened()
    token = await invited(at)
    start = started(token, sender_id=SARA, sender_type="User")
    # Rubika may report the start twice: as such, and as a message.
    await at.post(start, started(token, kind="NewMessage", sender_id=SARA, sender_type="User"), start)
    await at.post(said(901, "here I am"))
    case = at.house.case()
    assert is_in_private(case)
    assert case.addresses["private"].chat == CHAT
    assert [one.text.text for one in at.house.messages() if one.text and one.direction == "inbound"][-1] == "here I am"
    await at.house.assign()
    assert (await at.house.reply(text="Thank you.")).status == "applied"
    await at.send()
    assert json.loads(at.calls[-1].body) == {"chat_id": CHAT, "text": "Thank you."}


async def test_whom_rubika_does_not_name_is_a_visitor_until_somebody_confirms_them() -> None:
    at = opened()
    token = await invited(at)
    await at.post(started(token))
    await at.post(said(901, "here I am"))
    of_group = next(case for case in at.house.cases() if case.sensitive)
    assert of_group.handoff is not None
    assert [one.person.person for one in of_group.handoff.unconfirmed] == [f"rubika:main:{CHAT}"]
    assert not is_in_private(of_group)


async def test_a_link_of_another_kind_parts_no_conversation() -> None:
    at = opened()
    await at.post(said(899, HELLO))
    await at.post(started("summer-sale", sender_id=SARA, sender_type="User"))
    await at.post(said(901, text_of(1)))
    case = at.house.case()
    assert case.addresses["private"].chat == CHAT
    texts = [one.text.text for one in at.house.messages() if one.text and one.direction == "inbound"]
    assert texts == [HELLO, "/start summer-sale", text_of(1)]
