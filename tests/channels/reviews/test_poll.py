"""Reviews that are asked for: each is published once, changed or gone, whatever the pages are and wherever a poll ends."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from schemas.activity import Activity
from services.channels.port import Account, PollResult
from services.channels.reviews.channel import Reviews
from services.platform.http.outgoing import HttpResponse, TransientSendError
from tests.channels.reviews.cases import LOCATION, account, request
from tests.fakes import FakeHttp, HttpCall
from tests.fakes.http import always

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class PlayStore:
    """Google Play: reviews by id, in pages, the newest first."""

    def __init__(self, page_size: int = 2) -> None:
        self.reviews: dict[str, dict[str, Any]] = {}
        self.page_size, self.now, self.lists, self.gap = page_size, NOW, 0, set[str]()

    def write(self, identity: str, text: str, at: datetime, stars: int = 3, answer: str | None = None) -> None:
        comments = [
            {"userComment": {"text": text, "starRating": stars, "lastModified": {"seconds": str(int(at.timestamp()))}}}
        ]
        answers = [{"developerComment": {"text": answer, "lastModified": {"seconds": str(int(at.timestamp()))}}}]
        self.reviews[identity] = {
            "reviewId": identity,
            "authorName": "Ana",
            "comments": [*comments, *(answers if answer else [])],
        }

    def respond(self, call: HttpCall) -> HttpResponse:
        parts = urlsplit(call.url)
        date = {"date": format_datetime(self.now, usegmt=True)}
        if not parts.path.endswith("/reviews"):
            found = self.reviews.get(parts.path.rpartition("/")[2])
            return HttpResponse(200 if found else 404, date, json.dumps(found or {"error": {"message": "no"}}).encode())
        self.lists += 1
        start = int(parse_qs(parts.query).get("token", ["0"])[0])
        ordered = sorted(
            self.reviews.values(), key=lambda one: -int(one["comments"][0]["userComment"]["lastModified"]["seconds"])
        )
        ordered = [one for one in ordered if one["reviewId"] not in self.gap]
        page: dict[str, Any] = {"reviews": ordered[start : start + self.page_size]}
        if start + self.page_size < len(ordered):
            page["tokenPagination"] = {"nextPageToken": str(start + self.page_size)}
        return HttpResponse(200, date, json.dumps(page).encode())


async def walk(store: PlayStore, cursor: str | None, owner: Account | None = None) -> tuple[list[Activity], str | None]:
    """Poll until there is nothing more; the activities of what came."""
    found: list[Activity] = []
    while True:
        polled = await Reviews().poll(owner or account("google_play"), FakeHttp(store.respond), cursor)
        found += activities(polled, owner)
        cursor = polled.cursor
        if not polled.has_more:
            return found, cursor


def activities(polled: PollResult, owner: Account | None = None) -> list[Activity]:
    return [one for body in polled.bodies for one in Reviews().parse(request(body), owner or account("google_play"))]


def said(found: Iterable[Activity]) -> list[tuple[str, str | None]]:
    return [(one.kind, one.text.text if one.text else None) for one in found]


@pytest.fixture
def store() -> PlayStore:
    store = PlayStore()
    for number in range(5):
        store.write(f"gp:{number}", f"text {number}", NOW - timedelta(hours=number + 1))
    return store


async def test_each_review_of_the_week_comes_once_page_by_page(store: PlayStore) -> None:
    store.write("gp:old", "long ago", NOW - timedelta(days=8))
    found, cursor = await walk(store, None)
    assert sorted(text for kind, text in said(found) if kind == "message" and text) == [f"text {n}" for n in range(5)]
    assert store.lists == 3
    assert (await walk(store, cursor))[0] == []


async def test_a_page_has_its_oldest_review_first(store: PlayStore) -> None:
    store.page_size = 10
    found, _ = await walk(store, None)
    assert [text for kind, text in said(found) if kind == "message"] == [f"text {n}" for n in (4, 3, 2, 1, 0)]


async def test_a_review_that_was_edited_comes_again(store: PlayStore) -> None:
    _, cursor = await walk(store, None)
    store.write("gp:3", "worse", NOW, stars=1)
    found, cursor = await walk(store, cursor)
    assert said(found) == [("message", "worse"), ("edit", "worse")]
    assert found[1].review is not None
    assert found[1].review.stars == 1
    # A poll that died before its cursor was stored: the same ids again.
    assert (await walk(store, cursor))[0] == []


async def test_a_poll_whose_cursor_was_lost_gives_the_same_ids(store: PlayStore) -> None:
    first, _ = await walk(store, None)
    again, _ = await walk(store, None)
    assert [one.id for one in again] == [one.id for one in first]


async def test_an_answer_that_was_written_changed_and_deleted_there_is_told(store: PlayStore) -> None:
    _, cursor = await walk(store, None)
    at = NOW - timedelta(hours=1)
    store.write("gp:0", "text 0", at, answer="thank you")
    found, cursor = await walk(store, cursor)
    assert said(found) == [("echo", "thank you")]
    store.write("gp:0", "text 0", at, answer="thank you!")
    found, cursor = await walk(store, cursor)
    assert said(found) == [("edit", "thank you!")]
    store.write("gp:0", "text 0", at)
    found, cursor = await walk(store, cursor)
    assert said(found) == [("deletion", None)]
    assert (await walk(store, cursor))[0] == []


async def test_a_review_that_is_gone_is_deleted_once(store: PlayStore) -> None:
    before, cursor = await walk(store, None)
    del store.reviews["gp:2"]
    found, cursor = await walk(store, cursor)
    [gone] = found
    assert (gone.kind, gone.message) == ("deletion", next(one.message for one in before if one.platform_id == "gp:2"))
    assert (await walk(store, cursor))[0] == []


async def test_a_gap_in_the_list_is_no_deletion(store: PlayStore) -> None:
    _, cursor = await walk(store, None)
    store.gap = {"gp:2"}
    found, cursor = await walk(store, cursor)
    assert found == []
    store.gap = set()
    assert (await walk(store, cursor))[0] == []


async def test_the_last_review_may_go_too() -> None:
    store = PlayStore()
    store.write("gp:0", "text", NOW - timedelta(hours=1))
    _, cursor = await walk(store, None)
    store.reviews.clear()
    assert said((await walk(store, cursor))[0]) == [("deletion", None)]


async def test_a_review_that_grew_old_is_no_deletion(store: PlayStore) -> None:
    _, cursor = await walk(store, None)
    store.now = NOW + timedelta(days=8)
    store.reviews.clear()
    assert (await walk(store, cursor))[0] == []


async def test_a_cursor_of_another_app_or_none_of_ours_begins_anew(store: PlayStore) -> None:
    _, cursor = await walk(store, None)
    body = account("google_play").body
    other = account("google_play", credentials={**body.credentials, "package_name": "com.example.other"})
    assert len((await walk(store, cursor, other))[0]) == 10
    for odd in ("", "x", "[]", "{}", '{"known": {"a": 7}}'):
        assert len((await walk(store, odd))[0]) == 10


async def test_a_cursor_holds_nothing_that_a_customer_wrote(store: PlayStore) -> None:
    _, cursor = await walk(store, None)
    assert cursor is not None
    assert not [word for word in ("text", "Ana") if word in cursor]


async def test_a_poll_without_a_token_is_tried_again_soon() -> None:
    bare = Account("shop", "reviews", "main", account("google_play").body)
    with pytest.raises(TransientSendError) as raised:
        await Reviews().poll(bare, FakeHttp(), None)
    assert raised.value.after == 5.0


REVIEW = f"{LOCATION}/reviews/AbInvented1"
GOOGLE = {
    "name": REVIEW,
    "reviewId": "AbInvented1",
    "starRating": "ONE",
    "comment": "No.",
    "createTime": "2026-03-01T11:00:00Z",
    "updateTime": "2026-03-01T11:00:00Z",
}


async def test_places_of_google_are_asked_for_together() -> None:
    page = {"locationReviews": [{"name": LOCATION, "review": GOOGLE}]}
    http = FakeHttp(always(200, json.dumps(page).encode(), date=format_datetime(NOW, usegmt=True)))
    polled = await Reviews().poll(account("google_business"), http, None)
    [call] = http.calls
    assert call.url == "https://mybusiness.googleapis.com/v4/accounts/1001/locations:batchGetReviews"
    assert call.json == {"locationNames": [LOCATION], "pageSize": 50, "orderBy": "updateTime desc"}
    assert said(activities(polled, account("google_business"))) == [("message", "No.")]


async def test_what_a_notice_names_is_fetched_and_what_is_gone_is_deleted() -> None:
    http = FakeHttp(
        lambda call: HttpResponse(
            *((200, {}, json.dumps(GOOGLE).encode()) if call.url.endswith("1") else (404, {}, b"{}"))
        )
    )
    owner = account("google_business")
    bodies = await Reviews().fetch([REVIEW, f"{LOCATION}/reviews/gone"], owner, http)
    found = [one for body in bodies for one in Reviews().parse(request(body), owner)]
    assert [one.kind for one in found] == ["message", "deletion"]
    assert [call.url for call in http.calls] == [
        f"https://mybusiness.googleapis.com/v4/{LOCATION}/reviews/{name}" for name in ("AbInvented1", "gone")
    ]


async def test_the_app_store_is_read_by_its_cursor_with_the_responses() -> None:
    def respond(call: HttpCall) -> HttpResponse:
        after = parse_qs(urlsplit(call.url).query).get("cursor")
        number = "2" if after else "1"
        resource = {
            "type": "customerReviews",
            "id": number,
            "attributes": {"rating": 2, "body": f"text {number}", "createdDate": "2026-03-01T11:00:00Z"},
        }
        links = {} if after else {"next": f"{call.url}&cursor=further"}
        return HttpResponse(
            200, {"date": format_datetime(NOW, usegmt=True)}, json.dumps({"data": [resource], "links": links}).encode()
        )

    http, owner = FakeHttp(respond), account("app_store")
    first = await Reviews().poll(owner, http, None)
    second = await Reviews().poll(owner, http, first.cursor)
    assert (first.has_more, second.has_more) == (True, False)
    texts = [text for polled in (first, second) for kind, text in said(activities(polled, owner)) if kind == "message"]
    assert texts == ["text 1", "text 2"]
    assert http.calls[0].url.startswith(
        "https://api.appstoreconnect.apple.com/v1/apps/1234567890/customerReviews?sort=-createdDate"
    )


async def test_trustpilot_is_asked_where_the_account_names_its_business_unit() -> None:
    body = account().body
    named = account(credentials={**body.credentials, "business_unit_id": "unit-1"})
    assert (Reviews().is_polled(body), Reviews().is_polled(named.body)) == (False, True)
    review = {
        "id": "r1",
        "stars": 1,
        "text": "No.",
        "createdAt": "2026-03-01T11:00:00Z",
        "updatedAt": None,
        "consumer": {"id": "c1", "displayName": "Ana"},
    }
    http = FakeHttp(always(200, json.dumps({"reviews": [review]}).encode(), date=format_datetime(NOW, usegmt=True)))
    polled = await Reviews().poll(named, http, None)
    assert http.calls[0].url.startswith("https://api.trustpilot.com/v1/private/business-units/unit-1/reviews?")
    assert said(activities(polled, named)) == [("message", "No.")]
