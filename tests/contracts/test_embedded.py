"""What only the embedded pair promises: a commit is the publish too, one file may be shared, a full disk is survived."""

import asyncio
import resource
import sqlite3
import stat
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from services.platform.bus.port import Consumer, ProducerRecord
from services.platform.core.errors import Fenced, Misconfigured, Unavailable, Unknown
from services.platform.core.time_source import SystemTimeSource
from services.platform.sqlite.worker_thread import WorkerThreads
from services.platform.store.port import Changes, Collection, Index, Key, Query
from services.platform.store.sqlite import SqliteStore
from tests.contracts import committing_process
from tests.contracts.sample_collection import OTHERS, ROW, ROWS, THINGS, SampleDocument, move, other, put, thing
from tests.contracts.sqlite_pair import Pair, open_pair
from tests.contracts.stores import PAIR, StoreSite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "pasokh.db"


@pytest.fixture
async def pair(path: Path) -> AsyncIterator[Pair]:
    async with open_pair(path) as opened:
        yield opened


def event(number: int, *, topic: str = "inbound", partition: int = 0) -> ProducerRecord:
    return ProducerRecord(topic, partition, "w/k", str(number).encode())


async def taken(consumer: Consumer, count: int, partition: int = 0) -> list[int]:
    """The numbers of the next `count` events."""
    numbers: list[int] = []
    while len(numbers) < count:
        numbers += [int(record.value) for record in await consumer.poll(partition, wait=5)]
    return numbers


# -- one transaction ---------------------------------------------------------------------------------------------------


async def test_events_of_commits_are_in_the_log_in_their_order(pair: Pair) -> None:
    for seq in range(3):
        await pair.store.commit(move(seq, outbox=[event(10 * seq + n) for n in range(4)]))
    async with pair.bus.consume("g", ["inbound"]) as consumer:
        await consumer.assignment({})
        await consumer.seek(0, {})
        assert await taken(consumer, 12) == [10 * seq + n for seq in range(3) for n in range(4)]
    assert await pair.bus.end_offsets(["inbound"], 0) == {"inbound": 12}


async def test_a_fenced_commit_sends_nothing_though_its_neighbours_do(pair: Pair) -> None:
    await pair.store.commit(move(0))
    fenced = [pair.store.commit(move(0, outbox=[event(1)])) for _ in range(5)]
    sent = [pair.store.commit(Changes(puts=[put(thing(n))], outbox=[event(n)])) for n in range(5)]
    results = await asyncio.gather(
        *(one for two in zip(fenced, sent, strict=True) for one in two), return_exceptions=True
    )
    assert [isinstance(result, Fenced) for result in results] == [True, False] * 5
    assert await pair.bus.end_offsets(["inbound"], 0) == {"inbound": 5}


