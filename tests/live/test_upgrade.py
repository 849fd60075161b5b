"""Data of the version before there were migrations come up whole: killed in the middle, or raced for by two processes."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.migrations import MIGRATIONS
from services.platform.store.migration_steps import latest_version
from services.platform.store.mongo.store import MongoStore
from tests.live.installation import ADMIN_KEY, Running, Shop, command, database, running_well, shop_at, up
from tests.live_servers.server import Server, free_ports
from tests.migrations.folder import build_folder, expected_answers, read_documents
from tests.migrations.harness import fill

COMMITS_BEFORE_KILLS = (2, 14, 4)
"""The first two kills are while the partition rows are fenced, the last among the documents of a step."""
UNCHANGED_FIELDS = ("id", "person", "channel", "surface", "team", "opened_at", "first_response_at", "language")
"""Of a conversation: fields that do not change while time passes."""


def kill_after(commits: int, folder: Path, *store: str) -> None:
    """Start a migration and kill it (SIGKILL) after so many of its commits."""
    migrating = [sys.executable, "-m", "tests.live.migrating_process", str(folder), *store]
    with subprocess.Popen(migrating, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        seen = 0
        for line in child.stdout:
            seen += line == b"commit\n"
            if seen == commits:
                break
        child.kill()
    assert seen == commits, "the migration ended before it was killed"


async def test_a_migration_that_is_killed_goes_on_and_the_folder_comes_up_as_it_was(tmp_path: Path) -> None:
    database = build_folder(tmp_path / "data")
    for commits in COMMITS_BEFORE_KILLS:
        kill_after(commits, tmp_path / "data")
    progress = read_documents(database)["layout"]["data"]
    assert progress["version"] < progress["target"] == latest_version(MIGRATIONS)
    running = up(tmp_path, PASOKH_ADMIN_KEY=ADMIN_KEY)
    with running_well(running):
        async with shop_at(running.url, ADMIN_KEY) as shop:
            await conversations_are_as_they_were(shop)
            await an_unread_command_is_carried_out(shop)
    documents = read_documents(database)
    assert documents["layout"]["data"]["version"] == latest_version(MIGRATIONS)
    assert set(documents["dead_letters"]) == {"letter-1", "letter-2"}, "no old timer or event becomes a dead letter"


async def conversations_are_as_they_were(shop: Shop) -> None:
    found = {one["id"]: one for one in await shop.items("/conversations")}
    expected = expected_answers()["conversations"]
    assert found.keys() == expected.keys()
    for identity, conversation in expected.items():
        assert {name: found[identity][name] for name in UNCHANGED_FIELDS} == {
            name: conversation[name] for name in UNCHANGED_FIELDS
        }


async def an_unread_command_is_carried_out(shop: Shop) -> None:
    """The log has it under its old event type."""
    until = time.monotonic() + 20
    found: Any = None
    while time.monotonic() < until:
        [found] = await shop.items("/conversations", person="telegram:main:5")
        if found["priority"] == "high":
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"its priority is {found['priority']}")


@pytest.fixture
async def routers(tmp_path: Path, mongo_server: Server) -> AsyncIterator[tuple[Running, Running]]:
    """Two `pasokh serve router`, not started, on one MongoDB with the data of version 0 and on the log of its folder."""
    folder = tmp_path / "data"
    log_file, store_url = build_folder(folder), database(mongo_server, f"upgrade-{uuid4().hex[:8]}")
    async with MongoStore.open(store_url) as store:
        await fill(store, read_documents(log_file))
    environment = {"PASOKH_BUS": f"sqlite:///{log_file}", "PASOKH_STORE": store_url, "PASOKH_ADMIN_KEY": ADMIN_KEY}
    first, second = (
        Running(tmp_path / f"router-{n}", ("serve", "router"), port, environment)
        for n, port in enumerate(free_ports(2))
    )
    yield first, second
    for process in (first, second):
        process.stop()
        assert "Traceback" not in process.log


async def test_of_two_processes_that_start_together_on_mongodb_one_migrates_and_both_serve(
    routers: tuple[Running, Running],
) -> None:
    await both_come_up_after_one_migration(routers)


async def test_on_mongodb_one_of_two_waiting_processes_goes_on_with_a_migration_that_was_killed(
    routers: tuple[Running, Running], tmp_path: Path
) -> None:
    kill_after(4, tmp_path / "data", routers[0].environment["PASOKH_STORE"])
    await both_come_up_after_one_migration(routers)
    assert any("migration_waits" in process.log for process in routers), "the killed process was given its time"


async def both_come_up_after_one_migration(processes: Sequence[Running]) -> None:
    for process in processes:
        process.start()
    for process in processes:
        process.wait_ready()
    # On a busy machine one may take over from the other in the middle; no step is done twice all the same.
    finished = [process.log.count("migration_step_finished") for process in processes]
    assert sum(finished) == len(MIGRATIONS)
    for process in processes:
        async with shop_at(process.url, ADMIN_KEY) as shop:
            await conversations_are_as_they_were(shop)


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    build_folder(tmp_path / "data")
    assert latest_version(MIGRATIONS) > 0
    assert "Nothing was changed." in output(tmp_path, "migrate", "--dry-run")
    assert "pasokh migrate" in output(tmp_path, "keys", "list", ends_with=1)
    assert f"The data are of version {latest_version(MIGRATIONS)} now." in output(tmp_path, "migrate")
    assert "There is nothing to do." in output(tmp_path, "migrate")
    output(tmp_path, "keys", "list")


def output(folder: Path, *arguments: str, ends_with: int = 0) -> str:
    running = command(folder, *arguments)
    running.start()
    assert running.wait_end(60) == ends_with, running.log
    return running.log
