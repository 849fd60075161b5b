"""What became of commands is forgotten when none of them can come again, and not before."""

from datetime import datetime, timedelta

import pytest

from schemas.commands import CommandResult
from schemas.topics import DEDUPE_RETENTION_SECONDS
from services.platform.core.errors import Unavailable
from services.platform.store.collections import ACCEPTED, DEAD_LETTERS, OUTCOMES, AcceptedCommand
from services.platform.store.expiry import BATCH_SIZE, INTERVAL_SECONDS, expiring_collections, purge_expired, run_purger
from services.platform.store.port import Collection, Expiry, Index
from tests.fakes import START, ManualTimeSource, MemoryStore

COMMANDS = expiring_collections(())


class Stopped(Exception):
    """Ends what runs for ever."""


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    made.collections = {one.name: one for one in (OUTCOMES, ACCEPTED, DEAD_LETTERS)}
    return made


def command(store: MemoryStore, identity: str, at: datetime) -> None:
    """A command that was answered with 202, and its outcome."""
    store.insert(ACCEPTED, identity, AcceptedCommand(workspace="w", request_hash="h", at=at))
    store.insert(OUTCOMES, identity, CommandResult(id=identity, workspace="w", status="applied", at=at))


def held(store: MemoryStore) -> set[tuple[str, str]]:
    return {(key.collection, key.id) for key in store.documents}


async def test_commands_are_kept_30_days_past_the_week_of_their_topic(store: MemoryStore) -> None:
    assert timedelta(days=37) == DEDUPE_RETENTION_SECONDS
    command(store, "old", START - DEDUPE_RETENTION_SECONDS - timedelta(seconds=1))
    command(store, "young", START - DEDUPE_RETENTION_SECONDS)
    assert await purge_expired(store, COMMANDS, START) == 2
    assert held(store) == {("outcomes", "young"), ("accepted_commands", "young")}


async def test_however_many_there_are_all_go_in_batches_of_a_bounded_size(store: MemoryStore) -> None:
    for number in range(BATCH_SIZE + 3):
        command(store, f"c{number}", START - DEDUPE_RETENTION_SECONDS - timedelta(days=1))
    assert await purge_expired(store, COMMANDS, START) == 2 * (BATCH_SIZE + 3)
    assert (held(store), store.purges) == (set(), ["accepted_commands"] * 2 + ["outcomes"] * 2 + ["dead_letters"])


async def test_no_command_is_pending_again_while_it_is_purged(store: MemoryStore) -> None:
    command(store, "old", START - DEDUPE_RETENTION_SECONDS - timedelta(days=1))
    await purge_expired(store, COMMANDS, START)
    assert store.purges == ["accepted_commands", "outcomes", "dead_letters"]


async def test_a_store_that_is_away_is_asked_again(store: MemoryStore) -> None:
    command(store, "old", START - DEDUPE_RETENTION_SECONDS - timedelta(days=1))
    pauses = list[float]()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        store.failure = Unavailable() if len(pauses) == 1 else None
        if len(pauses) == 3:
            raise Stopped

    with pytest.raises(Stopped):
        await run_purger(store, COMMANDS, ManualTimeSource(), pause)
    assert (held(store), pauses) == (set(), [INTERVAL_SECONDS] * 3)


async def test_a_document_goes_once_the_time_in_its_field_has_passed() -> None:
    sessions = Collection("sessions", AcceptedCommand, "rest", (Index("at", ("at",)),), expires=Expiry("at"))
    store = MemoryStore()
    store.collections = {sessions.name: sessions}
    for identity, at in (("past", START - timedelta(seconds=1)), ("now", START)):
        store.insert(sessions, identity, AcceptedCommand(workspace="w", request_hash="h", at=at))
    assert await purge_expired(store, [sessions], START) == 1
    assert held(store) == {("sessions", "now")}


def test_collections_of_services_follow_those_of_commands() -> None:
    sessions = Collection("sessions", AcceptedCommand, "rest", (Index("at", ("at",)),), expires=Expiry("at"))
    without = Collection("forever", AcceptedCommand, "rest")
    assert expiring_collections([without, sessions, ACCEPTED]) == [ACCEPTED, OUTCOMES, DEAD_LETTERS, sessions]
