"""A data folder of the version before there were migrations: killed in the middle of its migration, it comes up whole."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from services.migrations import MIGRATIONS
from services.platform.store.migration_steps import latest_version
from tests.live.installation import ADMIN_KEY, Shop, command, shop_at, up
from tests.migrations.folder import build_folder, expected_answers, read_documents

COMMITS_BEFORE_KILLS = (2, 14, 4)
"""The first two kills are while the partition rows are fenced, the last among the documents of a step."""
STILL = ("id", "person", "channel", "surface", "team", "opened_at", "first_response_at", "language")
"""Of a conversation: what time alone does not change."""


def kill_after(commits: int, folder: Path) -> None:
    """Start a migration and kill it (SIGKILL) after so many of its commits."""
    migrating = [sys.executable, "-m", "tests.live.migrating_process", str(folder)]
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
    running.start()
    try:
        running.wait_ready()
        async with shop_at(running.url, ADMIN_KEY) as shop:
            await conversations_are_as_they_were(shop)
            await the_command_that_nobody_had_read_is_carried_out(shop)
    finally:
        ended, _ = running.stop()
    assert ended == 0
    assert "Traceback" not in running.log
    documents = read_documents(database)
    assert documents["layout"]["data"]["version"] == latest_version(MIGRATIONS)
    assert set(documents["dead_letters"]) == {"letter-1", "letter-2"}, "no timer or event of before is a riddle now"


async def conversations_are_as_they_were(shop: Shop) -> None:
    found = {one["id"]: one for one in await shop.items("/conversations")}
    expected = expected_answers()["conversations"]
    assert found.keys() == expected.keys()
    for identity, conversation in expected.items():
        assert {name: found[identity][name] for name in STILL} == {name: conversation[name] for name in STILL}


async def the_command_that_nobody_had_read_is_carried_out(shop: Shop) -> None:
    """It stands on the log under the name that it had then."""
    until = time.monotonic() + 20
    found: Any = None
    while time.monotonic() < until:
        [found] = await shop.items("/conversations", person="telegram:main:5")
        if found["priority"] == "high":
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"its priority is {found['priority']}")


def test_a_migration_can_be_looked_at_before_it_is_done(tmp_path: Path) -> None:
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
