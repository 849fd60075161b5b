"""A review on its way through ingest, router and sender: it is answered, edited to one star, and taken up again."""

import json

import pytest

from services.channels.reviews.channel import Reviews
from tests.channels.installation import Installation
from tests.channels.places import REPORTED
from tests.channels.reviews.cases import account, event, places, polled, resource


@pytest.fixture
def shop() -> Installation:
    [place] = places()
    return Installation(Reviews(), account(), place)


async def answered(shop: Installation) -> None:
    await shop.accept_reply()
    await shop.deliver()


async def test_an_answer_goes_below_the_review(shop: Installation) -> None:
    await answered(shop)
    [call] = shop.calls
    assert call.url == f"https://api.trustpilot.com/v1/private/reviews/{resource(1)['id']}/reply"
    assert shop.house.case().status == "pending"


async def test_a_review_that_is_edited_to_one_star_is_taken_up_again(shop: Installation) -> None:
    await answered(shop)
    shop.now = REPORTED
    await shop.post(event("updated", 1, stars=1, text="It broke.", updatedAt=REPORTED.isoformat()))
    case = shop.house.case()
    assert case.status != "pending"
    [review] = [one for one in shop.house.messages() if one.direction == "inbound"]
    assert review.review is not None
    assert (review.review.stars, review.text and review.text.text) == (1, "It broke.")
    assert [edit.text and edit.text.text for edit in review.edits] == ["text 1"]


@pytest.mark.parametrize("is_resolved", [False, True])
async def test_a_review_that_turned_asks_for_what_it_says_now(shop: Installation, is_resolved: bool) -> None:
    await shop.post(event("created", 1, text="Thank you so much, wonderful service, I love it!"))
    await shop.house.assign()
    assert shop.house.case().intent == "praise"
    await shop.house.reply(text="Thank you!")
    if is_resolved:
        await shop.house.resolve()
    shop.now = REPORTED
    await shop.post(
        event("updated", 1, stars=1, text="I want a refund, give me my money back", updatedAt=REPORTED.isoformat())
    )
    assert shop.house.case().intent == "refund"


async def test_an_edit_that_leaves_the_stars_waits_for_nobody(shop: Installation) -> None:
    await answered(shop)
    shop.now = REPORTED
    await shop.post(event("updated", 1, text="Still so.", updatedAt=REPORTED.isoformat()))
    assert shop.house.case().status == "pending"


async def test_our_answer_that_a_poll_finds_again_is_no_second_one(shop: Installation) -> None:
    await answered(shop)
    shop.now = REPORTED
    await shop.post(polled(1, "hello from the shop", "created"))
    assert [one.direction for one in shop.house.messages()] == ["inbound", "outbound"]


async def test_a_poll_that_cannot_know_what_is_new_leaves_a_review_as_it_was(shop: Installation) -> None:
    body = {
        "polled": True,
        "is_news": True,
        "answer": None,
        "review": {**resource(1), "updatedAt": resource(1)["createdAt"]},
    }
    assert [one.kind for one in shop.parse(body)] == ["message", "edit"]
    await shop.post(body)
    [review] = shop.house.messages()
    assert (review.state, review.edits, review.edited_at) == ("received", [], None)
    worse = {**body, "review": {**resource(1), "stars": 1, "updatedAt": REPORTED.isoformat()}}
    shop.now = REPORTED
    await shop.post(json.loads(json.dumps(worse)))
    [review] = shop.house.messages()
    assert review.review is not None
    assert (review.review.stars, review.edited_at) == (1, REPORTED)


async def test_a_second_answer_is_refused_until_the_customer_waits_again(shop: Installation) -> None:
    await answered(shop)
    refused = await shop.house.reply(text="and another")
    assert refused.problem is not None
    assert (refused.status, refused.problem.status, refused.problem.reason) == ("refused", 409, "answer_stands")
    shop.now = REPORTED
    await shop.post(event("updated", 1, stars=1, text="It broke.", updatedAt=REPORTED.isoformat()))
    await shop.house.assign()
    assert (await shop.house.reply(text="We send another one.")).status == "applied"


async def test_an_answer_that_was_deleted_makes_room_for_another(shop: Installation) -> None:
    await answered(shop)
    shop.now = REPORTED
    await shop.post(polled(1, None, "deleted"))
    assert (await shop.house.reply(text="once more")).status == "applied"
