"""The steps that make the lists of an inbox, killed (SIGKILL) in each of their rewrites: what is done stays, and the rest is done once."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from schemas.conversation import Author, Status
from schemas.values import EncryptedText
from services.composition import COLLECTIONS
from services.domain.inbox import with_keys
from services.migrations import MIGRATIONS
from services.platform.core.settings import Settings
from services.platform.host.engine import open_store
from services.platform.store.migration_steps import latest_version
from services.platform.store.migrations import PROGRESS_KEY, Progress
from services.platform.store.port import Changes, Document, Key, Put
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from tests.fakes import START
from tests.live.test_upgrade import kill_after
from tests.migrations.folder import read_documents
from tests.router.test_inbox import case

COUNT = 4
KILLS = (3, 6, 6, 6)
"""Commits before each kill: one is in each rewrite of the steps 11 and 13."""
STATUSES: tuple[Status, ...] = ("assigned", "pending", "waiting", "resolved")


def conversation(number: int) -> Document:
    """As version 10 stored it: without what the lists need."""
    one = replace(case(f"c{number}", STATUSES[number % 4]), last_at=None, inbox=None)
    document = Put(Key(CONVERSATIONS.name, one.id), one).document
    document.pop("inbox", None)
    return document


def message(number: int) -> MessageRecord:
    return MessageRecord(
        id=f"m{number}",
        conversation=f"c{number}",
        direction="inbound",
        surface="private",
        channel="telegram",
        author=Author(kind="customer"),
        text=EncryptedText(text="words"),
        received_at=START,
        state="received",
        workspace="shop",
        key=f"shop/telegram:main:c{number}",
        order="1",
    )


async def fill(folder: Path) -> None:
    puts = [Put(Key(CONVERSATIONS.name, f"c{number}"), conversation(number)) for number in range(COUNT)]
    puts += [Put(Key(MESSAGES.name, f"m{number}"), message(number)) for number in range(COUNT)]
    progress = Put(PROGRESS_KEY, Progress(version=10, target=10, revision=1))
    async with open_store(Settings(data=folder), COLLECTIONS) as store:
        await store.commit(Changes(puts=[*puts, progress]))


def progress_of(database: Path) -> tuple[int, int, str]:
    found = read_documents(database)["layout"]["data"]
    return found["version"], found["rewrite"], found["after"]


async def test_steps_of_the_inbox_that_are_killed_in_each_rewrite_make_it_whole(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    await fill(folder)
    database = folder / "pasokh.db"
    places = []
    for commits in KILLS:
        await asyncio.to_thread(kill_after, commits, folder)
        places.append(progress_of(database))
    assert places == sorted(places), "each goes on where the one before was killed"
    assert {(version, rewrite) for version, rewrite, _ in places} == {(10, 0), (10, 1), (10, 2), (11, 0)}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", "migrate", env={"PASOKH_DATA": str(folder), "PATH": ""}
    )
    assert await child.wait() == 0
    documents = read_documents(database)
    assert documents["layout"]["data"]["version"] == latest_version(MIGRATIONS)
    found = [CONVERSATIONS.decode(one) for one in documents[CONVERSATIONS.name].values()]
    assert len(found) == COUNT
    for one in found:
        assert one == with_keys(one)
        assert (one.last_message, one.last_at) == (f"m{one.id[1:]}", START)
