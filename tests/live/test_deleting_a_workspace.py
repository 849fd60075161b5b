"""A workspace is deleted with everything in it, on both stores; its name starts anew, empty, and nothing comes back."""

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pymongo
import pytest

from tests.channels.linkedin import cases as linkedin
from tests.channels.reviews import cases as reviews
from tests.channels.survey import cases as survey
from tests.channels.x import cases as x
from tests.live.contract import Desk
from tests.live.installation import ADMIN_KEY, Running, allowing, database, running_well, up
from tests.live.waiting import eventually, eventually_sync
from tests.live_servers.server import Server

NOWHERE = "http://127.0.0.1:9"
OF_CHANNELS = {"persons", "messages", "customers", "identity_graphs", "identity_references", "polls", "account_tokens"}
"""Collections that hold what channels keep of a workspace, some of it only of some channels."""


@pytest.fixture(params=["sqlite", "mongo"])
def installed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Running, str]]:
    """A running installation, and the URL of its MongoDB where it has one."""
    url = ""
    if request.param == "mongo":
        server: Server = request.getfixturevalue("mongo_server")
        url = database(server, f"deleting-{uuid4().hex[:8]}")
    running = up(tmp_path, PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(9), **({"PASOKH_STORE": url} if url else {}))
    with running_well(running):
        yield running, url


@pytest.fixture
async def client(installed: tuple[Running, str]) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with httpx2.AsyncClient(base_url=installed[0].url, headers=headers, timeout=40, trust_env=False) as opened:
        yield opened


async def filled(client: httpx2.AsyncClient, workspace: str) -> Desk:
    """A workspace in which everything is that there can be."""
    desk = Desk(client, workspace)
    await desk.put("", {"name": f"Shop {workspace}"})
    await desk.put("/accounts/telegram/main", desk.account(NOWHERE))
    await desk.put("/teams/support", {"name": "Support"})
    await desk.put("/routing", {"rules": [{"then": {"team": "default"}}]})
    await desk.put("/sla", {"policies": [{"id": "all", "targets": {"first_response_seconds": 600}}]})
    await desk.put("/webhooks/desk", {"url": f"{NOWHERE}/hook", "types": ["pasokh."]})
    await desk.key("read")
    await desk.agent("sara", capacity=2)
    for chat in range(1, 6):
        await desk.hears(chat, f"where is my order, {workspace}")
    case = (await eventually(lambda: desk.items("/conversations", status="assigned")))[0]
    answer = await desk.reply(case["id"], "sara", f"on its way, {workspace}")
    assert answer.status_code == 201
    await eventually(lambda: desk.items(f"/conversations/{case['id']}/clocks"))
    await fill_other_channels(desk, case["id"])
    # More parts than are deleted at a time.
    uploaded = await client.post(f"{desk.path}/attachments", content=bytes(6_000_000))
    assert uploaded.status_code == 201, uploaded.text
    return desk


async def fill_other_channels(desk: Desk, case: str) -> None:
    """Content that may be stored for a limited time, a survey of a conversation, reviews that are polled, a customer of two persons."""
    accounts: dict[str, dict[str, object]] = {
        "x": {"credentials": x.CREDENTIALS, "api_base": NOWHERE},
        "linkedin": {"credentials": linkedin.CREDENTIALS, "api_base": NOWHERE},
        "survey": {"credentials": {"secret": survey.SECRET}},
        "reviews": {"credentials": reviews.credentials("app_store"), "api_base": NOWHERE},
    }
    for channel, body in accounts.items():
        await desk.put(f"/accounts/{channel}/main", body)
    [of_x, of_linkedin] = [place.post([place.message(1)]) for place in (x.places()[0], linkedin.places()[0])]
    response = json.loads(survey.payload("response"))
    response["form_response"]["hidden"]["conversation"] = case
    for call in (of_x, of_linkedin, survey.request(json.dumps(response).encode())):
        path = call.path.replace("/shop/", f"/{desk.workspace}/")
        answer = await desk.client.post(path, content=call.body, headers={"authorization": "", **call.headers})
        assert answer.status_code == 200, answer.text
    for channel in ("x", "linkedin"):
        await eventually(lambda channel=channel: desk.items("/conversations", channel=channel))  # type: ignore[misc] # mypy cannot tell a lambda's defaults
    await eventually(lambda: desk.messages({"id": case}), holds=lambda found: any(one.get("answers") for one in found))
    persons = ["telegram:main:1", f"x:main:{x.CUSTOMER}"]
    joined = await desk.client.post(f"{desk.path}/customers", json={"persons": persons})
    assert joined.status_code == 200, joined.text


