"""A mistake in configuration does not outlive its correction: rules and policies that were mended reach who waits."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.live.contract import Desk
from tests.live.installation import ADMIN_KEY, Running, allowing, database, running_well, up
from tests.live.waiting import eventually

TYPING_ERROR = {"rules": [{"then": {"team": "support", "skills": {"typing-errorr": 1}}}]}
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module", params=["sqlite", "mongo"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    store = {}
    if request.param == "mongo":
        server = request.getfixturevalue("mongo_server")
        store = {"PASOKH_STORE": database(server, f"reconfiguring-{uuid4().hex[:8]}")}
    running = up(tmp_path_factory.mktemp("reconfiguring"), PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(9), **store)
    with running_well(running):
        yield running


@pytest.fixture
async def desk(installed: Running) -> AsyncIterator[Desk]:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with httpx2.AsyncClient(base_url=installed.url, headers=headers, timeout=30, trust_env=False) as client:
        opened = Desk(client, f"w{uuid4().hex[:8]}")
        await opened.put("", {"name": "Shop", "languages": ["en", "fa"]})
        await opened.put("/accounts/telegram/main", opened.account(NOWHERE))
        await opened.put("/teams/support", {"name": "Support"})
        await opened.put("/teams/billing", {"name": "Billing"})
        yield opened


async def get_conversation(desk: Desk, conversation: dict[str, Any]) -> dict[str, Any]:
    return await desk.get(f"/conversations/{conversation['id']}")


async def becomes(desk: Desk, conversation: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    """The conversation once these fields are so."""

    async def look() -> dict[str, Any] | None:
        now = await get_conversation(desk, conversation)
        return now if all(now[name] == value for name, value in wanted.items()) else None

    found = await eventually(look)
    assert found is not None
    return found


async def test_a_corrected_rule_frees_who_waited_by_the_wrong_one(desk: Desk) -> None:
    await desk.agent("sara", teams=["support"])
    await desk.put("/routing", TYPING_ERROR)
    await desk.hears(1)
    stranded = await desk.waiting(1)
    await desk.put("/routing", {"rules": [{"then": {"team": "support", "priority": "high"}}]})
    freed = await becomes(desk, stranded, status="assigned", agent="sara")
    assert (freed["priority"], freed["requirement"]) == ("high", {"skills": {}})
    last = (await desk.items(f"/conversations/{stranded['id']}/decisions"))[-1]
    assert (last["outcome"], last["rule"], last["agent"]) == ("assigned", "rule 1", "sara")


async def test_another_team_by_new_rules_is_another_queue_at_the_old_place(desk: Desk) -> None:
    await desk.put("/routing", {"rules": [{"then": {"team": "billing"}}]})
    await desk.hears(1)
    first = await desk.waiting(1)
    await desk.hears(2)
    second = await desk.waiting(2)
    await desk.put("/routing", {"rules": [{"then": {"team": "support"}}]})
    for one in (first, second):
        await becomes(desk, one, team="support")
    await desk.hears(3)
    third = await desk.waiting(3)
    await desk.agent("sara", teams=["support"], capacity=3)
    found = [await becomes(desk, one, status="assigned") for one in (first, second, third)]
    assert sorted(found, key=lambda one: one["assigned_at"]) == found


async def test_who_has_an_agent_keeps_it_and_follows_new_rules_once_it_waits_again(desk: Desk) -> None:
    await desk.agent("sara", teams=["support"], skills={"typing-errorr": 5})
    await desk.put("/routing", TYPING_ERROR)
    await desk.hears(1)
    held = await desk.assigned(1)
    await desk.put("/routing", {"rules": [{"then": {"team": "billing"}}]})
    await desk.hears(2)
    await becomes(desk, await desk.waiting(2), team="billing")
    assert (await get_conversation(desk, held))["agent"] == "sara"
    await desk.agent("omar", teams=["billing"], capacity=9)
    await desk.client.delete(f"{desk.path}/agents/sara")
    await becomes(desk, held, status="assigned", agent="omar", team="billing")


async def test_what_a_person_decided_stays(desk: Desk) -> None:
    await desk.put("/routing", TYPING_ERROR)
    await desk.hears(1)
    one = await desk.waiting(1)
    await desk.client.post(f"{desk.path}/conversations/{one['id']}/priority", json={"priority": "urgent"})
    await desk.client.post(f"{desk.path}/conversations/{one['id']}/transfer", json={"to_team": "billing"})
    await desk.put("/routing", {"rules": [{"then": {"team": "support", "priority": "low"}}]})
    found = await becomes(desk, one, requirement={"skills": {}})
    assert (found["priority"], found["team"], found["status"]) == ("urgent", "billing", "waiting")


async def test_who_waits_asks_for_less_as_the_rule_says(desk: Desk) -> None:
    """The steps of a rule, by the clock of a real process: first another team, then without the skill."""
    await desk.agent("sara", teams=["support"], skills={"vip": 2}, capacity=1)
    await desk.agent("omar", teams=["billing"], capacity=1)
    relax = [
        {"after_seconds": 2, "add_teams": ["support"]},
        {"after_seconds": 4, "add_teams": ["billing"], "drop_skills": ["vip"]},
    ]
    await desk.put("/routing", {"rules": [{"then": {"team": "default", "skills": {"vip": 1}, "relax": relax}}]})
    for chat in (1, 2):
        await desk.hears(chat)
    waiting = [await desk.waiting(chat) for chat in (1, 2)]
    first = await becomes(desk, waiting[0], status="assigned", agent="sara")
    second = await becomes(desk, waiting[1], status="assigned", agent="omar")
    for conversation, seconds in ((first, 2), (second, 4)):
        waited = datetime.fromisoformat(conversation["assigned_at"]) - datetime.fromisoformat(conversation["opened_at"])
        assert seconds <= waited.total_seconds() < seconds + 10
    sentences = [one["summary"] for one in await desk.items(f"/conversations/{second['id']}/decisions")]
    assert sentences[0].startswith("Waiting: ")
    assert "in team billing, default, support" in sentences[-1]


async def test_agents_are_asked_first_as_the_settings_say(desk: Desk) -> None:
    """An offer is declined, one expires by the clock of a real process, and the agent who was set away comes back and accepts."""
    settings = {"offer_mode": "offer", "offer_seconds": 5, "missed_offers": 1}
    await desk.put("", {"name": "Shop", "settings": settings})
    await desk.agent("sara", teams=["default"])
    await desk.hears(1)
    found = await eventually(lambda: desk.of(1))
    first = await becomes(desk, found[0], status="offered")
    declined = await desk.client.post(
        f"{desk.path}/offers/{first['offer']['id']}/decline", json={"agent": "sara", "reason": "lunch"}
    )
    assert (declined.status_code, declined.json()["outcome"]) == (200, "declined")
    again = await desk.client.post(f"{desk.path}/offers/{first['offer']['id']}/accept", json={"agent": "sara"})
    assert (again.status_code, again.json()["code"]) == (409, "offer_ended")
    # Nobody else could take it: it is offered to the same agent again, who lets the time pass.

    async def missed() -> dict[str, Any] | None:
        agent: dict[str, Any] = await desk.get("/agents/sara")
        return agent if agent["presence"] == "away" else None

    agent = await eventually(missed)
    assert agent is not None
    second = await becomes(desk, first, status="waiting")
    assert (agent["presence_declared"], agent["presence_reason"]) == ("online", "missed_offers")
    await desk.put("/agents/sara/presence", {"status": "online"})
    third = await becomes(desk, second, status="offered")
    accepted = await desk.client.post(f"{desk.path}/offers/{third['offer']['id']}/accept", json={"agent": "sara"})
    assert accepted.json()["outcome"] == "accepted"
    held = await becomes(desk, third, status="assigned", agent="sara")
    assert "offer" not in held
    facts = [
        fact["type"].removeprefix("pasokh.offer.") for fact in await desk.items(f"/conversations/{held['id']}/events")
    ]
    assert [name for name in facts if not name.startswith("pasokh.")] == [
        "made",
        "declined",
        "made",
        "expired",
        "made",
        "accepted",
    ]


async def test_policies_of_now_reach_every_open_conversation(desk: Desk) -> None:
    await desk.agent("sara", teams=["default"])
    await desk.put("/sla", {"policies": [{"id": "old", "targets": {"resolution_seconds": 3600}}]})
    for chat in (1, 2):
        await desk.hears(chat)
    cases = [await desk.assigned(chat) for chat in (1, 2)]
    for case in cases:
        await clocks(desk, case, ("old", "running", 3600))
    await desk.put("/sla", {"policies": [{"id": "new", "targets": {"resolution_seconds": 60}}]})
    answer = await desk.client.post(f"{desk.path}/sla/reapply")
    assert (answer.status_code, answer.json()) == (200, {"conversations": 2})
    for case in cases:
        await clocks(desk, case, ("new", "running", 60))
    await desk.put("/sla", {"policies": [{"id": "none", "targets": {}}]})
    assert (await desk.client.post(f"{desk.path}/sla/reapply", json={"agent": "sara"})).status_code == 200
    for case in cases:
        await clocks(desk, case, ("new", "cancelled", 60))
    later = await desk.client.post(f"{desk.path}/sla/reapply", headers={"Prefer": "respond-async"})
    assert later.status_code == 202

    async def status() -> bool:
        found = await desk.client.get(later.headers["location"])
        return bool(found.json() == {"status": "applied"})

    await eventually(status)


async def clocks(desk: Desk, case: dict[str, Any], wanted: tuple[str, str, float]) -> None:
    """Wait until the conversation's clock is so."""

    async def look() -> bool:
        found = await desk.items(f"/conversations/{case['id']}/clocks")
        return [(c["policy"], c["state"], c["target_seconds"]) for c in found] == [wanted]

    assert await eventually(look)


