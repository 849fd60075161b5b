"""What is fetched after an outage: comments, posts, recommendations and mentions, each as the webhook would have said it."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from schemas.accounts import POLL_NOW
from schemas.activity import Activity
from schemas.envelope import decode
from services.channels.instagram import Instagram
from services.channels.messenger import Messenger
from services.channels.port import Account, CredentialsRejected, PollResult, Request
from services.platform.http.outgoing import PermanentSendError, TransientSendError
from services.platform.processing.inputs import ReceivedEvent
from tests.channels.instagram import cases as instagram
from tests.channels.messenger import cases as messenger
from tests.channels.meta.graph_pages import NOW, GraphPages
from tests.channels.meta.public_calls import refusal
from tests.collector.harness import CollectorHarness
from tests.fakes import FakeHttp
from tests.fakes.http import always

PAGE, SHOP = messenger.PAGE, instagram.SHOP
POST, OLD, VISITORS = f"{PAGE}_1", f"{PAGE}_2", f"{PAGE}_3"
ANNA = {"id": messenger.ANNA, "name": "Anna"}
OURS = {"id": PAGE, "name": "Kettles"}
MEDIA = "17900000000000001"


def at(minutes: float) -> str:
    """A time so many minutes before now, as the Graph API writes it."""
    return (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S+0000")


def comment(number: int, minutes: float, author: dict[str, str] = ANNA, **more: Any) -> dict[str, Any]:
    return {"id": f"1_{number}", "from": author, "message": f"text {number}", "created_time": at(minutes), **more}


def page(comments: int = 3) -> GraphPages:
    """A Page with a post of ours, one of a visitor, an old one, a post elsewhere, and a recommendation."""
    below = [comment(number, 10 * number) for number in range(1, comments + 1)]
    elsewhere = {"id": "900_1", "from": {"id": "77", "name": "Liga"}, "message": "Kettles!", "created_time": at(20)}
    rating = {
        "created_time": at(25),
        "recommendation_type": "negative",
        "review_text": "It leaks.",
        "reviewer": {"id": "88", "name": "Zane"},
        "open_graph_story": {"id": "888001"},
    }
    lists: dict[str, Any] = {
        f"{PAGE}/feed": [
            {"id": VISITORS, "from": ANNA, "message": "It whistles", "created_time": at(5)},
            {"id": POST, "from": OURS, "message": "New", "created_time": at(600)},
            {"id": OLD, "from": OURS, "message": "Older", "created_time": at(60 * 24 * 20)},
        ],
        f"{POST}/comments": below,
        f"{OLD}/comments": [comment(90, 15)],
        f"{PAGE}/tagged": [elsewhere],
        f"{PAGE}/ratings": [rating],
    }
    return GraphPages(lists, {POST: "comments", OLD: "comments"})


def account_page(replies: int = 1) -> GraphPages:
    """An Instagram account with one post, comments and their replies."""

    def said(number: int, minutes: float, **more: Any) -> dict[str, Any]:
        author = {"id": "8800110022", "username": "neda.k"}
        known = {"id": f"1780{number}", "text": f"text {number}", "timestamp": at(minutes), "username": "neda.k"}
        return {**known, "from": author, **more}

    own = {"from": {"id": "8800119999", "username": "rings.shop"}, "username": "rings.shop", "parent_id": "17801"}
    post = {"id": MEDIA, "permalink": "https://www.instagram.com/p/x/", "username": "rings.shop", "timestamp": at(600)}
    lists: dict[str, Any] = {
        f"{SHOP}/media": [post],
        f"{MEDIA}/comments": [said(3, 5), said(2, 10), said(1, 60)],
        "17801/replies": [said(10 + number, 8, **(own if number == 0 else {})) for number in range(replies)],
    }
    return GraphPages(lists, {MEDIA: "comments", "17801": "replies"})


async def walk(
    channel: Messenger | Instagram, account: Account, pages: GraphPages, cursor: str | None = None
) -> tuple[list[Activity], str | None, FakeHttp]:
    """One whole walk: the activities of all that it found, the cursor after it, and the calls."""
    http, found = FakeHttp(pages), []
    while True:
        result: PollResult = await channel.poll(account, http, cursor)
        request = (messenger if channel.name == "messenger" else instagram).request
        for body in result.bodies:
            found += channel.parse(request(body), account)
        cursor = result.cursor
        assert len(http.calls) < 50
        if not result.has_more:
            return found, cursor, http


def texts(found: list[Activity]) -> list[str]:
    return [activity.text.text for activity in found if activity.text is not None]


# -- Pages -------------------------------------------------------------------------------------------------------------


async def test_a_page_is_asked_for_its_posts_their_comments_what_names_it_and_what_recommends_it() -> None:
    found, _, http = await walk(Messenger(), messenger.account(), page(comments=2))
    said = {(a.kind, a.text and a.text.text, a.person.split(":")[2], a.thread) for a in found}
    assert said == {
        ("message", "It whistles", messenger.ANNA, VISITORS),
        ("message", "text 1", messenger.ANNA, POST),
        ("message", "text 2", messenger.ANNA, POST),
        ("message", "text 90", messenger.ANNA, OLD),
        ("message", "Kettles!", "77", "900_1"),
        ("message", "It leaks.", "88", "888001"),
    }
    call = [call.url.split("/v25.0/")[1].split("?")[0] for call in http.calls]
    assert call == [f"{PAGE}/feed", f"{PAGE}/tagged", f"{PAGE}/ratings", "me/conversations"]
    assert all(call.method == "GET" for call in http.calls)


async def test_further_pages_of_comments_are_asked_for_as_long_as_they_are_new() -> None:
    pages = page(comments=7)
    # The sixth and seventh are older than what is fetched the first time.
    pages.lists[f"{POST}/comments"] = [
        comment(number, 10 * number if number < 6 else 60 * 24 * 3) for number in range(1, 8)
    ]
    pages.page_size = 3
    found, _, http = await walk(Messenger(), messenger.account(), pages)
    assert sorted(text for text in texts(found) if text.startswith("text")) == [
        *(f"text {number}" for number in range(1, 6)),
        "text 90",
    ]
    assert sum(f"{POST}/comments" in call.url for call in http.calls) == 2
    assert "filter=stream" in next(call.url for call in http.calls if f"{POST}/comments" in call.url)


async def test_what_came_by_both_ways_is_one_message() -> None:
    found, *_ = await walk(Messenger(), messenger.account(), page(comments=1))
    value = {"item": "comment", "verb": "add", "post_id": POST, "comment_id": "1_1", "parent_id": POST}
    posted = {
        **value,
        "from": ANNA,
        "created_time": int((NOW - timedelta(minutes=10)).timestamp()),
        "message": "text 1",
    }
    entry = {"id": PAGE, "time": int(NOW.timestamp()), "changes": [{"field": "feed", "value": posted}]}
    [webhook] = Messenger().parse(
        messenger.request(orjson.dumps({"object": "page", "entry": [entry]})), messenger.account()
    )
    [polled] = [activity for activity in found if activity.platform_id == "1_1"]
    assert (polled.id, polled.message, polled.person) == (webhook.id, webhook.message, webhook.person)
    assert polled.sent_at == webhook.sent_at


async def test_comments_of_the_page_are_echoes_and_its_posts_are_left_out() -> None:
    pages = page(comments=0)
    pages.lists[f"{POST}/comments"] = [comment(2, 3, OURS, parent={"id": "1_1"}), comment(1, 4)]
    found, *_ = await walk(Messenger(), messenger.account(), pages)
    below = [(a.kind, a.author, a.platform_id) for a in found if a.thread == POST]
    assert below == [("message", "customer", "1_1"), ("echo", "account", "1_2")]
    assert not [a for a in found if a.platform_id == POST]


async def test_a_comment_of_a_picture_has_the_picture_and_an_answer_names_what_it_answers() -> None:
    pages = page(comments=0)
    picture = {"type": "photo", "media": {"image": {"src": "https://pictures.example/kettle.jpg"}}}
    pages.lists[f"{POST}/comments"] = [comment(2, 3, attachment=picture, parent={"id": "1_1"})]
    found, *_ = await walk(Messenger(), messenger.account(), pages)
    [said] = [activity for activity in found if activity.platform_id == "1_2"]
    assert [file.url for file in said.attachments] == ["https://pictures.example/kettle.jpg"]
    assert said.context is not None
    assert said.context.parent == "1_1"


async def test_the_next_walk_finds_what_is_new_since_the_begin_of_the_last_and_a_little_before() -> None:
    pages = page(comments=2)
    _, cursor, _ = await walk(Messenger(), messenger.account(), pages)
    pages.now = NOW + timedelta(minutes=15)
    pages.lists[f"{POST}/comments"] = [comment(5, -3), comment(4, 8), comment(3, 12)]
    found, _, _ = await walk(Messenger(), messenger.account(), pages, cursor)
    # Ten minutes before the begin: what was published then may not have been listed yet.
    assert [text for text in texts(found) if text.startswith("text")] == ["text 4", "text 5"]


async def test_the_first_walk_goes_back_as_far_as_meta_repeats_its_calls() -> None:
    pages = page(comments=0)
    pages.lists[f"{POST}/comments"] = [comment(1, 35 * 60), comment(2, 37 * 60)]
    found, *_ = await walk(Messenger(), messenger.account(), pages)
    assert "text 1" in texts(found)
    assert "text 2" not in texts(found)


async def test_without_a_time_of_the_platform_all_that_it_lists_is_of_interest() -> None:
    pages = page(comments=0)
    pages.now = None
    pages.lists[f"{POST}/comments"] = [comment(1, 60 * 24 * 9)]
    found, *_ = await walk(Messenger(), messenger.account(), pages)
    assert "text 1" in texts(found)


async def test_posts_of_the_last_month_are_looked_at_and_not_those_before() -> None:
    pages = page(comments=0)
    pages.page_size = 1
    ancient = [{"id": f"{PAGE}_9{n}", "from": OURS, "created_time": at(60 * 24 * (40 + n))} for n in range(5)]
    pages.lists[f"{PAGE}/feed"] = [*pages.lists[f"{PAGE}/feed"], *ancient]
    _, _, http = await walk(Messenger(), messenger.account(), pages)
    # Three within the month, and the first that is older.
    assert sum(f"{PAGE}/feed" in call.url for call in http.calls) == 4


@pytest.mark.parametrize("code", [10, 200, 100])
async def test_what_the_app_may_not_read_is_left_out_where_the_rest_is_of_use(code: int) -> None:
    pages = page(comments=1)
    pages.refused = {f"{PAGE}/tagged": code, f"{PAGE}/ratings": code}
    found, *_ = await walk(Messenger(), messenger.account(), pages)
    assert sorted(texts(found)) == ["It whistles", "text 1", "text 90"]
    pages.refused = {f"{PAGE}/feed": code}
    with pytest.raises(PermanentSendError, match="Give the app the permissions") as raised:
        await walk(Messenger(), messenger.account(), pages)
    assert raised.value.code == "not_readable"


async def test_a_post_that_is_gone_ends_nothing() -> None:
    pages = page(comments=5)
    pages.refused = {f"{POST}/comments": 33}
    found, *_ = await walk(Messenger(), messenger.account(), pages)
    assert {"text 1", "text 2", "Kettles!"} <= set(texts(found))


# -- Instagram ---------------------------------------------------------------------------------------------------------


async def test_an_instagram_account_is_asked_for_comments_and_their_replies() -> None:
    found, _, http = await walk(Instagram(), instagram.account(), account_page(replies=2))
    said = [(a.kind, a.text and a.text.text, a.context and a.context.parent) for a in found]
    assert sorted(said) == [
        ("echo", "text 10", "17801"),
        ("message", "text 1", None),
        ("message", "text 11", "17801"),
        ("message", "text 2", None),
        ("message", "text 3", None),
    ]
    assert {a.thread for a in found} == {MEDIA}
    assert {a.person for a in found if a.kind == "message"} == {"instagram:main:8800110022"}
    # Of the comments, two came with the post.
    call = [call.url.split("/v25.0/")[1].split("?")[0] for call in http.calls]
    assert call == [f"{SHOP}/media", f"{MEDIA}/comments", "me/conversations"]


async def test_a_comment_that_came_by_both_ways_is_one_message_on_instagram() -> None:
    found, *_ = await walk(Instagram(), instagram.account(), account_page())
    change = {
        "from": {"id": "8800110022", "username": "neda.k"},
        "id": "17803",
        "text": "text 3",
        "media": {"id": MEDIA},
    }
    entry = {"id": SHOP, "time": int(NOW.timestamp()), "field": "comments", "value": change}
    body = orjson.dumps({"object": "instagram", "entry": [entry]})
    [webhook] = Instagram().parse(instagram.request(body), instagram.account())
    [polled] = [activity for activity in found if activity.platform_id == "17803"]
    assert (polled.id, polled.message, polled.person) == (webhook.id, webhook.message, webhook.person)


async def test_no_text_of_a_customer_is_in_a_cursor() -> None:
    for channel, account, pages in (
        (Messenger(), messenger.account(), page(comments=9)),
        (Instagram(), instagram.account(), account_page()),
    ):
        result = await channel.poll(account, FakeHttp(pages), None)
        assert result.has_more
        assert result.cursor is not None
        assert "text" not in result.cursor


@pytest.mark.parametrize("cursor", ["", "x", "[]", "{}", '{"own": "another", "since": 1}', '{"todo": [{"edge": 1}]}'])
async def test_a_cursor_of_another_account_or_none_begins_anew(cursor: str) -> None:
    found, *_ = await walk(Messenger(), messenger.account(), page(comments=1), cursor)
    assert "text 1" in texts(found)


async def test_refusals_of_a_call() -> None:
    for channel, account in ((Messenger(), messenger.account()), (Instagram(), instagram.account())):
        with pytest.raises(CredentialsRejected):
            await channel.poll(account, FakeHttp(always(400, refusal(190, 463).body)), None)
        with pytest.raises(TransientSendError):
            await channel.poll(account, FakeHttp(always(400, refusal(4).body)), None)


def test_an_account_may_do_without() -> None:
    for channel, cases in ((Messenger(), messenger), (Instagram(), instagram)):
        assert channel.is_polled(cases.account().body)
        assert not channel.is_polled(cases.account({"catch_up": False}).body)


# -- mentions ----------------------------------------------------------------------------------------------------------

MENTIONED: dict[str, Any] = {
    "mentioned/17800000000000010": [{"id": "17800000000000010", "text": "Look at @rings.shop", "timestamp": at(30)}],
    "mentioned/17900000000000005": [
        {
            "id": "17900000000000005",
            "caption": "My ring of @rings.shop",
            "timestamp": at(40),
            "username": "liga.k",
            "permalink": "https://www.instagram.com/p/y/",
        }
    ],
}


@pytest.mark.parametrize(
    ("name", "named", "person", "text"),
    [
        ("mentions_in_comment", "17900000000000004/17800000000000010", "17800000000000010", "Look at @rings.shop"),
        ("mentions_in_caption", "17900000000000005", "liga.k", "My ring of @rings.shop"),
    ],
)
async def test_a_mention_is_read_by_the_ids_that_its_webhook_names(
    name: str, named: str, person: str, text: str
) -> None:
    channel, account = Instagram(), instagram.account()
    assert channel.named(instagram.request(instagram.payload(name)), account) == [named]
    [body] = await channel.fetch([named], account, FakeHttp(GraphPages(MENTIONED)))
    [said] = channel.parse(instagram.request(body), account)
    assert (said.kind, said.text and said.text.text, said.person) == ("message", text, f"instagram:main:{person}")
    assert said.address is not None
    assert (said.address.chat, said.address.via) == (named.partition("/")[0], "mention")


async def test_a_mention_that_is_gone_is_left_out_and_others_are_read() -> None:
    named = ["1/2", "17900000000000005"]
    bodies = await Instagram().fetch(named, instagram.account(), FakeHttp(GraphPages(MENTIONED)))
    assert len(bodies) == 1


async def test_a_mention_of_which_nothing_is_said_is_left_out() -> None:
    assert await Instagram().fetch(["1/2"], instagram.account(), FakeHttp(always(200, b"{}"))) == []


def test_mentions_of_another_account_of_the_app_are_left_to_that() -> None:
    body = instagram.payload("mentions_in_comment").replace(SHOP.encode(), b"17841499999999999")
    assert Instagram().named(instagram.request(body), instagram.account()) == []


@pytest.mark.parametrize("name", ["text", "comments_with_facebook_login", "story_insights", "mentions_as_fetched"])
def test_a_call_that_says_all_names_nothing(name: str) -> None:
    assert Instagram().named(instagram.request(instagram.payload(name)), instagram.account()) == []


# -- through the collector -----------------------------------------------------------------------------------------------


async def opened(channel: Messenger | Instagram, account: Account, pages: GraphPages) -> CollectorHarness:
    house = CollectorHarness([channel], FakeHttp(pages))
    await house.connect(f"{channel.name}/main", account.body)
    await house.start_process()
    return house


async def finish(house: CollectorHarness) -> None:
    while house.waiting("poll/"):
        await house.complete("poll/")


async def test_an_outage_is_caught_up_once() -> None:
    pages = page(comments=2)
    pages.now = pages.now or NOW
    house = await opened(Messenger(), messenger.account(), pages)
    await finish(house)
    first = house.texts()
    assert sorted(first) == ["It leaks.", "It whistles", "Kettles!", "text 1", "text 2", "text 90"]
    assert house.timer("poll/shop/messenger:main") == timedelta(minutes=15).total_seconds()
    # Nothing comes in for three hours: Meta's calls do not reach us, and we ask nobody either.
    pages.now = NOW + timedelta(hours=3)
    pages.lists[f"{POST}/comments"] = [comment(8, -100), *pages.lists[f"{POST}/comments"]]
    await house.jump(900, "poll/")
    await finish(house)
    assert [text for text in house.texts() if text not in first] == ["text 8"]


async def test_a_mention_is_fetched_when_its_webhook_comes_and_asked_for_once() -> None:
    pages = account_page()
    pages.lists.update(MENTIONED)
    house = await opened(Instagram(), instagram.account(), pages)
    await finish(house)
    assert "Look at @rings.shop" not in house.texts()
    await post(house, instagram.request(instagram.payload("mentions_in_comment")))
    await finish(house)
    assert house.texts().count("Look at @rings.shop") == 1
    assert house.poll("shop/instagram:main").fetch == ()
    calls = call(house)
    await house.jump(900, "poll/")
    await finish(house)
    assert not [url for url in call(house)[len(calls) :] if "mentioned" in url]


async def test_a_mention_that_cannot_be_read_now_is_read_later() -> None:
    pages = account_page()
    pages.lists.update(MENTIONED)
    house = await opened(Instagram(), instagram.account(), pages)
    await finish(house)
    pages.refused = {SHOP: 4}
    await notice(house, ["17900000000000005"])
    await house.complete("poll/")
    assert house.poll("shop/instagram:main").fetch == ("17900000000000005",)
    pages.refused = {}
    await house.jump(10, "poll/")
    await finish(house)
    assert "My ring of @rings.shop" in house.texts()
    assert house.poll("shop/instagram:main").fetch == ()


async def post(house: CollectorHarness, request: Request) -> None:
    """Meta calls the webhook, and what ingest tells the collector arrives there."""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: object) -> None:
        return

    headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
    scope = {"type": "http", "method": "POST", "path": request.path, "query_string": b"", "headers": headers}
    await house.webhooks({**scope, "client": ("192.0.2.1", 1)}, receive, send)
    logs = [log for (topic, _), log in house.bus.logs.items() if topic == "accounts"]
    published = [decode(record.value) for log in logs for record in log]
    assert [event.type for event in published] == [POLL_NOW]
    await house.driver.batch([ReceivedEvent(event, "accounts", 1) for event in published])


def call(house: CollectorHarness) -> list[str]:
    http = house.dependencies.http
    assert isinstance(http, FakeHttp)
    return [call.url for call in http.calls]


async def notice(house: CollectorHarness, named: list[str]) -> None:
    await house.poll_now("instagram/main", fetch=named)
