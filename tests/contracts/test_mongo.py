"""What only MongoDB can show: servers that are away or alone, rivals in transactions, documents as they rest."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
import pytest
from pydantic import BaseModel
from pymongo import AsyncMongoClient

from schemas.values import Contract
from services.platform.bus.port import ProducerRecord
from services.platform.core.errors import Fenced, Misconfigured, Unavailable, Unknown
from services.platform.store.mongo import transactions
from services.platform.store.mongo.client import require_replica_set
from services.platform.store.mongo.store import MongoStore
from services.platform.store.port import Changes, Collection, Condition, Document, Index, Key, Put, Query
from tests.live_servers.server import Server


class Thing(Contract):
    name: str


THINGS: Collection[BaseModel] = Collection(
    "things", Thing, writer="any", indexes=(Index("place", ("place.city", "at")), Index("at", ("at",)))
)
ROWS: Collection[BaseModel] = Collection("rows", Thing, writer="any")
ROW = Key("rows", "group/0")


def database_of(server: Server) -> str:
    """The URL of a database that no other test uses."""
    url = urlsplit(server.url)
    return url._replace(path=f"/test-{uuid4().hex}").geturl()


async def _prepared(store: MongoStore) -> MongoStore:
    await store.prepare([THINGS, ROWS])
    return store


@pytest.fixture
async def store(mongo_server: Server) -> AsyncIterator[MongoStore]:
    async with MongoStore.open(database_of(mongo_server)) as opened:
        yield await _prepared(opened)


def _row(seq: int) -> Put:
    return Put(ROW, {"seq": seq})


def _move(seq: int, *others: Put) -> Changes:
    return Changes(conditions=[Condition(ROW, "seq", seq)], puts=[_row(seq + 1), *others])


def thing(number: int) -> Key:
    return Key("things", f"thing-{number}")


async def _serves(store: MongoStore) -> None:
    async with asyncio.timeout(5):
        while True:
            try:
                return await store.check()
            except Unavailable:
                pass


async def _seq(store: MongoStore) -> object:
    return (await store.get_many([ROW]))[ROW]["seq"]


def test_a_server_that_runs_alone_is_refused_with_the_fix() -> None:
    with pytest.raises(Misconfigured, match=r"rs\.initiate"):
        require_replica_set({"isWritablePrimary": True, "ok": 1.0})


@pytest.mark.parametrize("hello", [{"setName": "pasokh"}, {"msg": "isdbgrid"}])
def test_a_replica_set_and_a_router_of_shards_are_taken(hello: dict[str, str]) -> None:
    require_replica_set(hello)


@pytest.mark.parametrize("url", ["mongodb://", "http://127.0.0.1:1/", "mongodb://a:b:c/?w=nothing"])
async def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="PASOKH_STORE"):
        async with MongoStore.open(url):
            pass


@pytest.mark.live
async def test_a_server_that_is_not_there_is_unavailable_soon() -> None:
    async with asyncio.timeout(6):
        with pytest.raises(Unavailable):
            async with MongoStore.open("mongodb://127.0.0.1:1/?replicaSet=pasokh"):
                pass


async def test_documents_rest_as_their_fields_and_their_id(mongo_server: Server) -> None:
    url = database_of(mongo_server)
    document: Document = {
        "place": {"city": "ری", "a.b": [1, 2.5, None, True]},
        "at": "2026-03-01T08:00:00.000000Z",
        "big": 2**40,
        "seen": {"inbound|topic.v1": [3, 0]},
    }
    async with MongoStore.open(url) as store:
        await _prepared(store)
        await store.commit(Changes(puts=[Put(thing(1), document)]))
        assert await store.get_many([thing(1), thing(2)]) == {thing(1): document}
    client: AsyncMongoClient[Document]
    async with AsyncMongoClient(url) as client:
        raw: list[Document] = await client.get_default_database()["things"].find().to_list()
    assert raw == [{"_id": "thing-1", **document}]


async def test_a_text_that_looks_like_a_date_stays_a_text(store: MongoStore) -> None:
    await store.commit(Changes(puts=[Put(thing(1), {"at": "2026-03-01T08:00:00.000000Z"})]))
    assert type((await store.get_many([thing(1)]))[thing(1)]["at"]) is str


async def test_a_whole_number_of_any_size_is_an_int(store: MongoStore) -> None:
    numbers: Document = {"at": 2**62, "inner": {"list": [-(2**40), 1]}}
    await store.commit(Changes(puts=[Put(thing(1), numbers)]))
    found = (await store.get_many([thing(1)]))[thing(1)]
    assert found == numbers
    assert type(found["at"]) is int
    assert orjson.loads(orjson.dumps(found)) == numbers


async def test_a_query_value_cannot_be_an_operator(store: MongoStore) -> None:
    await store.commit(Changes(puts=[Put(thing(1), {"at": "x"})]))
    page = await store.query(Query("things", "at", equals={"at": {"$gt": ""}}))
    assert page.items == []


async def test_of_many_rivals_for_one_row_one_moves_it(store: MongoStore) -> None:
    await store.commit(Changes(conditions=[Condition(ROW)], puts=[_row(0)]))
    rivals = [store.commit(_move(0, Put(thing(n), {"at": n}))) for n in range(8)]
    results = await asyncio.gather(*rivals, return_exceptions=True)
    assert [type(r) for r in results if isinstance(r, Exception)] == [Fenced] * 7
    assert await _seq(store) == 1
    assert len(await store.get_many([thing(n) for n in range(8)])) == 1


async def test_of_many_rivals_to_insert_one_document_one_does(store: MongoStore) -> None:
    rivals = [store.commit(Changes(conditions=[Condition(ROW)], puts=[_row(n)])) for n in range(8)]
    results = await asyncio.gather(*rivals, return_exceptions=True)
    assert sum(isinstance(r, Fenced) for r in results) == 7


async def test_writers_of_one_document_without_a_condition_all_come_through(store: MongoStore) -> None:
    await asyncio.gather(*(store.commit(Changes(puts=[Put(thing(1), {"at": n})])) for n in range(8)))
    assert (await store.get_many([thing(1)]))[thing(1)]["at"] in range(8)


async def test_two_commits_that_each_look_at_what_the_other_writes_do_not_both_happen(store: MongoStore) -> None:
    """Write skew: neither document is written twice, so only the look itself can make them meet."""
    first, second = thing(1), thing(2)
    await store.commit(Changes(puts=[Put(first, {"at": 0}), Put(second, {"at": 0})]))
    results = await asyncio.gather(
        store.commit(Changes(conditions=[Condition(first, "at", 0)], puts=[Put(second, {"at": 1})])),
        store.commit(Changes(conditions=[Condition(second, "at", 0)], puts=[Put(first, {"at": 1})])),
        return_exceptions=True,
    )
    assert sum(isinstance(r, Fenced) for r in results) == 1


async def test_looking_at_a_document_leaves_it_as_it_was(store: MongoStore) -> None:
    await store.commit(Changes(puts=[Put(thing(1), {"at": 0})]))
    await store.commit(Changes(conditions=[Condition(thing(1), "at", 0), Condition(thing(2))]))
    assert await store.get_many([thing(1), thing(2)]) == {thing(1): {"at": 0}}


async def test_a_commit_that_its_caller_gives_up_ends_whole(store: MongoStore) -> None:
    await store.commit(Changes(conditions=[Condition(ROW)], puts=[_row(0)]))
    commit = asyncio.create_task(store.commit(_move(0, *(Put(thing(n), {"at": n}) for n in range(50)))))
    await asyncio.sleep(0)  # it has begun
    commit.cancel()
    await asyncio.wait({commit})
    with pytest.raises(Fenced):
        await store.commit(_move(7))
    async with asyncio.timeout(5):
        while await _seq(store) != 1:
            pass
    assert len(await store.get_many([thing(n) for n in range(50)])) == 50


async def test_a_commit_that_ran_out_of_time_is_in_nobodys_way(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.commit(Changes(conditions=[Condition(ROW)], puts=[_row(0)]))
    many = [Put(thing(number), {"name": "x" * 1000}) for number in range(1500)]
    with monkeypatch.context() as hurried:
        hurried.setattr(transactions, "COMMIT_SECONDS", 0.3)
        with pytest.raises(Unavailable):
            await store.commit(_move(0, *many))
    async with asyncio.timeout(8):
        await store.commit(_move(0))
    assert await _seq(store) == 1
    assert await store.get_many([thing(0), thing(1499)]) == {}


async def test_the_outbox_rests_under_its_key_until_it_is_published(store: MongoStore) -> None:
    events = [ProducerRecord("inbound", 0, "w/p", '{"text":"سلام"}'.encode())]
    assert await store.commit(Changes(outbox=events, outbox_key=ROW)) == events
    assert (await store.get_many([ROW]))[ROW] == {"events": [["inbound", 0, "w/p", '{"text":"سلام"}']]}


async def test_null_and_missing_are_one_place_and_come_first(store: MongoStore) -> None:
    documents: list[Document] = [{"at": "b"}, {"at": None}, {}, {"at": "a"}, {"at": "a"}]
    await store.commit(Changes(puts=[Put(thing(n), one) for n, one in enumerate(documents)]))
    for descending, wanted in ((False, [1, 2, 3, 4, 0]), (True, [0, 4, 3, 2, 1])):
        seen, after = [], None
        for _ in documents:
            page = await store.query(Query("things", "at", descending=descending, limit=1, after=after))
            seen += [identity for identity, _ in page.items]
            after = page.next
        assert seen == [f"thing-{n}" for n in wanted]
        assert after is None


async def test_a_server_that_stops_is_unavailable_and_then_serves_again(stoppable_mongo: Server) -> None:
    async with MongoStore.open(database_of(stoppable_mongo)) as store:
        await _prepared(store)
        await store.commit(Changes(conditions=[Condition(ROW)], puts=[_row(0)]))
        await store.check()
        stoppable_mongo.kill()
        # The adapter's own limits are 2.5 and 0.9 s; the rest is for a machine that does ten things at once.
        async with asyncio.timeout(24):
            with pytest.raises((Unavailable, Unknown)):
                await store.commit(_move(0))
            with pytest.raises(Unavailable):
                await store.get_many([ROW])
        async with asyncio.timeout(8):
            with pytest.raises(Unavailable):
                await store.check()
        stoppable_mongo.start()
        await _serves(store)
        assert await _seq(store) == 0
        await store.commit(_move(0))
        assert await _seq(store) == 1


async def test_a_prepared_collection_may_be_prepared_again_and_by_two_at_once(mongo_server: Server) -> None:
    async with MongoStore.open(database_of(mongo_server)) as one, MongoStore.open(database_of(mongo_server)) as other:
        await asyncio.gather(_prepared(one), _prepared(other))
        await _prepared(one)
        await one.commit(Changes(puts=[Put(thing(1), {"at": 1})]))
