"""The messages of a conversation from both ends, and around a message."""

from collections.abc import AsyncIterator

import pytest

from tests.rest import Rest, open_rest, problem_of
from tests.router.test_inbox import case, put_case, put_words

LIST = "/v1/workspaces/shop/conversations/c1/messages"
ORDERS = ("m1", "m2", "m3", "m4", "m5")


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        put_case(opened, case("c1"))
        put_case(opened, case("c2"))
        for name in ORDERS:
            album = {"album": "a1"} if name in ("m2", "m3") else {}
            put_words(opened, name, "c1", name, **album)
        put_words(opened, "other", "c2", "other")
        yield opened


async def ids(rest: Rest, query: str) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        answer = await rest.request("GET", f"{LIST}?{query}{cursor}")
        assert answer.status_code == 200, answer.text
        found += [message["id"] for message in answer.json()["items"]]
        if answer.json()["next"] is None:
            return found
        cursor = f"&cursor={answer.json()['next']}"


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("order=asc", ["m1", "m2", "m3", "m4", "m5"]),
        ("order=desc", ["m5", "m4", "m3", "m2", "m1"]),
        ("order=desc&before=m3", ["m2", "m1"]),
        ("order=desc&after=m3", ["m5", "m4"]),
        ("after=m3", ["m4", "m5"]),
        ("before=m3", ["m1", "m2"]),
        ("after=m1&before=m5&order=desc", ["m4", "m3", "m2"]),
        ("after=m5", []),
        ("order=desc&albums=true", ["m5", "m4", "m2", "m1"]),
        ("albums=true", ["m1", "m2", "m4", "m5"]),
    ],
)
async def test_messages_of_both_orders_and_around_one(rest: Rest, query: str, limit: int, expected: list[str]) -> None:
    assert await ids(rest, f"{query}&limit={limit}") == expected


async def test_only_messages_of_the_conversation_bound_it(rest: Rest) -> None:
    for query in ("before=other", "after=nothing"):
        problem_of(await rest.request("GET", f"{LIST}?{query}"), 422)


async def test_one_message_is_read_by_its_id(rest: Rest) -> None:
    answer = await rest.request("GET", "/v1/workspaces/shop/messages/m3")
    assert (answer.status_code, answer.json()["text"]) == (200, "m3")
    problem_of(await rest.request("GET", "/v1/workspaces/shop/messages/nothing"), 404)