async def test_who_reads_an_event_and_answers_it_is_in_the_next_transaction_with_what_waited(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, run = list[asyncio.Task[None]](), WorkerThreads.run
    async with open_pair(path, SystemTimeSource()) as pair, pair.bus.consume("g", ["inbound"]) as consumer:
        await consumer.assignment({})
        await consumer.seek(0, {})

        async def answer() -> None:
            await consumer.poll(0, wait=5)
            await pair.store.get_many([thing(1)])
            await pair.bus.publish([event(2)])

        async def run_while_one_waits(aside: WorkerThreads, call: Callable[[], object]) -> object:
            if not waiting:
                waiting.append(asyncio.create_task(pair.bus.publish([event(3)])))
            return await run(aside, call)

        answering = asyncio.create_task(answer())
        await asyncio.sleep(0)  # it waits now
        monkeypatch.setattr(WorkerThreads, "run", run_while_one_waits)
        await pair.bus.publish([event(1)])
        await asyncio.gather(answering, *waiting)
    with closing(sqlite3.connect(path)) as connection:
        at = dict(connection.execute("SELECT CAST(value AS INTEGER), at FROM bus_record").fetchall())
    assert at[1] < at[2] == at[3]


async def test_who_has_the_event_finds_its_documents(pair: Pair, path: Path) -> None:
    async def write() -> None:
        for n in range(50):
            await pair.store.commit(Changes(puts=[put(thing(n)), put(other(n))], outbox=[event(n)]))

    async with open_pair(path) as reader, reader.bus.consume("g", ["inbound"]) as consumer:
        await consumer.assignment({})
        await consumer.seek(0, {})
        writing = asyncio.create_task(write())
        for _ in range(50):
            (record,) = await consumer.poll(0, wait=5, limit=1)
            n = int(record.value)
            assert len(await reader.store.get_many([thing(n), other(n)])) == 2
        await writing


async def test_a_read_of_several_collections_is_of_one_moment(pair: Pair, path: Path) -> None:
    parts = [thing("left"), other("right"), ROW]

    async def write() -> None:
        for n in range(100):
            await pair.store.commit(Changes(puts=[put(key, at=n) for key in parts]))

    async with open_pair(path) as reader:
        await pair.store.commit(Changes(puts=[put(key, at=-1) for key in parts]))
        writing = asyncio.create_task(write())
        while not writing.done():
            seen = await reader.store.get_many(parts)
            assert seen[parts[0]] == seen[parts[1]] == seen[parts[2]]
        await writing


async def test_after_a_kill_the_log_holds_the_events_of_exactly_the_commits_that_are_there(path: Path) -> None:
    path.parent.mkdir()
    await committing_process.killed_after(StoreSite(PAIR, str(path)), answers=80)
    async with open_pair(path, SystemTimeSource()) as opened:
        rows = await opened.store.get_many([Key(ROWS.name, str(w)) for w in range(committing_process.WRITERS)])
        sent = await _everything(opened)
    assert sent == {key.id: list(range(1, int(str(row["last"])) + 1)) for key, row in rows.items()}


async def _everything(pair: Pair) -> dict[str, list[int]]:
    """Numbers by key, of both partitions."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    async with pair.bus.consume("another", ["inbound"]) as consumer:
        for partition in await consumer.assignment({}):
            await consumer.seek(partition, {})
            while records := await consumer.poll(partition, wait=0.05):
                for record in records:
                    found[record.key].append(int(record.value))
    return found


async def test_closing_answers_every_commit_that_was_begun(path: Path) -> None:
    async with open_pair(path) as opened:
        commits = [asyncio.create_task(opened.store.commit(Changes(puts=[put(thing(n))]))) for n in range(300)]
        await asyncio.sleep(0)  # each has handed its changes to the writer
    await asyncio.gather(*commits)
    async with open_pair(path) as again:
        assert len(await again.store.get_many([thing(n) for n in range(300)])) == 300
    with pytest.raises(Unavailable, match="closed"):
        await opened.store.commit(Changes(puts=[put(thing(1))]))


# -- the file ----------------------------------------------------------------------------------------------------------


async def test_the_file_is_for_its_owner_alone(pair: Pair, path: Path) -> None:
    await pair.store.commit(move(0))
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", ["folder", "text"])
async def test_a_path_that_cannot_be_used_is_refused_with_the_fix(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("this is not a database, and long enough to be seen as none" * 100)
    with pytest.raises(Misconfigured, match="PASOKH_DATA"):
        async with open_pair(tmp_path / place):
            pass


async def test_a_writer_that_is_kept_waiting_is_unavailable_and_reads_go_on(path: Path) -> None:
    async with open_pair(path, busy_seconds=0.1) as opened:
        await opened.store.commit(move(0))
        with closing(sqlite3.connect(path, isolation_level=None)) as rival:
            rival.execute("BEGIN IMMEDIATE")
            commit = asyncio.create_task(opened.store.commit(move(1, outbox=[event(1)])))
            assert await opened.store.get_many([ROW]) == {ROW: {"seq": 1}}
            with pytest.raises(Unavailable):
                await commit
            with pytest.raises(Unavailable):
                await opened.store.check()
            with pytest.raises(Unavailable):
                await opened.bus.check()
            rival.execute("ROLLBACK")
        assert await opened.bus.end_offsets(["inbound"], 0) == {"inbound": 0}
        await opened.store.commit(move(1))


async def test_too_much_waiting_to_be_written_is_refused_at_once(path: Path) -> None:
    big = ProducerRecord("inbound", 0, "k", b"x" * 1_000_000)
    async with open_pair(path) as opened:
        with closing(sqlite3.connect(path, isolation_level=None)) as rival:
            rival.execute("BEGIN IMMEDIATE")
            waiting = [asyncio.create_task(opened.bus.publish([big])) for _ in range(64)]
            await asyncio.sleep(0)  # each is in the queue
            with pytest.raises(Unavailable, match="waiting"):
                await opened.bus.publish([big])
            rival.execute("ROLLBACK")
        await asyncio.gather(*waiting)
        await opened.bus.publish([big])
        assert await opened.bus.end_offsets(["inbound"], 0) == {"inbound": 65}


async def test_a_full_disk_is_unavailable_and_leaves_nothing_behind(pair: Pair) -> None:
    pages = await pair.database.write(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await pair.database.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 20}").fetchone())
    huge = Changes(puts=[put(thing("huge"), text="x" * 1_000_000)], outbox=[event(1)])
    commits = [pair.store.commit(c) for c in (Changes(puts=[put(thing("small"))]), huge)]
    results = await asyncio.gather(*commits, return_exceptions=True)
    assert isinstance(results[1], Unavailable)
    assert await pair.bus.end_offsets(["inbound"], 0) == {"inbound": 0}
    there = await pair.store.get_many([thing("small"), thing("huge")])
    assert list(there) == ([] if isinstance(results[0], Unavailable) else [thing("small")])
    await pair.database.write(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
    await pair.store.commit(huge)


async def test_a_failed_end_of_a_commit_is_unknown_and_the_next_one_works(pair: Pair, path: Path) -> None:
    await pair.store.commit(move(0))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_size(f"{path}-wal") + 8192, hard))
    try:
        with pytest.raises(Unknown):
            await pair.store.commit(move(1, put(thing(1), text="x" * 100_000), outbox=[event(1)]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    found = await pair.store.get_many([ROW, thing(1)])
    ends = await pair.bus.end_offsets(["inbound"], 0)
    assert (found, ends) == ({ROW: {"seq": 1}}, {"inbound": 0})
    await pair.store.commit(move(1, put(thing(1)), outbox=[event(1)]))
    assert await pair.bus.end_offsets(["inbound"], 0) == {"inbound": 1}


def _size(file: str) -> int:
    return Path(file).stat().st_size


# -- preparing ---------------------------------------------------------------------------------------------------------


async def test_an_index_declared_later_finds_the_documents_that_were_there(path: Path) -> None:
    bare: Collection[SampleDocument] = Collection(OTHERS.name, SampleDocument, writer="any")
    indexed: Collection[SampleDocument] = Collection(
        OTHERS.name, SampleDocument, writer="any", indexes=(Index("new", ("a.b", "open", "n")),)
    )
    async with SqliteStore.open(path) as before:
        await before.prepare([bare])
        await before.commit(Changes(puts=[put(other(n), a={"b": "ری"}, open=n % 2 == 0, n=n) for n in range(4)]))
    async with SqliteStore.open(path) as after:
        await after.prepare([indexed])
        page = await after.query(Query(OTHERS.name, "new", {"a.b": "ری", "open": True}))
        assert [identity for identity, _ in page.items] == ["other-0", "other-2"]


async def test_two_processes_may_prepare_at_once(path: Path) -> None:
    async with open_pair(path) as one, open_pair(path) as two:
        await asyncio.gather(*(p.store.prepare([THINGS]) for p in (one, two, one, two)))
        await asyncio.gather(*(p.store.commit(Changes(puts=[put(thing(n))])) for n, p in enumerate((one, two))))
        assert len(await one.store.get_many([thing(0), thing(1)])) == 2
