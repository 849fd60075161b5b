"""Our answer to a comment below another's comment counts for its author alone, although Meta says only whose comment is above."""

from collections.abc import Callable
from typing import Any

import pytest

from services.channels.port import Channel
from services.channels.registry import CHANNELS
from tests.channels.instagram import cases as instagram
from tests.channels.installation import Installation
from tests.channels.messenger import cases as messenger
from tests.channels.places import HELLO, SENT, Update

OTHER = "500600999"


def below_on_page(update: Update) -> Update:
    return {**update, "from": {"id": OTHER, "name": "Juris"}, "parent_id": "1_theirs1"}


def below_on_account(update: Update) -> Update:
    author = {"id": OTHER, "username": "juris"}
    return {**update, "value": {**update["value"], "from": author, "parent_id": "17800001"}}


PLATFORMS: list[Any] = [
    pytest.param("messenger", messenger, below_on_page, id="messenger"),
    pytest.param("instagram", instagram, below_on_account, id="instagram"),
]


@pytest.mark.parametrize("is_echo_first", [True, False])
@pytest.mark.parametrize(("name", "cases", "below"), PLATFORMS)
async def test_the_echo_of_an_answer_below_a_comment_answers_nobody_else(
    name: str, cases: Any, below: Callable[[Update], Update], is_echo_first: bool
) -> None:
    channel: Channel = next(one for one in CHANNELS if one.name == name)
    place = next(one for one in cases.places() if one.name == "comments")
    at = Installation(channel, cases.account(), place)
    await at.post(place.message(1))
    at.now = SENT
    await at.post(below(place.message(2)))
    upper, lower = at.house.cases()
    await at.house.assign()
    assert (await at.house.reply(text=HELLO)).status == "applied"
    await at.send()
    if is_echo_first:
        await at.post(place.echo(1, HELLO))
        assert upper.status == "waiting"
        assert at.house.cases()[0].status == "pending"
    await at.learn_results()
    await at.house.settle()
    if not is_echo_first:
        await at.post(place.echo(1, HELLO))
    assert (at.reply().conversation, at.reply().state) == (lower.id, "sent")
    after = {case.id: case for case in at.house.cases()}
    assert (after[upper.id].status, after[lower.id].status) == ("waiting", "pending")
    assert after[upper.id].response_tracking.open_run() is not None