async def test_reapplying_needs_admin_and_an_agent_that_exists(desk: Desk) -> None:
    key = await desk.key("write")
    assert (await desk.request("POST", "/sla/reapply", key["secret"])).status_code == 403
    assert (await desk.request("POST", "/sla/reapply", json={"agent": "nobody"})).status_code == 422


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Running]:
    """An installation of the test's own, to be killed."""
    running = up(tmp_path, PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(9))
    running.start()
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


async def test_a_router_that_dies_in_the_middle_goes_on_where_it_was(mortal: Running) -> None:
    """450 wait, more than two pages; the process is killed as soon as the new rules are answered."""
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with httpx2.AsyncClient(base_url=mortal.url, headers=headers, timeout=30, trust_env=False) as client:
        desk = Desk(client, "shop")
        await desk.put("", {"name": "Shop"})
        await desk.put("/accounts/telegram/main", desk.account(NOWHERE))
        await desk.put("/teams/support", {"name": "Support"})
        await desk.put("/routing", TYPING_ERROR)
        for chat in range(1, 451):
            await desk.hears(chat)
        await eventually(lambda: all_are(desk, 450, "normal"))
        await desk.put("/routing", {"rules": [{"then": {"team": "support", "priority": "high"}}]})
        mortal.kill()
        mortal.start()
        mortal.wait_ready()
        await eventually(lambda: all_are(desk, 450, "high"))


async def all_are(desk: Desk, count: int, priority: str) -> bool:
    cases = await desk.items("/conversations", status="waiting")
    return [case["priority"] for case in cases] == [priority] * count
