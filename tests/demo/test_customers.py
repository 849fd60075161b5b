"""Customers write what Telegram would post, come back, and stop starting when the shop is full."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

from schemas.configuration import AccountBody
from services.channels.port import Account, Request
from services.channels.telegram import Telegram
from services.demo.corpus import LANGUAGES
from services.demo.crowd import MAX_OPEN
from services.demo.customers import CustomerSimulator
from services.demo.updates import GROUP, Update

START = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
ACCOUNT = Account("demo", "telegram", "main", AccountBody(credentials={"bot_token": "1:a", "secret_token": "s"}))


def crowd(seed: int = 1, at: datetime = START) -> CustomerSimulator:
    return CustomerSimulator.starting(at, Random(seed))


def lived(people: CustomerSimulator, moments: int, open_conversations: int = 0) -> list[Update]:
    updates = []
    for second in range(moments):
        people.occupancy.counted(open_conversations)
        updates += moment(people, second)
    return updates


def moment(people: CustomerSimulator, second: int) -> list[Update]:
    now = START + timedelta(seconds=second)
    return [*people.due(now), *people.write(now)]


def kinds(update: Update) -> list[str]:
    body = json.dumps(update.body).encode()
    request = Request("POST", "/", {}, {"x-telegram-bot-api-secret-token": "s"}, body, START)
    Telegram().verify(request, ACCOUNT)
    return [activity.kind for activity in Telegram().parse(request, ACCOUNT)]


def test_every_update_is_one_that_the_channel_understands() -> None:
    seen = Counter(kind for update in lived(crowd(), 600) for kind in kinds(update))
    assert set(seen) == {"message", "edit", "postback"}
    assert seen["message"] > 500


def test_some_updates_come_twice_and_all_others_have_numbers_of_their_own() -> None:
    updates = lived(crowd(), 600)
    numbers = Counter(update.body["update_id"] for update in updates)
    twice = [n for n, times in numbers.items() if times > 1]
    assert 5 < len(twice) < 60
    bodies = {json.dumps(u.body) for u in updates if u.body["update_id"] in twice}
    assert len(bodies) == len(twice)


def test_customers_of_all_languages_write_in_private_and_in_the_group_and_come_back() -> None:
    people = crowd()
    updates = [u for u in lived(people, 900) if "message" in u.body]
    chats = Counter(update.chat for update in updates)
    assert chats[GROUP] > 20
    assert max(times for chat, times in chats.items() if chat != GROUP) > 2
    senders = {u.body["message"]["from"]["language_code"] for u in updates}  # type: ignore[index,call-overload] # JSON
    assert senders == set(LANGUAGES)


def test_full_shop_gets_no_new_conversations() -> None:
    assert not any("message" in update.body for update in lived(crowd(), 300, open_conversations=MAX_OPEN))


def test_those_who_start_between_two_counts_are_counted() -> None:
    people = crowd()
    people.occupancy.counted(MAX_OPEN - 3)
    started = [u for second in range(200) for u in moment(people, second) if "message" in u.body]
    assert len({u.body["update_id"] for u in started}) == 3


def test_later_start_numbers_its_updates_above_an_earlier_one() -> None:
    earlier = max(int(str(u.body["update_id"])) for u in lived(crowd(), 300))
    later = min(int(str(u.body["update_id"])) for u in lived(crowd(at=START + timedelta(minutes=5)), 50))
    assert later > earlier


def test_link_of_a_hand_off_is_followed_in_private_by_the_one_it_was_for() -> None:
    people = crowd()
    post = next(u for u in lived(people, 900) if u.chat == GROUP and "message" in u.body)
    message = post.body["message"]
    notice = {
        "chat_id": GROUP,
        "text": "https://t.me/pasokh_demo_bot?start=TOKEN_1-x",
        "reply_parameters": {"message_id": message["message_id"]},  # type: ignore[index,call-overload] # JSON
    }
    people.on_bot_message(notice, START)
    people.occupancy.counted(MAX_OPEN)
    said = [u.body["message"] for s in range(30) for u in moment(people, s) if "message" in u.body]
    texts = {m["text"]: m["chat"]["id"] for m in said}  # type: ignore[index,call-overload] # JSON
    assert texts["/start TOKEN_1-x"] == message["from"]["id"]  # type: ignore[index,call-overload] # JSON


def test_answers_bring_some_customers_back_and_not_all() -> None:
    people = crowd()
    chats = [u.chat for u in lived(people, 300) if u.chat != GROUP and "message" in u.body]
    for chat in chats:
        people.on_bot_message({"chat_id": chat, "text": "?"}, START)
    people.occupancy.counted(MAX_OPEN)
    back = [u for s in range(40) for u in moment(people, s) if "message" in u.body]
    assert 0.2 * len(chats) < len(back) < 0.5 * len(chats)


def test_news_of_a_stranger_is_nobodys() -> None:
    people = crowd()
    people.on_bot_message({"chat_id": 5, "text": "?"}, START)
    people.occupancy.counted(MAX_OPEN)
    assert moment(people, 60) == []
