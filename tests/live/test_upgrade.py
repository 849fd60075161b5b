"""Data of the version before there were migrations come up whole: killed in the middle, or raced for by two processes."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.migrations import MIGRATIONS
from services.platform.store.migration_steps import latest_version
from services.platform.store.mongo.store import MongoStore
from tests.live.installation import ADMIN_KEY, READY_SECONDS, Running, Shop, command, database, shop_at, up
from tests.live_servers.server import Server, free_ports
from tests.migrations.folder import build_folder, expected_answers, read_documents
from tests.migrations.harness import fill

COMMITS_BEFORE_KILLS = (2, 14, 4)
"""The first two kills are while the partition rows are fenced, the last among the documents of a step."""
UNCHANGED_FIELDS = ("id", "person", "channel", "surface", "team", "opened_at", "first_response_at", "language")
"""Of a conversation: fields that do not change while time passes."""


@contextmanager
def migrating(commits: int, folder: Path, *store: str) -> Iterator[None]:
    """A migration that has made so many commits; it is killed (SIGKILL) on leaving."""
    command = [sys.executable, "-m", "tests.live.migrating_process", str(folder), *store]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            seen = 0
            for line in child.stdout:
                seen += line == b"commit\n"
                if seen == commits:
                    break
            assert seen == commits, "the migration ended too early"
            yield
        finally:
            child.kill()


def kill_after(commits: int, folder: Path) -> None:
    """Start a migration and kill it after so many of its commits."""
    with migrating(commits, folder):
        pass


async def test_a_migration_that_is_killed_goes_on_and_the_folder_comes_up_as_it_was(tmp_path: Path) -> None:
    database = build_folder(tmp_path / "data")
    for commits in COMMITS_BEFORE_KILLS:
        kill_after(commits, tmp_path / "data")
    progress = read_documents(database)["layout"]["data"]
    assert progress["version"] < progress["target"] == latest_version(MIGRATIONS)
    running = up(tmp_path, PASOKH_ADMIN_KEY=ADMIN_KEY)
    running.start()
    try:
        running.wait_ready()
        async with shop_at(running.url, ADMIN_KEY) as shop:
            await conversations_are_as_they_were(shop)
            await an_unread_command_is_carried_out(shop)
    finally:
        ended, _ = running.stop()
    assert ended == 0
    assert "Traceback" not in running.log
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
    for process in routers:
        process.start()
    for process in routers:
        process.wait_ready()
    each_step_was_finished_once(routers)
    for process in routers:
        async with shop_at(process.url, ADMIN_KEY) as shop:
            await conversations_are_as_they_were(shop)


async def test_both_wait_for_a_process_that_migrates_on_mongodb_and_one_goes_on_when_it_is_killed(
    routers: tuple[Running, Running], tmp_path: Path
) -> None:
    with migrating(4, tmp_path / "data", routers[0].environment["PASOKH_STORE"]):
        for process in routers:
            process.start()
        for process in routers:
            await until_logged(process, "migration_waits")
    for process in routers:
        process.wait_ready()
    each_step_was_finished_once(routers)
    assert sum("migration_started" in process.log for process in routers) == 1
    for process in routers:
        async with shop_at(process.url, ADMIN_KEY) as shop:
            await conversations_are_as_they_were(shop)


def each_step_was_finished_once(processes: Sequence[Running]) -> None:
    """By one and the same of these processes."""
    finished = [process.log.count("migration_step_finished") for process in processes]
    assert sorted(finished) == [0, len(MIGRATIONS)]


async def until_logged(process: Running, event: str) -> None:
    until = time.monotonic() + READY_SECONDS
    while event not in process.log:
        assert time.monotonic() < until, process.log
        await asyncio.sleep(0.05)


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
