"""What came in at night, over REST: counted by the order of the list, by the hours of the agent."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.records.conversations import CONVERSATIONS
from tests.fakes import START
from tests.rest import Rest, open_rest
from tests.router.test_bound_callers import put_agent
from tests.router.test_inbox import case, waits

SHOP = "/v1/workspaces/shop"
NIGHT = f"{SHOP}/inbox/night?agent=sara"
NOBODY = {"mine": 0, "waiting": 0, "opened_at": None, "opens_at": None, "closes_at": None}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    """Minutes are those since START, 09:00: Sara has one of each, her team three that wait, another team one."""
    async with open_rest() as opened:
        await opened.workspace()
        put_agent(opened, "sara")
        cases = [
            case("m0", "assigned", agent="sara", response_tracking=waits(0)),
            case("m1", "assigned", agent="sara", response_tracking=waits(90)),
            # The customer has the next word.
            case("m2", "pending", agent="sara"),
            case("w0", "waiting", response_tracking=waits(-600)),
            case("w1", "offered", response_tracking=waits(59)),
            case("w2", "waiting", response_tracking=waits(60)),
            case("w3", "waiting", team="billing", response_tracking=waits(0)),
        ]
        for one in cases:
            opened.store.insert(CONVERSATIONS, one.id, one)
        yield opened


async def configure(rest: Rest, hours: dict[str, Any] | None) -> None:
    body: dict[str, Any] = {"name": "Shop", "calendar": {"hours": hours} if hours else None}
    assert (await rest.request("PUT", SHOP, body)).status_code == 200


@pytest.mark.parametrize(
    ("minute", "hours", "expected"),
    [
        (120, None, NOBODY),
        # It opened at ten: who wrote before waits from the night.
        (
            120,
            {"mon": [["10:00", "17:00"]]},
            {
                "mine": 1,
                "waiting": 2,
                "opened_at": "2026-03-02T10:00:00.000000Z",
                "closes_at": "2026-03-02T17:00:00.000000Z",
            },
        ),
        # It opened before anybody of today wrote.
        (
            120,
            {"mon": [["08:00", "17:00"]]},
            {
                "mine": 0,
                "waiting": 1,
                "opened_at": "2026-03-02T08:00:00.000000Z",
                "closes_at": "2026-03-02T17:00:00.000000Z",
            },
        ),
        # Still closed: all who wait.
        (120, {"tue": [["08:00", "17:00"]]}, {"mine": 2, "waiting": 3, "opens_at": "2026-03-03T08:00:00.000000Z"}),
    ],
)
async def test_who_waits_since_before_it_opened_is_from_the_night(
    rest: Rest, minute: int, hours: dict[str, Any] | None, expected: dict[str, Any]
) -> None:
    await configure(rest, hours)
    rest.time_source.at = START + timedelta(minutes=minute)
    found = (await rest.request("GET", NIGHT)).json()
    assert found == {**NOBODY, **expected}


async def test_they_are_the_first_of_the_list(rest: Rest) -> None:
    await configure(rest, {"mon": [["10:00", "17:00"]]})
    rest.time_source.at = START + timedelta(hours=2)
    night = (await rest.request("GET", NIGHT)).json()
    assert isinstance(night, dict)
    for view in ("mine", "waiting"):
        listed = await rest.request("GET", f"{SHOP}/inbox?agent=sara&view={view}&sort=waiting")
        items = listed.json()["items"]
        early = [row["unanswered_since"] is not None and row["unanswered_since"] < night["opened_at"] for row in items]
        assert early == [True] * night[view] + [False] * (len(items) - night[view])


async def test_a_team_has_hours_of_its_own(rest: Rest) -> None:
    await configure(rest, {"tue": [["10:00", "17:00"]]})
    calendar = {"hours": {"mon": [["09:00", "12:00"], ["13:00", "15:00"]]}}
    await rest.request("PUT", f"{SHOP}/teams/default", {"name": "D", "calendar": calendar})
    rest.time_source.at = START + timedelta(hours=1)
    found = (await rest.request("GET", NIGHT)).json()
    assert (found["opened_at"], found["closes_at"]) == ("2026-03-02T09:00:00.000000Z", "2026-03-02T12:00:00.000000Z")
