"""Reviews: the stars stand on the message, and a review that falls to one star asks for an answer again."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.activity import Review
from schemas.values import EncryptedText
from tests.router.conversations.harness import ConversationsHarness

PLACE: dict[str, Any] = {"surface": "public", "thread": "review-1"}


async def reviewed(house: ConversationsHarness, stars: int) -> None:
    await house.customer(1, **PLACE, review=Review(stars=stars, title="So so"))
    await house.assign()
    await house.reply()


async def edited(house: ConversationsHarness, stars: int | None, text: str = "changed") -> list[str]:
    await house.driver.advance(60)
    review = Review(stars=stars) if stars is not None else None
    return await house.customer(2, kind="edit", message="m1", **PLACE, review=review, text=EncryptedText(text=text))


async def test_the_stars_stand_on_the_message() -> None:
    house = ConversationsHarness()
    await house.customer(1, **PLACE, review=Review(stars=4, title="So so"), text=None)
    (message,) = house.messages()
    assert (message.review, message.surface, message.text) == (Review(stars=4, title="So so"), "public", None)


@pytest.mark.parametrize("done", ["replied", "resolved", "closed"])
async def test_a_review_edited_to_one_star_is_taken_up_again(done: str) -> None:
    house = ConversationsHarness()
    await reviewed(house, 4)
    if done != "replied":
        await house.resolve()
    if done == "closed":
        await house.driver.advance(4 * 86400)
    await edited(house, 1)
    assert house.case().status in ("waiting", "assigned")
    assert house.case().response_tracking.open_run() is not None
    assert len(house.cases()) == (2 if done == "closed" else 1)
    latest = house.messages()[-1] if done == "closed" else house.messages()[0]
    assert (latest.review, latest.text) == (Review(stars=1), EncryptedText(text="changed"))
    assert latest.conversation == house.case().id


@pytest.mark.parametrize(
    ("before", "after", "status"), [(True, False, "waiting"), (False, False, "resolved"), (False, True, "resolved")]
)
async def test_a_recommendation_that_is_taken_back_is_taken_up_again(before: bool, after: bool, status: str) -> None:
    house = ConversationsHarness()
    await house.customer(1, **PLACE, review=Review(recommends=before))
    await house.assign()
    await house.resolve()
    await house.driver.advance(60)
    await house.customer(2, kind="edit", message="m1", **PLACE, review=Review(recommends=after))
    assert house.case().status == status


@pytest.mark.parametrize(("before", "after"), [(4, 3), (1, 1), (1, 5), (4, None)])
async def test_another_edit_reopens_nothing(before: int, after: int | None) -> None:
    house = ConversationsHarness()
    await reviewed(house, before)
    await house.resolve()
    await edited(house, after)
    assert house.case().status == "resolved"
    assert house.messages()[0].review == (Review(stars=after) if after else Review(stars=before, title="So so"))
    assert house.messages()[0].text == EncryptedText(text="changed")


async def test_stars_alone_are_an_edit() -> None:
    house = ConversationsHarness()
    await house.customer(1, **PLACE, review=Review(stars=4), text=None)
    await house.customer(2, kind="edit", message="m1", **PLACE, review=Review(stars=2), text=None)
    assert house.messages()[0].review == Review(stars=2)


@pytest.mark.parametrize(("stars", "later", "edits"), [(4, 0, 0), (2, 0, 1), (4, 60, 1)])
async def test_an_edit_at_the_time_of_its_message_that_says_the_same_is_none(
    stars: int, later: int, edits: int
) -> None:
    house = ConversationsHarness()
    written = house.driver.now
    await house.customer(1, **PLACE, review=Review(stars=4), sent_at=written)
    at = written + timedelta(seconds=later)
    await house.customer(1, kind="edit", **PLACE, review=Review(stars=stars), sent_at=at)
    assert len(house.facts("message_edited")) == edits
    assert (house.messages()[0].edited_at is None) == (edits == 0)