async def metrics(client: httpx2.AsyncClient, workspace: str) -> list[str]:
    lines = (await client.get("/metrics")).text.splitlines()
    return [
        line for line in lines if f'workspace="{workspace}"' in line and line.startswith("pasokh_conversations_opened")
    ]


async def test_nothing_is_left_and_the_name_starts_anew(
    installed: tuple[Running, str], client: httpx2.AsyncClient
) -> None:
    gone, other = await filled(client, "departed"), await filled(client, "other")
    await eventually(lambda: metrics(client, "departed"))
    eventually_sync(lambda: holding(installed, "departed"), holds=lambda found: found >= OF_CHANNELS)
    for query in ("", "?confirm=other"):
        refused = await client.delete(f"{gone.path}{query}")
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/query/confirm")
    assert (await client.get(gone.path)).status_code == 200
    deleted = await client.delete(f"{gone.path}?confirm=departed", headers={"Prefer": "wait=30"})
    assert (deleted.status_code, deleted.content) == (204, b"")
    for path in ("", "/conversations", "/agents", "/routing"):
        assert (await client.get(gone.path + path)).status_code == 404
    assert (await gone.webhook({"update_id": 1})).status_code == 404
    assert (await client.delete(f"{gone.path}?confirm=departed")).status_code == 404
    left = holding(installed, "departed")
    assert left == {"removals", "counters", "outcomes"}, left
    assert holding(installed, "other") >= OF_CHANNELS

    # The other one works as ever, with all that it had.
    assert len(await other.items("/conversations")) == 7
    await other.hears(9)
    await eventually(lambda: other.of(9))

    again = Desk(client, "departed")
    made = await client.put(again.path, json={"name": "New"})
    assert made.status_code == 201
    assert await again.items("/agents") == await again.items("/conversations") == []
    assert (await again.get("/routing"))["rules"] == []
    span = {"from": f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"}
    span["to"] = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    report = await client.get(f"{again.path}/reports/kpis", params=span)
    assert (report.status_code, report.json()["facts"]) == (200, 0)
    assert await metrics(client, "departed") == []
    await again.put("/accounts/telegram/main", again.account(NOWHERE))
    await again.agent("omar")
    await again.hears(1, "hello again")
    case = await again.assigned(1)
    texts = [one["text"] for one in await again.items(f"/conversations/{case['id']}/messages")]
    assert (case["agent"], texts) == ("omar", ["hello again"])
    assert len(await again.items("/conversations")) == 1

    async def counted_once() -> bool:
        return [line.rsplit(" ", 1)[1] for line in await metrics(client, "departed")] == ["1.0"]

    await eventually(counted_once)


def holding(installed: tuple[Running, str], workspace: str) -> set[str]:
    """The collections in which anything names the workspace. What is on the log is forgotten by its retention."""
    running, url = installed
    if not url:
        with closing(sqlite3.connect(running.folder / "data" / "pasokh.db")) as file:
            names = [row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            tables = [name for name in names if name.startswith("doc_")]
            # Names of tables cannot be parameters, and these are the file's own.
            rows = {name: file.execute(f'SELECT id, doc FROM "{name}"').fetchall() for name in tables}  # noqa: S608 - names of its own tables
        return {
            n.removeprefix("doc_") for n, found in rows.items() if any(names_it(str(row), workspace) for row in found)
        }
    with pymongo.MongoClient[dict[str, Any]](url) as server:
        kept = server.get_default_database()
        return {n for n in kept.list_collection_names() if any(names_it(str(one), workspace) for one in kept[n].find())}


def names_it(text: str, workspace: str) -> bool:
    return re.search(rf"\b{workspace}\b", text) is not None


async def test_who_does_not_wait_gets_202_and_hears_when_it_is_done(client: httpx2.AsyncClient) -> None:
    gone = await filled(client, "departed")
    answer = await client.delete(f"{gone.path}?confirm=departed", headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    again = await client.put(gone.path, json={"name": "Too early"})
    assert (again.status_code, "being deleted" in again.json()["detail"]) == (409, True)

    async def done() -> bool:
        shown = await client.get(answer.headers["location"])
        return bool(shown.json() == {"status": "applied"})

    await eventually(done)
    assert (await client.put(gone.path, json={"name": "New"})).status_code == 201


async def test_a_process_that_dies_in_the_middle_goes_on(
    installed: tuple[Running, str], client: httpx2.AsyncClient
) -> None:
    gone = await filled(client, "departed")
    await client.delete(f"{gone.path}?confirm=departed", headers={"Prefer": "respond-async"})
    running, _ = installed
    running.kill()
    running.start()
    running.wait_ready()

    async def free() -> bool:
        return (await client.put(gone.path, json={"name": "New"})).status_code == 201

    await eventually(free, 100)
    assert await gone.items("/conversations") == []
    assert await gone.items("/agents") == []
