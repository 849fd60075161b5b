"""Dead letters over REST: who sees which, without what customers wrote, and what becomes of an operator's wish."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from schemas.envelope import decode
from services.console.dead_letters import build_router
from services.platform.http.service import ServiceComponents
from services.platform.store.collections import DEAD_LETTERS, DeadLetter
from tests.rest import Rest, open_rest, problem_of

SECRET_TEXT = "what a customer wrote"
TOPICS = {"conversations": ("inbound", "commands")}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest([ServiceComponents(routers=[build_router(TOPICS)])]) as found:
        found.store.collections[DEAD_LETTERS.name] = DEAD_LETTERS
        await found.workspace("shop")
        yield found


def keep(rest: Rest, name: str, *, workspace: str = "shop", topic: str = "inbound", minute: int = 0) -> None:
    letter = DeadLetter(
        group="conversations",
        partition=1,
        topic=topic,
        offset=7,
        event=SECRET_TEXT,
        event_id=name,
        event_type="pasokh.inbound.message",
        workspace=workspace,
        error="ValueError: no such thing",
        at=datetime(2026, 11, 1, 12, minute, tzinfo=UTC),
    )
    rest.store.insert(DEAD_LETTERS, name, letter)


async def test_they_are_listed_newest_first_without_what_customers_wrote(rest: Rest) -> None:
    keep(rest, "older", minute=1)
    keep(rest, "newer", minute=2)
    answer = await rest.request("GET", "/v1/dead-letters")
    assert [item["id"] for item in answer.json()["items"]] == ["newer", "older"]
    assert SECRET_TEXT not in answer.text


async def test_pages_follow_each_other_over_letters_of_others(rest: Rest) -> None:
    for n in range(9):
        keep(rest, f"letter-{n}", minute=n, workspace="shop" if n % 3 == 0 else "other")
    key, found, cursor = await rest.key("admin"), [], ""
    for _ in range(9):
        page = (await rest.request("GET", f"/v1/dead-letters?limit=1{cursor}", authorization=key)).json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == ["letter-6", "letter-3", "letter-0"]


async def test_only_admins_see_them(rest: Rest) -> None:
    answer = await rest.request("GET", "/v1/dead-letters", authorization=await rest.key("write"))
    problem_of(answer, 403)


@pytest.mark.parametrize("action", ["retry", "drop"])
async def test_an_action_is_a_command_to_the_group_that_set_it_aside(rest: Rest, action: str) -> None:
    keep(rest, "one")
    answer = await rest.request("POST", f"/v1/dead-letters/one/{action}")
    assert answer.status_code == 202
    [command] = rest.bus.logs["inbound", 1]
    assert decode(command.value).data == {"group": "conversations", "dead_letter": "one", "action": action}


async def test_a_wake_up_that_failed_is_reached_on_any_topic_of_its_group(rest: Rest) -> None:
    keep(rest, "one", topic="")
    await rest.request("POST", "/v1/dead-letters/one/retry")
    assert len(rest.bus.logs["inbound", 1]) == 1


@pytest.mark.parametrize("workspace", ["other", ""])
async def test_the_letters_of_others_are_not_there(rest: Rest, workspace: str) -> None:
    keep(rest, "one", workspace=workspace)
    answer = await rest.request("POST", "/v1/dead-letters/one/drop", authorization=await rest.key("admin"))
    problem_of(answer, 404)
    assert rest.bus.logs["inbound", 1] == []
