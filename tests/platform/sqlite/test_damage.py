"""A page of the file that cannot be read: who reads it is told, and readiness says which table it is."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.platform.core.errors import Unavailable
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine, open_store
from services.platform.sqlite.damage import Damaged, check_file
from services.platform.store.port import Changes, Key, Put, Store
from tests.contracts.sample_collection import THINGS

PAGE = 4096
COUNT = 600


async def filled(folder: Path) -> Settings:
    """A data folder with documents on many pages."""
    settings = Settings(data=folder)
    async with open_store(settings, [THINGS]) as store:
        puts = [Put(Key(THINGS.name, f"t{n:05}"), {"note": "x" * 900}) for n in range(COUNT)]
        await store.commit(Changes(puts=puts))
    return settings


def damage(database: Path) -> None:
    """Overwrite the page on which a document in the middle stands."""
    page = database.read_bytes().index(b't00300{"note"') // PAGE
    with database.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(b"\xa5" * PAGE)


async def until_named(store: Store, table: str) -> str:
    """What the check says once the whole file was looked at."""
    for _ in range(500):
        try:
            await store.check()
        except Unavailable as error:
            if table in str(error):
                return str(error)
        await asyncio.sleep(0.01)
    raise AssertionError("the check never named the table")


async def test_whoever_reads_a_damaged_page_is_told_and_from_then_on_it_is_not_ready(tmp_path: Path) -> None:
    settings = await filled(tmp_path)
    damage(settings.database)
    async with open_engine(settings, SystemTimeSource(), [THINGS]) as (store, bus):
        await store.check()
        with pytest.raises(Damaged):
            await store.get_many([Key(THINGS.name, f"t{n:05}") for n in range(COUNT)])
        assert f"doc_{THINGS.name}" in await until_named(store, f"doc_{THINGS.name}")
        with pytest.raises(Unavailable, match="pasokh doctor"):
            await bus.check()


async def test_after_an_unclean_end_the_file_is_looked_at_and_after_a_clean_one_it_is_not(tmp_path: Path) -> None:
    settings = await filled(tmp_path)
    damage(settings.database)
    async with open_engine(settings, SystemTimeSource(), [THINGS], check_after_crash=True) as (store, _):
        await asyncio.sleep(0.1)
        await store.check()
    crash(settings.database)
    async with open_engine(settings, SystemTimeSource(), [THINGS], check_after_crash=True) as (store, _):
        assert "damaged" in await until_named(store, f"doc_{THINGS.name}")


def crash(database: Path) -> None:
    """Write to the database in a process that is killed."""
    code = (
        "import sqlite3, os, signal, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA journal_mode = WAL');"
        "c.execute('PRAGMA user_version = 7'); c.commit(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(database)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert os.stat(f"{database}-wal").st_size > 0  # noqa: PTH116 - the name is no path of its own


async def test_a_sound_file_is_sound_and_a_look_that_is_stopped_says_so(tmp_path: Path) -> None:
    settings = await filled(tmp_path)
    assert check_file(settings.database, 10) == ([], True)
    assert not check_file(settings.database, 10, lambda: True).is_whole
    assert check_file(settings.database, 10).damaged == []
