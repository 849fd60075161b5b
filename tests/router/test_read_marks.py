"""An agent marks a conversation as read, and as unread again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from services.platform.store.port import Changes, Key
from services.records.read_marks import READ_MARKS
from tests.rest import Rest, open_rest, problem_of
from tests.router.harness import open_stream
from tests.router.live_inbox.test_stream import Inbox, sales
from tests.router.test_bound_callers import bound_key, put_agent
from tests.router.test_inbox import INBOX, case, put_case, put_words, waits

READ = "/v1/workspaces/shop/conversations/c1/read"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        put_agent(opened, "sara")
        put_agent(opened, "reza")
        put_case(opened, case("c1", agent="sara", received=3))
        for number, direction in enumerate(("inbound", "outbound", "inbound", "note", "inbound"), 1):
            put_words(opened, f"m{number}", "c1", "words", direction=direction)
        yield opened


async def unread(rest: Rest, agent: str = "sara") -> int:
    [row] = (await rest.request("GET", f"{INBOX}?view=team&agent={agent}")).json()["items"]
    return int(row["unread"])


async def read(rest: Rest, agent: str = "sara", **body: Any) -> int:
    answer = await rest.request("PUT", READ, {"agent": agent, **body})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["unread"])


async def test_it_moves_forward_only_and_for_its_agent_alone(rest: Rest) -> None:
    assert await unread(rest) == 3
    assert [await read(rest, up_to=message) for message in ("m1", "m2", "m4", "m3", "m1", "m5")] == [2, 2, 1, 1, 1, 0]
    assert (await unread(rest), await unread(rest, "reza")) == (0, 3)


async def test_unread_is_the_latest_message_of_the_customer(rest: Rest) -> None:
    await read(rest, up_to="m5")
    assert [await read(rest, unread=True) for _ in range(2)] == [1, 1]
    assert await unread(rest) == 1
    assert await read(rest, up_to="m5") == 0


async def test_a_look_is_written_once_a_second(rest: Rest) -> None:
    await read(rest, up_to="m5")
    first = rest.store.find(READ_MARKS, "c1")
    await read(rest, up_to="m5")
    assert rest.store.find(READ_MARKS, "c1") == first
    rest.time_source.move(5)
    await read(rest, up_to="m1")
    later = rest.store.find(READ_MARKS, "c1")
    assert first is not None
    assert later is not None
    assert later.marks["sara"] == replace(first.marks["sara"], at=rest.time_source.now())


async def test_two_agents_who_read_at_once_both_have_their_mark(rest: Rest) -> None:
    def another(_: Changes) -> None:
        marks = rest.store.find(READ_MARKS, "c1")
        assert marks is not None
        rest.store.insert(READ_MARKS, "c1", replace(marks, version=9))

    await read(rest, "reza", up_to="m1")
    rest.store.before_commit = another
    assert await read(rest, "sara", up_to="m5") == 0
    assert (await unread(rest), await unread(rest, "reza")) == (0, 2)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"up_to": "m1", "unread": True}, ""),
        ({"up_to": "m9"}, "/up_to"),
        ({"up_to": "x1"}, "/up_to"),
        ({"unread": False}, "/unread"),
        ({"up_to": "m1", "agent": "nobody"}, "/agent"),
    ],
)
async def test_what_cannot_be_marked_is_refused(rest: Rest, body: dict[str, Any], pointer: str) -> None:
    put_words(rest, "x1", "c2", "words")
    problem = problem_of(await rest.request("PUT", READ, {"agent": "sara", **body}), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert Key(READ_MARKS.name, "c1") not in rest.store.documents


async def test_a_bound_caller_reads_as_its_agent_only(rest: Rest) -> None:
    key = await bound_key(rest)
    problem_of(await rest.request("PUT", READ, {"up_to": "m5", "agent": "reza"}, authorization=key), 403)
    assert (await rest.request("PUT", READ, {"up_to": "m5"}, authorization=key)).status_code == 200
    assert (await unread(rest), await unread(rest, "reza")) == (0, 3)


async def test_18_what_was_opened_is_still_unanswered_and_inner_actions_leave_unread_alone() -> None:
    """Acceptance test 18 of the desk: opened, so marked read, so forgotten; own assign or label marks unread."""
    async with open_stream() as harness:
        put_agent(harness.rest, "sara", teams=("sales",))
        put_agent(harness.rest, "reza", teams=("sales",))
        inbox = Inbox(harness)
        one = sales("c1", "assigned", agent="sara", received=1, last_message="m1")
        one = replace(one, response_tracking=waits(0))
        put_words(inbox.rest, "m1", "c1", "Where is it?")
        page, other = await inbox.open("sara"), await inbox.open("reza")
        await inbox.change("message_received", one, message="m1")
        assert [(row["unread"], row["unanswered_since"] is not None) for row in await page.until("row")] == [(1, True)]
        await other.until("row")
        answer = await inbox.rest.request("PUT", READ, {"agent": "sara", "up_to": "m1"})
        assert answer.json() == {"unread": 0}
        # Opened without an answer: read, and still unanswered, in its place; of the others nobody hears.
        rows = await page.until("row", 2)
        assert (rows[1]["unread"], rows[1]["unanswered_since"], rows[1]["orders"]) == (
            0,
            rows[0]["unanswered_since"],
            rows[0]["orders"],
        )
        for word, after in (
            ("noted", one),
            ("transferred", replace(one, agent="reza")),
            ("assigned", one),
            ("priority_changed", replace(one, priority="urgent")),
        ):
            await inbox.change(word, after)
        await page.client.wait_until(lambda: page.came("row")[-1]["priority"] == "urgent")
        assert {row["unread"] for row in page.came("row")[1:]} == {0}
        answer = await inbox.rest.request("PUT", READ, {"agent": "sara", "unread": True})
        assert answer.json() == {"unread": 1}
        await page.client.wait_until(lambda: page.came("row")[-1]["unread"] == 1)
        assert {row["unread"] for row in other.came("row")} == {1}
        facts = (await inbox.rest.request("GET", "/v1/workspaces/shop/conversations/c1/events")).json()["items"]
        assert [fact["type"].rpartition(".")[2] for fact in facts] == [
            "message_received",
            "noted",
            "transferred",
            "assigned",
            "priority_changed",
        ]
