"""The contract of the store port: commits, fences, reads. Queries are in `test_store_queries.py`."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.values import Json
from services.platform.core.errors import Fenced
from services.platform.store.port import (
    Changes,
    Condition,
    Document,
    Key,
    Put,
    Query,
    Store,
)
from tests.contracts.sample_collection import (
    COLLECTIONS,
    OTHERS,
    ROW,
    THINGS,
    move,
    other,
    put,
    thing,
)
from tests.contracts.stores import StoreSite

# One store serves all examples of a property: they use other keys, or overwrite.
many_examples = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])

texts = st.text(st.characters(exclude_categories=["Cs"]))
field_names = st.text("abcدی_", min_size=1, max_size=5)
documents: st.SearchStrategy[Document] = st.dictionaries(
    field_names,
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(field_names, inner, max_size=4),
        max_leaves=10,
    ),
)


async def read(store: Store, key: Key) -> Document | None:
    return (await store.get_many([key])).get(key)


async def test_a_document_is_read_as_it_was_put(store: Store) -> None:
    await store.commit(Changes(puts=[put(thing(1), at="ب", place={"city": "ری"}, open=None)]))
    assert await store.get_many([thing(1)]) == {thing(1): {"at": "ب", "place": {"city": "ری"}, "open": None}}


@many_examples
@given(document=documents)
async def test_any_json_comes_back_the_same(store: Store, document: Document) -> None:
    await store.commit(Changes(puts=[Put(other("any"), document)]))
    found = await read(store, other("any"))
    assert found == document
    assert list(map(type, (found or {}).values())) == list(map(type, document.values()))


@many_examples
@given(identity=texts.filter(bool))
async def test_any_text_is_an_id_and_names_one_document(store: Store, identity: str) -> None:
    await store.commit(Changes(puts=[put(Key(OTHERS.name, identity), me=identity)]))
    assert await read(store, Key(OTHERS.name, identity)) == {"me": identity}


async def test_what_does_not_exist_is_left_out(store: Store) -> None:
    await store.commit(Changes(puts=[put(thing(1))]))
    assert await store.get_many([thing(1), thing(2), other(1)]) == {thing(1): {}}
    assert await store.get_many([]) == {}


async def test_documents_of_several_collections_are_read_together(store: Store) -> None:
    await store.commit(Changes(puts=[put(thing(n), n=n) for n in range(70)] + [put(other(1), n=1), put(ROW, seq=1)]))
    keys = [*(thing(n) for n in range(70)), other(1), ROW, thing(1)]
    found = await store.get_many(keys)
    assert found == {**{thing(n): {"n": n} for n in range(70)}, other(1): {"n": 1}, ROW: {"seq": 1}}


async def test_a_put_replaces_the_whole_document(store: Store) -> None:
    await store.commit(Changes(puts=[put(thing(1), at="a", open=True)]))
    await store.commit(Changes(puts=[put(thing(1), at="b")]))
    assert await read(store, thing(1)) == {"at": "b"}


async def test_a_deleted_document_is_gone_and_deleting_nothing_is_nothing(store: Store) -> None:
    await store.commit(Changes(puts=[put(thing(n), at=str(n)) for n in range(3)]))
    await store.commit(Changes(deletes=[thing(0), thing(2), thing("never")]))
    assert list(await store.get_many([thing(0), thing(1), thing(2)])) == [thing(1)]
    assert [i for i, _ in (await store.query(Query(THINGS.name, "at"))).items] == ["thing-1"]


async def test_a_document_of_several_megabytes_is_kept(store: Store) -> None:
    text = "پاسخ " * 700_000
    await store.commit(Changes(puts=[put(thing(1), text=text)]))
    assert await read(store, thing(1)) == {"text": text}


async def test_an_undeclared_collection_is_an_error(store: Store) -> None:
    with pytest.raises(LookupError):
        await store.get_many([Key("nowhere", "1")])
    with pytest.raises(LookupError):
        await store.commit(Changes(puts=[put(thing(1)), put(Key("nowhere", "1"))]))
    assert await store.get_many([thing(1)]) == {}


async def test_a_list_in_an_indexed_field_is_refused_before_anything_happens(store: Store) -> None:
    with pytest.raises(TypeError, match="at"):
        await store.commit(Changes(puts=[put(thing(1)), put(thing(2), at=["a"])]))
    assert await store.get_many([thing(1), thing(2)]) == {}


async def test_an_existing_document_fences_an_insert(store: Store) -> None:
    await store.commit(move(0, put(thing(1))))
    with pytest.raises(Fenced):
        await store.commit(move(0, put(thing(2))))
    assert await store.get_many([ROW, thing(1), thing(2)]) == {ROW: {"seq": 1}, thing(1): {}}


async def test_a_moved_row_fences_its_former_owner(store: Store) -> None:
    await store.commit(move(0))
    await store.commit(move(1))
    with pytest.raises(Fenced):
        await store.commit(move(1, put(thing("stale")), deletes=[ROW]))
    assert await store.get_many([ROW, thing("stale")]) == {ROW: {"seq": 2}}


async def test_a_missing_document_or_field_fences(store: Store) -> None:
    with pytest.raises(Fenced):
        await store.commit(Changes(conditions=[Condition(thing(1), "at", "a")], puts=[put(thing(2))]))
    await store.commit(Changes(puts=[put(thing(1))]))
    with pytest.raises(Fenced):
        await store.commit(Changes(conditions=[Condition(thing(1), "at", "a")], puts=[put(thing(2))]))
    assert await read(store, thing(2)) is None


@pytest.mark.parametrize("value", ["متن", 7, 2.5, True, {"a": 1}, ["a"]])
async def test_a_condition_compares_any_value(store: Store, value: Json) -> None:
    await store.commit(Changes(puts=[put(other(1), value=value)]))
    await store.commit(Changes(conditions=[Condition(other(1), "value", value)], puts=[put(other(2))]))
    with pytest.raises(Fenced):
        await store.commit(Changes(conditions=[Condition(other(1), "value", "another")], puts=[put(other(3))]))
    assert list(await store.get_many([other(2), other(3)])) == [other(2)]


async def test_every_condition_has_to_hold(store: Store) -> None:
    await store.commit(Changes(puts=[put(thing(1), at="a"), put(other(1), at="b")]))
    held, failed = Condition(thing(1), "at", "a"), Condition(other(1), "at", "not b")
    for conditions in ([held, failed], [failed, held]):
        with pytest.raises(Fenced):
            await store.commit(Changes(conditions=conditions, puts=[put(thing(2))]))
    await store.commit(Changes(conditions=[held, Condition(other(2))], puts=[put(thing(3))]))
    assert list(await store.get_many([thing(2), thing(3)])) == [thing(3)]


async def test_of_many_writers_with_one_condition_exactly_one_wins(store: Store) -> None:
    for seq in range(5):
        rivals = [store.commit(move(seq, put(thing(f"{seq}-{n}"), at="x"))) for n in range(10)]
        results = await asyncio.gather(*rivals, return_exceptions=True)
        winners = [n for n, result in enumerate(results) if not isinstance(result, BaseException)]
        assert [type(r) for r in results if isinstance(r, BaseException)] == [Fenced] * 9
        there = await store.get_many([thing(f"{seq}-{n}") for n in range(10)])
        assert list(there) == [thing(f"{seq}-{n}") for n in winners]


async def test_a_fenced_commit_takes_no_neighbour_with_it(store: Store) -> None:
    await store.commit(Changes(puts=[put(thing("old"))]))
    fenced = [store.commit(Changes([Condition(thing("old"))], [put(thing(f"no-{n}"))])) for n in range(5)]
    good = [store.commit(Changes(puts=[put(thing(f"yes-{n}"))])) for n in range(5)]
    results = await asyncio.gather(
        *(one for two in zip(fenced, good, strict=True) for one in two), return_exceptions=True
    )
    assert [isinstance(r, Fenced) for r in results] == [True, False] * 5
    keys = [thing(f"{word}-{n}") for word in ("no", "yes") for n in range(5)]
    assert set(await store.get_many(keys)) == set(keys[5:])


async def test_connections_fence_each_other(store: Store, store_site: StoreSite) -> None:
    async with store_site.open() as another:
        await another.prepare(COLLECTIONS)
        await store.commit(move(0))
        await another.commit(move(1))
        with pytest.raises(Fenced):
            await store.commit(move(1))
        assert await read(store, ROW) == {"seq": 2}


async def test_a_reader_never_sees_half_a_commit(store: Store, store_site: StoreSite) -> None:
    parts = [thing("left"), thing("right")]

    async def write() -> None:
        for n in range(40):
            await store.commit(Changes(puts=[put(key, at=n) for key in parts]))

    async with store_site.open() as reader:
        await reader.prepare(COLLECTIONS)
        await store.commit(Changes(puts=[put(key, at=-1) for key in parts]))
        writing = asyncio.create_task(write())
        while not writing.done():
            seen = await reader.get_many(parts)
            assert seen[parts[0]] == seen[parts[1]]
        await writing


async def test_concurrent_transfers_keep_the_sum(store: Store) -> None:
    accounts = [thing(n) for n in range(4)]
    await store.commit(Changes(puts=[put(key, at="x", money=100, version=0) for key in accounts]))

    async def transfer(chance: random.Random) -> None:
        source, target = chance.sample(accounts, 2)
        found = await store.get_many([source, target])
        puts = [_paid(found, source, -7), _paid(found, target, 7)]
        conditions = [Condition(key, "version", found[key]["version"]) for key in (source, target)]
        with suppress(Fenced):
            await store.commit(Changes(conditions, puts))

    await asyncio.gather(*(_repeat(transfer, random.Random(seed)) for seed in range(6)))
    found = await store.get_many(accounts)
    assert sum(int(str(found[key]["money"])) for key in accounts) == 400
    assert sum(int(str(found[key]["version"])) for key in accounts) > 0


def _paid(found: dict[Key, Document], key: Key, amount: int) -> Put:
    money, version = int(str(found[key]["money"])), int(str(found[key]["version"]))
    return put(key, at="x", money=money + amount, version=version + 1)


async def _repeat(transfer: Callable[[random.Random], Awaitable[None]], chance: random.Random) -> None:
    for _ in range(6):
        await transfer(chance)
